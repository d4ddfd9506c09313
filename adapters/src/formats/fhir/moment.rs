//! Which instants do FHIR dates and times name?
//!
//! A FHIR time is as long as it is precise: `2026-12-31` is a day, `2026-12-31T21:59:59Z` a second. A period ends with the
//! end of what `end` names; the contract's periods end before an instant. Days begin in Finland.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use polku_proto::time::start_of_finnish_date;

/// Reads the first instant of a FHIR `dateTime`.
pub(crate) fn start(text: &str) -> Option<Timestamp> {
    span(text).map(|(start, _)| start)
}

/// Reads a FHIR `instant`: a second at least, with its zone.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    if text.contains('T') { start(text) } else { None }
}

/// Tells whether a text is a day of the calendar, `YYYY-MM-DD`.
pub(crate) fn is_day(text: &str) -> bool {
    fixed(text, "0000-00-00") && text.parse::<Date>().is_ok()
}

/// Reads the instant at which a FHIR `dateTime` is over.
pub(crate) fn end(text: &str) -> Option<Timestamp> {
    span(text).map(|(_, end)| end)
}

/// Writes the `end` of a period that is over at this instant. `None` if there is nothing before it.
pub(crate) fn write_end(over: Timestamp) -> Option<String> {
    let nanosecond = over.subsec_nanosecond();
    let (step, digits) = match nanosecond {
        0 => (SignedDuration::from_secs(1), 0),
        _ if nanosecond % 1_000_000 == 0 => (SignedDuration::from_millis(1), 3),
        _ if nanosecond % 1_000 == 0 => (SignedDuration::from_micros(1), 6),
        _ => (SignedDuration::from_nanos(1), 9),
    };
    let last = over.checked_sub(step).ok()?;
    Some(format!("{last:.digits$}"))
}

fn span(text: &str) -> Option<(Timestamp, Timestamp)> {
    match text.split_once('T') {
        None => days(text),
        Some((date, time)) => {
            fixed(date, "0000-00-00").then_some(())?;
            let (clock, fraction) = clock(time)?;
            let start: Timestamp = text.parse().ok()?;
            fixed(clock, "00:00:00").then_some(())?;
            let unit = SignedDuration::from_nanos(10_i64.checked_pow(9_u32.checked_sub(fraction)?)?);
            Some((start, start.checked_add(unit).ok()?))
        }
    }
}

/// Splits the time of day into its clock and the number of digits behind the second, and checks the zone.
fn clock(time: &str) -> Option<(&str, u32)> {
    let (local, zone) = match time.strip_suffix('Z') {
        Some(local) => (local, None),
        None => time.split_at_checked(time.len().checked_sub(6)?).map(|(local, zone)| (local, Some(zone)))?,
    };
    let zone_fits = zone.is_none_or(|zone| fixed(zone, "+00:00") || fixed(zone, "-00:00"));
    let (clock, fraction) = match local.split_once('.') {
        None => (local, 0),
        Some((clock, digits)) => {
            let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            (clock, u32::try_from(digits.len()).ok().filter(|length| all_digits && *length <= 9)?)
        }
    };
    zone_fits.then_some((clock, fraction))
}

/// A year, a month or a day.
fn days(text: &str) -> Option<(Timestamp, Timestamp)> {
    let (first, next): (Date, Date) = match text.len() {
        4 if fixed(text, "0000") => {
            let first: Date = format!("{text}-01-01").parse().ok()?;
            (first, first.checked_add(jiff::Span::new().years(1)).ok()?)
        }
        7 if fixed(text, "0000-00") => {
            let first: Date = format!("{text}-01").parse().ok()?;
            (first, first.checked_add(jiff::Span::new().months(1)).ok()?)
        }
        10 if fixed(text, "0000-00-00") => {
            let first: Date = text.parse().ok()?;
            (first, first.tomorrow().ok()?)
        }
        _ => return None,
    };
    Some((start_of_finnish_date(first).ok()?, start_of_finnish_date(next).ok()?))
}

/// Tells whether the text has this form, in which `0` stands for any digit.
fn fixed(text: &str, form: &str) -> bool {
    let fits = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}
