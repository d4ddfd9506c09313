//! One attempt at one delivery: decide again, log the intent, send, log the outcome.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use polku_adapters::{Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Receipt, Redelivery, Retry};
use polku_proto::v1::DeliveryState;

use super::backoff::next_attempt;
use super::end::{End, Fate};
use super::prepare::{Prepared, Ready};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::store::DeliveryRow;

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
                Found::Ended(end) => return self.end(*row, |_| end).await,
                Found::NotThere => {
                    fate = Fate::NotThere;
                    let Prepared::Ready(ready) = self.prepare(*row, fate).await? else { return Ok(()) };
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
            // Each call of an adapter has a shorter deadline of its own, but a delivery may take several calls: one for
            // a token, another with a new one. What is cut off between them may have been written: nothing is known.
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

    /// When the delivery was put into the queue, as its id says. A law may give it less time than the operator does.
    fn queued_at(&self, row: &DeliveryRow) -> Timestamp {
        let made = row.message.uuid().get_timestamp().map(|made| made.to_unix());
        let made = made.and_then(|(seconds, _)| Timestamp::from_second(i64::try_from(seconds).ok()?).ok());
        made.unwrap_or(row.deadline - self.delivery.give_up_after)
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
                        let waited = now.duration_since(self.queued_at(row));
                        let later = next_attempt(&self.delivery.pauses, row.attempts, self.jitter(), now)
                            .max(now + waited / 4);
                        Found::Ended(End::of(DeliveryState::Sending, later, "STATUS_UNKNOWN"))
                    }
                }
            }
        }
    }
}

enum Found {
    NotThere,
    Ended(End),
}
