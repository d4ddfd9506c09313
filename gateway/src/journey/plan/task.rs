//! What waits for a person's decision, who decides it, and what comes of it?

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::plan_revision::Source;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{
    ConflictResolution, FollowUpResolution, Plan, PlanConflict, PlanDuplicate, PlanItem, PlanLink, PlanPart,
    ResolveTaskRequest, ResolveTaskResponse, Task, conflict_resolution, duplicate_resolution, plan_link,
};
use polku_proto::{AgencyId, CategorySet, Disclose as _, PlanId, TaskId, TaskName, Valid, YouthId};
use prost::Message;

use super::clash::{is_of, show_now};
use super::commit::{Committed, Draft};
use super::content::check_content;
use super::merge::Wanted;
use super::reader::Eyes;
use super::record::{Clashing, PlanRecord};
use super::step::has_item;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::read::name;
use crate::journey::refer::mismatch;
use crate::once::Begun;
use crate::outbox::{Lock, Reading, Shown};
use crate::person::Person;
use crate::plan::{self, Choice, Clash, EditError, Fault, Grown, ResolveError, section_of};
use crate::record::wire_time;
use crate::seal::Place;
use crate::store::{TaskRow, TaskWrite};

pub(in crate::journey) const DECIDED: Error =
    Error::RecordState { expected: "a task that has not been decided" };
pub(in crate::journey) const OTHER_KIND: Error = Error::Field {
    field: "resolution",
    reason: "INVALID_FIELDS",
    expected: "a resolution of the kind that the task asks for",
};

/// A task, opened.
#[derive(Debug)]
pub(crate) struct TaskRecord {
    pub(crate) row: TaskRow,
    pub(crate) message: Task,
}

impl TaskRecord {
    pub(crate) fn open(person: &Person, row: TaskRow) -> Result<Self, Error> {
        let plain = person.key().open(place(row.id, row.version), &row.sealed)?;
        let message =
            Task::decode(plain.as_slice()).map_err(|_| Error::Inconsistent("sealed task is unreadable"))?;
        Ok(Self { row, message })
    }

    /// A new task about a plan.
    pub(super) fn new(
        (id, youth, plan): (TaskId, YouthId, PlanId),
        agency: AgencyId,
        matter: Matter,
        now: Timestamp,
    ) -> Self {
        let task = Self::of_journey((id, youth), agency, matter, now);
        Self { row: TaskRow { plan: Some(plan), ..task.row }, ..task }
    }

    /// A new task about no plan.
    pub(in crate::journey) fn of_journey(
        (id, youth): (TaskId, YouthId),
        agency: AgencyId,
        matter: Matter,
        now: Timestamp,
    ) -> Self {
        let row = TaskRow {
            id,
            youth,
            agency,
            plan: None,
            state: State::Open,
            version: 0,
            created: now,
            updated: now,
            sealed: Vec::new(),
        };
        Self { row, message: Task { matter: Some(matter), ..Task::default() } }
    }

    pub(in crate::journey) fn first_version(
        &mut self,
        person: &Person,
        now: Timestamp,
    ) -> Result<TaskWrite, Error> {
        self.write(person, None, now)
    }

    pub(in crate::journey) fn next_version(
        &mut self,
        person: &Person,
        now: Timestamp,
    ) -> Result<TaskWrite, Error> {
        self.write(person, Some(self.row.version), now)
    }

    fn write(&mut self, person: &Person, expected: Option<u64>, now: Timestamp) -> Result<TaskWrite, Error> {
        let row = &mut self.row;
        row.version += 1;
        row.updated = now;
        let message = &mut self.message;
        message.name = TaskName { youth: row.youth, task: row.id }.to_string();
        message.state = row.state as i32;
        message.agency = row.agency.to_string();
        message.create_time = Some(wire_time(row.created)?);
        if let Some(plan) = row.plan {
            message.plan = polku_proto::PlanName { youth: row.youth, plan }.to_string();
        }
        row.sealed = person.key().seal(place(row.id, row.version), &message.encode_to_vec())?;
        Ok(TaskWrite { row: row.clone(), expected })
    }

    /// Shows what stands now in the section where this clash is, if it is about one. Answers whether that is something else
    /// than it has shown.
    pub(super) fn shows(&mut self, record: &PlanRecord) -> bool {
        let Some(Matter::Conflict(conflict)) = &mut self.message.matter else { return false };
        show_now(conflict, record)
    }

    /// Whose section a clash is in.
    pub(super) fn owner(&self) -> Option<&str> {
        self.conflict().map(|conflict| conflict.owner.as_str())
    }

    /// Whether something is to be looked after.
    pub(super) fn is_follow_up(&self) -> bool {
        matches!(self.message.matter, Some(Matter::FollowUp(_)))
    }

    /// The pair that the task is about, if it is about one.
    fn pair(&self) -> Option<&PlanDuplicate> {
        match &self.message.matter {
            Some(Matter::Duplicate(pair)) => Some(pair),
            Some(Matter::Conflict(_) | Matter::FollowUp(_)) | None => None,
        }
    }

    /// The clash that the task is about, if it is about one.
    pub(super) fn conflict(&self) -> Option<&PlanConflict> {
        match &self.message.matter {
            Some(Matter::Conflict(conflict)) => Some(conflict),
            Some(Matter::Duplicate(_) | Matter::FollowUp(_)) | None => None,
        }
    }
}

impl Gateway {
    /// Decides a task, once.
    pub(crate) async fn resolve_task(
        &self,
        caller: &Caller,
        request: Valid<ResolveTaskRequest>,
    ) -> Result<Authorised<ResolveTaskResponse>, Error> {
        let request = request.into_inner();
        let task_name: TaskName = name(&request.name, "name")?;
        let call = self.call(caller, "ResolveTask", &request.request_id, &request)?;
        let begun = self.begin::<ResolveTaskResponse>(&call, task_name.youth).await?;
        let task = self.task_of(caller, &begun.person, task_name).await?;
        let Some(plan) = task.row.plan else {
            return self.resolve_follow_up(&call, begun, task, request.resolution).await;
        };
        let Begun { person, earlier, now, alone: _alone } = begun;
        let mut task = task;
        let record = self.store.plan(plan).await?.ok_or(Error::NotFound)?;
        let record = PlanRecord::open(&person, record)?;
        self.hands(caller, &record, now)?;
        if let Some(earlier) = earlier {
            return self.task_resolved(caller, &record, task.message.clone(), earlier, now).await;
        }
        if task.row.state != State::Open {
            return Err(DECIDED);
        }
        // One that was stored before tasks followed what stands there is read, and decided, like any other.
        task.shows(&record);
        let mut draft = Draft { source: Source::Resolution, ..Draft::by_call(record) };
        match (&task.message.matter, request.resolution) {
            (Some(Matter::Conflict(conflict)), Some(Resolution::Conflict(resolution))) => {
                self.check_deciding(caller, &draft.after, conflict, &resolution, now)?;
                draft.after = self.with_used_ids(&person, draft.after).await?;
                let (others, known) = self.decided_with(&person, &draft.after, &task, now).await?;
                self.resolve_conflict(caller, &mut draft.after, conflict, &resolution, now)?;
                draft.clashes.push(Clashing::decided(known));
                draft.tasks.extend(others);
            }
            (Some(Matter::Duplicate(duplicate)), Some(Resolution::Duplicate(resolution))) => {
                let eyes = self.eyes(caller, &draft.after)?;
                let seen = self.seen_in_pairs(&draft.after, &eyes, now)?.ok_or(Error::NotFound)?;
                if !has_both(&seen, duplicate) {
                    return Err(Error::RecordState { expected: "two items that are still there" });
                }
                if resolution.choice() != duplicate_resolution::Choice::Different {
                    self.add_link(caller, &mut draft.after, same(duplicate))?;
                }
            }
            (Some(Matter::FollowUp(_)), Some(Resolution::FollowUp(word))) => {
                if word != FollowUpResolution::default() {
                    return Err(Error::Field {
                        field: "follow_up",
                        reason: "INVALID_FIELDS",
                        expected: "nothing in it: that it has been looked after is all that the task asks",
                    });
                }
            }
            (Some(Matter::Conflict(_) | Matter::Duplicate(_) | Matter::FollowUp(_)) | None, _) => {
                return Err(OTHER_KIND);
            }
        }
        task.row.state = State::Resolved;
        task.message.resolve_time = Some(wire_time(now)?);
        caller.professional().clone_into(&mut task.message.resolved_by);
        draft.tasks.push(task.next_version(&person, now)?);
        let answer = |committed: &Committed| ResolveTaskResponse {
            task: None,
            receipt: Some(committed.receipt.clone()),
        };
        let (committed, answer) = self.commit_plan(&call, &person, "ResolveTask", draft, answer, now).await?;
        self.task_resolved(caller, &committed.record, task.message, answer, self.now()).await
    }

    /// Writes what was decided. What somebody states anew is held to what their merge would be held to; what others have
    /// said was, when they said it. Room is asked for in either case: what was there then may be full by now.
    fn resolve_conflict(
        &self,
        caller: &Caller,
        record: &mut PlanRecord,
        conflict: &PlanConflict,
        resolution: &ConflictResolution,
        now: Timestamp,
    ) -> Result<(), Error> {
        let clash = Clash {
            path: conflict.path.clone(),
            base: conflict.base.clone().unwrap_or_default(),
            ours: conflict.ours.clone().unwrap_or_default(),
            theirs: conflict.theirs.clone().unwrap_or_default(),
        };
        let choice = match resolution.choice() {
            conflict_resolution::Choice::Theirs => Choice::Theirs,
            conflict_resolution::Choice::Ours => Choice::Ours,
            conflict_resolution::Choice::Other => {
                let other = resolution.other.as_ref().ok_or(Error::Field {
                    field: "conflict.other",
                    reason: "INVALID_FIELDS",
                    expected: "the item, or the field, as it shall be",
                })?;
                check_content(other)?;
                Choice::Other(other)
            }
            conflict_resolution::Choice::Unspecified => {
                return Err(Error::Inconsistent("a choice that was checked is unspecified"));
            }
        };
        let before = record.part(&conflict.owner);
        let part = plan::resolve(&before, &clash, choice, now).map_err(unresolved)?;
        if let Choice::Theirs = choice {
            return Ok(());
        }
        let author = plan::author_at(&conflict.owner, &conflict.path).to_owned();
        if let Choice::Other(_) = choice {
            let told = self.permitted(record, &conflict.owner, &self.eyes(caller, record)?, now)?;
            let (base, ours) = (plan::with_clashing(&before, &clash), part.clone());
            let (grown, author) = (Grown::default(), author.clone());
            self.check_wanted(caller, record, &Wanted { base, ours, told, grown, author }, now)?;
        }
        plan::check_stored(&before, &part, now)?;
        plan::check_room(&before, &part, &author)?;
        let part = PlanPart { update_time: Some(wire_time(now)?), ..part };
        record.section_mut(&conflict.owner)?.part = Some(part);
        Ok(())
    }

    /// Closes the open tasks with nothing to decide any more, beside those that are written along: the plan has ended, or
    /// one of two items that looked alike is gone, or is not for the agency to be seen any more. A pair that is hidden
    /// may be offered anew.
    pub(super) async fn close_moot_tasks(
        &self,
        person: &Person,
        after: &mut PlanRecord,
        written: &mut Vec<TaskWrite>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut seen: HashMap<AgencyId, Option<Plan>> = HashMap::new();
        for row in self.store.open_tasks_of_plan(after.row.id).await? {
            let mut task = TaskRecord::open(person, row)?;
            if written.iter().any(|write| write.row.id == task.row.id) {
                continue;
            }
            if !plan::is_over(after.plan()?.state()) {
                let Some(pair) = task.pair() else { continue };
                let view = match seen.entry(task.row.agency.clone()) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        let eyes = after.party(new.key()).map(Eyes::of_system);
                        let view = eyes.map(|eyes| self.seen_in_pairs(after, &eyes, now)).transpose()?;
                        new.insert(view.flatten())
                    }
                };
                if view.as_ref().is_some_and(|view| has_both(view, pair)) {
                    continue;
                }
                let is_it = |other: &PlanLink| other.first == pair.first && other.second == pair.second;
                after.kept.offered.retain(|other| !is_it(other));
            }
            if let Some(conflict) = task.conflict() {
                // A clash is known by the task of whoever answers for the section, and told once.
                let is_first = after.controller(&conflict.owner)? == task.row.agency;
                let clashes = &mut after.kept.clashes;
                let is_it = |other: &PlanConflict| is_of(&task.message, other);
                let known = clashes.iter_mut().filter(|known| known.is_closed);
                match known.filter_map(|known| known.conflict.as_mut()).find(|other| is_it(other)) {
                    Some(known) if is_first => known.clone_from(conflict),
                    Some(_) => {}
                    None => clashes.push(Clashing::closed(conflict.clone())),
                }
            }
            task.row.state = State::Obsolete;
            written.push(task.next_version(person, now)?);
        }
        Ok(())
    }

    async fn task_resolved(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        task: Task,
        answer: ResolveTaskResponse,
        now: Timestamp,
    ) -> Result<Authorised<ResolveTaskResponse>, Error> {
        let name = task.name.clone();
        let (view, told) = match self.task_view(caller, record, task, now) {
            // It was decided, and what it was about is not to be seen any more.
            Err(Error::NotFound) => return self.shell(caller, answer),
            view => view?,
        };
        // Whoever decides has the lock of the person until the answer.
        let reading = Reading { caller, youth: record.row.youth, name: &name, lock: Lock::Held };
        self.note_told(&reading, &view, told).await?;
        self.shell(caller, answer)?.gather(view).map_err(mismatch)
    }

    /// A task by its name, for a professional of the agency that decides it.
    async fn task_of(&self, caller: &Caller, person: &Person, name: TaskName) -> Result<TaskRecord, Error> {
        let row = self.store.task(name.task).await?.ok_or(Error::NotFound)?;
        let Actor::Professional { .. } = caller.actor else { return Err(Error::NotFound) };
        if row.youth != name.youth || row.agency != caller.agency {
            return Err(Error::NotFound);
        }
        TaskRecord::open(person, row)
    }

    /// A task as the caller may see it now, with what of the section may be seen of its matter.
    ///
    /// # Errors
    /// [`Error::NotFound`] where nothing of the matter may be seen: that there is a clash, or a pair that looks alike,
    /// says that something is there. A pair that nobody has to decide on any more has only ended.
    pub(super) fn task_view(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        mut task: Task,
        now: Timestamp,
    ) -> Result<(Authorised<Task>, Vec<Shown>), Error> {
        let eyes = self.hands(caller, record, now)?;
        let has_ended = task.state() != State::Open;
        // What is to be looked after stands in the envelope, like the rest of the task.
        let mut matter = task.matter.take_if(|matter| !matches!(matter, Matter::FollowUp(_)));
        if let (Some(Matter::Conflict(conflict)), false) = (&mut matter, has_ended) {
            show_now(conflict, record);
        }
        let seen = self.seen(record, &eyes, now)?;
        if let Some(Matter::Conflict(conflict)) = &matter {
            // That there is a clash is not told to who may not see all of it, or not any more: nobody decides on that.
            if !self.sees_clash(record, conflict, &eyes, now)? {
                return Err(Error::NotFound);
            }
            task.etag = self.clash_etag(caller, &seen, conflict);
        }
        let shell = self.with_worker(caller, (record, &seen), self.shell(caller, task)?, now)?;
        match matter {
            Some(Matter::Conflict(conflict)) => {
                let piece = self.clash_piece(caller, (record, &seen), conflict, now)?;
                let (conflict, told) = piece.ok_or(Error::NotFound)?;
                Ok((shell.gather(conflict).map_err(mismatch)?, told))
            }
            Some(Matter::Duplicate(duplicate)) => {
                if has_both(&seen, &duplicate) {
                    let told = self.told_in_pair(caller, record, (&duplicate, &seen), now)?;
                    if let Some((duplicate, _)) =
                        self.plan_piece(caller, record, plan::YOUTH, duplicate, now)?
                    {
                        return Ok((shell.gather(duplicate).map_err(mismatch)?, told));
                    }
                }
                if has_ended { Ok((shell, Vec::new())) } else { Err(Error::NotFound) }
            }
            Some(Matter::FollowUp(_)) | None => Ok((shell, Vec::new())),
        }
    }

    /// The task with the responsible worker, who is the own agency's to tell, where it has them.
    fn with_worker(
        &self,
        caller: &Caller,
        (record, seen): (&PlanRecord, &Plan),
        task: Authorised<Task>,
        now: Timestamp,
    ) -> Result<Authorised<Task>, Error> {
        if caller.agency != record.row.coordinator || seen.responsible_worker.is_none() {
            return Ok(task);
        }
        let worker = Plan { responsible_worker: seen.responsible_worker.clone(), ..Plan::default() };
        match self.plan_piece(caller, record, plan::YOUTH, worker, now)? {
            Some((worker, _)) => task.gather(worker).map_err(mismatch),
            None => Ok(task),
        }
    }

    /// The plan as these eyes see it, if they may be told that two items of it look alike: what says so is told as the
    /// young person's section is.
    pub(super) fn seen_in_pairs(
        &self,
        record: &PlanRecord,
        eyes: &Eyes,
        now: Timestamp,
    ) -> Result<Option<Plan>, Error> {
        let of_pairs = PlanDuplicate { first: Some(PlanItem::default()), second: None }.categories();
        let told = self.permitted(record, plan::YOUTH, eyes, now)?;
        let may_know = of_pairs.is_subset(told.union(CategorySet::ENVELOPE));
        may_know.then(|| self.seen(record, eyes, now)).transpose()
    }

    /// That a section has such an item is its owner's, whoever asks about the pair.
    fn told_in_pair(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        (pair, seen): (&PlanDuplicate, &Plan),
        now: Timestamp,
    ) -> Result<Vec<Shown>, Error> {
        let mut told = Vec::new();
        for item in [&pair.first, &pair.second].into_iter().flatten() {
            let alone = PlanDuplicate { first: Some(item.clone()), second: None };
            let piece = self.plan_piece(caller, record, &item.owner, alone, now)?;
            let section = section_of(seen, &item.owner);
            let section = section.map(|section| self.section_mark(section, &caller.agency));
            let shown = piece.and_then(|(_, shown)| shown);
            told.extend(shown.map(|shown| section.into_iter().fold(shown, Shown::part_of)));
        }
        Ok(told)
    }
}

/// Whether both items of a pair are there.
fn has_both(seen: &Plan, pair: &PlanDuplicate) -> bool {
    [&pair.first, &pair.second].iter().all(|item| item.as_ref().is_some_and(|item| has_item(seen, item)))
}

/// That the two of a pair are the same.
fn same(pair: &PlanDuplicate) -> PlanLink {
    let kind = plan_link::Kind::SameAs as i32;
    PlanLink { kind, first: pair.first.clone(), second: pair.second.clone() }
}

fn unresolved(error: ResolveError) -> Error {
    match error {
        ResolveError::Newer => Error::RecordState {
            expected: "CHOICE_THEIRS, because it is gone, or another's by now: change it by MergePlan instead",
        },
        ResolveError::NoSuchPlace => Error::Inconsistent("a clash at no place of a section"),
        ResolveError::Transition => Error::Plan(EditError {
            fault: Fault::Transition,
            path: "conflict".to_owned(),
            expected: "a state that can follow the one that is stored",
        }),
        ResolveError::OtherItem | ResolveError::Unfit => Error::Field {
            field: "conflict.other",
            reason: "INVALID_FIELDS",
            expected: "the item, or the field, in question alone, with references to items that are there",
        },
    }
}

fn place(task: TaskId, version: u64) -> Place<'static> {
    Place { table: "task", row: task.uuid(), column: "sealed", version }
}
