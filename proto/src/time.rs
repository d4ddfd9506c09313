//! How do instants of the contract and instants of the code become one another?

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

#[cfg(test)]
mod tests;

/// An instant that the contract or the code cannot express: before year 1, after year 9999, or with nanoseconds that
/// are not within a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("instant out of range")]
pub struct OutOfRange;

/// The first second of year 1, the earliest that `google.protobuf.Timestamp` allows.
const FIRST_SECOND: i64 = -62_135_596_800;

/// Finnish time: two hours ahead of UTC, three in summer (directive 2000/84/EC). Written out, as a host may have no time
/// zone database.
static FINNISH: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::posix("EET-2EEST,M3.5.0/3,M10.5.0/4").unwrap_or(TimeZone::UTC));

/// The same outside and within summer time.
const WINTER: Offset = Offset::constant(2);
const SUMMER: Offset = Offset::constant(3);

/// The UTC hour that a date was asked for last, and its date: four bytes, then year, month and day. 0: none yet.
static LAST: AtomicU64 = AtomicU64::new(0);

/// Gives the date in Finland at an instant: ages and deadlines by the day are counted in it.
///
/// Finnish time is whole hours ahead and changes on the hour, so an hour has one date. Every decision asks, nearly always
/// in the same hour as the last one.
#[must_use]
pub fn finnish_date(instant: Timestamp) -> Date {
    // What is before 1970 counts towards the past.
    let second = instant.as_second() - i64::from(instant.subsec_nanosecond() < 0);
    let [h0, h1, h2, h3, ..] = second.div_euclid(3600).to_le_bytes();
    let [l0, l1, l2, l3, y0, y1, month, day] = LAST.load(Ordering::Relaxed).to_le_bytes();
    if [l0, l1, l2, l3] == [h0, h1, h2, h3]
        && let Ok(date) = Date::new(i16::from_le_bytes([y0, y1]), month.cast_signed(), day.cast_signed())
    {
        return date;
    }
    let date = date_at(instant);
    let [y0, y1] = date.year().to_le_bytes();
    let (month, day) = (date.month().cast_unsigned(), date.day().cast_unsigned());
    LAST.store(u64::from_le_bytes([h0, h1, h2, h3, y0, y1, month, day]), Ordering::Relaxed);
    date
}

/// Gives the age in full years of somebody who was born on a date, by the date in Finland. Nothing before the birth, or
/// beyond 255 years.
#[must_use]
pub fn full_years(born: Date, now: Timestamp) -> Option<u8> {
    let today = finnish_date(now);
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    let years = i32::from(today.year()) - i32::from(born.year()) - i32::from(!had_birthday);
    u8::try_from(years).ok()
}

/// What a clock in Finland shows at an instant.
#[must_use]
pub fn finnish_time(instant: Timestamp) -> DateTime {
    FINNISH.to_datetime(instant)
}

fn date_at(instant: Timestamp) -> Date {
    let in_winter = WINTER.to_datetime(instant).date();
    match offset_all_day(in_winter) {
        Some(WINTER) => in_winter,
        Some(offset) => offset.to_datetime(instant).date(),
        None => instant.to_zoned(FINNISH.clone()).date(),
    }
}

/// Gives the first instant of a date in Finland.
///
/// # Errors
///
/// A date so early or late that its instants cannot be expressed is refused.
pub fn start_of_finnish_date(date: Date) -> Result<Timestamp, OutOfRange> {
    let start = match offset_all_day(date) {
        Some(offset) => offset.to_timestamp(date.to_datetime(Time::midnight())),
        None => date.to_zoned(FINNISH.clone()).map(|midnight| midnight.timestamp()),
    };
    start.map_err(|_| OutOfRange)
}

/// Gives the first instant at which clocks in Finland show a time. A time that they leave out when summer begins counts
/// as what it would be without the change: an hour later.
///
/// # Errors
///
/// A time whose instant cannot be expressed is refused.
pub fn first_finnish_instant(shown: DateTime) -> Result<Timestamp, OutOfRange> {
    FINNISH.to_ambiguous_timestamp(shown).compatible().map_err(|_| OutOfRange)
}

/// Gives the last such instant: later than the first one where clocks show the time twice, when summer ends.
///
/// # Errors
///
/// A time whose instant cannot be expressed is refused.
pub fn last_finnish_instant(shown: DateTime) -> Result<Timestamp, OutOfRange> {
    FINNISH.to_ambiguous_timestamp(shown).later().map_err(|_| OutOfRange)
}

/// Gives how far Finnish time is ahead on a date, unless the clock may change on it.
///
/// It changes on the last Sunday of March and October. Every decision asks for the date, so the time zone is asked only
/// in the weeks in question.
fn offset_all_day(date: Date) -> Option<Offset> {
    match (date.month(), date.day()) {
        (11 | 12 | 1 | 2, _) | (3, ..=24) => Some(WINTER),
        (4..=9, _) | (10, ..=24) => Some(SUMMER),
        _ => None,
    }
}

/// Reads an instant from a message.
///
/// # Errors
///
/// Seconds before year 1 or near the end of year 9999 and later, and nanoseconds outside 0 to 999,999,999, are refused.
pub fn from_wire(wire: &prost_types::Timestamp) -> Result<Timestamp, OutOfRange> {
    if wire.seconds < FIRST_SECOND || !(0..1_000_000_000).contains(&wire.nanos) {
        return Err(OutOfRange);
    }
    Timestamp::new(wire.seconds, wire.nanos).map_err(|_| OutOfRange)
}

/// Gives an instant as it stands in a message.
///
/// # Errors
///
/// An instant before year 1 is refused.
pub fn to_wire(instant: Timestamp) -> Result<prost_types::Timestamp, OutOfRange> {
    let mut seconds = instant.as_second();
    let mut nanos = instant.subsec_nanosecond();
    // The contract counts nanoseconds forward from the second, also before 1970.
    if nanos < 0 {
        seconds -= 1;
        nanos += 1_000_000_000;
    }
    if seconds < FIRST_SECOND {
        return Err(OutOfRange);
    }
    Ok(prost_types::Timestamp { seconds, nanos })
}
