//! How do instants of the contract and instants of the code become one another?

use jiff::Timestamp;

#[cfg(test)]
mod tests;

/// An instant that the contract or the code cannot express: before year 1, after year 9999, or with nanoseconds that
/// are not within a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("instant out of range")]
pub struct OutOfRange;

/// The first second of year 1, the earliest that `google.protobuf.Timestamp` allows.
const FIRST_SECOND: i64 = -62_135_596_800;

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
