//! May this delivery go out now? Decides at the last moment, and makes the intent durable.

use jiff::Timestamp;
use polku_policy::{ActorRole, Authorised, Decision, Question, Reason, Viewer};
use polku_proto::v1::{DataCategory, Delivery, DeliveryState, delivery};
use polku_proto::{AgencyId, CategorySet, Disclose, ReferralName, Valid};
use serde_json::json;

use super::backoff::next_attempt;
use super::end::{End, Fate};
use super::message::{self, Matter};
use super::told::{self, TOLD, Telling, Told};
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::machine::{Step, is_final};
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::{Change, DeliveryItem, DeliveryRow, DeliveryWrite};
use crate::trail::Entry;

/// Only what both parties hold anyway.
const ENVELOPE: CategorySet = CategorySet::of(&[DataCategory::Envelope]);

/// A delivery that may go out now.
pub(super) struct Ready {
    pub(super) row: DeliveryRow,
    pub(super) payload: Authorised<Delivery>,
}

/// What there is to do after the last look.
pub(super) enum Prepared {
    Ready(Box<Ready>),
    Nothing,
    /// It may not go out any more, and the agency may have it already.
    FindOut(DeliveryRow),
}

impl Gateway {
    /// Decides at the last moment and makes the intent durable. Nothing to send is an outcome too, but not for a
    /// message that the agency may have: then that is to be found out first.
    pub(super) async fn prepare(&self, leased: DeliveryRow, fate: Fate) -> Result<Prepared, Error> {
        let _alone = self.alone_with(leased.youth).await?;
        let now = self.now();
        let row = match self.store.delivery(leased.message).await? {
            Some(row) if row.fence == leased.fence => row,
            _ => return Ok(Prepared::Nothing),
        };
        let person = self.person(row.youth).await?;
        let name = ReferralName { youth: row.youth, referral: row.referral };
        let record = self.referral_of(&person, name).await?;
        let turn = self.turn(&row).await?;
        if let Turn::After(other) = turn {
            self.store.release(row.message, row.fence, other.max(now + super::LOOK_AGAIN)).await?;
            return Ok(Prepared::Nothing);
        }
        let subject = match row.item {
            DeliveryItem::DisclosureNotice(leaf) => self.told_of(&person, leaf).await?,
            DeliveryItem::Handover
            | DeliveryItem::StateChange
            | DeliveryItem::Information(_)
            | DeliveryItem::ConsentWithdrawn => None,
        };
        let decided = self.authorise(&person, &record, &row, subject.as_ref(), now)?;
        let is_over = decided.is_ok() && row.item == DeliveryItem::Handover && is_final(record.state());
        let obstacle = if row.deadline <= now {
            Some(End::of(DeliveryState::Expired, now, "DEADLINE"))
        } else if turn == Turn::Never {
            Some(End::of(DeliveryState::Stopped, now, "NOTHING_TO_TELL"))
        } else if is_over {
            Some(End::of(DeliveryState::Stopped, now, "MATTER_ENDED"))
        } else {
            None
        };
        if fate == Fate::Unknown && (obstacle.is_some() || decided.is_err()) {
            return Ok(Prepared::FindOut(row));
        }
        match (obstacle, decided) {
            (Some(end), _) => self.settle(&person, record, row, end, now).await?,
            (None, Ok(permitted)) => {
                // What an attempt without a word has told counts with this one: the agency may have either.
                let earlier = row.intent.filter(|_| fate == Fate::Unknown);
                let told = self.told_since(&person, permitted.told(&record, &row, now), earlier).await?;
                let row = self
                    .log_intent(&person, &row, (permitted.payload.decision(), told), &record, now)
                    .await?;
                return Ok(Prepared::Ready(Box::new(Ready { row, payload: permitted.payload })));
            }
            (None, Err(decision)) if is_passing(&decision) => {
                let later = next_attempt(&self.delivery.pauses, row.attempts + 1, self.jitter(), now);
                let end = End::of(DeliveryState::Retrying, later, "RULES_OR_AGREEMENT_MISSING");
                self.settle(&person, record, row, end, now).await?;
            }
            (None, Err(decision)) => self.refuse(&person, record, row, &decision, now).await?,
        }
        Ok(Prepared::Nothing)
    }

    /// Messages about one referral reach an agency in their order, and none before the referral itself.
    async fn turn(&self, row: &DeliveryRow) -> Result<Turn, Error> {
        for other in self.store.deliveries_about(row.referral).await? {
            if other.message == row.message {
                return Ok(Turn::Now);
            }
            if other.agency != row.agency {
                continue;
            }
            match other.state {
                DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Retrying => {
                    return Ok(Turn::After(other.leased_until.unwrap_or(other.due)));
                }
                DeliveryState::Rejected | DeliveryState::Stopped | DeliveryState::Expired
                    if other.item == DeliveryItem::Handover =>
                {
                    return Ok(Turn::Never);
                }
                DeliveryState::Unspecified
                | DeliveryState::Delivered
                | DeliveryState::InDoubt
                | DeliveryState::Rejected
                | DeliveryState::Stopped
                | DeliveryState::Expired => {}
            }
        }
        Ok(Turn::Now)
    }

    fn authorise(
        &self,
        person: &Person,
        record: &ReferralRecord,
        row: &DeliveryRow,
        told: Option<&Told>,
        now: Timestamp,
    ) -> Result<Result<Permitted, Decision>, Error> {
        let question = question(record, row, now);
        let required = self.required(&record.row.recipient);
        let (mut item, required) = message::item(&Matter { person, record, required, told }, row, now)?;
        if let delivery::Item::Handover(handover) = &mut item {
            let asked = handover.categories().union(required);
            handover.redacted |= !self.engine().decide(&self.index(), asked, &question).withheld().is_empty();
        }
        let mut payload = Delivery {
            message_id: row.message.to_string(),
            referral: record.name().to_string(),
            sender: record.row.sender.to_string(),
            recipient: record.row.recipient.to_string(),
            professional: message::professional(record, row),
            item: Some(item),
        };
        let holds = payload.categories();
        let full = Valid::check(payload.clone())?;
        let mut decided = self.engine().authorise(&self.index(), full, required, &question);
        // That the state has changed is for both parties to know, even when none of the words about it may be told.
        if decided.is_err() && row.item == DeliveryItem::StateChange {
            payload.restrict(ENVELOPE);
            decided = self.engine().authorise(&self.index(), Valid::check(payload)?, required, &question);
        }
        Ok(decided.map(|payload| Permitted { payload, holds }).map_err(polku_policy::Denied::into_decision))
    }

    async fn log_intent(
        &self,
        person: &Person,
        row: &DeliveryRow,
        (decision, told): (&Decision, Option<Told>),
        record: &ReferralRecord,
        now: Timestamp,
    ) -> Result<DeliveryRow, Error> {
        let mut entry = Entry::of(Event::DeliveryIntent, person.id)
            .towards(&row.agency)
            .decided(record.purpose(), decision);
        // An attempt that a crash has cut short has no outcome of its own: the next one takes it up.
        if let Some(earlier) = row.intent {
            entry = entry.refers_to(earlier);
        }
        let details = json!({
            "message": row.message.to_string(),
            "referral": record.name().to_string(),
            "agency": row.agency.as_str(),
            "attempt": row.attempts + 1,
            TOLD: told::details(told.as_ref())?,
        });
        let announced = self.announce(entry, person, &details, now).await?;
        let next = DeliveryRow {
            state: DeliveryState::Sending,
            attempts: row.attempts + 1,
            intent: Some(announced.receipt.sequence),
            leased_until: Some(now + self.delivery.lease),
            ..row.clone()
        };
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.deliveries.push(DeliveryWrite { row: next.clone(), expected_fence: row.fence });
        self.commit(change).await?;
        Ok(next)
    }

    /// Nothing permits the delivery any more: it is stopped, and the sender is told.
    async fn refuse(
        &self,
        person: &Person,
        record: ReferralRecord,
        row: DeliveryRow,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<(), Error> {
        let entry =
            Entry::of(Event::Refusal, person.id).towards(&row.agency).decided(record.purpose(), decision);
        self.note_refusal(entry, Some(person), &record.channel(), decision, now).await?;
        let ends_matter = row.item == DeliveryItem::Handover && !is_final(record.state());
        let end = End {
            step: ends_matter.then_some(Step::WithdrawConsent),
            ..End::of(DeliveryState::Stopped, now, "NOT_PERMITTED")
        };
        self.settle(person, record, row, end, now).await
    }
}

/// What may go out.
struct Permitted {
    payload: Authorised<Delivery>,
    /// The categories that there were before anything was held back.
    holds: CategorySet,
}

impl Permitted {
    fn told(&self, record: &ReferralRecord, row: &DeliveryRow, now: Timestamp) -> Option<Told> {
        if let DeliveryItem::DisclosureNotice(_) = row.item {
            return None;
        }
        let (viewer, decision) = (viewer(record, &row.agency), self.payload.decision());
        let telling = Telling { record, item: row.item, viewer, holds: self.holds, decision };
        Told::by(&telling, row.message.uuid(), now)
    }
}

/// From which end the agency looks at the referral.
pub(super) fn viewer(record: &ReferralRecord, agency: &AgencyId) -> Viewer {
    if *agency == record.row.recipient { Viewer::Addressee } else { Viewer::Author }
}

/// What is asked before this is delivered.
fn question(record: &ReferralRecord, row: &DeliveryRow, now: Timestamp) -> Question {
    let viewer = viewer(record, &row.agency);
    let mut question = record.question(viewer, ActorRole::System, now);
    match row.item {
        DeliveryItem::Information(index) => question.origin = record.answer_origin(index),
        // What was told of an agency's data is its own to know, whichever end of the referral it has.
        DeliveryItem::DisclosureNotice(_) if viewer == Viewer::Addressee => {
            let channel = record.channel().reversed();
            question = Question::new(record.row.youth, channel, Viewer::Author, record.purpose(), now);
        }
        DeliveryItem::Handover
        | DeliveryItem::StateChange
        | DeliveryItem::ConsentWithdrawn
        | DeliveryItem::DisclosureNotice(_) => {}
    }
    question
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Now,
    /// Another one comes first, which is looked at again at this instant.
    After(Timestamp),
    Never,
}

/// Whether the refusal is ours rather than the young person's: rules that fail, or an agreement that an operator left
/// out. Nothing is sent, and nothing is given up before the deadline.
pub(crate) fn is_passing(decision: &Decision) -> bool {
    let ours = [Reason::RulesFailed, Reason::UnknownAgency, Reason::NoAgreement];
    decision.reasons().iter().any(|reason| ours.contains(reason))
}
