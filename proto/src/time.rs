//! How do instants of the contract and instants of the code become one another?

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
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

/// Gives the date in Finland at an instant: ages and deadlines by the day are counted in it.
#[must_use]
pub fn finnish_date(instant: Timestamp) -> Date {
    let in_winter = WINTER.to_datetime(instant).date();
    // The clock changes on the last Sunday of March and October. Every decision asks for the date, so the time zone is
    // asked only in the weeks in question.
    match (in_winter.month(), in_winter.day()) {
        (11 | 12 | 1 | 2, _) | (3, ..=24) => in_winter,
        (4..=9, _) | (10, ..=24) => SUMMER.to_datetime(instant).date(),
        _ => instant.to_zoned(FINNISH.clone()).date(),
    }
}

/// Gives the first instant of a date in Finland.
///
/// # Errors
///
/// A date so early or late that its instants cannot be expressed is refused.
pub fn start_of_finnish_date(date: Date) -> Result<Timestamp, OutOfRange> {
    let start = date.to_zoned(FINNISH.clone()).and_then(|midnight| midnight.start_of_day());
    start.map(|start| start.timestamp()).map_err(|_| OutOfRange)
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
