//! One attempt at one delivery: decide again, log the intent, send, log the outcome.

use std::sync::Arc;

use jiff::Timestamp;
use polku_adapters::{Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Receipt, Redelivery, Retry};
use polku_policy::{ActorRole, Authorised, Decision, Question, Viewer};
use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{
    DataCategory, Delivery, DeliveryState, ReferralHandover, ReferralNotice, ReferralState, delivery, referral_notice,
};
use polku_proto::{CategorySet, ReferralName, Valid};
use serde_json::json;

use super::backoff::next_attempt;
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::event;
use crate::journey::machine::{Step, is_final};
use crate::person::Person;
use crate::record::{ReferralRecord, wire_time};
use crate::store::{Change, DeliveryItem, DeliveryRow, DeliveryWrite};
use crate::trail::Entry;

/// What came of an attempt.
struct End {
    state: DeliveryState,
    due: Timestamp,
    reference: Option<String>,
    /// For the sealed details of the outcome leaf; a code, never the agency's text.
    code: String,
}

/// A delivery that may go out now.
struct Ready {
    row: DeliveryRow,
    payload: Authorised<Delivery>,
}

impl Gateway {
    /// Carries one leased delivery as far as it goes.
    pub(super) async fn attempt(&self, row: DeliveryRow) -> Result<(), Error> {
        let Some(adapter) = self.adapter(&row.agency).cloned() else {
            return self.end(row, |now| End::of(DeliveryState::Rejected, now, "NO_ADAPTER")).await;
        };
        if row.state == DeliveryState::Sending {
            match self.find_out(&adapter, &row).await {
                Found::NotThere => {}
                Found::Ended(make) => return self.end(row, |_| make).await,
            }
        }
        let Some(Ready { row, payload }) = self.prepare(row).await? else { return Ok(()) };
        // The lease is looked at right before the first byte: whoever was stopped for too long leaves it to the next.
        let now = self.now();
        if row.leased_until.is_none_or(|until| until <= now) {
            return Ok(());
        }
        let sent = tokio::time::timeout(self.delivery.attempt, adapter.deliver(payload, now)).await;
        let result = sent.unwrap_or_else(|_| {
            // The adapter has its own, shorter deadlines; cut off from outside, nothing is known.
            Err(AdapterError { agency: row.agency.clone(), kind: AdapterErrorKind::Unanswered, source: None })
        });
        if let Err(error) = &result {
            tracing::info!(agency = %row.agency, message = %row.message, kind = %error.kind, "delivery attempt failed");
        }
        let redelivery = adapter.redelivery();
        let attempts = row.attempts;
        self.end(row, |now| self.outcome(result, redelivery, attempts, now)).await
    }

    fn outcome(
        &self,
        result: Result<Receipt, AdapterError>,
        redelivery: Redelivery,
        attempts: u32,
        now: Timestamp,
    ) -> End {
        let error = match result {
            Ok(receipt) => return End { reference: Some(receipt.reference), ..End::of(DeliveryState::Delivered, now, "") },
            Err(error) => error,
        };
        let later = next_attempt(&self.delivery.pauses, attempts, self.jitter(), now);
        let code = error.kind.to_string();
        match (error.retry(), redelivery) {
            (Retry::Never, _) => End::of(DeliveryState::Rejected, now, &code),
            (Retry::Backoff, _) | (Retry::FindOut, Redelivery::Deduplicates) => {
                End::of(DeliveryState::Retrying, later, &code)
            }
            (Retry::After(pause), _) => End::of(DeliveryState::Retrying, now + pause, &code),
            // Stays in sending: the next worker asks before it sends again.
            (Retry::FindOut, Redelivery::AnswersStatus) => End::of(DeliveryState::Sending, later, &code),
            (Retry::FindOut, Redelivery::Neither) => End::of(DeliveryState::InDoubt, now, &code),
        }
    }

    /// An attempt ended without a word: has the agency got the message?
    async fn find_out(&self, adapter: &Arc<dyn Adapter>, row: &DeliveryRow) -> Found {
        let now = self.now();
        match adapter.redelivery() {
            Redelivery::Deduplicates => Found::NotThere,
            Redelivery::Neither => Found::Ended(End::of(DeliveryState::InDoubt, now, "NO_ANSWER")),
            Redelivery::AnswersStatus => match adapter.status(&row.message, now).await {
                Ok(DeliveryStatus::Arrived(receipt)) => Found::Ended(End {
                    reference: Some(receipt.reference),
                    ..End::of(DeliveryState::Delivered, now, "FOUND_OUT")
                }),
                Ok(DeliveryStatus::NotArrived) => Found::NotThere,
                Err(_) if row.deadline <= now => {
                    Found::Ended(End::of(DeliveryState::InDoubt, now, "NO_ANSWER_BEFORE_DEADLINE"))
                }
                Err(_) => {
                    let later = next_attempt(&self.delivery.pauses, row.attempts, self.jitter(), now);
                    Found::Ended(End::of(DeliveryState::Sending, later, "STATUS_UNKNOWN"))
                }
            },
        }
    }

    /// Decides at the last moment and makes the intent durable. Nothing to send is an outcome too.
    async fn prepare(&self, leased: DeliveryRow) -> Result<Option<Ready>, Error> {
        let _alone = self.alone_with(leased.youth).await?;
        let now = self.now();
        let row = match self.store.delivery(leased.message).await? {
            Some(row) if row.fence == leased.fence => row,
            _ => return Ok(None),
        };
        let person = self.person(row.youth).await?;
        let name = ReferralName { youth: row.youth, referral: row.referral };
        let record = self.referral_of(&person, name).await?;
        if row.deadline <= now {
            self.settle(&person, record, row, End::of(DeliveryState::Expired, now, "DEADLINE"), now).await?;
            return Ok(None);
        }
        if row.item == DeliveryItem::Handover && is_final(record.state()) {
            // The matter ended while an attempt was under way that came to nothing: who never heard of the young
            // person need not hear of them now.
            self.settle(&person, record, row, End::of(DeliveryState::Stopped, now, "MATTER_ENDED"), now).await?;
            return Ok(None);
        }
        match self.turn(&row).await? {
            Turn::Now => {}
            Turn::Later => {
                let pause = next_attempt(&[super::LOOK_AGAIN], 1, 1.0, now);
                self.store.release(row.message, row.fence, pause).await?;
                return Ok(None);
            }
            Turn::Never => {
                self.settle(&person, record, row, End::of(DeliveryState::Stopped, now, "NOTHING_TO_TELL"), now).await?;
                return Ok(None);
            }
        }
        match self.authorise(&person, &record, &row, now)? {
            Ok(payload) => {
                let row = self.log_intent(&person, &row, payload.decision(), &record, now).await?;
                Ok(Some(Ready { row, payload }))
            }
            Err(decision) => {
                self.refuse(&person, record, row, &decision, now).await?;
                Ok(None)
            }
        }
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
                DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Retrying => return Ok(Turn::Later),
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
        now: Timestamp,
    ) -> Result<Result<Authorised<Delivery>, Decision>, Error> {
        let viewer = if row.agency == record.row.recipient { Viewer::Addressee } else { Viewer::Author };
        let question = Question {
            youth: row.youth,
            channel: record.channel(),
            viewer,
            purpose: record.purpose(),
            actor: ActorRole::System,
            now,
        };
        let (item, required) = item(person, record, row, now)?;
        let payload = Delivery {
            message_id: row.message.to_string(),
            referral: record.name().to_string(),
            sender: record.row.sender.to_string(),
            recipient: record.row.recipient.to_string(),
            item: Some(item),
        };
        let decided = self.engine.authorise(&self.index(), Valid::check(payload)?, required, &question);
        Ok(decided.map_err(polku_policy::Denied::into_decision))
    }

    async fn log_intent(
        &self,
        person: &Person,
        row: &DeliveryRow,
        decision: &Decision,
        record: &ReferralRecord,
        now: Timestamp,
    ) -> Result<DeliveryRow, Error> {
        let entry = Entry::of(Event::DeliveryIntent, person.id).decided(record.purpose(), decision);
        let details = json!({
            "message": row.message.to_string(),
            "referral": record.name().to_string(),
            "agency": row.agency.as_str(),
            "attempt": row.attempts + 1,
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
        mut record: ReferralRecord,
        row: DeliveryRow,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<(), Error> {
        let entry = Entry::of(Event::Refusal, person.id).decided(record.purpose(), decision);
        self.note(entry, now).await?;
        if row.item == DeliveryItem::Handover && !is_final(record.state()) {
            record.step_by_gateway(Step::WithdrawConsent)?;
        }
        self.settle(person, record, row, End::of(DeliveryState::Stopped, now, "NOT_PERMITTED"), now).await
    }

    /// Writes down what came of an attempt, unless somebody else has taken the delivery over.
    async fn end(&self, row: DeliveryRow, make: impl FnOnce(Timestamp) -> End) -> Result<(), Error> {
        let _alone = self.alone_with(row.youth).await?;
        let now = self.now();
        match self.store.delivery(row.message).await? {
            Some(current) if current.fence == row.fence => {}
            _ => return Ok(()),
        }
        let person = self.person(row.youth).await?;
        let name = ReferralName { youth: row.youth, referral: row.referral };
        let record = self.referral_of(&person, name).await?;
        self.settle(&person, record, row, make(now), now).await
    }

    async fn settle(
        &self,
        person: &Person,
        mut record: ReferralRecord,
        row: DeliveryRow,
        end: End,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut entry = Entry::of(Event::DeliveryOutcome, person.id);
        if let Some(intent) = row.intent {
            entry = entry.refers_to(intent);
        }
        let details = json!({
            "message": row.message.to_string(),
            "referral": record.name().to_string(),
            "agency": row.agency.as_str(),
            "state": end.state.as_str_name(),
            "code": end.code,
        });
        let announced = self.announce(entry, person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        let message = row.message;
        let expected_fence = row.fence;
        let is_handover = row.item == DeliveryItem::Handover;
        let next = DeliveryRow {
            state: end.state,
            due: end.due,
            leased_until: None,
            reference: end.reference.or_else(|| row.reference.clone()),
            ..row
        };
        change.deliveries.push(DeliveryWrite { row: next, expected_fence });
        if is_handover {
            record.set_delivery_state(end.state);
            record.row.reached_recipient = matches!(end.state, DeliveryState::Delivered | DeliveryState::InDoubt);
            record.row.delivery_ended = has_ended(end.state).then_some(now);
            change.referrals.push(record.next_version(person, now)?);
            change.events.push(event(&record, Kind::DeliveryChanged, now));
        }
        self.commit(change).await?;
        if has_ended(end.state) {
            self.waiters.ended(message);
        }
        Ok(())
    }
}

enum Turn {
    Now,
    Later,
    Never,
}

enum Found {
    NotThere,
    Ended(End),
}

impl End {
    fn of(state: DeliveryState, due: Timestamp, code: &str) -> Self {
        Self { state, due, reference: None, code: code.to_owned() }
    }
}

/// Whether nothing more happens to a delivery in this state by itself.
pub(crate) fn has_ended(state: DeliveryState) -> bool {
    match state {
        DeliveryState::Delivered
        | DeliveryState::InDoubt
        | DeliveryState::Rejected
        | DeliveryState::Stopped
        | DeliveryState::Expired => true,
        DeliveryState::Unspecified
        | DeliveryState::Queued
        | DeliveryState::Sending
        | DeliveryState::Retrying => false,
    }
}

/// The payload as it would be with every permission, and what of it must be permitted.
fn item(
    person: &Person,
    record: &ReferralRecord,
    row: &DeliveryRow,
    now: Timestamp,
) -> Result<(delivery::Item, CategorySet), Error> {
    let message = &record.message;
    let notice = |kind: referral_notice::Kind, state: ReferralState| -> Result<ReferralNotice, Error> {
        Ok(ReferralNotice {
            kind: kind as i32,
            state: state as i32,
            time: Some(wire_time(now)?),
            ..ReferralNotice::default()
        })
    };
    Ok(match row.item {
        DeliveryItem::Handover => {
            let mut content = message.content.clone().ok_or(Error::Inconsistent("a queued referral without content"))?;
            content.identity_code = person.identity()?.expose().to_owned();
            let handover = ReferralHandover {
                purpose: message.purpose,
                create_time: message.create_time,
                respond_by: message.respond_by,
                content: Some(content),
            };
            (delivery::Item::Handover(handover), CategorySet::of(&[DataCategory::IdentityContact]))
        }
        DeliveryItem::StateChange => {
            let mut notice = notice(referral_notice::Kind::StateChanged, record.state())?;
            notice.rejection_reason = message.rejection_reason;
            notice.outcome = message.outcome;
            notice.status_note = message.status_note.clone();
            notice.sender_note = message.sender_note.clone();
            (delivery::Item::Notice(notice), CategorySet::EMPTY)
        }
        DeliveryItem::Information(index) => {
            let mut notice = notice(referral_notice::Kind::InformationProvided, record.state())?;
            let exchange = usize::try_from(index).ok().and_then(|index| message.information.get(index));
            notice.answer = exchange.and_then(|exchange| exchange.answer.clone());
            (delivery::Item::Notice(notice), CategorySet::EMPTY)
        }
        DeliveryItem::ConsentWithdrawn => {
            let notice = notice(referral_notice::Kind::ConsentWithdrawn, ReferralState::ConsentWithdrawn)?;
            (delivery::Item::Notice(notice), CategorySet::EMPTY)
        }
    })
}
