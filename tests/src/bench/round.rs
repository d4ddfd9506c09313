//! What did a round come to, and what do several rounds?

use std::time::{Duration, Instant};

use anyhow::Result;
use polku_tests::figures::Figures;

use super::load::Pressed;
use super::process::{Used, used};

/// One round of one system.
#[derive(Debug, Clone, Default)]
pub(crate) struct Round {
    /// What was done: calls, or the decisions of batches, or sends of a writer.
    pub(crate) done: u64,
    /// Calls that were answered rightly.
    pub(crate) calls: u64,
    /// Calls that were refused or answered wrongly.
    pub(crate) wrong: u64,
    /// What was wrong with one of these.
    pub(crate) first_wrong: Option<String>,
    /// How long all of it took.
    pub(crate) wall: Duration,
    /// Of single calls: half of them, all but one in a hundred, all but one in a thousand took no longer.
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) p999: Duration,
    /// What all processes on the servers' side have used of it.
    pub(crate) processor: Duration,
    /// How many bytes they had in memory at the end.
    pub(crate) memory: u64,
}

impl Round {
    /// From what callers have seen.
    pub(crate) fn of(pressed: Pressed) -> Round {
        let Pressed { calls, done, wrong, first_wrong, wall, took } = pressed;
        let Figures { median, p99, p999, longest: _ } = Figures::of(took);
        Round { done, calls, wrong, first_wrong, wall, p50: median, p99, p999, ..Round::default() }
    }

    /// Does something, and adds what processes have used meanwhile.
    pub(crate) async fn beside(
        processes: &[u32],
        work: impl Future<Output = Result<Round>>,
    ) -> Result<Round> {
        let before: Used = used(processes)?;
        let round = work.await?;
        let after = used(processes)?;
        let processor = after.processor.saturating_sub(before.processor);
        Ok(Round { processor, memory: after.memory, ..round })
    }

    /// Whether nobody was even asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls == 0 && self.wrong == 0
    }

    /// So much was done in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.done as f64 / self.wall.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Microseconds of the servers' processors for each thing that was done.
    pub(crate) fn cost(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / (self.done as f64).max(1.0)
    }

    /// How much of the time the servers' core was at work for it. Beyond one where others than its own helped.
    pub(crate) fn share(&self) -> f64 {
        self.processor.as_secs_f64() / self.wall.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// The one in the middle, or the mean of the two there. NaN of none.
pub(crate) fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    let half = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) && half > 0 { f64::midpoint(at(half - 1), at(half)) } else { at(half) }
}

/// How often something was done within a time, and how long each took.
pub(crate) fn repeat(time: Duration, mut work: impl FnMut() -> Result<Duration>) -> Result<Pressed> {
    let begun = Instant::now();
    let mut pressed = Pressed::default();
    while begun.elapsed() < time {
        pressed.took.push(work()?);
        pressed.calls += 1;
    }
    Ok(Pressed { done: pressed.calls, wall: begun.elapsed(), ..pressed })
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!(median([]).is_nan());
        for (numbers, expected) in [
            (vec![3.0], 3.0),
            (vec![1.0, 2.0], 1.5),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 3.0, 2.0], 2.5),
        ] {
            assert!((median(numbers) - expected).abs() < 1e-9);
        }
    }
}
