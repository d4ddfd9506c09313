//! Does an agency's system answer at all, and if it does not, when is it tried again?
//!
//! After so many failures in a row nothing is sent to the agency any more, but for one delivery at a time, every now and
//! then: the probe. The first answer lets everything go on.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;

/// When nothing is sent to an agency any more, and when it is tried again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) failures: NonZeroU32,
    pub(super) probe_after: Duration,
}

/// What is known of one agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaker {
    Closed {
        /// In a row, up to now.
        failures: u32,
    },
    /// Nothing is sent before this instant, and one delivery at a time from then on.
    Open { probe_at: Timestamp },
}

/// What an attempt has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    Opened,
    Closed,
    Not,
}

impl Breaker {
    pub(super) const NEW: Self = Self::Closed { failures: 0 };

    /// The agency's system has answered, be it with a refusal.
    pub(super) fn answered(&mut self) -> Turned {
        let turned = if matches!(self, Self::Open { .. }) { Turned::Closed } else { Turned::Not };
        *self = Self::NEW;
        turned
    }

    /// It was not reached, did not answer, or wants to be left alone.
    pub(super) fn failed(&mut self, patience: Patience, now: Timestamp) -> Turned {
        let open = Self::Open { probe_at: now + patience.probe_after };
        match *self {
            Self::Closed { failures } if failures.saturating_add(1) < patience.failures.get() => {
                *self = Self::Closed { failures: failures.saturating_add(1) };
                Turned::Not
            }
            Self::Closed { .. } => {
                *self = open;
                Turned::Opened
            }
            // Attempts that began before it opened may end now.
            Self::Open { .. } => {
                *self = open;
                Turned::Not
            }
        }
    }

    /// How many deliveries may be under way at this instant; nothing: as many as usual.
    pub(super) fn limit(self, now: Timestamp) -> Option<u32> {
        match self {
            Self::Closed { .. } => None,
            Self::Open { probe_at } => Some(u32::from(probe_at <= now)),
        }
    }
}

#[cfg(test)]
mod tests;
