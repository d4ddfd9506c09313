//! A plan changes: what is made durable, in which order, and who is told?
//!
//! Told are the parties in whose eyes it has changed, and nobody else: neither a watcher nor a delivery shows that
//! something is there which may not be seen.

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::PlanName;
use polku_proto::v1::plan_revision::Source;
use polku_proto::v1::{AuditReceipt, Plan, PlanChange};
use prost::Message;
use serde_json::json;

use super::reader::ShownPlan;
use super::record::{Author, Clashing, PlanRecord};
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::refer::mismatch;
use crate::once::Call;
use crate::outbox::{Lock, Reading};
use crate::person::Person;
use crate::plan::{self, YOUTH};
use crate::store::{Change, TaskWrite};
use crate::trail::{Entry, receipt};

/// A plan that is about to change.
pub(super) struct Draft {
    /// As it is; none for a new one.
    pub(super) before: Option<PlanRecord>,
    /// As it shall be.
    pub(super) after: PlanRecord,
    /// What comes up, or is decided, along with it.
    pub(super) tasks: Vec<TaskWrite>,
    /// Which of that are clashes.
    pub(super) clashes: Vec<Clashing>,
    pub(super) source: Source,
    /// The source's own id of the plan.
    pub(super) reference: String,
    /// Why, where it was said.
    pub(super) reason: String,
}

impl Draft {
    /// A change by a call of the contract.
    pub(super) fn by_call(before: PlanRecord) -> Self {
        let after = before.clone();
        Self {
            before: Some(before),
            after,
            tasks: Vec::new(),
            clashes: Vec::new(),
            source: Source::Call,
            reference: String::new(),
            reason: String::new(),
        }
    }
}

impl Draft {
    /// Whether anything is different, or has clashed.
    fn is_change(&self) -> bool {
        let is_other = self.before.as_ref().is_none_or(|before| before.kept != self.after.kept);
        is_other || !self.clashes.is_empty()
    }
}

/// What was committed.
pub(super) struct Committed {
    /// The plan as it is now.
    pub(super) record: PlanRecord,
    pub(super) receipt: AuditReceipt,
}

impl Gateway {
    /// Leaf, then plan, tasks, events, deliveries and the answer in one commit.
    pub(super) async fn commit_plan<A: Message>(
        &self,
        call: &Call<'_>,
        person: &Person,
        method: &str,
        draft: Draft,
        answer: impl FnOnce(&Committed) -> A,
        now: Timestamp,
    ) -> Result<(Committed, A), Error> {
        let changed = draft.is_change();
        let Draft { before, mut after, mut tasks, clashes, source, reference, reason } = draft;
        if changed {
            // With a change alone: what was left over from others is nothing that this call has done.
            self.offer_duplicates(person, before.as_ref(), &mut after, &mut tasks, now)?;
            after.kept.clashes = clashes;
            after.settle(before.as_ref())?;
            plan::check_whole(before.as_ref().and_then(|before| before.kept.plan.as_ref()), after.plan()?)?;
            self.close_moot_tasks(person, &mut after, &mut tasks, now).await?;
            self.follow_clashes(person, &after, &mut tasks, now).await?;
            tasks.extend(self.close_two_plans(before.as_ref(), &after, now).await?);
        }
        let looked_after = self.after_plan(person, (before.as_ref(), &after), now).await?;
        tasks.extend(looked_after.tasks);
        let entry = Entry::of(Event::PlanChange, person.id).by(call.caller);
        let details = json!({
            "method": method,
            "plan": after.name().to_string(),
            "revision": before.as_ref().map_or(0, |before| before.row.revision) + u64::from(changed),
            "tasks": tasks.iter().map(|task| task.row.id.to_string()).collect::<Vec<_>>(),
        });
        let announced = self.announce(entry, person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.tasks = tasks;
        change.follow_ups = looked_after.follow_ups;
        if changed {
            let (agency, professional) = match call.caller.actor {
                Actor::Professional { .. } => {
                    (call.caller.agency.to_string(), call.caller.professional().to_owned())
                }
                Actor::Subject(_) | Actor::Representative { .. } => (YOUTH.to_owned(), String::new()),
            };
            let (role, system) = (call.caller.kind() as i32, call.caller.agency.to_string());
            after.kept.author =
                Some(Author { agency, professional, source: source as i32, reference, reason, role, system });
            let by = (source, &call.caller.agency);
            self.tell_parties(person, (before.as_ref(), &mut after), by, &mut change, now).await?;
            let expected = before.as_ref().map(|before| before.row.revision);
            change.plans.push(after.next_revision(person, expected, now)?);
        }
        let committed = Committed { record: after, receipt: receipt(&announced.receipt) };
        let answer = answer(&committed);
        change.request = Some(call.answered(person, &answer, now)?);
        self.commit(change).await?;
        Ok((committed, answer))
    }

    /// Commits a change whose answer is the plan after it.
    pub(super) async fn change_plan(
        &self,
        call: &Call<'_>,
        person: &Person,
        method: &str,
        draft: Draft,
        now: Timestamp,
    ) -> Result<Authorised<PlanChange>, Error> {
        let kept = |committed: &Committed| PlanChange {
            plan: Some(shown(&committed.record)),
            receipt: Some(committed.receipt.clone()),
        };
        let (committed, answer) = self.commit_plan(call, person, method, draft, kept, now).await?;
        self.plan_changed(call.caller, &committed.record, answer, self.now()).await
    }

    /// The answer of an earlier call: the plan as it was after it, as far as it may be seen now.
    pub(super) async fn changed_before(
        &self,
        caller: &Caller,
        person: &Person,
        record: &PlanRecord,
        earlier: PlanChange,
        now: Timestamp,
    ) -> Result<Authorised<PlanChange>, Error> {
        let then = self.plan_as_shown(person, record, earlier.plan.as_ref()).await?;
        self.plan_changed(caller, &then, earlier, now).await
    }

    /// The answer. That the plan was changed is written down already; that the change also shows something new of others
    /// is another matter. Whoever changes a plan has the lock of the person until the answer.
    async fn plan_changed(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        mut answer: PlanChange,
        now: Timestamp,
    ) -> Result<Authorised<PlanChange>, Error> {
        answer.plan = None;
        let shell = self.shell(caller, answer)?;
        // Whoever has just left the plan sees nothing of it any more.
        match self.plan_view(caller, record, now) {
            Ok(ShownPlan { plan, told }) => {
                let name = record.name().to_string();
                let reading = Reading { caller, youth: record.row.youth, name: &name, lock: Lock::Held };
                self.note_told(&reading, &plan, told).await?;
                shell.gather(plan).map_err(mismatch)
            }
            Err(Error::NotFound) => Ok(shell),
            Err(error) => Err(error),
        }
    }

    /// The plan at the revision that a kept answer names.
    pub(super) async fn plan_as_shown(
        &self,
        person: &Person,
        record: &PlanRecord,
        shown: Option<&Plan>,
    ) -> Result<PlanRecord, Error> {
        const BROKEN: Error = Error::Inconsistent("a kept answer names no revision of a plan");
        let revision = shown.and_then(|plan| plan.etag.parse().ok()).ok_or(BROKEN)?;
        let row = self.store.plan_revision(record.row.id, revision).await?.ok_or(BROKEN)?;
        record.at(person, &row)
    }

    /// A plan by its name. Whether the caller is a party to it is for [`Gateway::eyes`] to say.
    pub(super) async fn plan_of(&self, person: &Person, name: PlanName) -> Result<PlanRecord, Error> {
        let row = self.store.plan(name.plan).await?.ok_or(Error::NotFound)?;
        if row.youth != name.youth || row.youth != person.id {
            return Err(Error::NotFound);
        }
        PlanRecord::open(person, row)
    }
}

/// What is kept of a plan in an answer: which one, and which revision of it.
pub(super) fn shown(record: &PlanRecord) -> Plan {
    Plan { name: record.name().to_string(), etag: record.row.revision.to_string(), ..Plan::default() }
}
