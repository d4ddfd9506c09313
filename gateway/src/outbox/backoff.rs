//! When is a failed delivery tried again?

use std::time::Duration;

use jiff::Timestamp;

/// The instant of the next attempt after `attempts` attempts: the pauses one after the other, the last one for ever,
/// each shortened at random (full jitter) so that many waiting deliveries do not come back at once.
pub(super) fn next_attempt(pauses: &[Duration], attempts: u32, jitter: f64, now: Timestamp) -> Timestamp {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = pauses.get(index).or(pauses.last()).copied().unwrap_or(Duration::from_secs(5));
    now + pause.mul_f64(jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_the_last_one_stays() {
        let now = Timestamp::UNIX_EPOCH;
        let pauses = [Duration::from_secs(5), Duration::from_secs(30)];
        let at = |attempts| next_attempt(&pauses, attempts, 1.0, now).as_second();
        assert_eq!([at(1), at(2), at(3), at(300)], [5, 30, 30, 30]);
        assert_eq!(next_attempt(&pauses, 2, 0.5, now).as_second(), 15);
        assert_eq!(next_attempt(&[], 1, 1.0, now).as_second(), 5);
    }
}
