//! Tests.

use jiff::{SignedDuration, Timestamp};

use super::{Clock, ManualClock, SystemClock};

#[test]
fn the_host_clock_shows_whole_milliseconds() {
    let now = SystemClock.now();
    assert_eq!(Timestamp::from_millisecond(now.as_millisecond()).unwrap(), now);
}

#[test]
fn a_manual_clock_moves_only_when_told() {
    let start: Timestamp = "2026-03-02T08:00:00.1234567Z".parse().unwrap();
    let clock = ManualClock::new(start);
    assert_eq!(clock.now(), "2026-03-02T08:00:00.123Z".parse().unwrap());
    clock.advance(SignedDuration::from_secs(60));
    assert_eq!(clock.now(), "2026-03-02T08:01:00.123Z".parse().unwrap());
    clock.set("2026-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(clock.now(), "2026-01-01T00:00:00Z".parse().unwrap());
    clock.advance(SignedDuration::MAX);
    assert_eq!(clock.now().as_millisecond(), Timestamp::MAX.as_millisecond());
}
