//! A party changes sections of a plan: over what others have changed since it has read them.

use jiff::Timestamp;
use polku_policy::{ActorRole, Authorised};
use polku_proto::v1::{MergePlanRequest, MergePlanResponse, Plan, PlanConflict, PlanPart};
use polku_proto::{CategorySet, PlanName, Valid};

use super::begin::check_running;
use super::clash::{Clashed, conflict};
use super::commit::{Committed, Draft, shown};
use super::content::check_content;
use super::found::newly_found;
use super::reader::{Eyes, digest};
use super::record::{PlanRecord, empty_part};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::read::name;
use crate::journey::refer::mismatch;
use crate::once::{Begun, Call};
use crate::outbox::{Lock, Reading, Shown};
use crate::person::Person;
use crate::plan::{self, Edit, Editor, Grown, Origin};
use crate::record::wire_time;

/// A section as somebody has read it, and as they want it.
pub(super) struct Wanted {
    pub(super) base: PlanPart,
    pub(super) ours: PlanPart,
    /// What whoever wants it may be told of the section.
    pub(super) told: CategorySet,
    /// What has come to its items since they were read.
    pub(super) grown: Grown,
    /// Whose room it fills there: an agency's; empty: that of the section's holder.
    pub(super) author: String,
}

/// What a receipt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// For what has changed or clashed.
    OfChange,
    /// For having come in, whatever came of it.
    OfCall,
}

impl Gateway {
    /// Brings the caller's sections in.
    pub(crate) async fn merge_plan(
        &self,
        caller: &Caller,
        request: Valid<MergePlanRequest>,
    ) -> Result<Authorised<MergePlanResponse>, Error> {
        let request = request.into_inner();
        let plan: PlanName = name(&request.name, "name")?;
        let call = self.call(caller, "MergePlan", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, plan.youth).await?;
        let record = self.plan_of(&person, plan).await?;
        let eyes = self.hands(caller, &record, now)?;
        if let Some(earlier) = earlier {
            return self.merged_before(caller, &person, &record, earlier, now).await;
        }
        check_running(&record)?;
        let read = self.as_read((caller, &eyes), &person, &record, &request.etag, now).await?;
        let present = self.seen(&record, &eyes, now)?;
        let record = self.with_used_ids(&person, record).await?;
        let mut draft = Draft::by_call(record);
        let mut clashed = Vec::new();
        let mut seen_owners: Vec<&str> = Vec::new();
        for ours in &request.sections {
            if seen_owners.contains(&ours.owner.as_str()) {
                return Err(Error::Field {
                    field: "sections",
                    reason: "DUPLICATE_ITEM",
                    expected: "every section once",
                });
            }
            seen_owners.push(&ours.owner);
            check_content(ours)?;
            let told = self.permitted(&draft.after, &ours.owner, &eyes, now)?;
            let base = plan::part_of(&read, &ours.owner).cloned();
            let base = base.unwrap_or_else(|| empty_part(&plan.to_string(), &ours.owner));
            let is_guest = ours.owner == plan::YOUTH
                && caller.agency != draft.after.row.coordinator
                && matches!(caller.actor, Actor::Professional { .. });
            let author = if is_guest { caller.agency.to_string() } else { String::new() };
            let grown = Grown::since(&read, &present, &ours.owner);
            let wanted = Wanted { ours: as_of(ours, &base), base, told, grown, author };
            self.check_wanted(caller, &draft.after, &wanted, now)?;
            let found = newly_found(&wanted.base, &wanted.ours);
            self.check_found(caller, &draft.after, &found, request.found_in.as_ref(), now)?;
            bring_in(&mut draft, &wanted, &mut clashed, now)?;
            self.note_found(caller, &mut draft.after, found, request.found_in.as_ref())?;
        }
        if request.validate_only {
            // What follows from a change shows like the change itself.
            draft.after.settle(draft.before.as_ref())?;
            let before = draft.before.as_ref().and_then(|before| before.kept.plan.as_ref());
            plan::check_whole(before, draft.after.plan()?)?;
            let conflicts = clashed.into_iter().map(|one| conflict(one, String::new())).collect();
            let answer = MergePlanResponse { plan: None, conflicts, receipt: None };
            return self.tried(caller, &draft, answer, now).await;
        }
        let (committed, answer) =
            self.commit_merge(&call, &person, ("MergePlan", Proof::OfChange), (draft, clashed), now).await?;
        self.merged(caller, &committed.record, answer, self.now()).await
    }

    /// The plan as the caller has read it, seen with what the caller may see now.
    ///
    /// # Errors
    /// [`Error::EtagMismatch`] when the caller may see more or less than it did: what is missing in what it sends could
    /// not be told from what it wants removed.
    async fn as_read(
        &self,
        (caller, eyes): (&Caller, &Eyes),
        person: &Person,
        record: &PlanRecord,
        etag: &str,
        now: Timestamp,
    ) -> Result<Plan, Error> {
        let (revision, read) = self.open_reading(record, caller, etag)?;
        let row = self.store.plan_revision(record.row.id, revision).await?.ok_or(Error::EtagMismatch)?;
        let then = record.at(person, &row)?;
        if then.row.coordinator != record.row.coordinator {
            return Err(Error::EtagMismatch);
        }
        // As who the caller is now: a party that came after that revision has not read it.
        let seen = self.seen(&then, eyes, now)?;
        if digest(&seen) == read { Ok(seen) } else { Err(Error::EtagMismatch) }
    }

    /// Makes a merge durable: the plan, and a task for every clash. Where nothing has changed and nothing clashes there is
    /// the leaf of the call alone.
    pub(super) async fn commit_merge(
        &self,
        call: &Call<'_>,
        person: &Person,
        (method, proof): (&str, Proof),
        (mut draft, clashed): (Draft, Vec<Clashed>),
        now: Timestamp,
    ) -> Result<(Committed, MergePlanResponse), Error> {
        let revision = draft.before.as_ref().map_or(0, |before| before.row.revision);
        let conflicts = self.clash_tasks(person, &mut draft, clashed, now).await?;
        let answer = |committed: &Committed| {
            let is_change = committed.record.row.revision != revision || !conflicts.is_empty();
            let receipt = (is_change || proof == Proof::OfCall).then(|| committed.receipt.clone());
            MergePlanResponse { plan: Some(shown(&committed.record)), conflicts, receipt }
        };
        self.commit_plan(call, person, method, draft, answer, now).await
    }

    pub(super) async fn merged_before(
        &self,
        caller: &Caller,
        person: &Person,
        record: &PlanRecord,
        earlier: MergePlanResponse,
        now: Timestamp,
    ) -> Result<Authorised<MergePlanResponse>, Error> {
        let then = self.plan_as_shown(person, record, earlier.plan.as_ref()).await?;
        self.merged(caller, &then, earlier, now).await
    }

    /// May the caller want this?
    pub(super) fn check_wanted(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Wanted { base, ours, told, .. } = wanted;
        let (owner, agency) = (ours.owner.as_str(), caller.agency.as_str());
        let (editor, fellows) = match caller.actor {
            Actor::Subject(_) | Actor::Representative { .. } => {
                (Editor::YoungPerson, Eyes::of_own_side(ActorRole::Subject))
            }
            Actor::Professional { .. } => {
                let party = record.party(&caller.agency).ok_or(Error::NotFound)?;
                let editor = if owner == agency {
                    Editor::Owner
                } else if caller.agency == record.row.coordinator {
                    Editor::Coordinator
                } else {
                    Editor::OtherParty(agency)
                };
                (editor, Eyes::of_system(party))
            }
        };
        let fellows_told = self.permitted(record, owner, &fellows, now)?;
        let (origin, told) = (Origin::Call, *told);
        let (stored, used) = (&record.part(owner), &record.kept.used);
        let is_own = |id: &String| matches!(caller.actor, Actor::Professional { .. }) && id == agency;
        let others: Vec<String> = record.row.parties.iter().map(ToString::to_string).collect();
        let others: &Vec<String> = &others.into_iter().filter(|id| !is_own(id)).collect();
        plan::check(&Edit { editor, origin, told, fellows_told, others, base, ours, stored, used, now })?;
        Ok(())
    }

    /// The answer of a trial, of which nothing is kept but that it was read. So it tells nothing of others that would have
    /// to be kept as told.
    ///
    /// # Errors
    /// [`Error::EtagMismatch`] when others have written since what the register of an agency has to hold as told: that is
    /// to be read first.
    async fn tried(
        &self,
        caller: &Caller,
        draft: &Draft,
        answer: MergePlanResponse,
        now: Timestamp,
    ) -> Result<Authorised<MergePlanResponse>, Error> {
        if let Some(stored) = &draft.before {
            let there = self.plan_view(caller, stored, now)?;
            if self.has_news(there.told).await? {
                return Err(Error::EtagMismatch);
            }
        }
        let record = &draft.after;
        let view = self.plan_view(caller, record, now)?.plan;
        self.note_reading(caller, record.row.youth, &record.name().to_string(), &view).await?;
        // What clashes was told with what there is.
        Ok(self.gathered(caller, record, (answer, view), now)?.0)
    }

    /// The answer, as far as the caller may see it.
    pub(super) async fn merged(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        answer: MergePlanResponse,
        now: Timestamp,
    ) -> Result<Authorised<MergePlanResponse>, Error> {
        let view = self.plan_view(caller, record, now)?;
        // Whoever changes a plan has the lock of the person until the answer.
        let view = self.note_plan(caller, record.name(), view, Lock::Held).await?;
        let (merged, shown) = self.gathered(caller, record, (answer, view), now)?;
        let name = record.name().to_string();
        let reading = Reading { caller, youth: record.row.youth, name: &name, lock: Lock::Held };
        self.note_told(&reading, &merged, shown).await?;
        Ok(merged)
    }

    /// With what the registers have to hold of the clashes.
    fn gathered(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        (answer, view): (MergePlanResponse, Authorised<Plan>),
        now: Timestamp,
    ) -> Result<(Authorised<MergePlanResponse>, Vec<Shown>), Error> {
        let shell = MergePlanResponse { plan: None, conflicts: Vec::new(), receipt: answer.receipt };
        let mut merged = self.shell(caller, shell)?.gather(view).map_err(mismatch)?;
        let mut shown = Vec::new();
        if answer.conflicts.is_empty() {
            return Ok((merged, shown));
        }
        let eyes = self.eyes(caller, record)?;
        let seen = self.seen(record, &eyes, now)?;
        for mut conflict in answer.conflicts {
            let owner = conflict.owner.clone();
            let told = self.permitted(record, &owner, &eyes, now)?;
            let PlanConflict { path, base, ours, theirs, .. } = &mut conflict;
            for side in [base, ours, theirs].into_iter().flatten() {
                *side = plan::shown_side(side, path, told);
            }
            if let Some((conflict, told)) = self.clash_piece(caller, (record, &seen), conflict, now)? {
                merged = merged.gather(conflict).map_err(mismatch)?;
                shown.extend(told);
            }
        }
        Ok((merged, shown))
    }
}

/// Merges what is wanted into the draft.
pub(super) fn bring_in(
    draft: &mut Draft,
    wanted: &Wanted,
    clashed: &mut Vec<Clashed>,
    now: Timestamp,
) -> Result<(), Error> {
    let owner = wanted.ours.owner.clone();
    let theirs = draft.after.part(&owner);
    let Wanted { base, ours, told, grown, .. } = wanted;
    let merged = plan::merge(base, ours, &theirs, *told, grown, now);
    if merged.part != theirs {
        plan::check_stored(&theirs, &merged.part, now)?;
        plan::check_room(&theirs, &merged.part, &wanted.author)?;
        let part = PlanPart { update_time: Some(wire_time(now)?), ..merged.part };
        draft.after.section_mut(&owner)?.part = Some(part);
    }
    // Whole: who decides on it may see more of it than whoever clashed.
    clashed.extend(merged.clashes.into_iter().map(|clash| Clashed { owner: owner.clone(), clash }));
    Ok(())
}

/// What is wanted, with what is not the caller's to say as it was read.
fn as_of(ours: &PlanPart, base: &PlanPart) -> PlanPart {
    PlanPart {
        plan: base.plan.clone(),
        revision: base.revision,
        update_time: base.update_time,
        redacted: base.redacted,
        consent_withdrawn: base.consent_withdrawn,
        standing: base.standing.clone(),
        ..ours.clone()
    }
}
