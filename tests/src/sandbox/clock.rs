//! What time is it in the story? It begins on a Monday morning, goes on as the host's does, and is moved by whoever tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use polku_gateway::clock::{Clock, SystemClock};
use polku_proto::time::finnish_date;

use crate::simulators::SimulatorClock;

/// Monday, 9 November 2026, 11:00 in Finland, in seconds: after everything that the agencies hold has happened.
const BEGIN: i64 = 1_794_214_800;

/// The clock of the story, of its gateway and of its agencies.
///
/// It runs: what waits for its time goes on.
#[derive(Debug, Clone)]
pub struct StoryClock {
    /// What the host's clock lacks, in milliseconds.
    ahead: Arc<AtomicI64>,
}

impl StoryClock {
    /// The clock at the beginning of the story.
    #[must_use]
    pub fn at_the_beginning() -> Self {
        let ahead = BEGIN * 1_000 - SystemClock.now().as_millisecond();
        Self { ahead: Arc::new(AtomicI64::new(ahead)) }
    }

    /// The same clock, for the agencies.
    #[must_use]
    pub fn of_agencies(&self) -> SimulatorClock {
        let clock = self.clone();
        SimulatorClock::reading(move || clock.now())
    }

    /// Moves the clock on.
    pub fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.ahead.fetch_add(by, Ordering::SeqCst);
    }

    /// The day in Finland, `YYYY-MM-DD`.
    #[must_use]
    pub fn day(&self) -> String {
        finnish_date(self.now()).to_string()
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        let host = SystemClock.now();
        let ahead = SignedDuration::from_millis(self.ahead.load(Ordering::SeqCst));
        host.checked_add(ahead).unwrap_or(host)
    }
}
