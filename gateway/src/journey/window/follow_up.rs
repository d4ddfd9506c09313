//! What is to be looked after, by which agency, and from which day on?
//!
//! Entries and steps of referrals set a day, or take it away again; so does a guardian's consent ([`renewal`]). What is
//! to be done when it has come stands in [`due`], and how a person says that it is done in [`task`]. Without a day come
//! up what a second person looks at ([`second_look`]) and where a protected address is held back ([`protected`]).

mod due;
mod protected;
mod put_off;
mod renewal;
mod second_look;
mod task;

pub(crate) use put_off::PutOff;

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use polku_proto::time::{finnish_date, from_wire, start_of_finnish_date};
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::retention_answer::Result as Retained;
use polku_proto::v1::task::State;
use polku_proto::v1::{self, JourneyEntry, ReferralState, WorkerAssignment, task::Matter as TaskMatter};
use polku_proto::{AgencyId, ReferralName, TaskId};

use super::entry::standing;
use super::sight::AgencyLook;
use super::worker;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::plan::TaskRecord;
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::{FollowUp, FollowUpRow, FollowUpWrite, TaskFilter, TaskStates, TaskWrite};

#[cfg(test)]
mod tests;

/// How long after the referral was taken up it is asked whether the young person is still there, calendar months.
const RETENTION_MONTHS: i32 = 3;

const NO_SUCH_DAY: Error = Error::Inconsistent("a day beyond the calendar");

/// What changes of what is to be looked after.
#[derive(Debug, Default)]
pub(in crate::journey) struct LookedAfter {
    pub(in crate::journey) follow_ups: Vec<FollowUpWrite>,
    pub(in crate::journey) tasks: Vec<TaskWrite>,
}

/// Who is beside the young person, as far as an agency may know.
struct Beside {
    /// Agency id of the one adult.
    agency: String,
    /// Agency id of whoever said so.
    named_by: String,
    /// When somebody met the young person last, or else since when the adult is there.
    last: Option<Timestamp>,
}

/// The day on which it is asked whether the young person is still there: three calendar months after this one, in
/// Finland; the last day of the month where it has no such day.
fn retention_day(taken_up: Timestamp) -> Result<Timestamp, Error> {
    let day: Date =
        finnish_date(taken_up).checked_add(Span::new().months(RETENTION_MONTHS)).map_err(|_| NO_SUCH_DAY)?;
    start_of_finnish_date(day).map_err(|_| NO_SUCH_DAY)
}

/// The day from which on nobody has met the young person for so long, in Finland.
fn unmet_day(last: Timestamp, days: u32) -> Result<Timestamp, Error> {
    let period = SignedDuration::from_hours(24 * i64::from(days));
    let day = finnish_date(last).checked_add(period).map_err(|_| NO_SUCH_DAY)?;
    start_of_finnish_date(day).map_err(|_| NO_SUCH_DAY)
}

impl Gateway {
    /// What new entries change of what is to be looked after; `known` is what was written of the person before them, under
    /// whichever id.
    pub(super) async fn after_entries(
        &self,
        person: &Person,
        written: &[JourneyEntry],
        known: Vec<JourneyEntry>,
        now: Timestamp,
    ) -> Result<LookedAfter, Error> {
        let entries: Vec<JourneyEntry> = written.iter().cloned().chain(known).collect();
        let mut after = LookedAfter::default();
        let mut leavers = Vec::new();
        for entry in written {
            let agency = agency_of(&entry.agency)?;
            match &entry.matter {
                Some(Matter::Worker(assignment)) => {
                    let next = self.next_beside(person, &agency, assignment, &entries, now)?;
                    if next.as_ref() != Some(&agency) {
                        self.forget_unmet(person, &agency, &mut after, now).await?;
                    }
                    if let Some(next) = next {
                        self.forget_elsewhere(person, &next, &mut after, now).await?;
                        after.follow_ups.push(self.unmet_from(person, next, now)?);
                    }
                }
                Some(Matter::Encounter(encounter)) if encounter.met || !entry.replaces.is_empty() => {
                    let beside = self.beside(person, &agency, &entries, now)?;
                    let Some(beside) = beside.filter(|beside| beside.agency == agency.as_str()) else {
                        continue;
                    };
                    self.close_tasks(person, (&agency, Kind::NotMet, ""), &mut after, now).await?;
                    self.forget_elsewhere(person, &agency, &mut after, now).await?;
                    after.follow_ups.push(self.unmet_from(person, agency, beside.last.unwrap_or(now))?);
                }
                Some(Matter::Leaving(_)) => {
                    self.forget_unmet(person, &agency, &mut after, now).await?;
                    leavers.push(agency);
                }
                Some(Matter::Retention(answer)) => {
                    let Ok(ReferralName { youth, referral }) = answer.referral.parse() else { continue };
                    // It is asked where the referral is, under whichever id of the person.
                    let asked = self.person(youth).await?;
                    let about = (&agency, Kind::Retention, answer.referral.as_str());
                    self.close_tasks(&asked, about, &mut after, now).await?;
                    if matches!(answer.result(), Retained::EndedAsPlanned | Retained::DroppedOut) {
                        let matter = FollowUp::Retention(referral);
                        after.follow_ups.push(FollowUpWrite::Drop { youth, matter, agency });
                    }
                }
                Some(
                    Matter::Opening(_)
                    | Matter::Encounter(_)
                    | Matter::Mandate(_)
                    | Matter::Profile(_)
                    | Matter::Work(_)
                    | Matter::Handover(_)
                    | Matter::Attainment(_)
                    | Matter::Background(_),
                )
                | None => {}
            }
        }
        // Who leaves everybody leaves also whoever was to take over.
        let is_own_word = written.iter().all(|entry| entry.professional.is_empty());
        let all = standing(entries.iter().collect());
        if is_own_word
            && !leavers.is_empty()
            && let Some((current, _)) = worker::current(&all, now)
        {
            let current = agency_of(&current.agency)?;
            if !leavers.contains(&current) {
                self.forget_unmet(person, &current, &mut after, now).await?;
            }
        }
        Ok(after)
    }

    /// What a step of a referral changes of what is to be looked after.
    pub(in crate::journey) async fn after_step(
        &self,
        person: &Person,
        record: &ReferralRecord,
        now: Timestamp,
    ) -> Result<LookedAfter, Error> {
        let mut after = LookedAfter::default();
        let agency = record.row.recipient.clone();
        let matter = FollowUp::Retention(record.row.id);
        match record.state() {
            ReferralState::Accepted => {
                let row = FollowUpRow { youth: person.id, matter, agency, due: retention_day(now)? };
                after.follow_ups.push(FollowUpWrite::Set(row));
            }
            ReferralState::Cancelled | ReferralState::Failed | ReferralState::EnteredInError => {
                let name = record.name().to_string();
                self.close_tasks(person, (&agency, Kind::Retention, &name), &mut after, now).await?;
                after.follow_ups.push(FollowUpWrite::Drop { youth: person.id, matter, agency });
            }
            ReferralState::Unspecified
            | ReferralState::Requested
            | ReferralState::InfoRequested
            | ReferralState::InProgress
            | ReferralState::OnHold
            | ReferralState::CancelRequested
            | ReferralState::Completed
            | ReferralState::Rejected
            | ReferralState::Expired
            | ReferralState::ConsentWithdrawn => {}
        }
        Ok(after)
    }

    /// The task that a referral without an answer becomes: of the agency with the adult beside the young person, where
    /// that one may know of the referral; of the sender otherwise.
    pub(in crate::journey) async fn unanswered(
        &self,
        person: &Person,
        record: &ReferralRecord,
        now: Timestamp,
    ) -> Result<TaskWrite, Error> {
        let entries = self.written(person).await?.all;
        let recipient = record.row.reached_recipient.then_some(&record.row.recipient);
        let mut whose = &record.row.sender;
        for agency in std::iter::once(&record.row.sender).chain(recipient) {
            let beside = self.beside(person, agency, &entries, now)?;
            if beside.is_some_and(|beside| beside.agency == agency.as_str()) {
                whose = agency;
                break;
            }
        }
        let follow_up = about(Kind::ReferralUnanswered, record.name().to_string());
        self.new_task(person, whose.clone(), follow_up, now)
    }

    /// Which agency has the young person by an assignment: the successor, where that one may know of it. Otherwise it
    /// stays with whoever hands over, or else nobody would notice that nobody takes over.
    fn next_beside(
        &self,
        person: &Person,
        agency: &AgencyId,
        assignment: &WorkerAssignment,
        entries: &[JourneyEntry],
        now: Timestamp,
    ) -> Result<Option<AgencyId>, Error> {
        let WorkerAssignment { professional, successor, .. } = assignment;
        if successor.is_empty() {
            return Ok((!professional.is_empty()).then(|| agency.clone()));
        }
        let successor = agency_of(successor)?;
        let beside = self.beside(person, &successor, entries, now)?;
        let may_know = beside.is_some_and(|beside| beside.agency == successor.as_str());
        Ok(Some(if may_know { successor } else { agency.clone() }))
    }

    /// Who is beside the young person by what this agency may know; nothing: nobody, or it may not know.
    fn beside(
        &self,
        person: &Person,
        agency: &AgencyId,
        entries: &[JourneyEntry],
        now: Timestamp,
    ) -> Result<Option<Beside>, Error> {
        let seen = self.visible(&AgencyLook { agency, youth: person.id, now }, entries)?;
        let Some((current, by)) = worker::known(entries, &seen, now) else { return Ok(None) };
        let met = seen
            .iter()
            .filter(|entry| matches!(&entry.matter, Some(Matter::Encounter(encounter)) if encounter.met));
        let times = met.filter_map(|entry| entry.time).chain(current.since);
        let last = times.filter_map(|time| from_wire(&time).ok()).max();
        Ok(Some(Beside { agency: current.agency, named_by: by.agency.clone(), last }))
    }

    fn unmet_from(&self, person: &Person, agency: AgencyId, last: Timestamp) -> Result<FollowUpWrite, Error> {
        let due = unmet_day(last, self.journey.unmet_days)?;
        let row = FollowUpRow { youth: person.id, matter: FollowUp::NotMet, agency, due };
        Ok(FollowUpWrite::Set(row))
    }

    /// Nobody looks after the agency's meetings any more, under whichever id of the person.
    async fn forget_unmet(
        &self,
        person: &Person,
        agency: &AgencyId,
        after: &mut LookedAfter,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.forget_elsewhere(person, agency, after, now).await?;
        self.forget_under(person, agency, after, now).await
    }

    /// The same of the person's other ids alone: one person is looked after once.
    async fn forget_elsewhere(
        &self,
        person: &Person,
        agency: &AgencyId,
        after: &mut LookedAfter,
        now: Timestamp,
    ) -> Result<(), Error> {
        for id in self.ids_of(person.id).into_iter().filter(|id| *id != person.id) {
            self.forget_under(&self.person(id).await?, agency, after, now).await?;
        }
        Ok(())
    }

    async fn forget_under(
        &self,
        person: &Person,
        agency: &AgencyId,
        after: &mut LookedAfter,
        now: Timestamp,
    ) -> Result<(), Error> {
        let agency_id = agency.clone();
        let drop = FollowUpWrite::Drop { youth: person.id, matter: FollowUp::NotMet, agency: agency_id };
        after.follow_ups.push(drop);
        self.close_tasks(person, (agency, Kind::NotMet, ""), after, now).await
    }

    /// Closes the open tasks of an agency about something that need not be looked after any more; the name is that of
    /// the referral, or of the consent, that it is about, if it is about one.
    async fn close_tasks(
        &self,
        person: &Person,
        (agency, kind, name): (&AgencyId, Kind, &str),
        after: &mut LookedAfter,
        now: Timestamp,
    ) -> Result<(), Error> {
        for mut task in self.open_tasks(person, agency, kind, name).await? {
            task.row.state = State::Obsolete;
            after.tasks.push(task.next_version(person, now)?);
        }
        Ok(())
    }

    async fn open_tasks(
        &self,
        person: &Person,
        agency: &AgencyId,
        kind: Kind,
        name: &str,
    ) -> Result<Vec<TaskRecord>, Error> {
        let filter = TaskFilter {
            agency: agency.clone(),
            youth: Some(person.id),
            states: TaskStates::Open,
            after: None,
            limit: u32::MAX,
        };
        let mut open = Vec::new();
        for row in self.store.tasks(&filter).await?.into_iter().filter(|row| row.plan.is_none()) {
            let task = TaskRecord::open(person, row)?;
            let is_it = matches!(&task.message.matter, Some(TaskMatter::FollowUp(follow_up))
                if follow_up.kind() == kind && name_of(follow_up) == name);
            if is_it {
                open.push(task);
            }
        }
        Ok(open)
    }

    fn new_task(
        &self,
        person: &Person,
        agency: AgencyId,
        follow_up: v1::FollowUp,
        now: Timestamp,
    ) -> Result<TaskWrite, Error> {
        let id = TaskId::from_uuid(self.new_id(now)?);
        let matter = TaskMatter::FollowUp(follow_up);
        TaskRecord::of_journey((id, person.id), agency, matter, now).first_version(person, now)
    }
}

/// Something to look after about a referral, or about none.
fn about(kind: Kind, referral: String) -> v1::FollowUp {
    v1::FollowUp { kind: kind as i32, referral, ..v1::FollowUp::default() }
}

/// What it is about.
fn name_of(follow_up: &v1::FollowUp) -> &str {
    if follow_up.consent.is_empty() { &follow_up.referral } else { &follow_up.consent }
}

fn agency_of(id: &str) -> Result<AgencyId, Error> {
    id.parse().map_err(|_| Error::Inconsistent("a stored agency id is none"))
}
