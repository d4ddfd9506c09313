//! What time is it, on a host whose clock may be set back?
//!
//! A consent that has expired must not be in force again because somebody has set the clock back. So the gateway's time
//! never goes back: it stands still until the host's clock has caught up. Pauses do not stand still with it.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::Clock;

/// How far the clock may be behind the audit log at start: that much is waited out.
const TOLERATED: SignedDuration = SignedDuration::from_mins(1);

/// How far the clock has to be set back to be worth a warning. Readings of several threads overtake each other by less.
const NOTICED_MILLIS: i64 = 1000;

/// A clock that never goes back as long as the process lives.
#[derive(Debug)]
pub struct ForwardClock {
    clock: Arc<dyn Clock>,
    /// The latest instant that was told, in milliseconds since 1970.
    latest: AtomicI64,
    /// Whether the clock has been set back and has not caught up yet.
    pub(super) behind: AtomicBool,
    still: Mutex<Still>,
}

/// How long the told time has stood still.
#[derive(Debug, Default)]
struct Still {
    since: Option<Instant>,
    before: Duration,
}

/// The clock shows an earlier time than that of the last entry of the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host's clock is {behind:#} behind the last entry of the audit log: set it right")]
pub struct ClockBehind {
    /// How much earlier.
    pub behind: SignedDuration,
}

impl ForwardClock {
    /// Takes a clock that must not show an earlier time than `last`, when the log of what was done ends.
    ///
    /// # Errors
    /// [`ClockBehind`] when it is more than a minute behind. Less is waited out.
    pub fn after(clock: Arc<dyn Clock>, last: Option<Timestamp>) -> Result<ForwardClock, ClockBehind> {
        let now = clock.now();
        let behind = last.map_or(SignedDuration::ZERO, |last| last.duration_since(now));
        if behind > TOLERATED {
            return Err(ClockBehind { behind });
        }
        let latest = AtomicI64::new(last.unwrap_or(now).max(now).as_millisecond());
        Ok(ForwardClock { clock, latest, behind: AtomicBool::new(false), still: Mutex::default() })
    }

    /// For how long the told time has stood still because the host's clock was set back, in all: by that much the clock
    /// that pauses and leases are counted by is ahead of it.
    /// Whole milliseconds, as all instants.
    pub(crate) fn stood_still(&self) -> SignedDuration {
        self.now();
        let still = self.still();
        let all = still.before + still.since.map_or(Duration::ZERO, |since| since.elapsed());
        SignedDuration::from_millis(i64::try_from(all.as_millis()).unwrap_or(i64::MAX))
    }

    /// Begins or ends to count for how long the time stands still. Readings of several threads come here in any order.
    fn turn(&self, is_behind: bool, millis: i64) {
        let mut still = self.still();
        match still.since {
            None if is_behind => {
                still.since = Some(Instant::now());
                tracing::warn!(
                    milliseconds = millis,
                    "the host's clock was set back: the gateway's time stands still until it has caught up"
                );
            }
            Some(since) if !is_behind => {
                still.before += since.elapsed();
                still.since = None;
            }
            None | Some(_) => {}
        }
        self.behind.store(still.since.is_some(), Ordering::Release);
    }

    fn still(&self) -> MutexGuard<'_, Still> {
        self.still.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ForwardClock {
    fn now(&self) -> Timestamp {
        let read = self.clock.now().as_millisecond();
        let latest = self.latest.fetch_max(read, Ordering::AcqRel).max(read);
        let is_behind = latest - read >= NOTICED_MILLIS;
        if is_behind != self.behind.load(Ordering::Acquire) {
            self.turn(is_behind, latest - read);
        }
        Timestamp::from_millisecond(latest).unwrap_or(Timestamp::MAX)
    }
}
