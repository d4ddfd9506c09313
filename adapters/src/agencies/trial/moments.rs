//! Is every day and instant read that the agency's document allows, and nothing that is none?

use std::fmt::Debug;

use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::any;

/// In which zones an agency may write instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agencies) enum Zones {
    /// In UTC, with `Z`.
    Utc,
    /// In any, with its offset.
    Any,
    /// The same, and where the time does not matter the day, month or year alone.
    AnyOrNone,
}

/// Has an agency write an instant at a place of its messages, and holds what is read against it. Of what is refused
/// nothing is given.
pub(in crate::agencies) fn try_every_moment(zones: Zones, read: impl Fn(&str) -> Option<Timestamp>) {
    run(&any::moment(), |any::Moment { instant, text, is_utc }| {
        let expected = (is_utc || zones != Zones::Utc).then_some(instant);
        (read(&text), expected, text)
    });
    for text in ["2026-11-21", "2026-11", "2026"] {
        assert_eq!(read(text).is_some(), zones == Zones::AnyOrNone, "{text}");
    }
    let none = [
        "2026-11-21T09:30Z",
        "2026-11-21T09:30:00",
        "2026-11-21 09:30:00Z",
        "2026-11-21t09:30:00z",
        "2026-11-21T09:30:00,5Z",
        "2026-11-21T09:30:00.Z",
        "2026-11-21T09:30:00.1234567891Z",
        "2026-11-21T09:30:00+0200",
        "2026-11-21T09:30:00+02",
        "2026-11-21T09:30:00+02:00[Europe/Helsinki]",
        "2026-11-21T25:00:00Z",
        "2026-11-21T09:60:00Z",
        "2027-02-29T09:30:00Z",
        "2026-02-30T09:30:00Z",
        "2026-13-01T09:30:00Z",
        "+002026-11-21T09:30:00Z",
        "-2026-11-21T09:30:00Z",
        "20261121T093000Z",
        "2026-W47-6T09:30:00Z",
        "1795253400",
        "Z",
        "\u{662}026-11-21T09:30:00Z",
    ];
    for text in none {
        assert_eq!(read(text), None, "{text}");
    }
}

/// The same with a day: those of the calendar, and those that there are not.
pub(in crate::agencies) fn try_every_day(read: impl Fn(&str) -> Option<String>) {
    let real = any::date().prop_map(|date| date.to_string());
    let perhaps = (1..=9999_i16, 0..=13_i8, 0..=32_i8);
    let perhaps = perhaps.prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
    let february = (1..=9999_i16).prop_map(|year| format!("{year:04}-02-29"));
    run(&prop_oneof![4 => real, 2 => perhaps, 1 => february], |text| {
        let expected = text.parse::<Date>().is_ok().then(|| text.clone());
        (read(&text), expected, text)
    });
    let none = [
        "2026-11",
        "2026",
        "20261121",
        "2026-11-1",
        "26-11-21",
        "2026-11-21Z",
        "2026-11-21+02:00",
        "2026/11/21",
        "21.11.2026",
        "+002026-11-21",
        "-002026-11-21",
        "2026-W47-6",
        "2026-325",
        "\u{662}026-11-21",
    ];
    for text in none {
        assert_eq!(read(text), None, "{text}");
    }
}

fn run<S: Strategy, T: PartialEq + Debug>(
    all: &S,
    read: impl Fn(S::Value) -> (Option<T>, Option<T>, String),
) {
    let config = ProptestConfig { cases: 128, ..any::config() };
    let tried = TestRunner::new(config).run(all, |written| {
        let (read, expected, text) = read(written);
        prop_assert_eq!(read, expected, "{}", text);
        Ok(())
    });
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}
