//! How are single calls timed, and how is memory counted?

use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::hint::black_box;
use std::time::{Duration, Instant};

use polku_policy::Decision;

/// Readings for finding out what a reading costs.
const READINGS: u32 = 1_000_000;

/// Linux counts memory in pages of this size on the machines that this runs on.
const PAGE_BYTES: usize = 4096;

/// What two readings of the clock with nothing between them take, in nanoseconds.
pub(crate) struct Clock {
    pub(crate) median: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

/// What many calls took, in nanoseconds without the clock's own median.
pub(crate) struct Figures {
    pub(crate) median: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    /// The share of answers that permit.
    pub(crate) permitted: f64,
}

impl Clock {
    pub(crate) fn measure() -> Clock {
        let empty = |_| {
            let begun = Instant::now();
            black_box(());
            begun.elapsed()
        };
        let mut readings: Vec<Duration> = (0..READINGS).map(empty).collect();
        readings.sort_unstable();
        Clock { median: part(&readings, 500), p99: part(&readings, 990), p999: part(&readings, 999) }
    }
}

impl Figures {
    /// Makes the figures of one call from durations of so many calls together.
    pub(crate) fn of(durations: &[Duration], clock: &Clock, together: u32, permitted: f64) -> Figures {
        let mut durations = durations.to_vec();
        durations.sort_unstable();
        let figure = |thousandths| (part(&durations, thousandths) - clock.median) / f64::from(together);
        Figures { median: figure(500), p99: figure(990), p999: figure(999), permitted }
    }
}

/// The value below which so many thousandths of the sorted durations are, in nanoseconds.
fn part(sorted: &[Duration], thousandths: usize) -> f64 {
    let place = sorted.len().saturating_mul(thousandths) / 1000;
    sorted.get(place).map_or(0.0, |duration| duration.as_secs_f64() * 1e9)
}

/// How much memory of this process is in use.
pub(crate) fn resident_bytes() -> Result<usize, Box<dyn Error>> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let resident = pages.split(' ').nth(1).ok_or("no count of resident pages")?;
    Ok(resident.parse::<usize>()? * PAGE_BYTES)
}

/// A sum over decisions: the same for the same answers in the same order.
#[derive(Default)]
pub(crate) struct Sum(DefaultHasher);

impl Sum {
    pub(crate) fn add(&mut self, decision: &Decision) {
        let hasher = &mut self.0;
        decision.permitted().hash(hasher);
        decision.withheld().hash(hasher);
        decision.outcome().hash(hasher);
        decision.reasons().hash(hasher);
        decision.obligations().hash(hasher);
        decision.valid_until().hash(hasher);
        for basis in decision.bases() {
            (basis.kind, &basis.rule, &basis.statute, basis.consent).hash(hasher);
        }
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.finish()
    }
}
