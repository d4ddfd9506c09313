//! Something has not reached an agency's system, or nobody knows whether it has: who hears of it, and asks?
//!
//! Whoever has sent it, by a task in the commit in which that becomes known; of the notice of a disclosure, the discloser,
//! whose register has to hold it. What the person finds out settles the delivery, or sends the same message again. Of a
//! referral itself that was refused, was stopped or has expired its delivery state tells; only of one in doubt there is
//! something to ask.

use jiff::Timestamp;
use polku_proto::v1;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::task::{Matter, State};
use polku_proto::v1::{DeliveryState, FollowUpResolution};
use polku_proto::{AgencyId, MessageId, PlanName};

use super::about;
use super::question::question;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::plan::TaskRecord;
use crate::outbox::{Word, has_ended};
use crate::person::Person;
use crate::plan::YOUTH;
use crate::record::{ReferralRecord, wire_time};
use crate::store::{About, Change, DeliveryItem, DeliveryRow, TaskWrite};

impl Gateway {
    /// The task that comes of a delivery that has ended in this state, if one does; the record is that of the referral
    /// that the delivery is about.
    pub(crate) async fn undelivered(
        &self,
        person: &Person,
        record: Option<&ReferralRecord>,
        (row, state): (&DeliveryRow, DeliveryState),
        now: Timestamp,
    ) -> Result<Option<TaskWrite>, Error> {
        let Some(kind) = kind(row.item, state) else { return Ok(None) };
        let Some(agency) = self.answerable(row, record).await? else { return Ok(None) };
        let sent = self.sent_at(person, row).await?;
        let follow_up = v1::FollowUp {
            message: row.message.to_string(),
            recipient: row.agency.to_string(),
            send_time: sent.map(wire_time).transpose()?,
            question: if state == DeliveryState::InDoubt { question(row, sent) } else { Vec::new() },
            section: match &row.about {
                About::Plan { plan, owner } => {
                    format!("{}/sections/{owner}", PlanName { youth: row.youth, plan: *plan })
                }
                About::Referral(_) | About::Journey => String::new(),
            },
            ..about(kind, record.map(|record| record.name().to_string()).unwrap_or_default())
        };
        // Each change of a plan makes another message about the same section.
        if kind == Kind::NewsNotDelivered && !follow_up.section.is_empty() {
            let same = |other: &v1::FollowUp| {
                other.kind() == kind
                    && other.section == follow_up.section
                    && other.recipient == follow_up.recipient
            };
            if !self.open_follow_ups(person, &agency, same).await?.is_empty() {
                return Ok(None);
            }
        }
        self.new_task(person, agency, follow_up, now).map(Some)
    }

    /// Whose word a delivery is: who asks the recipient when it is not known whether it has arrived. Nobody, where the
    /// gateway itself tells a sender what became of its referral.
    async fn answerable(
        &self,
        row: &DeliveryRow,
        record: Option<&ReferralRecord>,
    ) -> Result<Option<AgencyId>, Error> {
        if let DeliveryItem::DisclosureNotice { .. } = row.item {
            return Ok(Some(row.agency.clone()));
        }
        Ok(match (&row.about, record) {
            (About::Referral(_), Some(record)) if row.agency == record.row.recipient => {
                Some(record.row.sender.clone())
            }
            (About::Referral(_), Some(record)) => {
                let delivery = record.message.delivery_state();
                let tells_of_delivery = has_ended(delivery) && delivery != DeliveryState::Delivered;
                let is_known = record.row.reached_recipient && !tells_of_delivery;
                is_known.then(|| record.row.recipient.clone())
            }
            (About::Plan { plan, owner }, _) => {
                let own = *owner != YOUTH && owner != row.agency.as_str();
                match owner.parse().ok().filter(|_| own) {
                    Some(owner) => Some(owner),
                    None => self.store.plan(*plan).await?.map(|plan| plan.coordinator),
                }
            }
            (About::Referral(_), None) | (About::Journey, _) => None,
        })
    }

    /// When the message was sent last, as the leaf of the attempt says.
    async fn sent_at(&self, person: &Person, row: &DeliveryRow) -> Result<Option<Timestamp>, Error> {
        let Some(intent) = row.intent else { return Ok(None) };
        let details = self.details(person, intent).await?;
        let time = details.as_ref().and_then(|details| details.get("time")?.as_str()?.parse().ok());
        Ok(time)
    }

    /// Puts what a person has found out about a delivery into the change: it is settled, or sent again. Answers the leaf of
    /// the attempt that is known to have arrived now.
    pub(super) async fn found_out(
        &self,
        person: &Person,
        follow_up: &v1::FollowUp,
        resolution: &FollowUpResolution,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<Option<u64>, Error> {
        const NONE: Error = Error::Inconsistent("a task about a message that is none");
        let message: MessageId = follow_up.message.parse().map_err(|_| NONE)?;
        let word = match resolution.send_again {
            true => Word::NotArrived,
            false => Word::Arrived(resolution.reference.clone()),
        };
        let row = match self.store.delivery(message).await? {
            Some(row) => row,
            // It has gone with what it was about, which was past.
            None if resolution.send_again => {
                return Err(Error::RecordState { expected: "a message that is still kept" });
            }
            None => return Ok(None),
        };
        let stands = match row.state {
            DeliveryState::InDoubt => false,
            // What was refused stays refused: that somebody knows by now what it said is no arrival.
            DeliveryState::Rejected | DeliveryState::Stopped | DeliveryState::Expired => {
                !resolution.send_again
            }
            // It has arrived meanwhile, or is on its way again: nothing is sent twice.
            DeliveryState::Unspecified
            | DeliveryState::Queued
            | DeliveryState::Sending
            | DeliveryState::Delivered
            | DeliveryState::Retrying => true,
        };
        if stands {
            return Ok(None);
        }
        let next = self.rerun(person, row, word, change, now).await?;
        Ok(next.intent.filter(|_| next.state == DeliveryState::Delivered))
    }

    /// The open tasks about a delivery have nothing more to ask.
    pub(crate) async fn close_tasks_about(
        &self,
        person: &Person,
        row: &DeliveryRow,
        now: Timestamp,
    ) -> Result<Vec<TaskWrite>, Error> {
        let (message, mut closed) = (row.message.to_string(), Vec::new());
        for row in self.store.open_tasks_about(person.id).await? {
            let mut task = TaskRecord::open(person, row)?;
            if matches!(&task.message.matter, Some(Matter::FollowUp(about)) if about.message == message) {
                task.row.state = State::Obsolete;
                closed.push(task.next_version(person, now)?);
            }
        }
        Ok(closed)
    }

    /// The open tasks about deliveries of a plan that were this agency's as its coordinator are another agency's from now
    /// on: those about the young person's section, and about what the recipient holds of its own.
    pub(in crate::journey) async fn hand_over_undelivered(
        &self,
        person: &Person,
        plan: PlanName,
        (from, to): (&AgencyId, &AgencyId),
        now: Timestamp,
    ) -> Result<Vec<TaskWrite>, Error> {
        let (sections, mut handed) = (format!("{plan}/sections/"), Vec::new());
        let is_coordinators = |about: &v1::FollowUp| {
            let owner = about.section.strip_prefix(&sections);
            // A notice is its register's.
            matches!(about.kind(), Kind::DeliveryInDoubt | Kind::NewsNotDelivered)
                && owner.is_some_and(|owner| owner == YOUTH || owner == about.recipient)
        };
        for row in self.store.open_tasks_about(person.id).await? {
            let mut task = TaskRecord::open(person, row)?;
            if task.row.agency == *from
                && matches!(&task.message.matter, Some(Matter::FollowUp(about)) if is_coordinators(about))
            {
                task.row.agency = to.clone();
                handed.push(task.next_version(person, now)?);
            }
        }
        Ok(handed)
    }
}

/// What is asked of a person when a delivery has ended so.
fn kind(item: DeliveryItem, state: DeliveryState) -> Option<Kind> {
    let has_failed = has_ended(state) && state != DeliveryState::Delivered;
    match (item, state) {
        (DeliveryItem::DisclosureNotice { .. }, _) => has_failed.then_some(Kind::NoticeNotDelivered),
        (_, DeliveryState::InDoubt) => Some(Kind::DeliveryInDoubt),
        (DeliveryItem::Handover, _) => None,
        (_, DeliveryState::Rejected | DeliveryState::Expired) => Some(Kind::NewsNotDelivered),
        (
            DeliveryItem::StateChange
            | DeliveryItem::Information(_)
            | DeliveryItem::ConsentWithdrawn
            | DeliveryItem::PlanPart
            | DeliveryItem::PlanEnded,
            DeliveryState::Unspecified
            | DeliveryState::Queued
            | DeliveryState::Sending
            | DeliveryState::Delivered
            | DeliveryState::Retrying
            | DeliveryState::Stopped,
        ) => None,
    }
}
