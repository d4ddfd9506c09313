//! Whose task is it that nobody has answered a referral?
//!
//! Of the agency with the adult beside the young person, where that one may know of the referral: as a party to it, or
//! because what became of it may be told there. Of the sender otherwise. With the adult it passes on, and where it may be
//! told no more: that is looked at when the permission ends by itself, and when any is taken away.

use jiff::Timestamp;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::task::State;
use polku_proto::v1::{self, DataCategory, JourneyEntry, task::Matter as TaskMatter};
use polku_proto::{AgencyId, CategorySet, Party, ReferralId, ReferralName};

use super::super::sight::{AgencyLook, Looks as _};
use super::due::Outcome;
use super::{LookedAfter, about, worker_of};
use crate::error::{Error, check_decided};
use crate::gateway::Gateway;
use crate::journey::plan::TaskRecord;
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::{FollowUp, FollowUpRow, FollowUpWrite, TaskWrite};

const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

impl Gateway {
    /// The task that a referral without an answer becomes, and when it is looked at whose it is.
    pub(in crate::journey) async fn unanswered(
        &self,
        person: &Person,
        record: &ReferralRecord,
        now: Timestamp,
    ) -> Result<(TaskWrite, Option<FollowUpWrite>), Error> {
        let entries = self.written(person).await?;
        let Holder { whose, unit, professional, until } = self.looks_into(person, record, &entries, now)?;
        let again = until.map(|due| again(record, &whose, due));
        let follow_up = about(Kind::ReferralUnanswered, record.name().to_string());
        let follow_up = v1::FollowUp { professional, ..follow_up };
        Ok((self.new_task_with(person, (whose, unit), follow_up, now)?, again))
    }

    /// The adult is somebody else, or nobody: open tasks of this kind go along, under whichever id of the person.
    pub(super) async fn pass_on_unanswered(
        &self,
        person: &Person,
        entries: &[JourneyEntry],
        after: &mut LookedAfter,
        now: Timestamp,
    ) -> Result<(), Error> {
        for id in self.ids_of(person.id) {
            let under = self.person(id).await?;
            for (task, record) in self.unanswered_tasks(&under).await? {
                let holder = self.looks_into(&under, &record, entries, now)?;
                after.follow_ups.extend(holder.until.map(|due| again(&record, &holder.whose, due)));
                after.tasks.extend(passed_on(&under, task, holder, now)?);
            }
        }
        Ok(())
    }

    /// What may be told has become less: it is looked at whose these tasks are.
    pub(in crate::journey) async fn look_at_unanswered(
        &self,
        person: &Person,
        now: Timestamp,
    ) -> Result<Vec<FollowUpWrite>, Error> {
        let mut looks = Vec::new();
        for id in self.ids_of(person.id) {
            for (task, record) in self.unanswered_tasks(&self.person(id).await?).await? {
                if task.row.agency != record.row.sender {
                    looks.push(again(&record, &task.row.agency, now));
                }
            }
        }
        Ok(looks)
    }

    /// May the agency that has the task still be told of the referral?
    pub(super) async fn still_looked_into(
        &self,
        person: &Person,
        agency: &AgencyId,
        referral: ReferralId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let is_it = |(task, record): &(TaskRecord, ReferralRecord)| {
            task.row.agency == *agency && record.row.id == referral
        };
        let Some((task, record)) = self.unanswered_tasks(person).await?.into_iter().find(is_it) else {
            return Ok(Outcome::Nothing);
        };
        let holder = self.looks_into(person, &record, &self.written(person).await?, now)?;
        let next = holder.until.map(|due| again(&record, &holder.whose, due));
        let later = holder.until;
        Ok(match (passed_on(person, task, holder, now)?, later) {
            (Some(task), _) => Outcome::Unanswered(Box::new(task), next),
            (None, Some(later)) => Outcome::Later(later),
            (None, None) => Outcome::Nothing,
        })
    }

    /// The open tasks of this kind, each with its referral, as far as that is still kept.
    async fn unanswered_tasks(&self, person: &Person) -> Result<Vec<(TaskRecord, ReferralRecord)>, Error> {
        let mut tasks = Vec::new();
        for row in self.store.open_tasks_about(person.id).await? {
            let task = TaskRecord::open(person, row)?;
            let Some(TaskMatter::FollowUp(follow_up)) = &task.message.matter else { continue };
            if follow_up.kind() == Kind::ReferralUnanswered {
                let name = follow_up.referral.parse();
                let name: ReferralName =
                    name.map_err(|_| Error::Inconsistent("a task about an unreadable referral"))?;
                let row = self.store.referral(name.referral).await?;
                if let Some(row) = row.filter(|row| row.youth == person.id) {
                    tasks.push((task, ReferralRecord::open(person, row)?));
                }
            }
        }
        Ok(tasks)
    }

    /// The answer has come: nobody has to look into it any more.
    pub(super) async fn close_unanswered(
        &self,
        person: &Person,
        record: &ReferralRecord,
        after: &mut LookedAfter,
        now: Timestamp,
    ) -> Result<(), Error> {
        for (mut task, other) in self.unanswered_tasks(person).await? {
            if other.row.id == record.row.id {
                let (youth, matter) = (person.id, FollowUp::Unanswered(record.row.id));
                let agency = task.row.agency.clone();
                after.follow_ups.push(FollowUpWrite::Drop { youth, matter, agency });
                task.row.state = State::Obsolete;
                after.tasks.push(task.next_version(person, now)?);
            }
        }
        Ok(())
    }

    /// Who looks into it.
    fn looks_into(
        &self,
        person: &Person,
        record: &ReferralRecord,
        entries: &[JourneyEntry],
        now: Timestamp,
    ) -> Result<Holder, Error> {
        let row = &record.row;
        let beside = self.beside(person, entries, now)?;
        let (whose, until) = match beside.map(|beside| (self.hears_until(record, &beside, now), beside)) {
            Some((hears, beside)) => match hears? {
                Hears::For(until) => (beside, until),
                Hears::Nothing => (row.sender.clone(), None),
            },
            None => (row.sender.clone(), None),
        };
        let professional = worker_of(&whose, person, entries, now)?;
        // Of a party to the referral, the referral says with which unit it is.
        let is_party = [&row.sender, &row.recipient].contains(&&whose);
        let unit = if is_party { String::new() } else { self.unit_with(&whose, entries) };
        Ok(Holder { whose, unit, professional, until })
    }

    /// Whether this agency may know what became of the referral: a party to it may, and whom the sender may tell for
    /// guidance, of which looking after somebody is a part.
    pub(super) fn may_hear_of(
        &self,
        record: &ReferralRecord,
        agency: &AgencyId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        Ok(matches!(self.hears_until(record, agency, now)?, Hears::For(_)))
    }

    fn hears_until(
        &self,
        record: &ReferralRecord,
        agency: &AgencyId,
        now: Timestamp,
    ) -> Result<Hears, Error> {
        let row = &record.row;
        if row.sender == *agency || (row.reached_recipient && row.recipient == *agency) {
            return Ok(Hears::For(None));
        }
        let look = AgencyLook::for_guidance(agency, row.youth, now);
        let Some(question) = look.question(&Party::whole(row.sender.clone()), true) else {
            return Ok(Hears::Nothing);
        };
        let decision = self.engine().decide(&self.index(), STATUS, &question);
        check_decided(&decision)?;
        let is_told = decision.permitted() == STATUS;
        Ok(if is_told { Hears::For(decision.valid_until()) } else { Hears::Nothing })
    }
}

/// Whose task it is.
struct Holder {
    whose: AgencyId,
    unit: String,
    professional: String,
    /// When the permission by which it is theirs ends by itself.
    until: Option<Timestamp>,
}

/// Whether an agency may know what became of a referral, and until when, if that ends by itself.
enum Hears {
    For(Option<Timestamp>),
    Nothing,
}

/// When it is looked at once more whose task it is that this agency has.
fn again(record: &ReferralRecord, agency: &AgencyId, due: Timestamp) -> FollowUpWrite {
    let (youth, matter) = (record.row.youth, FollowUp::Unanswered(record.row.id));
    FollowUpWrite::Set(FollowUpRow { youth, matter, agency: agency.clone(), due })
}

/// The task with whom it is from now on; nothing, if it is theirs already.
fn passed_on(
    person: &Person,
    mut task: TaskRecord,
    holder: Holder,
    now: Timestamp,
) -> Result<Option<TaskWrite>, Error> {
    let Some(TaskMatter::FollowUp(follow_up)) = &mut task.message.matter else { return Ok(None) };
    let Holder { whose, unit, professional, until: _ } = holder;
    if whose == task.row.agency && professional == follow_up.professional && unit == task.message.unit {
        return Ok(None);
    }
    follow_up.professional = professional;
    task.message.unit = unit;
    task.row.agency = whose;
    task.next_version(person, now).map(Some)
}
