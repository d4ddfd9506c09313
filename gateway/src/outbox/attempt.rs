//! One attempt at one delivery: decide again, log the intent, send, log the outcome.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use polku_adapters::{Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Receipt, Redelivery, Retry};
use polku_proto::AgencyId;
use polku_proto::v1::DeliveryState;

use super::NO_DEADLINE;
use super::backoff::next_attempt;
use super::end::{End, Fate};
use super::pace::{Heard, Waited};
use super::prepare::{Prepared, Ready};
use super::within::within;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::store::{DeliveryRow, Priority};

impl Gateway {
    /// Carries one leased delivery as far as it goes.
    pub(crate) async fn attempt(&self, row: DeliveryRow) -> Result<(), Error> {
        let mut fate = Fate::after(row.state);
        let mut pass = Pass::Needed;
        let Some(adapter) = self.adapter(&row.agency).cloned() else {
            return self.wait_for_adapter(row, fate).await;
        };
        // Sending again tells as well whether an agency that recognises the message has it.
        if fate == Fate::Unknown && adapter.redelivery() != Redelivery::Deduplicates {
            if adapter.redelivery() == Redelivery::AnswersStatus && row.deadline > self.now() {
                if let Err(later) = self.pass(&row) {
                    return Ok(self
                        .store
                        .release(row.message, row.fence, self.no_later(&row, later))
                        .await?);
                }
                pass = Pass::Given;
            }
            match self.find_out(&adapter, &row).await {
                Found::NotThere => fate = Fate::NotThere,
                Found::Ended(end) => return self.end(row, |_| end).await,
            }
        }
        let ready = match self.prepare(row, fate, pass).await? {
            Prepared::Ready(ready) => ready,
            Prepared::Nothing => return Ok(()),
            // It may still be at work on the message, and what takes effect after it has said that nothing is there would
            // be called stopped. Left leased: it is due again when the lease runs out, which is longer than that.
            Prepared::FindOut(row) if self.timer() < self.settled(&row) => return Ok(()),
            Prepared::FindOut(row) => match self.find_out(&adapter, &row).await {
                Found::Ended(end) => return self.end(*row, |_| end).await,
                Found::NotThere => {
                    fate = Fate::NotThere;
                    let prepared = self.prepare(*row, fate, Pass::Given).await?;
                    let Prepared::Ready(ready) = prepared else { return Ok(()) };
                    ready
                }
            },
        };
        let Ready { row, payload } = *ready;
        // The lease is looked at right before the first byte.
        let now = self.now();
        let left = row.leased_until.map_or(Duration::ZERO, |until| {
            Duration::try_from(until.duration_since(self.timer())).unwrap_or(Duration::ZERO)
        });
        // Nor does it go on after the instant that the decision is good for.
        let left = payload.decision().valid_until().map_or(left, |until| {
            Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO).min(left)
        });
        if left.is_zero() {
            return self.end(row, |now| End::lease_ran_out(fate, now)).await;
        }
        let limit = self.delivery.attempt.min(left);
        // A host that has slept finds less left of its lease than it has counted itself.
        let is_leased = || row.leased_until.is_some_and(|until| self.timer() < until);
        let sent = within(limit, is_leased, adapter.deliver(payload, now)).await;
        let result = sent.unwrap_or_else(|| {
            // Each call of an adapter has a shorter deadline of its own, but a delivery may take several calls: one for
            // a token, another with a new one. What is cut off between them may have been written: nothing is known.
            Err(AdapterError { agency: row.agency.clone(), kind: AdapterErrorKind::Unanswered, source: None })
        });
        if let Err(error) = &result {
            tracing::info!(agency = %row.agency, delivery = %row.message, kind = %error.kind, "delivery attempt failed");
        }
        if let Some(heard) = heard(&result) {
            self.pace.note(&row.agency, heard, self.timer());
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
        let later = self.no_later(&row, self.on_timer(later));
        Ok(self.store.release(row.message, row.fence, later).await?)
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
                    evidence: receipt.evidence,
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
            // Stays in sending: whoever ends the matter before the next attempt knows that the agency may have it. It is
            // due no sooner than now, also past its deadline: by that it is known when the agency may be asked.
            (Retry::FindOut, Redelivery::Deduplicates) => {
                End { settled: Some(now), ..End::of(DeliveryState::Sending, later, &code) }
            }
            // Not asked before the whole pause is over: the agency may still be at work on the message, and what takes
            // effect after it has said that nothing is there takes effect twice.
            (Retry::FindOut, Redelivery::AnswersStatus) => {
                let settled = now + self.delivery.settle;
                let later = next_attempt(&self.delivery.pauses, attempts, 1.0, now).max(settled);
                End { settled: Some(settled), ..End::of(DeliveryState::Sending, later, &code) }
            }
            (Retry::FindOut, Redelivery::Neither) => End::of(DeliveryState::InDoubt, now, &code),
        }
    }

    /// From when on an agency that recognises messages can say for good that it does not have this one: none of its attempts
    /// has ended after it was due.
    fn settled(&self, row: &DeliveryRow) -> Timestamp {
        row.due + self.delivery.settle
    }

    /// An instant that it is put off until, on the clock that pauses are counted by, as its deadline allows.
    pub(super) fn no_later(&self, row: &DeliveryRow, later: Timestamp) -> Timestamp {
        later.min(self.on_timer(row.deadline))
    }

    /// When the delivery was put into the queue, as its id says, or was put there once more, as its deadline does. A law may
    /// give it less time than the operator does.
    pub(crate) fn queued_at(&self, row: &DeliveryRow) -> Timestamp {
        let made = row.message.uuid().get_timestamp().map(|made| made.to_unix());
        let made = made.and_then(|(seconds, nanos)| {
            Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
        });
        let begun = row.deadline - self.delivery.give_up_after;
        match made {
            Some(made) if row.deadline == NO_DEADLINE => made,
            Some(made) => made.max(begun),
            None => begun,
        }
    }

    /// Whether the pace of the agency lets a delivery go now. What the law wants at once waits for no other, and
    /// no quota holds it back.
    ///
    /// # Errors
    /// When it may come back, if not.
    pub(super) fn pass(&self, row: &DeliveryRow) -> Result<(), Timestamp> {
        let is_fresh = row.attempts == 0 && row.state == DeliveryState::Queued;
        let waited = if is_fresh { Waited::Since(self.on_timer(self.queued_at(row))) } else { Waited::Tried };
        match row.priority {
            Priority::Urgent => Ok(()),
            Priority::Ordinary => {
                let quota = self.quotas.deliveries_per_second(&row.agency);
                self.pace.admit(&row.agency, waited, quota, self.timer())
            }
        }
    }

    /// Whether the quota of the agency lets a question go now, beside its deliveries.
    pub(crate) fn may_ask(&self, agency: &AgencyId) -> bool {
        self.pace.may_ask(agency, self.quotas.deliveries_per_second(agency), self.timer())
    }

    /// An attempt ended without a word: has the agency got the message?
    async fn find_out(&self, adapter: &Arc<dyn Adapter>, row: &DeliveryRow) -> Found {
        let now = self.now();
        match adapter.redelivery() {
            Redelivery::Neither => Found::Ended(End::of(DeliveryState::InDoubt, now, "NO_ANSWER")),
            Redelivery::Deduplicates | Redelivery::AnswersStatus => {
                let status = adapter.status(&row.message, now).await;
                let heard = if status.is_ok() { Heard::Answer } else { Heard::Nothing };
                self.pace.note(&row.agency, heard, self.timer());
                match status {
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

/// Whether the pace of the agency has let a delivery through already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Needed,
    Given,
}

/// What an attempt tells about the agency's system; nothing, if it has not come so far.
fn heard(result: &Result<Receipt, AdapterError>) -> Option<Heard> {
    match result.as_ref().map_err(|error| &error.kind) {
        Ok(_) | Err(AdapterErrorKind::Rejected { .. }) => Some(Heard::Answer),
        Err(
            AdapterErrorKind::Unavailable { .. } | AdapterErrorKind::Timeout | AdapterErrorKind::Unanswered,
        ) => Some(Heard::Nothing),
        Err(AdapterErrorKind::PermitMismatch | AdapterErrorKind::Unwritable { .. }) => None,
    }
}
