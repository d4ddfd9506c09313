//! A joint plan is begun, and its parties come, go and take over.

use jiff::Timestamp;
use polku_policy::{Authorised, Channel, Outcome, Question, Viewer};
use polku_proto::v1::plan_revision::Source;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{
    AddPlanPartyRequest, CreatePlanRequest, DataCategory, Plan, PlanChange, PlanConflict, PlanState,
    RemovePlanPartyRequest, TransferPlanRequest, Worker,
};
use polku_proto::{AgencyId, CategorySet, Disclose, Party, PlanId, PlanName, Valid};

use super::clash::is_of;
use super::commit::Draft;
use super::content::check_worker;
use super::reader::Eyes;
use super::record::{Clashing, Kept, PlanRecord};
use super::step::has_item;
use super::task::TaskRecord;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::read::{name, youth_id};
use crate::once::Begun;
use crate::person::Person;
use crate::plan::{self, UsedIds};
use crate::record::wire_time;
use crate::store::{PlanRow, TaskWrite};
use crate::trail::Entry;

/// Without this a party has nothing to do with a plan.
const JOINT_PLAN: CategorySet = CategorySet::of(&[DataCategory::JointPlan]);

const ANOTHER: Error = Error::RecordState {
    expected: "no other plan of the young person that the caller may change and that has not ended",
};
const COORDINATOR: Error =
    Error::ActorNotAllowed { expected: "a professional of the responsible worker's agency" };

impl Gateway {
    /// Begins a plan. The caller's agency has the responsible worker.
    pub(crate) async fn create_plan(
        &self,
        caller: &Caller,
        request: Valid<CreatePlanRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        let Actor::Professional { .. } = caller.actor else { return Err(COORDINATOR) };
        check_worker(request.responsible_worker.as_ref())?;
        let call = self.call(caller, "CreatePlan", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin::<PlanChange>(&call, youth).await?;
        if let Some(earlier) = earlier {
            let record = self.plan_named(&person, earlier.plan.as_ref()).await?;
            return self.changed_before(caller, &person, &record, earlier, now).await;
        }
        self.check_relation(caller, youth).await?;
        // A plan that the caller could not change does not show, not even by a refusal: another agency's, nor one that
        // another unit of the own agency has.
        let plans = self.plans_under(&self.ids_of(youth)).await?;
        for plan in plans.iter().filter(|plan| !plan.row.ended) {
            match self.hands(caller, plan, now) {
                Ok(_) => return Err(ANOTHER),
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        let replaces = request.replaces.as_str();
        if !replaces.is_empty() {
            let old: PlanName = name(replaces, "replaces")?;
            let old = plans.iter().find(|plan| plan.name() == old).ok_or(Error::NotFound)?;
            self.hands(caller, old, now)?;
        }
        let id = PlanId::from_uuid(self.new_id(now)?);
        let plan_name = PlanName { youth, plan: id };
        let party = caller.party();
        let plan = Plan {
            name: plan_name.to_string(),
            state: PlanState::Draft as i32,
            purpose: request.purpose,
            coordinator: caller.agency.to_string(),
            coordinator_unit: party.unit.as_ref().map(ToString::to_string).unwrap_or_default(),
            create_time: Some(wire_time(now)?),
            responsible_worker: request.responsible_worker,
            replaces: request.replaces,
            ..Plan::default()
        };
        let row = PlanRow {
            id,
            youth,
            coordinator: caller.agency.clone(),
            parties: vec![caller.agency.clone()],
            revision: 0,
            created: now,
            updated: now,
            ended: false,
            look_at: None,
            sealed: Vec::new(),
        };
        let used = UsedIds::default().whole();
        let kept = Kept { plan: Some(plan), parties: vec![party.to_string()], used, ..Kept::default() };
        let draft = Draft {
            before: None,
            after: PlanRecord { row, kept },
            tasks: Vec::new(),
            clashes: Vec::new(),
            source: Source::Call,
            reference: String::new(),
            reason: String::new(),
        };
        self.change_plan(&call, &person, "CreatePlan", draft, now).await
    }

    /// Makes another agency a party, where something lets it know of the plan.
    pub(crate) async fn add_plan_party(
        &self,
        caller: &Caller,
        request: Valid<AddPlanPartyRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        const OWN: Error = Error::Field {
            field: "party",
            reason: "UNKNOWN_AGENCY",
            expected: "another agency that is registered with this gateway, as {agency} or {agency}/{unit}",
        };
        let request = request.into_inner();
        let plan: PlanName = name(&request.name, "name")?;
        let party = self.party(&request.party, "party")?;
        if party.agency == caller.agency {
            return Err(OWN);
        }
        let call = self.call(caller, "AddPlanParty", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, plan.youth).await?;
        let record = self.plan_of(&person, plan).await?;
        self.hands(caller, &record, now)?;
        if let Some(earlier) = earlier {
            return self.changed_before(caller, &person, &record, earlier, now).await;
        }
        self.seen_over(caller, &record, &request.etag)?;
        check_coordinator(caller, &record)?;
        check_running(&record)?;
        if !record.has_room_for(&party.agency) {
            return Err(Error::RecordState {
                expected: "at most 40 parties to a plan, with those that have left it",
            });
        }
        let purpose = record.plan()?.purpose();
        let channel = Channel { from: caller.party(), to: party.clone() };
        let question = Question::new(plan.youth, channel.clone(), Viewer::Addressee, purpose, now);
        let question = Question { actor: caller.role(), ..question };
        let decision = self.engine().decide(&self.index(), JOINT_PLAN, &question);
        if decision.outcome() != Outcome::Permitted {
            let name = plan.to_string();
            let entry =
                Entry::of(Event::Refusal, plan.youth).by(caller).decided(purpose, &decision).of_what(&name);
            self.note_refusal(entry, Some(&person), &channel, &decision, now).await?;
            return Err(Error::refused(decision));
        }
        let is_new = record.party(&party.agency).is_none();
        let mut draft = Draft::by_call(record);
        if is_new {
            draft.tasks.extend(self.two_plans(plan, &party, now).await?);
        }
        let kept = &mut draft.after.kept;
        kept.parties.retain(|other| other.parse::<Party>().is_ok_and(|other| other.agency != party.agency));
        kept.parties.push(party.to_string());
        self.change_plan(&call, &person, "AddPlanParty", draft, now).await
    }

    /// Ends a party's part.
    pub(crate) async fn remove_plan_party(
        &self,
        caller: &Caller,
        request: Valid<RemovePlanPartyRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        const NO_PARTY: Error = Error::Field {
            field: "agency",
            reason: "NO_PARTY",
            expected: "a party that has not the responsible worker",
        };
        let request = request.into_inner();
        let plan: PlanName = name(&request.name, "name")?;
        let call = self.call(caller, "RemovePlanParty", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, plan.youth).await?;
        let record = self.plan_of(&person, plan).await?;
        if let Some(earlier) = earlier {
            return self.changed_before(caller, &person, &record, earlier, now).await;
        }
        self.hands(caller, &record, now)?;
        let Actor::Professional { .. } = caller.actor else { return Err(COORDINATOR) };
        self.seen_over(caller, &record, &request.etag)?;
        let own = request.agency == caller.agency.as_str();
        if !own {
            check_coordinator(caller, &record)?;
        }
        if request.agency == record.row.coordinator.as_str() {
            return Err(NO_PARTY);
        }
        let leaves = request.agency.parse::<AgencyId>().map_err(|_| NO_PARTY)?;
        if record.party(&leaves).is_none() {
            return Err(NO_PARTY);
        }
        let (tasks, clashes) = self.left_behind(&person, &record, &leaves, now).await?;
        let mut draft = Draft::by_call(record);
        (draft.tasks, draft.clashes) = (tasks, clashes);
        let parties = &mut draft.after.kept.parties;
        parties.retain(|other| other.parse::<Party>().is_ok_and(|other| other.agency != leaves));
        self.change_plan(&call, &person, "RemovePlanParty", draft, now).await
    }

    /// What a party that leaves had to decide is decided by the responsible worker's agency, if it may see all of it, and
    /// by nobody otherwise.
    async fn left_behind(
        &self,
        person: &Person,
        record: &PlanRecord,
        leaves: &AgencyId,
        now: Timestamp,
    ) -> Result<(Vec<TaskWrite>, Vec<Clashing>), Error> {
        let coordinator = record.row.coordinator.clone();
        let party = record.party(&coordinator).unwrap_or_else(|| Party::whole(coordinator.clone()));
        let eyes = Eyes::of_system(party);
        let told = self.permitted(record, leaves.as_str(), &eyes, now)?;
        let seen = self.seen(record, &eyes, now)?;
        let (mut writes, mut closed) = (Vec::new(), Vec::new());
        let clashes = self.open_clashes(person, record).await?;
        for row in self.store.open_tasks_of_plan(record.row.id).await? {
            let mut task = TaskRecord::open(person, row)?;
            if task.row.agency != *leaves {
                continue;
            }
            let is_theirs = |clash: &PlanConflict| {
                let mut others = clashes.iter().filter(|other| other.row.agency == coordinator);
                others.any(|other| is_of(&other.message, clash))
            };
            // What was asked of whoever saw two plans is not for one who may not see the other.
            if task.is_follow_up() || task.conflict().is_some_and(is_theirs) {
                task.row.state = State::Obsolete;
            } else if let Some(Matter::Duplicate(pair)) = &task.message.matter {
                // It was offered to the one that leaves because the coordinator did not see both.
                let is_seen = |item: &Option<_>| item.as_ref().is_some_and(|item| has_item(&seen, item));
                if is_seen(&pair.first) && is_seen(&pair.second) {
                    task.row.agency = coordinator.clone();
                } else {
                    task.row.state = State::Obsolete;
                }
            } else if task.message.categories().difference(CategorySet::ENVELOPE).is_subset(told)
                // Of a clash about a state everything stands in the envelope: whoever sees nothing does not decide it.
                && (task.conflict().is_none() || !told.is_subset(CategorySet::ENVELOPE))
            {
                task.row.agency = coordinator.clone();
            } else {
                task.row.state = State::Obsolete;
                closed.extend(task.conflict().cloned().map(Clashing::closed));
            }
            writes.push(task.next_version(person, now)?);
        }
        Ok((writes, closed))
    }

    /// Hands the responsible worker's task over to another party. What waits for a decision goes along.
    pub(crate) async fn transfer_plan(
        &self,
        caller: &Caller,
        request: Valid<TransferPlanRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let plan: PlanName = name(&request.name, "name")?;
        check_worker(request.responsible_worker.as_ref())?;
        let call = self.call(caller, "TransferPlan", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, plan.youth).await?;
        let record = self.plan_of(&person, plan).await?;
        self.hands(caller, &record, now)?;
        if let Some(earlier) = earlier {
            return self.changed_before(caller, &person, &record, earlier, now).await;
        }
        // Before it is asked whose task it is: whoever has lost it to a transfer at the same time is told to read again.
        self.check_read(caller, &record, &self.seen_by(caller, &record)?, &request.etag)?;
        check_coordinator(caller, &record)?;
        check_running(&record)?;
        let next = request
            .agency
            .parse()
            .ok()
            .and_then(|agency| record.party(&agency))
            .ok_or(Error::Field { field: "agency", reason: "NO_PARTY", expected: "a party to the plan" })?;
        let old = record.row.coordinator.clone();
        let (tasks, discussed) = self.reassigned(&person, &record, &old, &next.agency, now).await?;
        self.check_transfer(caller, &person, &record, (&next, discussed), now).await?;
        let mut draft = Draft::by_call(record);
        draft.tasks = tasks;
        draft.reason = request.reason;
        draft.after.row.coordinator = next.agency.clone();
        let worker: Option<Worker> = request.responsible_worker;
        let plan = draft.after.plan_mut()?;
        plan.coordinator = next.agency.to_string();
        plan.coordinator_unit = next.unit.as_ref().map(ToString::to_string).unwrap_or_default();
        plan.responsible_worker = worker;
        self.change_plan(&call, &person, "TransferPlan", draft, now).await
    }

    async fn reassigned(
        &self,
        person: &Person,
        record: &PlanRecord,
        from: &AgencyId,
        to: &AgencyId,
        now: Timestamp,
    ) -> Result<(Vec<TaskWrite>, CategorySet), Error> {
        let mut writes = Vec::new();
        let mut discussed = CategorySet::EMPTY;
        for row in self.store.open_tasks_of_plan(record.row.id).await? {
            let mut task = TaskRecord::open(person, row)?;
            // Clashes in its own section stay with it, and what is asked of whoever sees another plan too.
            if task.row.agency != *from || task.owner() == Some(from.as_str()) || task.is_follow_up() {
                continue;
            }
            let elsewhere = task.conflict().filter(|conflict| conflict.owner != plan::YOUTH);
            if let Some(conflict) = elsewhere {
                // The section's owner has it as well. Who takes over has it if it may see it.
                let party = record.party(to).filter(|_| conflict.owner != to.as_str());
                let sees = |party| self.sees_clash(record, conflict, &Eyes::of_system(party), now);
                if party.map(sees).transpose()?.unwrap_or(false) {
                    task.row.agency = to.clone();
                } else {
                    task.row.state = State::Obsolete;
                }
                writes.push(task.next_version(person, now)?);
            } else {
                task.row.agency = to.clone();
                discussed = discussed.union(task.message.categories());
                writes.push(task.next_version(person, now)?);
            }
        }
        writes.extend(self.hand_over_undelivered(person, record.name(), (from, to), now).await?);
        Ok((writes, discussed))
    }

    /// Who takes over holds the young person's section from then on, with what waits to be decided in it. All of that
    /// must be for the one who has it to tell.
    async fn check_transfer(
        &self,
        caller: &Caller,
        person: &Person,
        record: &PlanRecord,
        (next, discussed): (&Party, CategorySet),
        now: Timestamp,
    ) -> Result<(), Error> {
        let own = record.section(plan::YOUTH).map_or(CategorySet::EMPTY, Disclose::categories);
        let handed = own.union(discussed).union(JOINT_PLAN).difference(CategorySet::ENVELOPE);
        let question = self.plan_question(record, plan::YOUTH, &Eyes::of_system(next.clone()), now)?;
        let decision = self.engine().decide(&self.index(), handed, &question);
        if handed.is_subset(decision.permitted()) {
            return Ok(());
        }
        let entry = Entry::of(Event::Refusal, person.id).by(caller).decided(question.purpose, &decision);
        self.note_refusal(entry, Some(person), &question.channel, &decision, now).await?;
        Err(Error::refused(decision))
    }

    /// The plan that a kept answer is about.
    async fn plan_named(&self, person: &Person, shown: Option<&Plan>) -> Result<PlanRecord, Error> {
        let name = shown.and_then(|plan| plan.name.parse().ok());
        self.plan_of(person, name.ok_or(Error::Inconsistent("a kept answer without a plan"))?).await
    }
}

/// Only a professional of the responsible worker's agency.
pub(super) fn check_coordinator(caller: &Caller, record: &PlanRecord) -> Result<(), Error> {
    match caller.actor {
        Actor::Professional { .. } if caller.agency == record.row.coordinator => Ok(()),
        Actor::Professional { .. } | Actor::Subject(_) | Actor::Representative { .. } => Err(COORDINATOR),
    }
}

/// Only while the plan has not ended.
pub(super) fn check_running(record: &PlanRecord) -> Result<(), Error> {
    if record.row.ended {
        return Err(Error::RecordState { expected: "a plan that has not ended; a new period is a new plan" });
    }
    Ok(())
}
