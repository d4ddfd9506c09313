//! Tests.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Clock, ClockBehind, ForwardClock, ManualClock, SystemClock};

fn noon() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

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

#[test]
fn time_stands_still_while_the_host_is_behind() {
    let host = Arc::new(ManualClock::new(noon()));
    let clock = ForwardClock::after(Arc::clone(&host) as Arc<dyn Clock>, None).unwrap();
    assert_eq!(clock.now(), noon());
    for (set, told) in [(60, 60), (-3600, 60), (59, 60), (61, 61), (0, 61), (3600, 3600), (3599, 3600)] {
        host.set(noon() + seconds(set));
        assert_eq!(clock.now(), noon() + seconds(told), "set to {set}");
    }
}

#[test]
fn a_clock_that_is_set_back_is_noticed_once_until_it_has_caught_up() {
    let host = Arc::new(ManualClock::new(noon()));
    let clock = ForwardClock::after(Arc::clone(&host) as Arc<dyn Clock>, None).unwrap();
    let behind = |set: i64| {
        host.set(noon() + SignedDuration::from_millis(set));
        clock.now();
        clock.behind.load(std::sync::atomic::Ordering::Relaxed)
    };
    // Two threads that read the clock at almost the same time overtake each other.
    assert!(!behind(-999));
    assert!(behind(-1000));
    assert!(behind(-5000));
    assert!(!behind(0));
    assert!(behind(-1000));
}

#[test]
fn how_long_the_time_has_stood_still_is_counted() {
    let host = Arc::new(ManualClock::new(noon()));
    let clock = ForwardClock::after(Arc::clone(&host) as Arc<dyn Clock>, None).unwrap();
    let passes = || std::thread::sleep(std::time::Duration::from_millis(20));
    passes();
    assert_eq!(clock.stood_still(), SignedDuration::ZERO);
    host.set(noon() - seconds(3600));
    clock.now();
    passes();
    let behind = clock.stood_still();
    assert!(behind >= SignedDuration::from_millis(20), "{behind}");
    host.set(noon() + seconds(1));
    let caught_up = clock.stood_still();
    passes();
    assert!(caught_up >= behind && clock.stood_still() == caught_up, "{caught_up}");
}

#[test]
fn a_clock_behind_the_log_is_refused_beyond_a_minute_and_waited_for_below() {
    let host: Arc<dyn Clock> = Arc::new(ManualClock::new(noon()));
    let after = |last: SignedDuration| ForwardClock::after(Arc::clone(&host), Some(noon() + last));
    assert_eq!(after(seconds(-3600)).unwrap().now(), noon());
    assert_eq!(after(seconds(60)).unwrap().now(), noon() + seconds(60));
    let refused = after(seconds(61)).unwrap_err();
    assert_eq!(refused, ClockBehind { behind: seconds(61) });
    assert!(refused.to_string().contains("1m 1s behind"), "{refused}");
}
