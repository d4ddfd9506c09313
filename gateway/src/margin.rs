//! How much of a caller's time is kept free for the answer?

use std::time::Duration;

/// A short time is not used up by what is kept free of it; and less than this is never enough.
const LEAST: Duration = Duration::from_millis(20);

/// The time without what is kept free: a fifth of it, and no more than this.
pub(crate) fn without(time: Duration, most: Duration) -> Duration {
    time.saturating_sub((time / 5).clamp(LEAST, most))
}

#[cfg(test)]
mod tests {
    use super::{Duration, without};

    #[test]
    fn of_a_short_time_something_is_left_and_of_a_long_one_enough_is_kept_free() {
        let ms = Duration::from_millis;
        for (time, left) in [(0, 0), (20, 0), (50, 30), (100, 80), (300, 240), (1_000, 800), (2_000, 1_800)] {
            assert_eq!(without(ms(time), ms(200)), ms(left), "{time}");
        }
    }
}
