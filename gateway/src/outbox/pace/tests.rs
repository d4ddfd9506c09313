//! Is an agency that is down left alone, and is what has waited for it let through slowly when it is back?

use jiff::SignedDuration;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

fn pace() -> Pace {
    let settings =
        DeliverySettings { breaker_failures: 5, retries_per_second: 2, ..DeliverySettings::default() };
    Pace::new(&settings, at(0))
}

fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

fn down(pace: &Pace, id: &str, now: Timestamp) {
    (0..5).for_each(|_| pace.note(&agency(id), Heard::Nothing, now));
}

#[test]
fn one_that_is_down_is_held_and_the_others_are_not() {
    let pace = pace();
    down(&pace, "te", at(10));
    pace.note(&agency("kela"), Heard::Answer, at(10));
    assert_eq!(pace.held(at(10)), [(agency("te"), 0)]);
    assert_eq!(
        pace.admit(&agency("te"), Waited::Tried, 100.0, at(10)),
        Err(at(40)),
        "on its way when it opened"
    );
    assert_eq!(pace.held(at(40)), [(agency("te"), 1)]);
    assert_eq!(pace.admit(&agency("te"), Waited::Tried, 100.0, at(40)), Ok(()));
    pace.note(&agency("te"), Heard::Answer, at(41));
    assert_eq!(pace.held(at(41)), []);
}

#[test]
fn what_came_before_it_was_back_counts_as_waiting_and_what_comes_after_does_not() {
    let pace = pace();
    down(&pace, "te", at(10));
    pace.note(&agency("te"), Heard::Answer, at(100));
    let admitted = |waited| pace.admit(&agency("te"), waited, 100.0, at(100)).is_ok();
    assert_eq!([(); 4].map(|()| admitted(Waited::Since(at(50)))), [true, true, false, false]);
    assert!(!admitted(Waited::Tried));
    assert_eq!([(); 4].map(|()| admitted(Waited::Since(at(101)))), [true; 4]);
}

#[test]
fn questions_leave_half_of_the_quota_to_deliveries() {
    let pace = pace();
    let asked = |now| (0..100).filter(|_| pace.may_ask(&agency("te"), 10.0, now)).count();
    let sent = |now| {
        let fresh = Waited::Since(now);
        (0..100).filter(|_| pace.admit(&agency("te"), fresh, 10.0, now).is_ok()).count()
    };
    assert_eq!((asked(at(0)), sent(at(0))), (5, 5));
    // Also where nobody stops asking.
    assert_eq!((asked(at(1)), sent(at(1))), (5, 5));
    assert_eq!((sent(at(3)), asked(at(3))), (10, 0), "deliveries may take all of it");
}

#[test]
fn what_waits_from_before_the_start_comes_back_slowly() {
    let pace = Pace { begun: at(1000), ..pace() };
    let admitted = |waited| pace.admit(&agency("te"), waited, 100.0, at(1001)).is_ok();
    assert_eq!([(); 3].map(|()| admitted(Waited::Since(at(999)))), [true, true, false]);
    assert!(admitted(Waited::Since(at(1001))));
}

#[test]
fn what_is_over_the_quota_waits_each_until_a_turn_of_its_own() {
    let pace = pace();
    let admitted = |second| pace.admit(&agency("te"), Waited::Since(at(second)), 2.0, at(second));
    assert_eq!([admitted(1), admitted(1)], [Ok(()), Ok(())]);
    let half = SignedDuration::from_millis(500);
    assert_eq!([admitted(1), admitted(1)], [Err(at(1) + half), Err(at(2))]);
    assert_eq!(pace.admit(&agency("kela"), Waited::Since(at(1)), 2.0, at(1)), Ok(()), "another agency");
    assert_eq!([admitted(2), admitted(2)], [Ok(()), Ok(())]);
    assert!(admitted(2).is_err());
}

#[test]
fn another_quota_is_in_force_at_once() {
    let pace = pace();
    let admitted = |quota| pace.admit(&agency("te"), Waited::Since(at(1)), quota, at(1));
    assert_eq!([admitted(1.0), admitted(1.0), admitted(1.0)], [Ok(()), Err(at(2)), Err(at(3))]);
    assert_eq!(
        [admitted(2.0), admitted(2.0)],
        [Ok(()), Ok(())],
        "what is used up of the old one is forgotten"
    );
    let half = SignedDuration::from_millis(500);
    assert_eq!(admitted(2.0), Err(at(1) + half), "and so are the turns that it gave out");
}
