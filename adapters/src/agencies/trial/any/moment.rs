//! Which days and instants can there be, and in which forms are they written?

use jiff::Timestamp;
use jiff::civil::{Date, date as civil};
use jiff::tz::Offset;
use polku_proto::time;
use proptest::prelude::*;
use proptest::sample::select;

/// Days of the calendar: any of them, the first and last ones of years and of February, and leap days.
pub(in crate::agencies) fn date() -> BoxedStrategy<Date> {
    let year = || prop_oneof![3 => 1900_i16..=2100, 1 => 1_i16..=9999];
    let any = (year(), 1_i8..=12, any::<prop::sample::Index>()).prop_map(|(year, month, day)| {
        let first = civil(year, month, 1);
        let day = day.index(usize::try_from(first.days_in_month()).unwrap());
        civil(year, month, i8::try_from(day).unwrap() + 1)
    });
    let edge = (year(), select(&[(1, 1), (12, 31), (2, 28), (3, 1)][..]))
        .prop_map(|(year, (month, day))| civil(year, month, day));
    let leap = (1_i16..=2499).prop_filter_map("a leap year", |year| Date::new(year * 4, 2, 29).ok());
    let last = select(vec![civil(1, 1, 1), civil(9999, 12, 31), civil(2000, 2, 29)]);
    prop_oneof![6 => any, 2 => edge, 1 => leap, 1 => last].boxed()
}

/// The same as the contract writes them, or nothing.
pub(in crate::agencies) fn maybe_date() -> BoxedStrategy<String> {
    prop_oneof![1 => Just(String::new()), 3 => date().prop_map(|date| date.to_string())].boxed()
}

/// The first and the last day of something, either of which may be missing.
pub(in crate::agencies) fn period() -> BoxedStrategy<(String, String)> {
    let ordered = |(one, other): (String, String)| {
        if other.is_empty() || one <= other { (one, other) } else { (other, one) }
    };
    (maybe_date(), maybe_date()).prop_map(ordered).boxed()
}

/// Instants of the years that the contract can express, of every precision.
pub(in crate::agencies) fn instant() -> BoxedStrategy<Timestamp> {
    let nanos = prop_oneof![
        2 => Just(0),
        1 => Just(500_000_000),
        1 => (0..1000_i32).prop_map(|millis| millis * 1_000_000),
        1 => 0..1_000_000_000_i32
    ];
    let seconds = prop_oneof![1 => -62_135_596_800..253_402_207_199_i64, 1 => 0..4_102_444_800_i64];
    (seconds, nanos)
        .prop_filter_map("an instant", |(seconds, nanos)| Timestamp::new(seconds, nanos).ok())
        .prop_filter("of the contract", |instant| time::to_wire(*instant).is_ok())
        .boxed()
}

/// An instant as somebody writes it.
#[derive(Debug, Clone)]
pub(in crate::agencies) struct Moment {
    pub(in crate::agencies) instant: Timestamp,
    /// RFC 3339.
    pub(in crate::agencies) text: String,
    /// Whether it ends with `Z`.
    pub(in crate::agencies) is_utc: bool,
}

/// Instants in every form of RFC 3339 that XML's `dateTime` and FHIR's `instant` have too: in UTC or with an offset, that
/// of Finland in winter and in summer among them, with as many digits behind the second as are needed or more.
pub(in crate::agencies) fn moment() -> BoxedStrategy<Moment> {
    let minutes = prop_oneof![
        2 => select(&[120, 180][..]),
        1 => select(&[0, -210, -300, 345, 840, -720][..]),
        1 => -839..=839_i32
    ];
    let zone = prop_oneof![2 => Just(None), 3 => minutes.prop_map(Some)];
    (instant(), 0..=9_usize, zone)
        .prop_filter_map("a year of four digits", |(instant, digits, minutes)| {
            let offset = Offset::from_seconds(minutes.unwrap_or_default() * 60).ok()?;
            let local = offset.to_datetime(instant);
            if !(1..=9999).contains(&local.year()) {
                return None;
            }
            let fraction = format!("{:09}", local.subsec_nanosecond());
            let needed = fraction.trim_end_matches('0').len();
            let fraction: String = fraction.chars().take(needed.max(digits)).collect();
            let point = if fraction.is_empty() { "" } else { "." };
            let zone = match minutes {
                None => "Z".to_owned(),
                Some(minutes) => {
                    let sign = if minutes < 0 { '-' } else { '+' };
                    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
                }
            };
            let text = format!("{}{point}{fraction}{zone}", local.strftime("%Y-%m-%dT%H:%M:%S"));
            Some(Moment { instant, text, is_utc: minutes.is_none() })
        })
        .boxed()
}
