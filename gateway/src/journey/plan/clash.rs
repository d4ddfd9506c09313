//! Two changes of one field clash: whose is it to decide?
//!
//! Whoever answers for the section, and the responsible worker's agency beside them where it may see all of the clash: the
//! adult beside the young person knows of it, and nobody learns of what is hidden. Each of the two has a task of its own;
//! when one has decided, the other's is decided as well. In another's section the responsible worker decides between what
//! stands there and what was wanted, and states nothing of their own: each agency changes its own part.

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{ConflictResolution, Plan, PlanConflict, PlanItem, Task, conflict_resolution};
use polku_proto::{AgencyId, CategorySet, Disclose as _, TaskId, TaskName};
use prost::Message as _;

use super::commit::Draft;
use super::found::newly_found;
use super::reader::{Eyes, TELLABLE};
use super::record::{Clashing, PlanRecord};
use super::task::TaskRecord;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::hex::hex;
use crate::journey::refer::mismatch;
use crate::outbox::Shown;
use crate::person::Person;
use crate::plan::{self, Clash, EditError, Fault};
use crate::record::wire_time;
use crate::store::{TaskRow, TaskWrite};

/// A clash, with whose section it is in.
pub(super) struct Clashed {
    pub(super) owner: String,
    pub(super) clash: Clash,
}

/// A clash as it is shown to somebody, and what whoever's data it is has to hear of that.
type ShownConflict = (Authorised<PlanConflict>, Vec<Shown>);

impl Gateway {
    /// Tasks for each clash. Who wants the same over the same reading again is answered with the same task, whatever has
    /// become of what is stored: a new one would tell that something hidden has changed. The task shows what is stored now.
    pub(super) async fn clash_tasks(
        &self,
        person: &Person,
        draft: &mut Draft,
        clashed: Vec<Clashed>,
        now: Timestamp,
    ) -> Result<Vec<PlanConflict>, Error> {
        let mut conflicts = Vec::new();
        if clashed.is_empty() {
            return Ok(conflicts);
        }
        let record = &draft.after;
        let mut open = self.open_clashes(person, record).await?;
        for one in clashed {
            let new = conflict(one, String::new());
            let known = open.iter_mut().filter(|task| task.conflict().is_some_and(|it| is_again(it, &new)));
            let known: Vec<&mut TaskRecord> = known.collect();
            if !known.is_empty() {
                let controller = record.controller(&new.owner)?;
                let first = known.iter().position(|task| task.row.agency == controller).unwrap_or_default();
                let task = known.get(first).and_then(|task| task.conflict()).map(|it| it.task.clone());
                for task in known {
                    let is_other = task.shows(record);
                    draft.tasks.extend(is_other.then(|| task.next_version(person, now)).transpose()?);
                }
                conflicts.push(PlanConflict { task: task.unwrap_or_default(), ..new });
                continue;
            }
            for agency in self.deciding(record, &new, now)? {
                let is_first = agency == record.controller(&new.owner)?;
                let (own, write) = self.clash_task(person, record, agency, &new, now)?;
                draft.tasks.push(write);
                if is_first {
                    draft.clashes.push(Clashing::up(own.clone()));
                    conflicts.push(own);
                }
            }
        }
        Ok(conflicts)
    }

    /// Brings the open clashes in line with the change that they are written along with: each shows what stands there now,
    /// and those have a task who decide on it and have none: who may see all of one by now, who has taken over, and who
    /// has come back.
    pub(super) async fn follow_clashes(
        &self,
        person: &Person,
        record: &PlanRecord,
        written: &mut Vec<TaskWrite>,
        now: Timestamp,
    ) -> Result<(), Error> {
        if plan::is_over(record.plan()?.state()) {
            return Ok(());
        }
        let mut rows = self.store.open_tasks_of_plan(record.row.id).await?;
        rows.retain(|row| !written.iter().any(|write| write.row.id == row.id));
        // What else is written along is of another plan, and may be of another id of the person.
        let is_own = |row: &&TaskRow| row.state == State::Open && row.plan == Some(record.row.id);
        let new = written.iter().map(|write| &write.row).filter(is_own);
        let new = new.map(|row| TaskRecord::open(person, row.clone()));
        let mut open: Vec<TaskRecord> = new.collect::<Result<_, _>>()?;
        for row in rows {
            let mut task = TaskRecord::open(person, row)?;
            // Whoever decides is never shown less than what stands there.
            if task.shows(record) {
                written.push(task.next_version(person, now)?);
            }
            open.push(task);
        }
        let mut known: Vec<&PlanConflict> = Vec::new();
        for task in &open {
            let Some(conflict) = task.conflict() else { continue };
            if known.iter().any(|known| is_of(&task.message, known)) {
                continue;
            }
            known.push(conflict);
            for agency in self.deciding(record, conflict, now)? {
                let mut asked = open.iter().filter(|other| is_of(&other.message, conflict));
                if record.party(&agency).is_none() || asked.any(|other| other.row.agency == agency) {
                    continue;
                }
                written.push(self.clash_task(person, record, agency, conflict, now)?.1);
            }
        }
        Ok(())
    }

    /// A new task about a clash, and the clash with its name.
    fn clash_task(
        &self,
        person: &Person,
        record: &PlanRecord,
        agency: AgencyId,
        conflict: &PlanConflict,
        now: Timestamp,
    ) -> Result<(PlanConflict, TaskWrite), Error> {
        let id = TaskId::from_uuid(self.new_id(now)?);
        let task = TaskName { youth: person.id, task: id }.to_string();
        let own = PlanConflict { task, ..conflict.clone() };
        let about = (id, person.id, record.row.id);
        let mut task = TaskRecord::new(about, agency, Matter::Conflict(own.clone()), now);
        Ok((own, task.first_version(person, now)?))
    }

    /// The open tasks of a plan that are about clashes, each with what stands there.
    pub(super) async fn open_clashes(
        &self,
        person: &Person,
        record: &PlanRecord,
    ) -> Result<Vec<TaskRecord>, Error> {
        let mut open = Vec::new();
        for row in self.store.open_tasks_of_plan(record.row.id).await? {
            let mut task = TaskRecord::open(person, row)?;
            task.shows(record);
            if task.conflict().is_some() {
                open.push(task);
            }
        }
        Ok(open)
    }

    /// Who decides on a clash: whoever answers for the section comes first.
    fn deciding(
        &self,
        record: &PlanRecord,
        conflict: &PlanConflict,
        now: Timestamp,
    ) -> Result<Vec<AgencyId>, Error> {
        let mut deciding = vec![record.controller(&conflict.owner)?];
        let coordinator = &record.row.coordinator;
        if let Some(party) = record.party(coordinator)
            && !deciding.contains(coordinator)
            && self.sees_clash(record, conflict, &Eyes::of_system(party), now)?
        {
            deciding.push(coordinator.clone());
        }
        Ok(deciding)
    }

    /// A clash as the caller may see it, with what there is about an item that is to be removed, as they see the plan now;
    /// nothing if nothing of the clash.
    pub(super) fn clash_piece(
        &self,
        caller: &Caller,
        (record, seen): (&PlanRecord, &Plan),
        conflict: PlanConflict,
        now: Timestamp,
    ) -> Result<Option<ShownConflict>, Error> {
        let (owner, around) = (conflict.owner.clone(), plan::around(seen, &conflict));
        let Some((mut piece, shown)) = self.plan_piece(caller, record, &owner, conflict, now)? else {
            return Ok(None);
        };
        let mut told: Vec<Shown> = shown.into_iter().collect();
        for (owner, around) in around {
            if let Some((around, shown)) = self.plan_piece(caller, record, &owner, around, now)? {
                piece = piece.gather(around).map_err(mismatch)?;
                told.extend(shown);
            }
        }
        Ok(Some((piece, told)))
    }

    /// Whether these eyes see all of a clash.
    pub(super) fn sees_clash(
        &self,
        record: &PlanRecord,
        conflict: &PlanConflict,
        eyes: &Eyes,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let told = self.permitted(record, &conflict.owner, eyes, now)?;
        let needed = conflict.categories().difference(CategorySet::ENVELOPE);
        // Nothing but that a state has changed stands in the envelope: whoever sees nothing of the section is not told.
        Ok(needed.is_subset(told) && !told.is_subset(CategorySet::ENVELOPE))
    }

    /// Stays the same while what the caller is shown of a clash does. `seen` is the plan as they see it, so that the etag is
    /// made of nothing else; keyed, it tells nothing about what it is made of.
    pub(super) fn clash_etag(&self, caller: &Caller, seen: &Plan, conflict: &PlanConflict) -> String {
        let mut shown = [caller.agency.as_str().as_bytes(), b"/", &conflict.encode_to_vec()].concat();
        for (owner, around) in plan::around(seen, conflict) {
            shown.extend([owner.as_bytes(), b"/", &around.encode_to_vec()].concat());
        }
        hex(&self.keys.pseudonym(b"clash", &shown)).chars().take(32).collect()
    }

    /// Whether the caller may decide like this: all of what clashes, and of what shall stand, is for their own unit and
    /// role to be seen, and was read as it is. In another party's section the responsible worker chooses between what that party has said.
    pub(super) fn check_deciding(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        conflict: &PlanConflict,
        resolution: &ConflictResolution,
        now: Timestamp,
    ) -> Result<(), Error> {
        let eyes = self.eyes(caller, record)?;
        if !self.sees_clash(record, conflict, &eyes, now)? {
            return Err(Error::NotFound);
        }
        let seen = self.seen(record, &eyes, now)?;
        if resolution.etag != self.clash_etag(caller, &seen, conflict) {
            return Err(Error::EtagMismatch);
        }
        let refuse = |fault, expected| {
            Err(Error::Plan(EditError { fault, path: "conflict.other".to_owned(), expected }))
        };
        let controller = record.controller(&conflict.owner)?;
        if controller != caller.agency && resolution.choice() == conflict_resolution::Choice::Other {
            return refuse(
                Fault::NotOwned,
                "CHOICE_THEIRS or CHOICE_OURS: the owner of the section alone states something else",
            );
        }
        let Some(other) = &resolution.other else { return Ok(()) };
        let told = self.permitted(record, &conflict.owner, &eyes, now)?;
        if !other.categories().intersection(TELLABLE).is_subset(told.union(CategorySet::ENVELOPE)) {
            return refuse(Fault::NotTold, "what may be told to the editor");
        }
        let base = record.part(&conflict.owner);
        let mut found = newly_found(&base, other);
        // What was said to be found with the change that clashed was looked at then.
        let said = conflict.ours.iter().flat_map(|ours| newly_found(&base, ours));
        let said: Vec<PlanItem> = said.collect();
        found.retain(|need| !said.iter().any(|said| said.id == need.id));
        self.check_found(caller, record, &found, None, now)
    }

    /// The others' tasks about a clash that has just been decided, decided as well; and the clash with the task that it is
    /// known by.
    pub(super) async fn decided_with(
        &self,
        person: &Person,
        record: &PlanRecord,
        decided: &TaskRecord,
        now: Timestamp,
    ) -> Result<(Vec<TaskWrite>, Option<PlanConflict>), Error> {
        let Some(conflict) = decided.conflict() else { return Ok((Vec::new(), None)) };
        let open = self.open_clashes(person, record).await?;
        let known = first_of(&open, decided, record);
        let mut writes = Vec::new();
        for mut task in open {
            if task.row.id != decided.row.id && is_of(&task.message, conflict) {
                task.row.state = State::Resolved;
                task.message.resolve_time = Some(wire_time(now)?);
                writes.push(task.next_version(person, now)?);
            }
        }
        Ok((writes, known))
    }
}

/// The clash of a task, with the task of whoever answers for the section.
fn first_of(open: &[TaskRecord], task: &TaskRecord, record: &PlanRecord) -> Option<PlanConflict> {
    let conflict = task.conflict()?;
    let controller = record.controller(&conflict.owner).ok()?;
    let same = open.iter().filter(|other| is_of(&other.message, conflict));
    let first = same.filter(|other| other.row.agency == controller).find_map(TaskRecord::conflict);
    Some(first.unwrap_or(conflict).clone())
}

/// Lets an open clash show what stands where it is. Answers whether that is something else than it has shown.
pub(super) fn show_now(conflict: &mut PlanConflict, record: &PlanRecord) -> bool {
    let now = plan::shown_side(&record.part(&conflict.owner), &conflict.path, CategorySet::ALL);
    let is_other = conflict.theirs.as_ref() != Some(&now);
    conflict.theirs = Some(now);
    is_other
}

/// Whether a task is about this clash, whoever has it.
pub(super) fn is_of(task: &Task, conflict: &PlanConflict) -> bool {
    let PlanConflict { task: _, owner, path, base, ours, theirs, around: _ } = conflict;
    let Some(Matter::Conflict(other)) = &task.matter else { return false };
    // What is short first: of one item there are few, of one plan there can be many.
    other.path == *path
        && other.owner == *owner
        && other.base == *base
        && other.ours == *ours
        && other.theirs == *theirs
}

/// Whether somebody wants the same once more, over the same reading.
fn is_again(known: &PlanConflict, new: &PlanConflict) -> bool {
    let PlanConflict { task: _, owner, path, base, ours, theirs: _, around: _ } = known;
    *path == new.path && *owner == new.owner && *base == new.base && *ours == new.ours
}

pub(super) fn conflict(Clashed { owner, clash }: Clashed, task: String) -> PlanConflict {
    PlanConflict {
        task,
        owner,
        path: clash.path,
        base: Some(clash.base),
        ours: Some(clash.ours),
        theirs: Some(clash.theirs),
        // What is there when it is read.
        around: None,
    }
}
