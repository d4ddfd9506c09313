//! A person says what has become of a delivery that has ended, or that it is to be made once more: what follows?
//!
//! The message keeps its id, so an agency that recognises it does not take it in twice. Whether it may be sent is decided
//! when it is sent, as of every delivery.

use jiff::Timestamp;
use polku_adapters::Redelivery;
use polku_policy::{Channel, Decision};
use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{DeliveryState, Purpose, ReferralState};
use polku_proto::{ReferralId, ReferralName};

use super::plan::stands_for;
use super::prepare::{Refused, Verdict, named};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::event;
use crate::journey::machine::is_final;
use crate::person::Person;
use crate::store::{About, Change, DeliveryItem, DeliveryRow, DeliveryWrite};

const TAKEN_UP: Error = Error::RecordState { expected: "a referral that the recipient has not answered yet" };
const ERASED: Error = Error::RecordState { expected: "a referral whose content has not been erased yet" };

/// What a person says of a delivery.
#[derive(Debug)]
pub(crate) enum Word {
    /// The agency has it, under this number of its own; empty: it has told none.
    Arrived(String),
    /// It has not.
    NotArrived,
}

/// Why a delivery cannot be made once more at this moment.
pub(crate) struct NoMore {
    /// What the delivery is about.
    pub(crate) name: String,
    pub(crate) decision: Decision,
    pub(crate) purpose: Purpose,
    pub(crate) channel: Channel,
}

impl Gateway {
    /// Decides whether a delivery that has ended may be made once more now, and changes nothing.
    ///
    /// # Errors
    /// [`Error::RecordState`] when there is nothing to send any more, whoever permits it.
    pub(crate) async fn look_once_more(
        &self,
        person: &Person,
        row: &DeliveryRow,
        now: Timestamp,
    ) -> Result<Option<NoMore>, Error> {
        if let (About::Referral(referral), DeliveryItem::Handover) = (&row.about, row.item) {
            self.check_unanswered(person, *referral).await?;
        }
        match self.last_look(person, row, now).await?.verdict {
            Verdict::Goes(_) => Ok(None),
            Verdict::Ends(..) => {
                Err(Error::RecordState { expected: "a delivery that still has something to tell" })
            }
            Verdict::Refused(refused) => {
                let Refused { decision, purpose, channel, whose: _ } = *refused;
                Ok(Some(NoMore { name: named(row).1, decision, purpose, channel }))
            }
        }
    }

    /// Puts what a person says into the change; answers the delivery as it is from then on.
    ///
    /// # Errors
    /// [`Error::RecordState`] when a referral that is to be sent once more was answered, or holds nothing any more.
    pub(crate) async fn rerun(
        &self,
        person: &Person,
        row: DeliveryRow,
        word: Word,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<DeliveryRow, Error> {
        let expected_fence = row.fence;
        let next = match word {
            Word::Arrived(reference) => {
                let reference = Some(reference).filter(|reference| !reference.is_empty());
                let reference = reference.or_else(|| row.reference.clone());
                DeliveryRow {
                    state: DeliveryState::Delivered,
                    due: self.on_timer(now),
                    leased_until: None,
                    reference,
                    ..row
                }
            }
            Word::NotArrived => self.queued_once_more(row, now).await?,
        };
        if let (About::Referral(referral), DeliveryItem::Handover) = (&next.about, next.item) {
            self.rerun_referral(person, *referral, next.state, change, now).await?;
        }
        if let (DeliveryState::Delivered, Some(intent)) = (next.state, next.intent)
            && let Some(told) = self.told_of(person, intent).await?
        {
            let about = match &next.about {
                About::Referral(referral) => Some(referral.uuid()),
                About::Plan { plan, .. } => Some(plan.uuid()),
                About::Journey => None,
            };
            if let Some(about) = about {
                self.arrives_as_news(&told, about, DeliveryState::Delivered, change).await?;
            }
        }
        if next.state == DeliveryState::Delivered {
            self.note_held(person, &next, change, now).await?;
        }
        change.deliveries.push(DeliveryWrite { row: next.clone(), expected_fence });
        Ok(next)
    }

    /// The same message, due at once. An agency that can tell whether it has it is asked first, where that is not known.
    async fn queued_once_more(&self, row: DeliveryRow, now: Timestamp) -> Result<DeliveryRow, Error> {
        let can_tell =
            self.adapter(&row.agency).is_some_and(|adapter| adapter.redelivery() != Redelivery::Neither);
        let is_asked_first = row.state == DeliveryState::InDoubt && can_tell;
        let state = if is_asked_first { DeliveryState::Sending } else { DeliveryState::Queued };
        // What waits about the same section of a plan says all that this one would.
        let others = self.store.open_deliveries_of(row.youth).await?;
        let is_overtaken = others.iter().any(|other| stands_for(other, &row));
        let state = if is_overtaken { DeliveryState::Stopped } else { state };
        let deadline = self.deadline_of(row.item, now);
        Ok(DeliveryRow { state, attempts: 0, due: self.on_timer(now), deadline, leased_until: None, ..row })
    }

    /// A referral is sent once more only as long as its recipient has not answered it, and there is something to send.
    async fn check_unanswered(&self, person: &Person, referral: ReferralId) -> Result<(), Error> {
        let record = self.referral_of(person, ReferralName { youth: person.id, referral }).await?;
        if !is_final(record.state()) && record.state() != ReferralState::Requested {
            return Err(TAKEN_UP);
        }
        if record.message.content.is_none() {
            return Err(ERASED);
        }
        Ok(())
    }

    /// The referral says in which state its delivery is, and its sender hears of it.
    async fn rerun_referral(
        &self,
        person: &Person,
        referral: ReferralId,
        state: DeliveryState,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        let has_arrived = state == DeliveryState::Delivered;
        if !has_arrived {
            self.check_unanswered(person, referral).await?;
        }
        let mut record = self.referral_of(person, ReferralName { youth: person.id, referral }).await?;
        record.set_delivery_state(state);
        record.row.delivery_ended = has_arrived.then_some(now);
        // Who could read it here goes on doing so, until it is known what has become of it.
        record.row.reached_recipient |= has_arrived;
        let sender = record.row.sender.clone();
        if has_arrived && self.adapter(&sender).is_some() {
            change.enqueue.push(self.new_delivery(&record, DeliveryItem::StateChange, sender, now)?);
        }
        change.referrals.push(record.next_version(person, now)?);
        change.events.push(event(&record, Kind::DeliveryChanged, now));
        Ok(())
    }
}
