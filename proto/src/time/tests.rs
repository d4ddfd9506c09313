//! Are instants the same on both sides, and are impossible ones refused?

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use proptest::prelude::{prop_assert_eq, proptest};

use super::{OutOfRange, finnish_date, first_finnish_instant, from_wire, last_finnish_instant, to_wire};

fn wire(seconds: i64, nanos: i32) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds, nanos }
}

#[test]
fn instants_before_1970_count_nanoseconds_forward() {
    let instant: Timestamp = "1969-12-31T23:59:59.25Z".parse().unwrap();
    assert_eq!(to_wire(instant), Ok(wire(-1, 250_000_000)));
    assert_eq!(from_wire(&wire(-1, 250_000_000)), Ok(instant));
}

#[test]
fn the_ends_of_the_range() {
    let first: Timestamp = "0001-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(to_wire(first), Ok(wire(-62_135_596_800, 0)));
    assert_eq!(from_wire(&wire(-62_135_596_800, 0)), Ok(first));
    assert_eq!(from_wire(&wire(-62_135_596_801, 0)), Err(OutOfRange));
    assert_eq!(to_wire(Timestamp::MIN), Err(OutOfRange));
    let last = to_wire(Timestamp::MAX).unwrap();
    assert_eq!(from_wire(&last), Ok(Timestamp::MAX));
    assert_eq!(from_wire(&wire(i64::MAX, 0)), Err(OutOfRange));
    assert_eq!(from_wire(&wire(i64::MIN, 0)), Err(OutOfRange));
}

#[test]
fn nanoseconds_outside_a_second_are_refused() {
    assert_eq!(from_wire(&wire(0, -1)), Err(OutOfRange));
    assert_eq!(from_wire(&wire(0, 1_000_000_000)), Err(OutOfRange));
}

#[test]
fn days_begin_at_midnight_in_finland() {
    let date = |text: &str| finnish_date(text.parse().unwrap()).to_string();
    assert_eq!(date("2026-01-31T21:59:59Z"), "2026-01-31");
    assert_eq!(date("2026-01-31T22:00:00Z"), "2026-02-01");
    assert_eq!(date("2026-06-30T20:59:59Z"), "2026-06-30");
    assert_eq!(date("2026-06-30T21:00:00Z"), "2026-07-01");
    let start = |text: &str| super::start_of_finnish_date(text.parse().unwrap()).unwrap().to_string();
    assert_eq!(start("2026-02-01"), "2026-01-31T22:00:00Z");
    assert_eq!(start("2026-07-01"), "2026-06-30T21:00:00Z");
}

#[test]
fn the_date_is_right_in_every_hour_of_a_hundred_years() {
    let begin: Timestamp = "1960-01-01T00:30:00Z".parse().unwrap();
    for hour in 0..100 * 366 * 24 {
        let instant = begin + SignedDuration::from_hours(hour);
        assert_eq!(finnish_date(instant), instant.to_zoned(super::FINNISH.clone()).date(), "{instant}");
    }
    for instant in [Timestamp::MIN, Timestamp::MAX] {
        assert_eq!(finnish_date(instant), instant.to_zoned(super::FINNISH.clone()).date());
    }
}

#[test]
fn the_date_is_the_same_from_the_first_to_the_last_instant_of_an_hour_and_no_longer() {
    for midnight in ["1969-01-31T22:00:00Z", "1970-01-01T22:00:00Z", "2026-06-30T21:00:00Z"] {
        let midnight: Timestamp = midnight.parse().unwrap();
        let day = finnish_date(midnight);
        let eve = day.yesterday().unwrap();
        let nanosecond = SignedDuration::from_nanos(1);
        let hour = SignedDuration::from_hours(1);
        // In turns, so that what was asked last is now the same hour, now another one.
        for _ in 0..2 {
            assert_eq!(finnish_date(midnight - hour), eve);
            assert_eq!(finnish_date(midnight - nanosecond), eve);
            assert_eq!(finnish_date(midnight), day);
            assert_eq!(finnish_date(midnight + hour - nanosecond), day);
        }
    }
}

#[test]
fn the_day_begins_where_its_time_zone_says() {
    let first: Date = "1960-01-01".parse().unwrap();
    let last: Date = "2060-01-01".parse().unwrap();
    for date in
        first.series(Span::new().days(1)).take_while(|date| *date < last).chain([Date::MIN, Date::MAX])
    {
        let start = date.to_zoned(super::FINNISH.clone()).and_then(|midnight| midnight.start_of_day());
        let start = start.map(|start| start.timestamp()).map_err(|_| OutOfRange);
        assert_eq!(super::start_of_finnish_date(date), start, "{date}");
    }
}

proptest! {
    #[test]
    fn the_date_in_finland_is_that_of_its_time_zone(seconds in -62_135_596_800_i64..253_402_200_000) {
        let instant = Timestamp::from_second(seconds).unwrap();
        prop_assert_eq!(finnish_date(instant), instant.to_zoned(super::FINNISH.clone()).date());
    }

    #[test]
    fn there_and_back(seconds in -62_135_596_800_i64..253_402_200_000, nanos in 0..1_000_000_000) {
        let instant = from_wire(&wire(seconds, nanos)).unwrap();
        prop_assert_eq!(to_wire(instant), Ok(wire(seconds, nanos)));
    }
}

#[test]
fn what_clocks_in_finland_show_twice_or_never_has_its_instants() {
    let instants = |shown: &str| {
        let shown = shown.parse().unwrap();
        [first_finnish_instant(shown), last_finnish_instant(shown)]
            .map(|instant| instant.unwrap().to_string())
    };
    assert_eq!(instants("2026-03-02T12:00"), ["2026-03-02T10:00:00Z"; 2]);
    assert_eq!(instants("2026-07-01T12:00"), ["2026-07-01T09:00:00Z"; 2]);
    assert_eq!(instants("2026-03-29T03:30"), ["2026-03-29T01:30:00Z"; 2]);
    assert_eq!(instants("2026-10-25T03:30"), ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]);
    let last = "9999-12-31T23:59:59".parse().unwrap();
    assert_eq!(first_finnish_instant(last), Err(OutOfRange));
}
