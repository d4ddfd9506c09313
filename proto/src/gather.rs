//! Which parts may be put into which answers?

use crate::Disclose;
use crate::v1::{
    AddJourneyEntryResponse, AgencyFacts, Consent, ConsentChange, ConsentReceipt, CurrentWorker,
    ImportConsentResponse, Journey, JourneyEntry, LegalStatus, LegalStatusChange, ListConsentsResponse,
    ListLegalStatusesResponse, ListPlanRevisionsResponse, ListPlansResponse, ListReferralsResponse,
    ListTasksResponse, MergePlanResponse, NextStep, Plan, PlanAround, PlanChange, PlanConflict,
    PlanDuplicate, PlanEvent, PlanPart, PlanRevision, PlanSection, Prohibition, ProhibitionChange, Referral,
    ReferralChange, ReferralEvent, ResolveTaskResponse, SendReferralResponse, Task, TaskEvent, task,
};

#[cfg(test)]
mod tests;

/// An answer that takes in parts which are decided on one by one.
///
/// A list of referrals, say, has as many decisions as referrals: each is cut down by its own, and then put in here.
pub trait Gather<P>: Disclose {
    /// Takes a part in: behind the others where there can be several, in the place of the former one otherwise.
    fn gather(&mut self, part: P);
}

impl Gather<Referral> for ListReferralsResponse {
    fn gather(&mut self, part: Referral) {
        self.referrals.push(part);
    }
}

impl Gather<Consent> for ListConsentsResponse {
    fn gather(&mut self, part: Consent) {
        self.consents.push(part);
    }
}

impl Gather<Referral> for Journey {
    fn gather(&mut self, part: Referral) {
        self.referrals.push(part);
    }
}

impl Gather<Consent> for Journey {
    fn gather(&mut self, part: Consent) {
        self.consents.push(part);
    }
}

impl Gather<Prohibition> for Journey {
    fn gather(&mut self, part: Prohibition) {
        self.prohibitions.push(part);
    }
}

impl Gather<Referral> for SendReferralResponse {
    fn gather(&mut self, part: Referral) {
        self.referral = Some(part);
    }
}

impl Gather<Referral> for ReferralChange {
    fn gather(&mut self, part: Referral) {
        self.referral = Some(part);
    }
}

impl Gather<Referral> for ReferralEvent {
    fn gather(&mut self, part: Referral) {
        self.referral = Some(part);
    }
}

impl Gather<Consent> for ConsentChange {
    fn gather(&mut self, part: Consent) {
        self.consent = Some(part);
    }
}

impl Gather<Prohibition> for ProhibitionChange {
    fn gather(&mut self, part: Prohibition) {
        self.prohibition = Some(part);
    }
}

impl Gather<Consent> for ConsentReceipt {
    fn gather(&mut self, part: Consent) {
        self.consent = Some(part);
    }
}

impl Gather<Consent> for ImportConsentResponse {
    fn gather(&mut self, part: Consent) {
        self.consents.push(part);
    }
}

impl Gather<Prohibition> for ImportConsentResponse {
    fn gather(&mut self, part: Prohibition) {
        self.prohibitions.push(part);
    }
}

impl Gather<JourneyEntry> for Journey {
    fn gather(&mut self, part: JourneyEntry) {
        self.entries.push(part);
    }
}

impl Gather<CurrentWorker> for Journey {
    fn gather(&mut self, part: CurrentWorker) {
        self.worker = Some(part);
    }
}

impl Gather<Plan> for Journey {
    fn gather(&mut self, part: Plan) {
        self.plans.push(part);
    }
}

impl Gather<AgencyFacts> for Journey {
    fn gather(&mut self, part: AgencyFacts) {
        self.facts.push(part);
    }
}

impl Gather<JourneyEntry> for AddJourneyEntryResponse {
    fn gather(&mut self, part: JourneyEntry) {
        self.entry = Some(part);
    }
}

/// A part with a meeting is the next meeting, any other the next step.
impl Gather<PlanPart> for NextStep {
    fn gather(&mut self, part: PlanPart) {
        if part.meetings.is_empty() {
            self.step = Some(part);
        } else {
            self.meeting = Some(part);
        }
    }
}

impl Gather<CurrentWorker> for NextStep {
    fn gather(&mut self, part: CurrentWorker) {
        self.worker = Some(part);
    }
}

impl Gather<LegalStatus> for Journey {
    fn gather(&mut self, part: LegalStatus) {
        self.legal_statuses.push(part);
    }
}

impl Gather<LegalStatus> for LegalStatusChange {
    fn gather(&mut self, part: LegalStatus) {
        self.status = Some(part);
    }
}

impl Gather<LegalStatus> for ListLegalStatusesResponse {
    fn gather(&mut self, part: LegalStatus) {
        self.statuses.push(part);
    }
}

impl Gather<PlanSection> for Plan {
    fn gather(&mut self, part: PlanSection) {
        self.sections.push(part);
    }
}

impl Gather<Plan> for ListPlansResponse {
    fn gather(&mut self, part: Plan) {
        self.plans.push(part);
    }
}

impl Gather<Plan> for PlanChange {
    fn gather(&mut self, part: Plan) {
        self.plan = Some(part);
    }
}

impl Gather<Plan> for MergePlanResponse {
    fn gather(&mut self, part: Plan) {
        self.plan = Some(part);
    }
}

impl Gather<PlanConflict> for MergePlanResponse {
    fn gather(&mut self, part: PlanConflict) {
        self.conflicts.push(part);
    }
}

impl Gather<PlanAround> for PlanConflict {
    /// What there is about the item, with what was decided on by itself.
    fn gather(&mut self, part: PlanAround) {
        let PlanAround { comments, links, step, commitment, meeting } = part;
        let around = self.around.get_or_insert_default();
        around.comments.extend(comments);
        around.links.extend(links);
        around.step = around.step.take().or(step);
        around.commitment = around.commitment.take().or(commitment);
        around.meeting = around.meeting.take().or(meeting);
    }
}

impl Gather<PlanRevision> for PlanRevision {
    /// What has changed, with what was decided on by itself. The frame stays.
    fn gather(&mut self, part: PlanRevision) {
        self.changes.extend(part.changes);
        self.activities.extend(part.activities);
    }
}

impl Gather<PlanRevision> for ListPlanRevisionsResponse {
    fn gather(&mut self, part: PlanRevision) {
        self.revisions.push(part);
    }
}

impl Gather<Plan> for PlanEvent {
    fn gather(&mut self, part: Plan) {
        self.plan = Some(part);
    }
}

impl Gather<PlanConflict> for Task {
    fn gather(&mut self, part: PlanConflict) {
        self.matter = Some(task::Matter::Conflict(part));
    }
}

/// The responsible worker of the task's plan: their id is all that the task says of them.
impl Gather<Plan> for Task {
    fn gather(&mut self, part: Plan) {
        self.responsible_worker = part.responsible_worker.map(|worker| worker.id).unwrap_or_default();
    }
}

impl Gather<PlanDuplicate> for Task {
    fn gather(&mut self, part: PlanDuplicate) {
        self.matter = Some(task::Matter::Duplicate(part));
    }
}

impl Gather<Task> for ListTasksResponse {
    fn gather(&mut self, part: Task) {
        self.tasks.push(part);
    }
}

impl Gather<Task> for ResolveTaskResponse {
    fn gather(&mut self, part: Task) {
        self.task = Some(part);
    }
}

impl Gather<Task> for TaskEvent {
    fn gather(&mut self, part: Task) {
        self.task = Some(part);
    }
}
