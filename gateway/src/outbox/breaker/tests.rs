//! When does the breaker open, and what closes it?

use jiff::SignedDuration;

use super::*;

const PATIENCE: Patience =
    Patience { failures: NonZeroU32::new(5).unwrap(), probe_after: Duration::from_secs(30) };

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

#[test]
fn five_failures_in_a_row_open_it_and_not_one_less() {
    let mut breaker = Breaker::NEW;
    for second in 0..4 {
        assert_eq!(breaker.failed(PATIENCE, at(second)), Turned::Not);
        assert_eq!(breaker.limit(at(second)), None);
    }
    // An answer in between begins the row anew.
    assert_eq!(breaker.answered(), Turned::Not);
    let turned: Vec<Turned> = (4..9).map(|second| breaker.failed(PATIENCE, at(second))).collect();
    assert_eq!(turned, [Turned::Not, Turned::Not, Turned::Not, Turned::Not, Turned::Opened]);
}

#[test]
fn open_it_lets_one_at_a_time_through_after_a_pause() {
    let mut breaker = Breaker::NEW;
    for _ in 0..5 {
        breaker.failed(PATIENCE, at(0));
    }
    assert_eq!([breaker.limit(at(0)), breaker.limit(at(29))], [Some(0), Some(0)]);
    assert_eq!([breaker.limit(at(30)), breaker.limit(at(3000))], [Some(1), Some(1)]);
    // A probe that fails lets the pause begin anew, and says nothing new.
    assert_eq!(breaker.failed(PATIENCE, at(31)), Turned::Not);
    assert_eq!([breaker.limit(at(60)), breaker.limit(at(61))], [Some(0), Some(1)]);
}

#[test]
fn the_first_answer_closes_it() {
    let mut breaker = Breaker::NEW;
    for _ in 0..5 {
        breaker.failed(PATIENCE, at(0));
    }
    assert_eq!(breaker.answered(), Turned::Closed);
    assert_eq!(breaker.limit(at(0)), None);
    assert_eq!(breaker.answered(), Turned::Not);
    // And it takes as many failures as before to open it again.
    assert_eq!(breaker.failed(PATIENCE, at(1)), Turned::Not);
}
