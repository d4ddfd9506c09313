//! A plan that an agency's own system keeps comes into the agency's section.
//!
//! What the system said last of the plan, or has been delivered of it since, is the base: only what has changed there
//! since is brought in, over what was changed here. An agency can have several plans of one person, one after the other
//! or beside each other: each has its own base, and its items have ids of their own in the section
//! (`crate::plan::take_in`).

use jiff::Timestamp;
use polku_adapters::{AdapterError, AdapterErrorKind, InboundOutcome, InboundPlanPart};
use polku_policy::{Authorised, Channel, Question, Viewer};
use polku_proto::v1::plan_revision::Source;
use polku_proto::v1::{
    DataCategory, FactsQuery, ImportPlanRequest, MergePlanResponse, Plan, PlanPart, Purpose,
};
use polku_proto::{CategorySet, PlanName, Valid, YouthId};
use uuid::Uuid;

use super::begin::check_running;
use super::clash::Clashed;
use super::commit::Draft;
use super::content::check_content;
use super::merge::{Proof, Wanted, bring_in};
use super::reader::Eyes;
use super::record::{PlanRecord, empty_part};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::own_record;
use crate::journey::read::name;
use crate::once::Begun;
use crate::person::Person;
use crate::plan::{self, Edit, Editor, Grown, Origin, Word};

/// What is asked for of an agency's own plan.
const WHOLE: CategorySet = CategorySet::ALL
    .difference(CategorySet::ENVELOPE)
    .difference(CategorySet::of(&[DataCategory::ReferralStatus]));

const NO_SYSTEM: Error = Error::RecordState { expected: "a system of the caller's agency that can be asked" };

impl Gateway {
    /// Fetches the plans from the caller's own system and merges them, all or none.
    pub(crate) async fn import_plan(
        &self,
        caller: &Caller,
        request: Valid<ImportPlanRequest>,
    ) -> Result<Authorised<MergePlanResponse>, Error> {
        let request = request.into_inner();
        let plan: PlanName = name(&request.name, "name")?;
        let Actor::Professional { .. } = caller.actor else {
            return Err(Error::ActorNotAllowed { expected: "a professional of the agency whose plan it is" });
        };
        let call = self.call(caller, "ImportPlan", &request.request_id, &request)?;
        self.check_own_word(caller, own_record(caller, plan.youth, Purpose::Unspecified, self.now()))?;
        // The agency is asked before the person is locked: its answer can take long.
        let person = self.person(plan.youth).await?;
        let record = self.plan_of(&person, plan).await?;
        self.hands(caller, &record, self.now())?;
        let known = self.is_known_request(caller, call.id()).await?;
        let fetched = if known { None } else { Some(self.own_plans(caller, &person, &record).await?) };

        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, plan.youth).await?;
        let record = self.plan_of(&person, plan).await?;
        self.hands(caller, &record, now)?;
        if let Some(earlier) = earlier {
            return self.merged_before(caller, &person, &record, earlier, now).await;
        }
        let parts = fetched.ok_or(Error::EtagMismatch)?;
        let merged = self.imported(caller, record, parts, now)?;
        let (committed, answer) =
            self.commit_merge(&call, &person, ("ImportPlan", Proof::OfChange), merged, now).await?;
        self.merged(caller, &committed.record, answer, self.now()).await
    }

    /// An agency's system tells of its plan. Without a joint plan that the agency is a party to nothing is kept of it.
    pub(crate) async fn take_plan(
        &self,
        caller: &Caller,
        message: Uuid,
        inbound: InboundPlanPart,
    ) -> Result<InboundOutcome, Error> {
        let InboundPlanPart { identity, part } = inbound;
        let Some(row) = self.store.youth_by_identity(&self.keys.identity_index(&identity)).await? else {
            return Ok(not_kept());
        };
        let call = self.call(caller, "inbound/plan", &message.to_string(), &part)?;
        let youth = self.plan_holder(caller, row.id, &part).await?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return taken(&earlier);
        }
        let Some(record) = self.joint_plan(caller, &person, &part).await? else {
            return Ok(not_kept());
        };
        let merged = self.imported(caller, record, vec![part], now)?;
        let (_, answer) =
            self.commit_merge(&call, &person, ("inbound/plan", Proof::OfCall), merged, now).await?;
        taken(&answer)
    }

    /// Under which id of the person the joint plan is kept that this belongs to: the present one, or one that they had
    /// before.
    async fn plan_holder(
        &self,
        caller: &Caller,
        present: YouthId,
        part: &PlanPart,
    ) -> Result<YouthId, Error> {
        let mut first = None;
        for id in self.ids_of(present) {
            match self.joint_plan(caller, &self.person(id).await?, part).await? {
                Some(record) if last_word(&record, caller, part).is_some() => return Ok(id),
                Some(_) => first = first.or(Some(id)),
                None => {}
            }
        }
        Ok(first.unwrap_or(present))
    }

    /// The person's joint plan that has not ended and that the agency is a party to: the named one, if it is named; or
    /// else the one into which this plan of the agency has come before; or else the newest.
    async fn joint_plan(
        &self,
        caller: &Caller,
        person: &Person,
        part: &PlanPart,
    ) -> Result<Option<PlanRecord>, Error> {
        let mut first = None;
        for row in self.store.plans_of(person.id).await? {
            if row.ended || !row.parties.contains(&caller.agency) {
                continue;
            }
            let record = PlanRecord::open(person, row)?;
            let is_meant = match part.plan.as_str() {
                "" => last_word(&record, caller, part).is_some(),
                named => record.name().to_string() == named,
            };
            if is_meant {
                return Ok(Some(record));
            }
            first = first.or(Some(record).filter(|_| part.plan.is_empty()));
        }
        Ok(first)
    }

    /// The plans that the caller's own system keeps: those that have not ended, and those that have come in before, which
    /// may have ended since. What was changed last comes last.
    async fn own_plans(
        &self,
        caller: &Caller,
        person: &Person,
        record: &PlanRecord,
    ) -> Result<Vec<PlanPart>, Error> {
        let now = self.now();
        let adapter = self.adapter(&caller.agency).ok_or(NO_SYSTEM)?;
        let identity = person.identity_code()?.ok_or(Error::IdentityCodeMissing)?;
        let query = FactsQuery {
            query_id: self.new_id(now)?.to_string(),
            requester: caller.agency.to_string(),
            professional: caller.professional().to_owned(),
            purpose: record.plan()?.purpose,
            categories: WHOLE.to_wire(),
            identity_code: identity.expose().to_owned(),
        };
        let own = Channel { from: caller.party(), to: caller.party() };
        let question = Question::new(person.id, own, Viewer::Author, record.plan()?.purpose(), now);
        let question = Question { actor: caller.role(), ..question };
        let query =
            self.engine().authorise(&self.index(), Valid::check(query)?, CategorySet::EMPTY, &question)?;
        if !self.may_ask(&caller.agency) {
            tracing::info!(agency = %caller.agency, "own plan not fetched: the agency's quota is used up");
            return Err(Error::Unreachable);
        }
        let facts = adapter.fetch(query, now).await.map_err(|error| {
            tracing::info!(agency = %caller.agency, kind = %error.kind, "own plan not fetched");
            unfetched(&error)
        })?;
        let mut parts = facts.plans;
        parts.retain(|part| !plan::is_over(part.state()) || last_word(record, caller, part).is_some());
        let changed = |part: &PlanPart| part.update_time.map(|time| (time.seconds, time.nanos));
        parts.sort_by(|one, other| (changed(one), &one.reference).cmp(&(changed(other), &other.reference)));
        // Of one plan that is told twice the later word counts.
        let mut last: Vec<PlanPart> = Vec::with_capacity(parts.len());
        for part in parts {
            last.retain(|other| other.reference != part.reference);
            last.push(part);
        }
        if last.is_empty() {
            return Err(Error::RecordState {
                expected: "a plan in the caller's own system that has not ended",
            });
        }
        Ok(last)
    }

    /// The draft with the system's words in it.
    fn imported(
        &self,
        caller: &Caller,
        record: PlanRecord,
        parts: Vec<PlanPart>,
        now: Timestamp,
    ) -> Result<(Draft, Vec<Clashed>), Error> {
        check_running(&record)?;
        let owner = caller.agency.as_str();
        // A system has read nothing of what was done beside its words: all of it that its agency sees has come to the items
        // since.
        let eyes = Eyes::of_system(record.party(&caller.agency).ok_or(Error::NotFound)?);
        let grown = Grown::since(&Plan::default(), &self.seen(&record, &eyes, now)?, owner);
        let references: Vec<&str> = parts.iter().map(|part| part.reference.as_str()).collect();
        let reference = references.join(" ");
        let mut draft = Draft { source: Source::AgencySystem, reference, ..Draft::by_call(record) };
        let mut clashed = Vec::new();
        for part in parts {
            check_content(&part)?;
            take_word(&mut draft, owner, (&part, &grown), &mut clashed, now)?;
        }
        Ok((draft, clashed))
    }
}

/// What the same plan of the caller's own system has said last, if it has come into this joint plan.
fn last_word<'a>(record: &'a PlanRecord, caller: &Caller, part: &PlanPart) -> Option<&'a PlanPart> {
    let mut imports = record.kept.imports.iter();
    imports.find(|last| last.owner == caller.agency.as_str() && last.reference == part.reference)
}

/// Why nothing could be fetched. Only where the agency was silent, or wants to be asked later, can the same call bring
/// something else.
fn unfetched(error: &AdapterError) -> Error {
    match &error.kind {
        _ if error.has_unusable_answer() => Error::Unusable,
        AdapterErrorKind::Unavailable { .. }
        | AdapterErrorKind::Timeout
        | AdapterErrorKind::PermitMismatch
        | AdapterErrorKind::Unanswered => Error::Unreachable,
        AdapterErrorKind::Rejected { .. } => Error::Unusable,
        AdapterErrorKind::Unwritable { .. } => NO_SYSTEM,
    }
}

/// Brings the word of one plan of the owner's own system into the owner's section.
fn take_word(
    draft: &mut Draft,
    owner: &str,
    (part, grown): (&PlanPart, &Grown),
    clashed: &mut Vec<Clashed>,
    now: Timestamp,
) -> Result<(), Error> {
    let name = draft.after.name().to_string();
    let prefix = plan::source_prefix(draft.after.section(owner), &part.reference);
    let part = plan::tagged(part, &prefix);
    let kept = &draft.after.kept;
    let is_own = |last: &&PlanPart| last.owner == owner;
    let is_this = |last: &&PlanPart| last.owner == owner && last.reference == part.reference;
    let last = kept.imports.iter().find(is_this).cloned();
    let held = kept.held.iter().find(is_this).cloned();
    if last.is_none() && kept.imports.iter().filter(is_own).count() >= plan::MOST_SOURCES {
        return Err(Error::RecordState { expected: "at most 20 plans of one agency's own system in a plan" });
    }
    let last = last.unwrap_or_else(|| empty_part(&name, owner));
    let (revision, updated) = (part.revision, part.update_time);
    let instant = |time: prost_types::Timestamp| (time.seconds, time.nanos);
    let is_older = updated.zip(last.update_time).is_some_and(|(time, last)| instant(time) < instant(last));
    // A message that was overtaken would take back what a later one has said. Who does not count says 0.
    if revision < last.revision && revision != 0 || revision == 0 && is_older {
        return Err(Error::RecordState {
            expected: "a plan that is no older than the one that came in last",
        });
    }
    let ours = PlanPart {
        plan: name,
        owner: owner.to_owned(),
        revision: last.revision,
        update_time: last.update_time,
        redacted: last.redacted,
        consent_withdrawn: last.consent_withdrawn,
        ..part
    };
    let told = PlanPart { revision, update_time: updated, ..ours.clone() };
    let held = held.filter(|held| plan::comes_after(&told, &last, held));
    let is_over_held = held.is_some();
    let base = match held {
        Some(held) => plan::over(&held, &last),
        None => last,
    };
    // A system knows all that its agency has written.
    let (editor, origin, all) = (Editor::Owner, Origin::Import, CategorySet::ALL);
    let (base, ours) = (&base, &ours);
    let (stored, used) = (&draft.after.part(owner), &kept.used);
    let edit =
        Edit { editor, origin, told: all, fellows_told: all, others: &[], base, ours, stored, used, now };
    plan::check(&edit)?;
    let said: Vec<PlanPart> = kept.held.iter().chain(&kept.imports).cloned().collect();
    let said = |reference: &str| match reference == told.reference {
        true => Some(base),
        false => said.iter().filter(is_own).find(|last| last.reference == reference),
    };
    let section = draft.after.section_mut(owner)?;
    let word = plan::take_in(section, prefix, (base, &told), said);
    let sources: Vec<String> =
        section.sources.iter().flat_map(|source| &source.part).map(|part| part.reference.clone()).collect();
    let kept = &mut draft.after.kept;
    // What was delivered before any plan of the system was known belongs to the first one, if that has no name either.
    kept.held.retain(|held| {
        let is_said = is_over_held && held.reference == told.reference;
        held.owner != owner || sources.contains(&held.reference) && !is_said
    });
    // In its place: the first one is the first one for good.
    match kept.imports.iter_mut().find(|last| last.owner == owner && last.reference == told.reference) {
        Some(last) => *last = told,
        None => kept.imports.push(told),
    }
    let Word { base, ours } = word;
    let (grown, author) = (grown.clone(), String::new());
    let wanted = Wanted { base, ours, told: CategorySet::ALL, grown, author };
    bring_in(draft, &wanted, clashed, now)
}

fn taken(answer: &MergePlanResponse) -> Result<InboundOutcome, Error> {
    let receipt =
        answer.receipt.as_ref().ok_or(Error::Inconsistent("a plan that was taken without a leaf"))?;
    Ok(InboundOutcome::PlanTaken { sequence: receipt.sequence })
}

/// Nothing of a plan is written down, neither that it came.
fn not_kept() -> InboundOutcome {
    let hint = "the person has no joint plan here that your agency is a party to: go on as before".to_owned();
    InboundOutcome::Refused { reason: "PLAN_NOT_KEPT", hint, retry: polku_adapters::Retry::Never }
}
