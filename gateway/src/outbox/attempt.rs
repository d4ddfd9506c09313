//! One attempt at one delivery: decide again, log the intent, send, log the outcome.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use polku_adapters::{Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Receipt, Redelivery, Retry};
use polku_policy::{ActorRole, Authorised, Decision, Reason, Viewer};
use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{DataCategory, Delivery, DeliveryState, delivery};
use polku_proto::{CategorySet, Disclose, ReferralName, Valid};
use serde_json::json;

use super::backoff::next_attempt;
use super::end::{End, Fate, has_ended, has_failed};
use super::message;
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::event;
use crate::journey::machine::{Step, is_final};
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::{Change, DeliveryItem, DeliveryRow, DeliveryWrite};
use crate::trail::Entry;

/// Only what both parties hold anyway.
const ENVELOPE: CategorySet = CategorySet::of(&[DataCategory::Envelope]);

/// A delivery that may go out now.
struct Ready {
    row: DeliveryRow,
    payload: Authorised<Delivery>,
}

impl Gateway {
    /// Carries one leased delivery as far as it goes.
    pub(super) async fn attempt(&self, row: DeliveryRow) -> Result<(), Error> {
        let mut fate = Fate::after(row.state);
        let Some(adapter) = self.adapter(&row.agency).cloned() else {
            return self.wait_for_adapter(row, fate).await;
        };
        // Sending again tells as well whether an agency that recognises the message has it.
        if fate == Fate::Unknown && adapter.redelivery() != Redelivery::Deduplicates {
            match self.find_out(&adapter, &row).await {
                Found::NotThere => fate = Fate::NotThere,
                Found::Ended(end) => return self.end(row, |_| end).await,
            }
        }
        let ready = match self.prepare(row, fate).await? {
            Prepared::Ready(ready) => ready,
            Prepared::Nothing => return Ok(()),
            Prepared::FindOut(row) => match self.find_out(&adapter, &row).await {
                Found::Ended(end) => return self.end(row, |_| end).await,
                Found::NotThere => {
                    fate = Fate::NotThere;
                    let Prepared::Ready(ready) = self.prepare(row, fate).await? else { return Ok(()) };
                    ready
                }
            },
        };
        let Ready { row, payload } = *ready;
        // The lease is looked at right before the first byte.
        let now = self.now();
        let left = row.leased_until.map_or(Duration::ZERO, |until| {
            Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO)
        });
        if left.is_zero() {
            return self.end(row, |now| End::lease_ran_out(fate, now)).await;
        }
        // Nor does it go on after the instant that the decision is good for.
        let good_for = payload
            .decision()
            .valid_until()
            .map_or(left, |until| Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO));
        let limit = self.delivery.attempt.min(left).min(good_for);
        let sent = tokio::time::timeout(limit, adapter.deliver(payload, now)).await;
        let result = sent.unwrap_or_else(|_| {
            // The adapter has its own, shorter deadlines; cut off from outside, nothing is known.
            Err(AdapterError { agency: row.agency.clone(), kind: AdapterErrorKind::Unanswered, source: None })
        });
        if let Err(error) = &result {
            tracing::info!(agency = %row.agency, delivery = %row.message, kind = %error.kind, "delivery attempt failed");
        }
        let redelivery = adapter.redelivery();
        let attempts = row.attempts;
        self.end(row, |now| self.outcome(result, redelivery, fate, attempts, now)).await
    }

    /// An operator's mistake is put right some day: until the deadline the delivery stays what it is. Nothing is written
    /// down, for nothing was attempted.
    async fn wait_for_adapter(&self, row: DeliveryRow, fate: Fate) -> Result<(), Error> {
        let now = self.now();
        if row.deadline <= now {
            return self.end(row, |now| End::without_adapter(fate, now)).await;
        }
        tracing::warn!(agency = %row.agency, delivery = %row.message, "no adapter is configured; delivery waits");
        // Never sooner than any look into the queue: a configured pause may be none at all.
        let later = next_attempt(&self.delivery.pauses, u32::MAX, 1.0, now)
            .clamp(now + super::LOOK_AGAIN, now + super::LOOK_FOR_ADAPTER);
        Ok(self.store.release(row.message, row.fence, later.min(row.deadline)).await?)
    }

    fn outcome(
        &self,
        result: Result<Receipt, AdapterError>,
        redelivery: Redelivery,
        fate: Fate,
        attempts: u32,
        now: Timestamp,
    ) -> End {
        let error = match result {
            Ok(receipt) => {
                return End {
                    reference: Some(receipt.reference),
                    ..End::of(DeliveryState::Delivered, now, "")
                };
            }
            Err(error) => error,
        };
        let later = next_attempt(&self.delivery.pauses, attempts, self.jitter(), now);
        let code = error.kind.to_string();
        let waiting = fate.waiting();
        match (error.retry(), redelivery) {
            // This one was refused; an earlier one may have been taken in.
            (Retry::Never, _) if fate == Fate::Unknown => End::of(DeliveryState::InDoubt, now, &code),
            (Retry::Never, _) => End::of(DeliveryState::Rejected, now, &code),
            (Retry::Backoff, _) => End::of(waiting, later, &code),
            (Retry::After(pause), _) => End::of(waiting, now + pause, &code),
            // Stays in sending: whoever ends the matter before the next attempt knows that the agency may have it.
            (Retry::FindOut, Redelivery::Deduplicates) => End::of(DeliveryState::Sending, later, &code),
            // Not asked before the whole pause is over: the agency may still be at work on the message.
            (Retry::FindOut, Redelivery::AnswersStatus) => {
                let later = next_attempt(&self.delivery.pauses, attempts, 1.0, now);
                End::of(DeliveryState::Sending, later, &code)
            }
            (Retry::FindOut, Redelivery::Neither) => End::of(DeliveryState::InDoubt, now, &code),
        }
    }

    /// An attempt ended without a word: has the agency got the message?
    async fn find_out(&self, adapter: &Arc<dyn Adapter>, row: &DeliveryRow) -> Found {
        let now = self.now();
        match adapter.redelivery() {
            Redelivery::Neither => Found::Ended(End::of(DeliveryState::InDoubt, now, "NO_ANSWER")),
            Redelivery::Deduplicates | Redelivery::AnswersStatus => {
                match adapter.status(&row.message, now).await {
                    Ok(DeliveryStatus::Arrived(receipt)) => Found::Ended(End {
                        reference: Some(receipt.reference),
                        ..End::of(DeliveryState::Delivered, now, "FOUND_OUT")
                    }),
                    Ok(DeliveryStatus::NotArrived) => Found::NotThere,
                    Err(_) if row.deadline <= now => {
                        Found::Ended(End::of(DeliveryState::InDoubt, now, "NO_ANSWER_BEFORE_DEADLINE"))
                    }
                    Err(_) => {
                        // A silent agency is asked ever more rarely: after a quarter of the time that it has been
                        // waited for.
                        let waited = now.duration_since(row.deadline - self.delivery.give_up_after);
                        let later = next_attempt(&self.delivery.pauses, row.attempts, self.jitter(), now)
                            .max(now + waited / 4);
                        Found::Ended(End::of(DeliveryState::Sending, later, "STATUS_UNKNOWN"))
                    }
                }
            }
        }
    }

    /// Decides at the last moment and makes the intent durable. Nothing to send is an outcome too, but not for a
    /// message that the agency may have: then that is to be found out first.
    async fn prepare(&self, leased: DeliveryRow, fate: Fate) -> Result<Prepared, Error> {
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
        let decided = self.authorise(&person, &record, &row, now)?;
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
            (None, Ok(payload)) => {
                let row = self.log_intent(&person, &row, payload.decision(), &record, now).await?;
                return Ok(Prepared::Ready(Box::new(Ready { row, payload })));
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
        now: Timestamp,
    ) -> Result<Result<Authorised<Delivery>, Decision>, Error> {
        let viewer = if row.agency == record.row.recipient { Viewer::Addressee } else { Viewer::Author };
        let mut question = record.question(viewer, ActorRole::System, now);
        if let DeliveryItem::Information(index) = row.item {
            question.origin = record.answer_origin(index);
        }
        let required = self.required(&record.row.recipient);
        let (mut item, required) = message::item(person, record, row, required, now)?;
        if let delivery::Item::Handover(handover) = &mut item {
            let asked = handover.categories().union(required);
            handover.redacted = !self.engine().decide(&self.index(), asked, &question).withheld().is_empty();
        }
        let mut payload = Delivery {
            message_id: row.message.to_string(),
            referral: record.name().to_string(),
            sender: record.row.sender.to_string(),
            recipient: record.row.recipient.to_string(),
            professional: match row.item {
                DeliveryItem::Handover => record.message.sender_professional.clone(),
                DeliveryItem::StateChange | DeliveryItem::Information(_) | DeliveryItem::ConsentWithdrawn => {
                    String::new()
                }
            },
            item: Some(item),
        };
        let full = Valid::check(payload.clone())?;
        let mut decided = self.engine().authorise(&self.index(), full, required, &question);
        // That the state has changed is for both parties to know, even when none of the words about it may be told.
        if decided.is_err() && row.item == DeliveryItem::StateChange {
            payload.restrict(ENVELOPE);
            decided = self.engine().authorise(&self.index(), Valid::check(payload)?, required, &question);
        }
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
        let addressee = row.agency.clone();
        let mut entry = Entry::of(Event::DeliveryOutcome, person.id).towards(&addressee);
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
            due: end.due.min(row.deadline),
            leased_until: None,
            reference: end.reference.or_else(|| row.reference.clone()),
            ..row
        };
        change.deliveries.push(DeliveryWrite { row: next, expected_fence });
        if let Some(step) = end.step {
            record.step_by_gateway(step)?;
        }
        if is_handover {
            record.set_delivery_state(end.state);
            record.row.reached_recipient =
                matches!(end.state, DeliveryState::Delivered | DeliveryState::InDoubt);
            record.row.delivery_ended = has_ended(end.state).then_some(now);
            let sender = record.row.sender.clone();
            if has_failed(end.state) && self.adapter(&sender).is_some() {
                change.enqueue.push(self.new_delivery(&record, DeliveryItem::StateChange, sender, now)?);
            }
            change.referrals.push(record.next_version(person, now)?);
            if end.step.is_some() {
                change.events.push(event(&record, Kind::StateChanged, now));
            }
            change.events.push(event(&record, Kind::DeliveryChanged, now));
        }
        self.commit(change).await?;
        if has_ended(end.state) {
            self.waiters.ended(message);
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Now,
    /// Another one comes first, which is looked at again at this instant.
    After(Timestamp),
    Never,
}

/// What there is to do after the last look.
enum Prepared {
    Ready(Box<Ready>),
    Nothing,
    /// It may not go out any more, and the agency may have it already.
    FindOut(DeliveryRow),
}

enum Found {
    NotThere,
    Ended(End),
}

/// Whether the refusal is ours rather than the young person's: rules that fail, or an agreement that an operator left
/// out. Nothing is sent, and nothing is given up before the deadline.
pub(crate) fn is_passing(decision: &Decision) -> bool {
    let ours = [Reason::RulesFailed, Reason::UnknownAgency, Reason::NoAgreement];
    decision.reasons().iter().any(|reason| ours.contains(reason))
}
