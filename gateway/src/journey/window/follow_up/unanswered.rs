//! Whose task is it that nobody has answered a referral?
//!
//! Of the agency with the adult beside the young person, where that one may know of the referral: as a party to it, or
//! because what became of it may be told there. Of the sender otherwise. With the adult it passes on.

use jiff::Timestamp;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::task::State;
use polku_proto::v1::{self, DataCategory, JourneyEntry, task::Matter as TaskMatter};
use polku_proto::{AgencyId, CategorySet, Party};

use super::super::sight::AgencyLook;
use super::{LookedAfter, about, unit_with, worker_of};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::plan::TaskRecord;
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::TaskWrite;

const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

impl Gateway {
    /// The task that a referral without an answer becomes.
    pub(in crate::journey) async fn unanswered(
        &self,
        person: &Person,
        record: &ReferralRecord,
        now: Timestamp,
    ) -> Result<TaskWrite, Error> {
        let entries = self.written(person).await?;
        let (whose, professional) = self.looks_into(person, record, &entries, now)?;
        let unit = unit_of(record, &whose, &entries);
        let follow_up = about(Kind::ReferralUnanswered, record.name().to_string());
        self.new_task_with(person, (whose, unit), v1::FollowUp { professional, ..follow_up }, now)
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
            for row in self.store.open_tasks_about(id).await? {
                let mut task = TaskRecord::open(&under, row)?;
                let Some(TaskMatter::FollowUp(follow_up)) = &mut task.message.matter else { continue };
                if follow_up.kind() != Kind::ReferralUnanswered {
                    continue;
                }
                let name = follow_up.referral.parse();
                let name = name.map_err(|_| Error::Inconsistent("a task about an unreadable referral"))?;
                let record = self.referral_of(&under, name).await?;
                let (whose, professional) = self.looks_into(&under, &record, entries, now)?;
                let unit = unit_of(&record, &whose, entries);
                if whose == task.row.agency
                    && professional == follow_up.professional
                    && unit == task.message.unit
                {
                    continue;
                }
                follow_up.professional = professional;
                task.message.unit = unit;
                task.row.agency = whose;
                after.tasks.push(task.next_version(&under, now)?);
            }
        }
        Ok(())
    }

    /// The answer has come: nobody has to look into it any more.
    pub(super) async fn close_unanswered(
        &self,
        person: &Person,
        record: &ReferralRecord,
        after: &mut LookedAfter,
        now: Timestamp,
    ) -> Result<(), Error> {
        let name = record.name().to_string();
        for row in self.store.open_tasks_about(person.id).await? {
            let mut task = TaskRecord::open(person, row)?;
            let Some(TaskMatter::FollowUp(follow_up)) = &task.message.matter else { continue };
            if follow_up.kind() == Kind::ReferralUnanswered && follow_up.referral == name {
                task.row.state = State::Obsolete;
                after.tasks.push(task.next_version(person, now)?);
            }
        }
        Ok(())
    }

    /// Which agency looks into it, and who there.
    fn looks_into(
        &self,
        person: &Person,
        record: &ReferralRecord,
        entries: &[JourneyEntry],
        now: Timestamp,
    ) -> Result<(AgencyId, String), Error> {
        let sender = &record.row.sender;
        let whose = match self.beside(person, entries, now)? {
            Some(beside) if self.may_hear_of(record, &beside, now)? => beside,
            Some(_) | None => sender.clone(),
        };
        let professional = worker_of(&whose, person, entries, now)?;
        Ok((whose, professional))
    }

    /// Whether this agency may know what became of the referral: a party to it may, and whom the sender may tell for
    /// guidance, of which looking after somebody is a part.
    pub(super) fn may_hear_of(
        &self,
        record: &ReferralRecord,
        agency: &AgencyId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let row = &record.row;
        if row.sender == *agency || (row.reached_recipient && row.recipient == *agency) {
            return Ok(true);
        }
        let look = AgencyLook::for_guidance(agency, row.youth, now);
        Ok(self.told_by(&look, &Party::whole(row.sender.clone()), STATUS)? == STATUS)
    }
}

/// The unit that it is with: of a party to the referral, the referral says it.
fn unit_of(record: &ReferralRecord, agency: &AgencyId, entries: &[JourneyEntry]) -> String {
    let is_party = [&record.row.sender, &record.row.recipient].contains(&agency);
    if is_party { String::new() } else { unit_with(agency, entries) }
}
