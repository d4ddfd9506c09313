//! How fast may come back what has waited?

use super::*;

const ALLOWANCE: Allowance = Allowance { percent: 10, per_second: 2.0 };

fn at(millis: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis)
}

#[test]
fn nothing_more_is_sent_in_a_second_than_is_allowed() {
    let mut budget = Budget::new(ALLOWANCE, at(0));
    let mut sent = Vec::new();
    for millis in 0..10_000 {
        if budget.take(ALLOWANCE, at(millis)).is_ok() {
            sent.push(millis);
        }
    }
    // Two at once, and two every second from then on.
    assert!((20..=22).contains(&sent.len()), "{}", sent.len());
    assert!(sent.windows(3).skip(2).all(|three| three[2] - three[0] >= 990), "{sent:?}");
}

#[test]
fn each_comes_back_at_an_instant_of_its_own_and_is_let_through_then() {
    let mut budget = Budget::new(ALLOWANCE, at(0));
    let told: Vec<_> = (0..8).map(|_| budget.take(ALLOWANCE, at(0))).collect();
    let turns: Vec<Timestamp> = told.iter().filter_map(|told| told.err()).collect();
    assert_eq!(turns, [500, 1000, 1500, 2000, 2500, 3000].map(at));
    for turn in turns {
        assert_eq!(budget.take(ALLOWANCE, turn), Ok(()));
    }
}

#[test]
fn ten_fresh_ones_earn_one_more() {
    let still = Allowance { percent: 10, per_second: 1.0 };
    let mut budget = Budget::new(still, at(0));
    assert_eq!(budget.take(still, at(0)), Ok(()));
    for _ in 0..9 {
        budget.earn(still);
    }
    assert!(budget.take(still, at(0)).is_err());
    (0..2).for_each(|_| budget.earn(still));
    assert_eq!(budget.take(still, at(0)), Ok(()));
    assert!(budget.take(still, at(0)).is_err());
}

#[test]
fn a_pause_saves_up_no_more_than_a_second_of_it() {
    let mut budget = Budget::new(ALLOWANCE, at(0));
    let now = at(3_600_000);
    let sent = (0..10).filter(|_| budget.take(ALLOWANCE, now).is_ok()).count();
    assert_eq!(sent, 2);
}
