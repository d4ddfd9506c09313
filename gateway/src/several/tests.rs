//! Does a gateway know how late it is after it has stood still?

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{CommonTime, TELLING, since_start};

/// The host of one test, in milliseconds since it was started.
static UP: AtomicU64 = AtomicU64::new(0);

fn up() -> Duration {
    Duration::from_millis(UP.load(Ordering::Relaxed))
}

#[test]
fn time_that_the_store_told_before_the_host_stood_still_is_not_taken() {
    let time = CommonTime { told: std::sync::Mutex::default(), since_start: up };
    let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let asked = up();
    assert_eq!(time.now(), None);
    assert!(time.hear(noon, asked));
    // The host sleeps for an hour: so much later it is, and each lease is over.
    UP.fetch_add(3_600_000, Ordering::Relaxed);
    let later = noon + SignedDuration::from_hours(1);
    assert_eq!(time.now(), Some(later));
    // It sleeps again, between the store's answer and the look at it.
    let asked = up();
    UP.fetch_add(3_600_000, Ordering::Relaxed);
    assert!(!time.hear(later, asked));
    assert_eq!(time.now(), Some(noon + SignedDuration::from_hours(2)));
    let asked = up();
    UP.fetch_add(u64::try_from(TELLING.as_millis()).unwrap(), Ordering::Relaxed);
    assert!(time.hear(noon, asked), "a server that was set back is believed");
    assert_eq!(time.now(), Some(noon));
}

/// On a host that has slept, and in a namespace with a time of its own (`unshare --time --boottime 100000`), no other clock
/// passes.
#[test]
fn the_time_that_a_host_has_slept_counts() {
    let before = since_start();
    let told = fs::read_to_string("/proc/uptime").unwrap();
    let after = since_start();
    let seconds: f64 = told.split(' ').next().unwrap().parse().unwrap();
    let (least, most) = (before.as_secs_f64() - 0.01, after.as_secs_f64() + 0.01);
    assert!((least..=most).contains(&seconds), "{seconds} s, and not between {least} and {most}");
}
