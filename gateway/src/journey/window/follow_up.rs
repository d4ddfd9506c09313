//! What is to be looked after, by which agency, and from which day on?
//!
//! Entries and steps of referrals set a day, or take it away again; so does a guardian's consent ([`renewal`]). What is
//! to be done when it has come stands in [`due`], and how a person says that it is done in [`task`]. Without a day come
//! up what a second person looks at ([`second_look`]), where a protected address is held back ([`protected`]), and what an
//! agency's system has not got, or may not have ([`undelivered`]), and that somebody else has become the adult
//! ([`replaced`]).

mod due;
mod met;
mod protected;
mod put_off;
mod question;
mod renewal;
mod replaced;
mod second_look;
mod task;
mod unanswered;
mod undelivered;
mod whose;

pub(crate) use put_off::PutOff;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use polku_proto::time::{finnish_date, start_of_finnish_date};
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::retention_answer::Result as Retained;
use polku_proto::v1::task::State;
use polku_proto::v1::{
    self, JourneyEntry, Outcome, ReferralState, RetentionAnswer, task::Matter as TaskMatter,
};
use polku_proto::{AgencyId, Party, ReferralName, TaskId};

use super::entry::standing;
use super::sight::AgencyLook;
use super::worker;
use crate::error::Error;
use crate::figures::Question;
use crate::gateway::Gateway;
use crate::journey::machine::is_final;
use crate::journey::plan::TaskRecord;
use crate::journey::refer::DEFAULT_ANSWER_TIME;
use crate::person::Person;
use crate::record::{ReferralRecord, instant};
use crate::store::{EntryRow, FollowUp, FollowUpRow, FollowUpWrite, TaskFilter, TaskStates, TaskWrite};
use met::is_met;
use whose::{came_first, deciding, worker_of};

#[cfg(test)]
mod tests;

const NO_SUCH_DAY: Error = Error::Inconsistent("a day beyond the calendar");

/// What changes of what is to be looked after.
#[derive(Debug, Default)]
pub(in crate::journey) struct LookedAfter {
    pub(in crate::journey) follow_ups: Vec<FollowUpWrite>,
    pub(in crate::journey) tasks: Vec<TaskWrite>,
    pub(in crate::journey) entries: Vec<EntryRow>,
}

/// The question whether the young person is still there, of a referral that was taken up at this instant.
fn asked(taken_up: Timestamp) -> Question {
    Question::of(finnish_date(taken_up))
}

/// The day on which it is asked, in Finland.
fn retention_day(taken_up: Timestamp) -> Result<Timestamp, Error> {
    start_of_finnish_date(asked(taken_up).due).map_err(|_| NO_SUCH_DAY)
}

/// What the end of a referral that was taken up says of whether the young person is still there: in a protocol of the
/// agency's own there may be no other word for it.
fn said_by_end(record: &ReferralRecord) -> Option<Retained> {
    match (record.state(), record.message.outcome()) {
        (ReferralState::Failed, Outcome::NoLongerInterested) => Some(Retained::DroppedOut),
        (ReferralState::Completed, Outcome::GotService) => Some(Retained::EndedAsPlanned),
        _ => None,
    }
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
        let when = worker::When::of(person, now)?;
        let before = self.former(person, &known, when)?;
        let decided = deciding(&known).map(|entry| entry.name.clone());
        let looked = self.looks_after(person, &known, now)?;
        let entries: Vec<JourneyEntry> = written.iter().cloned().chain(known).collect();
        let looks = self.looks_after(person, &entries, now)?;
        let decides = deciding(&entries);
        let mut after = LookedAfter::default();
        let mut leavers = Vec::new();
        for entry in written {
            let agency = agency_of(&entry.agency)?;
            match &entry.matter {
                // What was written down later than somebody else's word, of a time before it, changes nothing.
                Some(Matter::Worker(_)) if decides.map(|entry| &entry.name) == decided.as_ref() => {}
                Some(Matter::Worker(_)) => {
                    if let (Some(before), Some(by)) = (&before, decides) {
                        after.tasks.extend(self.adult_replaced(person, before, (by, &entries), now)?);
                    }
                    // Whoever had nobody beside them so far was looked after by whom they had come to.
                    for former in BTreeSet::from([Some(&agency), looked.as_ref()]) {
                        if let Some(former) = former.filter(|former| looks.as_ref() != Some(former)) {
                            self.forget_unmet(person, former, &mut after, now).await?;
                        }
                    }
                    if let Some(next) = looks.clone() {
                        self.forget_elsewhere(person, &next, &mut after, now).await?;
                        self.name_worker(person, &next, &entries, &mut after, now).await?;
                        after.follow_ups.push(self.unmet_from(person, next, now)?);
                    }
                }
                Some(Matter::Encounter(_) | Matter::Handover(_))
                    if is_met(entry) || !entry.replaces.is_empty() =>
                {
                    let Some(agency) = looks.clone() else { continue };
                    // A meeting elsewhere counts where it may be known.
                    let seen = self.visible(&AgencyLook::for_guidance(&agency, person.id, now), &entries)?;
                    if !seen.iter().any(|seen| seen.name == entry.name) {
                        continue;
                    }
                    let last = self.last_met(person, (&seen, &agency), when).await?.unwrap_or(now);
                    self.met_at(person, agency, last, &mut after, now).await?;
                }
                Some(Matter::Leaving(_)) => {
                    // Whoever has handed on to somebody who may not know of it waits on.
                    if looks.as_ref() != Some(&agency) {
                        self.forget_unmet(person, &agency, &mut after, now).await?;
                    }
                    leavers.push(agency);
                }
                Some(Matter::Retention(answer)) => {
                    let Ok(ReferralName { youth, referral }) = answer.referral.parse() else { continue };
                    // It is asked where the referral is, under whichever id of the person.
                    let asked = self.person(youth).await?;
                    let about = (&agency, Kind::Retention, answer.referral.as_str());
                    self.close_tasks(&asked, about, &mut after, now).await?;
                    let matter = FollowUp::Retention(referral);
                    if matches!(answer.result(), Retained::EndedAsPlanned | Retained::DroppedOut) {
                        after.follow_ups.push(FollowUpWrite::Drop { youth, matter, agency });
                    } else if !entry.replaces.is_empty()
                        && let Some(due) = self.asked_again(&asked, answer, &entries, now).await?
                    {
                        let row = FollowUpRow { youth, matter, agency, due };
                        after.follow_ups.push(FollowUpWrite::Set(row));
                    }
                }
                Some(
                    // Whoever has come is waited for below.
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
        if written.iter().any(|entry| matches!(entry.matter, Some(Matter::Worker(_) | Matter::Leaving(_)))) {
            self.pass_on_unanswered(person, &entries, &mut after, now).await?;
        }
        // Who leaves everybody leaves also whoever was to take over.
        let is_own_word = written.iter().all(|entry| entry.professional.is_empty());
        if is_own_word
            && !leavers.is_empty()
            && let Some(before) = before.filter(|before| !leavers.contains(&before.agency))
        {
            self.forget_unmet(person, &before.agency, &mut after, now).await?;
        }
        // Whoever has come and has no adult yet is not lost either; nor is who has left the agency of the adult alone.
        let is_new = |next: &AgencyId| {
            written.iter().any(|entry| match entry.matter {
                Some(Matter::Opening(_)) => entry.agency == next.as_str(),
                Some(Matter::Leaving(_)) => looked.as_ref() != Some(next),
                _ => false,
            })
        };
        if let Some(next) = looks.filter(is_new) {
            let seen = self.visible(&AgencyLook::for_guidance(&next, person.id, now), &entries)?;
            let last = self.last_met(person, (&seen, &next), when).await?.unwrap_or(now);
            self.forget_elsewhere(person, &next, &mut after, now).await?;
            after.follow_ups.push(self.unmet_from(person, next, last)?);
        }
        Ok(after)
    }

    /// What a step of a referral, by this party to it, changes of what is to be looked after.
    pub(in crate::journey) async fn after_step(
        &self,
        person: &Person,
        record: &ReferralRecord,
        by: &Party,
        now: Timestamp,
    ) -> Result<LookedAfter, Error> {
        let mut after = LookedAfter::default();
        let agency = record.row.recipient.clone();
        let matter = FollowUp::Retention(record.row.id);
        let cancellation = FollowUp::Cancellation(record.row.id);
        let sender = record.row.sender.clone();
        if record.state() == ReferralState::CancelRequested {
            let due = now + DEFAULT_ANSWER_TIME;
            let row = FollowUpRow { youth: person.id, matter: cancellation, agency: sender, due };
            after.follow_ups.push(FollowUpWrite::Set(row));
        } else if is_final(record.state()) {
            let drop = FollowUpWrite::Drop { youth: person.id, matter: cancellation, agency: sender };
            after.follow_ups.push(drop);
            self.close_unanswered(person, record, &mut after, now).await?;
        }
        match record.state() {
            ReferralState::Accepted => {
                let row = FollowUpRow { youth: person.id, matter, agency, due: retention_day(now)? };
                after.follow_ups.push(FollowUpWrite::Set(row));
            }
            ReferralState::Cancelled
            | ReferralState::Failed
            | ReferralState::Completed
            | ReferralState::EnteredInError => {
                let result = said_by_end(record);
                if record.state() == ReferralState::Completed && result.is_none() {
                    return Ok(after);
                }
                let is_in_time = match record.handed_over() {
                    Some(taken_up) => finnish_date(now) <= asked(instant(taken_up)?).last,
                    None => false,
                };
                let result = result.filter(|_| is_in_time);
                // What may not be told ends no question: it is unknown, unless it may be told in time.
                if result.is_some() && !self.may_tell_status(record, now)? {
                    return Ok(after);
                }
                let name = record.name().to_string();
                self.close_tasks(person, (&agency, Kind::Retention, &name), &mut after, now).await?;
                if let Some(result) = result
                    && !self.is_answered(person, record).await?
                {
                    let answer = RetentionAnswer { referral: name, result: result as i32 };
                    let professional = record.message.recipient_professional.as_str();
                    // Nobody here is of a unit that only the agency's own system knows.
                    let is_known = by.unit.is_some() && self.units.has(by);
                    let asked = self.known_party(record.channel().to);
                    let who = if is_known { (by, professional) } else { (&asked, "") };
                    after.entries.push(self.retained(person, who, answer, now)?);
                }
                after.follow_ups.push(FollowUpWrite::Drop { youth: person.id, matter, agency });
            }
            ReferralState::Unspecified
            | ReferralState::Requested
            | ReferralState::InfoRequested
            | ReferralState::InProgress
            | ReferralState::OnHold
            | ReferralState::CancelRequested
            | ReferralState::Rejected
            | ReferralState::Expired
            | ReferralState::ConsentWithdrawn => {}
        }
        Ok(after)
    }

    /// Which agency looks after it that somebody meets the young person: that of the adult beside them; where they have had
    /// none, the one that they came to first, of those that they have not left.
    fn looks_after(
        &self,
        person: &Person,
        entries: &[JourneyEntry],
        now: Timestamp,
    ) -> Result<Option<AgencyId>, Error> {
        if let Some(beside) = self.beside(person, entries, now)? {
            return Ok(Some(beside));
        }
        let all = standing(entries.iter().collect());
        came_first(&all).map(agency_of).transpose()
    }

    /// The agency of the adult beside the young person. Where the successor may not know that it is handed them, or nobody
    /// is named, it stays with whoever said so, or else nobody would notice that nobody is there.
    fn beside(
        &self,
        person: &Person,
        entries: &[JourneyEntry],
        now: Timestamp,
    ) -> Result<Option<AgencyId>, Error> {
        let all = standing(entries.iter().collect());
        let Some((last, assignment)) = worker::last_assignment(&all) else { return Ok(None) };
        if !assignment.successor.is_empty() {
            let successor = agency_of(&assignment.successor)?;
            let look = AgencyLook::for_guidance(&successor, person.id, now);
            if self.visible(&look, entries)?.iter().any(|seen| seen.name == last.name) {
                return Ok(Some(successor));
            }
        }
        agency_of(&last.agency).map(Some)
    }

    /// Whoever is the adult from now on has the open tasks as well.
    async fn name_worker(
        &self,
        person: &Person,
        agency: &AgencyId,
        entries: &[JourneyEntry],
        after: &mut LookedAfter,
        now: Timestamp,
    ) -> Result<(), Error> {
        let professional = worker_of(agency, person, entries, now)?;
        for mut task in self.open_tasks(person, agency, Kind::NotMet, "").await? {
            if let Some(TaskMatter::FollowUp(follow_up)) = task.message.matter.as_mut() {
                follow_up.professional.clone_from(&professional);
            }
            task.message.unit = self.unit_with(agency, entries);
            after.tasks.push(task.next_version(person, now)?);
        }
        Ok(())
    }

    /// Somebody of this agency, or whom it may know of, has met the young person last at this instant.
    async fn met_at(
        &self,
        person: &Person,
        agency: AgencyId,
        last: Timestamp,
        after: &mut LookedAfter,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.close_tasks(person, (&agency, Kind::NotMet, ""), after, now).await?;
        self.forget_elsewhere(person, &agency, after, now).await?;
        after.follow_ups.push(self.unmet_from(person, agency, last)?);
        Ok(())
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
        self.open_follow_ups(person, agency, |other| other.kind() == kind && name_of(other) == name).await
    }

    async fn open_follow_ups(
        &self,
        person: &Person,
        agency: &AgencyId,
        is_it: impl Fn(&v1::FollowUp) -> bool + Send,
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
            if matches!(&task.message.matter, Some(TaskMatter::FollowUp(follow_up)) if is_it(follow_up)) {
                open.push(task);
            }
        }
        Ok(open)
    }

    pub(in crate::journey) fn new_task(
        &self,
        person: &Person,
        agency: AgencyId,
        follow_up: v1::FollowUp,
        now: Timestamp,
    ) -> Result<TaskWrite, Error> {
        self.new_task_with(person, (agency, String::new()), follow_up, now)
    }

    /// The same of a matter that is with this unit.
    fn new_task_with(
        &self,
        person: &Person,
        (agency, unit): (AgencyId, String),
        follow_up: v1::FollowUp,
        now: Timestamp,
    ) -> Result<TaskWrite, Error> {
        let id = TaskId::from_uuid(self.new_id(now)?);
        let matter = TaskMatter::FollowUp(follow_up);
        let mut task = TaskRecord::of_journey((id, person.id), agency, matter, now);
        task.message.unit = unit;
        task.first_version(person, now)
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
