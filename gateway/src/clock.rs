//! What time is it?

mod forward;

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

pub use forward::{ClockBehind, ForwardClock};

#[cfg(test)]
mod tests;

/// Where the gateway takes the time from.
///
/// Instants are whole milliseconds, as they are stored: what is read back equals what was written.
pub trait Clock: Debug + Send + Sync {
    /// Tells the present instant.
    fn now(&self) -> Timestamp;
}

/// The clock of the host. The one place that reads it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock of the host")]
    fn now(&self) -> Timestamp {
        whole_milliseconds(Timestamp::now())
    }
}

/// A clock that stands still until it is moved, for tests and replays.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Timestamp>,
}

impl ManualClock {
    /// Makes a clock that shows the given instant.
    #[must_use]
    pub fn new(now: Timestamp) -> ManualClock {
        ManualClock { now: Mutex::new(whole_milliseconds(now)) }
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = whole_milliseconds(now);
    }

    /// Moves the clock on, at most to the last instant that there is.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = whole_milliseconds(now.checked_add(by).unwrap_or(Timestamp::MAX));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn whole_milliseconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond()).unwrap_or(instant)
}
