//! In which forms do agencies write ids, dates and instants, and what was expected where something else stands?

use jiff::Timestamp;
use jiff::civil::Date;
use polku_proto::{Valid, Validate, time};
use uuid::Uuid;

/// What was expected where something else stands: for the sender's integrator, without a word of what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected(pub(super) String);

impl From<&str> for Expected {
    fn from(expected: &str) -> Self {
        Self(expected.to_owned())
    }
}

/// Requires that what was read keeps the limits of the contract, so that nothing is taken in that the contract refuses.
pub(super) fn within_contract<X: Validate>(message: X) -> Result<X, Expected> {
    match Valid::check(message) {
        Ok(valid) => Ok(valid.into_inner()),
        Err(violations) => {
            Err(Expected(format!("values within the limits of Polku's contract: {violations}")))
        }
    }
}

/// Reads a UUID in its usual form, with hyphens and without braces.
pub(super) fn uuid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}

/// Reads an instant in UTC, such as `2026-11-21T09:30:00Z`, of a year that the contract can express. RFC 3339 and XML's
/// `dateTime` write it alike.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let form = |place: usize, byte: u8| match place {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        19 => matches!(byte, b'.' | b'Z'),
        place => byte.is_ascii_digit() || (place > 19 && place + 1 == text.len() && byte == b'Z'),
    };
    let fits = text.ends_with('Z') && text.bytes().enumerate().all(|(place, byte)| form(place, byte));
    let instant: Timestamp = if fits { text.parse().ok()? } else { return None };
    time::to_wire(instant).is_ok().then_some(instant)
}

/// Reads a date of the calendar in the form of the contract, `YYYY-MM-DD`.
pub(super) fn date(text: &str) -> Option<&str> {
    let form = |(place, byte): (usize, u8)| {
        if matches!(place, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() }
    };
    let fits = text.len() == 10 && text.bytes().enumerate().all(form);
    (fits && text.parse::<Date>().is_ok()).then_some(text)
}
