//! How are single calls timed, and how is what they ask of the allocator counted?

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use allocation_counter::AllocationInfo;

/// Readings for finding out what a reading costs.
const READINGS: u32 = 100_000;

/// What many calls took.
pub(crate) struct Cost {
    /// Nanoseconds, without what reading the clock takes.
    pub(crate) median: f64,
    /// Nanoseconds, as above.
    pub(crate) p99: f64,
    /// Pieces of memory asked for in one call.
    pub(crate) pieces: u64,
    /// Their bytes together.
    pub(crate) bytes: u64,
}

/// What the same call took each time.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Times one call, with dropping its answer: what is kept has to be given back.
    pub(crate) fn add<T>(&mut self, call: impl FnOnce() -> T) {
        let begun = Instant::now();
        drop(black_box(call()));
        self.0.push(begun.elapsed());
    }

    /// What the calls cost, with what one of them asked of the allocator.
    pub(crate) fn cost(mut self, clock: f64, asked: &AllocationInfo) -> Cost {
        self.0.sort_unstable();
        let (median, p99) = (self.part(500) - clock, self.part(990) - clock);
        Cost { median, p99, pieces: asked.count_total, bytes: asked.bytes_total }
    }

    /// The value below which so many thousandths of the sorted durations are, in nanoseconds.
    fn part(&self, thousandths: usize) -> f64 {
        let place = self.0.len().saturating_mul(thousandths) / 1000;
        self.0.get(place).map_or(0.0, |duration| duration.as_secs_f64() * 1e9)
    }
}

/// What two readings of the clock with nothing between them take, in nanoseconds: the median.
pub(crate) fn clock() -> f64 {
    let mut times = Times::default();
    for _ in 0..READINGS {
        times.add(|| ());
    }
    times.0.sort_unstable();
    times.part(500)
}

/// Counts what one call asks of the allocator, and says whether it came off.
pub(crate) fn asked<T>(
    call: impl FnOnce() -> Result<T, Box<dyn Error>>,
) -> Result<AllocationInfo, Box<dyn Error>> {
    let mut outcome = Ok(());
    let asked = allocation_counter::measure(|| outcome = call().map(drop));
    outcome.map(|()| asked)
}
