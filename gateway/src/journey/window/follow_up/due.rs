//! A day has come on which something is to be looked after: is it still, and what comes of it?
//!
//! What comes of it and the end of the waiting are one commit: after a crash it is looked at once more, or it is done.

use jiff::{SignedDuration, Timestamp};
use polku_policy::{ActorRole, Viewer};
use polku_proto::time::{finnish_date, start_of_finnish_date};
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::retention_answer::Result as Retained;
use polku_proto::v1::{self, DataCategory, JourneyEntry, ReferralState, RetentionAnswer};
use polku_proto::{AgencyId, CategorySet, EntryId, EntryName, Party, ReferralId, ReferralName};
use serde_json::json;

use super::super::entry::{row, standing};
use super::super::figures::said;
use super::super::sight::AgencyLook;
use super::super::worker;
use super::{NO_SUCH_DAY, about, asked, unmet_day, worker_of};
use crate::audit::Event;
use crate::error::{Error, check_decided};
use crate::figures::Question;
use crate::gateway::Gateway;
use crate::journey::machine::is_final;
use crate::person::Person;
use crate::record::{ReferralRecord, instant, wire_time};
use crate::store::{Change, EntryRow, FollowUp, FollowUpRow, FollowUpWrite, TaskWrite};
use crate::trail::Entry;

/// How soon it is asked again whether the recipient may tell by now.
const ASKED_AGAIN: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What comes of something that was due.
pub(super) enum Outcome {
    /// It is due later.
    Later(Timestamp),
    /// It is for another agency to look after by now.
    With(AgencyId),
    /// There is nothing to look after any more, or somebody has been told already.
    Nothing,
    /// A task.
    Task(Box<TaskWrite>),
    /// A task about a referral that nobody has answered, and when it is looked at whose it is.
    Unanswered(Box<TaskWrite>, Option<FollowUpWrite>),
    /// The gateway answers.
    Entry(Box<EntryRow>),
}

impl Gateway {
    /// Looks after what has become due.
    pub(in crate::journey) async fn look_after(&self, due: FollowUpRow) -> Result<(), Error> {
        let _alone = self.alone_with(due.youth).await?;
        // It may be due later, or done, since it was read.
        if self.store.follow_up_due(due.youth, due.matter, &due.agency).await? != Some(due.due) {
            return Ok(());
        }
        let person = self.person(due.youth).await?;
        let now = self.now();
        let (kind, outcome) = match due.matter {
            FollowUp::NotMet => (Kind::NotMet, self.not_met(&person, &due.agency, now).await?),
            FollowUp::Retention(referral) => {
                (Kind::Retention, self.retention(&person, &due.agency, referral, now).await?)
            }
            FollowUp::Cancellation(referral) => {
                (Kind::ReferralUnanswered, self.cancellation(&person, referral, now).await?)
            }
            FollowUp::Unanswered(referral) => {
                (Kind::ReferralUnanswered, self.still_looked_into(&person, &due.agency, referral, now).await?)
            }
            FollowUp::Renewal(consent) => {
                (Kind::ConsentRenewal, self.renewal(&person, &due.agency, consent, now).await?)
            }
        };
        let over = FollowUpWrite::Drop { youth: due.youth, matter: due.matter, agency: due.agency.clone() };
        let (follow_ups, task, entry) = match outcome {
            Outcome::Later(later) => {
                (vec![FollowUpWrite::Set(FollowUpRow { due: later, ..due })], None, None)
            }
            // That one looks at once whether it is due.
            Outcome::With(agency) => {
                (vec![over, FollowUpWrite::Set(FollowUpRow { agency, due: now, ..due })], None, None)
            }
            Outcome::Nothing => (vec![over], None, None),
            Outcome::Task(write) => (vec![over], Some(*write), None),
            Outcome::Unanswered(write, until) => {
                (std::iter::once(over).chain(until).collect(), Some(*write), None)
            }
            Outcome::Entry(row) => (vec![over], None, Some(*row)),
        };
        let referral = match due.matter {
            FollowUp::Retention(referral)
            | FollowUp::Cancellation(referral)
            | FollowUp::Unanswered(referral) => ReferralName { youth: due.youth, referral }.to_string(),
            FollowUp::NotMet | FollowUp::Renewal(_) => String::new(),
        };
        let details = json!({
            "follow_up": kind.as_str_name(),
            "referral": referral,
            "task": task.as_ref().map(|write| write.row.id.to_string()),
            "entry": entry.as_ref().map(|row| row.id.to_string()),
        });
        let announced =
            self.announce(Entry::of(Event::JourneyEntry, person.id), &person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.follow_ups.extend(follow_ups);
        change.tasks.extend(task);
        change.entries.extend(entry);
        self.commit(change).await
    }

    /// Has nobody met the young person, as far as this agency may know?
    async fn not_met(&self, person: &Person, agency: &AgencyId, now: Timestamp) -> Result<Outcome, Error> {
        let entries = self.written(person).await?;
        match self.looks_after(person, &entries, now)? {
            Some(other) if other != *agency => return Ok(Outcome::With(other)),
            Some(_) => {}
            None => return Ok(Outcome::Nothing),
        }
        let seen = self.visible(&AgencyLook::for_guidance(agency, person.id, now), &entries)?;
        let last = self.last_met(person, (&seen, agency), worker::When::of(person, now)?).await?;
        let due = last.map(|last| unmet_day(last, self.journey.unmet_days)).transpose()?;
        if let Some(later) = due.filter(|due| *due > now) {
            return Ok(Outcome::Later(later));
        }
        for id in self.ids_of(person.id) {
            if !self.open_tasks(&self.person(id).await?, agency, Kind::NotMet, "").await?.is_empty() {
                return Ok(Outcome::Nothing);
            }
        }
        let professional = worker_of(agency, person, &entries, now)?;
        let follow_up = v1::FollowUp { professional, ..about(Kind::NotMet, String::new()) };
        let holder = (agency.clone(), self.unit_with(agency, &entries));
        let task = self.new_task_with(person, holder, follow_up, now)?;
        Ok(Outcome::Task(Box::new(task)))
    }

    /// Has the recipient still not said that the referral is cancelled?
    async fn cancellation(
        &self,
        person: &Person,
        referral: ReferralId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let Some(row) = self.store.referral(referral).await? else { return Ok(Outcome::Nothing) };
        let record = ReferralRecord::open(person, row)?;
        if record.state() != ReferralState::CancelRequested {
            return Ok(Outcome::Nothing);
        }
        let (task, until) = self.unanswered(person, &record, now).await?;
        Ok(Outcome::Unanswered(Box::new(task), until))
    }

    /// Is the young person still there? Only a person knows; nobody is asked when the sender may not be told.
    async fn retention(
        &self,
        person: &Person,
        agency: &AgencyId,
        referral: ReferralId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let Some(row) = self.store.referral(referral).await? else { return Ok(Outcome::Nothing) };
        let record = ReferralRecord::open(person, row)?;
        if self.is_answered(person, &record).await? {
            return Ok(Outcome::Nothing);
        }
        let name = record.name().to_string();
        if self.may_tell_status(&record, now)? {
            let task = self.new_task(person, agency.clone(), about(Kind::Retention, name), now)?;
            return Ok(Outcome::Task(Box::new(task)));
        }
        // The young person may agree to it as long as an answer counts.
        if let Some(taken_up) = record.handed_over() {
            let over = asked(instant(taken_up)?).last.tomorrow().map_err(|_| NO_SUCH_DAY)?;
            let end = start_of_finnish_date(over).map_err(|_| NO_SUCH_DAY)?;
            if now < end {
                return Ok(Outcome::Later(end.min(now + ASKED_AGAIN)));
            }
        }
        let answer = RetentionAnswer { referral: name, result: Retained::Unknown as i32 };
        let asked = self.known_party(record.channel().to);
        Ok(Outcome::Entry(Box::new(self.retained(person, (&asked, ""), answer, now)?)))
    }

    /// Whether a person at the recipient has answered whether the young person is still there: what they say stands.
    pub(super) async fn is_answered(&self, person: &Person, record: &ReferralRecord) -> Result<bool, Error> {
        Ok(match record.handed_over() {
            Some(taken_up) => answered(asked(instant(taken_up)?), record, &self.written(person).await?),
            None => false,
        })
    }

    /// When it is asked again after an answer was taken back, if by these entries there is none any more.
    pub(super) async fn asked_again(
        &self,
        person: &Person,
        answer: &RetentionAnswer,
        entries: &[JourneyEntry],
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let name = answer.referral.parse().map_err(|_| Error::Inconsistent("an answer about no referral"))?;
        let record = self.referral_of(person, name).await?;
        let Some(taken_up) = record.handed_over().filter(|_| !is_final(record.state())) else {
            return Ok(None);
        };
        let question = asked(instant(taken_up)?);
        if answered(question, &record, entries) || finnish_date(now) > question.last {
            return Ok(None);
        }
        Ok(Some(start_of_finnish_date(question.due).map_err(|_| NO_SUCH_DAY)?.max(now)))
    }

    /// Whether the recipient may tell the sender what became of the young person.
    pub(super) fn may_tell_status(&self, record: &ReferralRecord, now: Timestamp) -> Result<bool, Error> {
        let status = CategorySet::of(&[DataCategory::ReferralStatus]);
        let question = record.question(Viewer::Author, ActorRole::System, now);
        let decision = self.engine().decide(&self.index(), status, &question);
        check_decided(&decision)?;
        Ok(decision.permitted() == status)
    }

    /// The answer as an entry in the records of the unit that the referral went to; the professional is empty where
    /// the gateway itself answers.
    pub(super) fn retained(
        &self,
        person: &Person,
        (holder, professional): (&Party, &str),
        answer: RetentionAnswer,
        now: Timestamp,
    ) -> Result<EntryRow, Error> {
        let id = EntryId::from_uuid(self.new_id(now)?);
        let entry = JourneyEntry {
            name: EntryName { youth: person.id, entry: id }.to_string(),
            category: DataCategory::ReferralStatus as i32,
            agency: holder.agency.to_string(),
            unit: holder.unit.as_ref().map(ToString::to_string).unwrap_or_default(),
            professional: professional.to_owned(),
            represented_by: 0,
            create_time: Some(wire_time(now)?),
            time: Some(wire_time(now)?),
            replaces: String::new(),
            matter: Some(Matter::Retention(answer)),
        };
        row(person, id, holder.agency.clone(), &entry, now)
    }
}

/// Whether a person at the recipient has answered the question about this referral, by these entries.
fn answered(question: Question, record: &ReferralRecord, entries: &[JourneyEntry]) -> bool {
    // The gateway itself never says more than that it is unknown.
    let by_person = |entry: &&JourneyEntry| match &entry.matter {
        Some(Matter::Retention(answer)) if answer.result() == Retained::Unknown => {
            !entry.professional.is_empty()
        }
        _ => true,
    };
    let own = entries.iter().filter(by_person).collect();
    let said = said(&standing(own), &record.row.recipient, &record.name().to_string());
    question.answer(said).is_some()
}
