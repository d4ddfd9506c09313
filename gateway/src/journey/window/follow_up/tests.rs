//! Does the day come that the calendar in Finland says?

use jiff::Timestamp;

use super::{retention_day, unmet_day};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// domain.md 4.4: three calendar months, date only, in Finland.
#[test]
fn three_months_are_counted_by_the_calendar() {
    let cases = [
        ("2026-03-02T10:00:00Z", "2026-06-01T21:00:00Z"),
        // 31 January: April has 30 days.
        ("2026-01-31T12:00:00Z", "2026-04-29T21:00:00Z"),
        // 30 November: February has 28, and 29 in a leap year.
        ("2026-11-30T12:00:00Z", "2027-02-27T22:00:00Z"),
        ("2027-11-30T12:00:00Z", "2028-02-28T22:00:00Z"),
        // Just before and just after midnight in Finland, which is before midnight in UTC.
        ("2026-03-01T21:59:59Z", "2026-05-31T21:00:00Z"),
        ("2026-03-01T22:00:00Z", "2026-06-01T21:00:00Z"),
        // Over the end of a year, and of summer time.
        ("2026-10-15T12:00:00Z", "2027-01-14T22:00:00Z"),
    ];
    for (taken_up, due) in cases {
        assert_eq!(retention_day(at(taken_up)).unwrap(), at(due), "{taken_up}");
    }
}

#[test]
fn days_without_a_meeting_are_counted_by_the_calendar() {
    let cases = [
        ("2026-03-02T10:00:00Z", 30, "2026-03-31T21:00:00Z"),
        ("2026-03-02T22:30:00Z", 30, "2026-04-01T21:00:00Z"),
        ("2026-10-20T12:00:00Z", 7, "2026-10-26T22:00:00Z"),
        ("2026-12-31T12:00:00Z", 1, "2026-12-31T22:00:00Z"),
    ];
    for (last, days, due) in cases {
        assert_eq!(unmet_day(at(last), days).unwrap(), at(due), "{last}");
    }
}
