//! What can come of an attempt?

use jiff::Timestamp;
use polku_adapters::Evidence;
use polku_proto::v1::DeliveryState;

use crate::journey::machine::Step;

/// What came of an attempt.
pub(super) struct End {
    pub(super) state: DeliveryState,
    pub(super) due: Timestamp,
    /// Nothing more is done before, be the deadline past by then: the agency may still be at work on it.
    pub(super) settled: Option<Timestamp>,
    pub(super) reference: Option<String>,
    /// What X-Road says of the exchange, for the sealed details.
    pub(super) evidence: Evidence,
    /// For the sealed details of the outcome leaf; a code, never the agency's text.
    pub(super) code: String,
    /// What becomes of the referral itself at the same time.
    pub(super) step: Option<Step>,
}

/// Whether the agency has a message before it is sent (again).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    NotThere,
    /// An attempt ended without a word.
    Unknown,
}

impl End {
    pub(super) fn of(state: DeliveryState, due: Timestamp, code: &str) -> Self {
        Self {
            state,
            due,
            settled: None,
            reference: None,
            evidence: Evidence::default(),
            code: code.to_owned(),
            step: None,
        }
    }

    /// Whoever was stopped for too long leaves the delivery to the next.
    pub(super) fn lease_ran_out(fate: Fate, now: Timestamp) -> Self {
        Self::of(fate.waiting(), now, "LEASE_RAN_OUT")
    }

    /// The deadline has passed, and there was no system that could have been sent to or asked.
    pub(super) fn without_adapter(fate: Fate, now: Timestamp) -> Self {
        let state = match fate {
            Fate::NotThere => DeliveryState::Expired,
            Fate::Unknown => DeliveryState::InDoubt,
        };
        Self::of(state, now, "NO_ADAPTER")
    }
}

impl Fate {
    /// What the state before an attempt tells.
    pub(super) fn after(state: DeliveryState) -> Self {
        if state == DeliveryState::Sending { Self::Unknown } else { Self::NotThere }
    }

    /// The state to wait in for the next attempt: this one may have come to nothing where an earlier one has arrived.
    pub(super) fn waiting(self) -> DeliveryState {
        match self {
            Self::NotThere => DeliveryState::Retrying,
            Self::Unknown => DeliveryState::Sending,
        }
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

/// Whether the sender has to hear of the end of a delivery: everything but the arrival is news.
pub(super) fn has_failed(state: DeliveryState) -> bool {
    has_ended(state) && state != DeliveryState::Delivered
}

/// Whether whoever's data were sent has to hear of it: rather of what did not arrive than not of what did.
pub(super) fn may_have_arrived(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Delivered | DeliveryState::InDoubt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_arrived_stays_so_when_the_lease_runs_out() {
        let waits = |before| End::lease_ran_out(Fate::after(before), Timestamp::UNIX_EPOCH).state;
        assert_eq!(waits(DeliveryState::Sending), DeliveryState::Sending);
        assert_eq!(waits(DeliveryState::Retrying), DeliveryState::Retrying);
        assert_eq!(waits(DeliveryState::Queued), DeliveryState::Retrying);
    }

    #[test]
    fn nobody_refuses_what_nobody_was_asked_to_take() {
        let ends = |before| End::without_adapter(Fate::after(before), Timestamp::UNIX_EPOCH).state;
        assert_eq!(ends(DeliveryState::Sending), DeliveryState::InDoubt);
        assert_eq!(ends(DeliveryState::Retrying), DeliveryState::Expired);
        assert_eq!(ends(DeliveryState::Queued), DeliveryState::Expired);
    }
}
