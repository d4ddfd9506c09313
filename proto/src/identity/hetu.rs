//! Is this a Finnish personal identity code (henkilötunnus), and when was its holder born?

use std::{fmt, str::FromStr};

use jiff::civil::Date;

/// The check characters: letters that are easily misread (G, I, O, Q, Z) are left out.
const CHECKS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";

/// How many characters a code has.
const LENGTH: usize = 11;

/// How many of them, the first ones, are the date.
const DATE: usize = 6;

/// The first individual number of codes that are given for a time or for tests only.
const FIRST_TEMPORARY: u16 = 900;

/// A personal identity code: `DDMMYY`, a sign for the century, three digits and a check character.
///
/// All signs of the year 2023 are known. The sign is part of the identity: the same digits with another sign are
/// another person. There is no `Display`, and `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Hetu {
    code: String,
    birth_date: Date,
    individual: u16,
}

/// Which part of a personal identity code is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HetuError {
    /// It does not have 11 characters.
    #[error("a personal identity code has 11 characters")]
    Length,
    /// Something that should be a digit is none.
    #[error("a personal identity code has digits as its first six and its eighth to tenth characters")]
    Digits,
    /// The seventh character is no sign of a century.
    #[error("the sign of the century is not known")]
    Sign,
    /// There is no such day.
    #[error("the date of birth does not exist")]
    Date,
    /// 000 and 001 are never given.
    #[error("the individual number is not in use")]
    Individual,
    /// The last character does not fit the digits.
    #[error("the check character does not match")]
    Check,
}

impl Hetu {
    /// Shows the code itself. It must reach no log, error or audit leaf.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.code
    }

    /// Gives the date of birth.
    #[must_use]
    pub fn birth_date(&self) -> Date {
        self.birth_date
    }

    /// Tells whether the holder would be born after the given day: such a code is well formed and still wrong.
    #[must_use]
    pub fn born_after(&self, date: Date) -> bool {
        self.birth_date > date
    }

    /// Tells whether the individual number is 900 or more: given for a time, or for tests.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.individual >= FIRST_TEMPORARY
    }
}

impl FromStr for Hetu {
    type Err = HetuError;

    fn from_str(text: &str) -> Result<Hetu, HetuError> {
        let code: &[u8; LENGTH] = text.as_bytes().try_into().map_err(|_| HetuError::Length)?;
        let [d1, d2, m1, m2, y1, y2, sign, n1, n2, n3, check] = *code;
        let day = number(&[d1, d2])?;
        let month = number(&[m1, m2])?;
        let year = number(&[y1, y2])?;
        let individual = number(&[n1, n2, n3])?;
        let date_and_individual = number(&[d1, d2, m1, m2, y1, y2, n1, n2, n3])?;
        let birth_date = date(century(sign)? + year, month, day)?;
        if individual < 2 {
            return Err(HetuError::Individual);
        }
        let remainder = usize::try_from(date_and_individual % 31).map_err(|_| HetuError::Check)?;
        if CHECKS.get(remainder) != Some(&check) {
            return Err(HetuError::Check);
        }
        Ok(Hetu {
            code: text.to_owned(),
            birth_date,
            individual: u16::try_from(individual).map_err(|_| HetuError::Individual)?,
        })
    }
}

/// Says whether a personal identity code stands anywhere in a text, in letters of either case, alone or glued to other
/// letters, digits and signs. Eleven characters of a UUID that look like one are none.
#[must_use]
pub fn has_hetu(text: &str) -> bool {
    // Few texts have the digits of a date, with which a code begins: the others need no closer look.
    let begins_with_date = |window: &[u8]| window.iter().take(DATE).all(u8::is_ascii_digit);
    if !text.as_bytes().windows(LENGTH).any(begins_with_date) {
        return false;
    }
    let mut text = text.to_ascii_uppercase().into_bytes();
    blank_uuids(&mut text);
    let is_code = |window: &[u8]| std::str::from_utf8(window).is_ok_and(|code| code.parse::<Hetu>().is_ok());
    text.windows(LENGTH).any(|window| begins_with_date(window) && is_code(window))
}

/// Puts spaces in the place of UUIDs: those with hyphens and those without, wherever no letter or digit touches them.
fn blank_uuids(text: &mut [u8]) {
    let mut start = 0;
    let mut before = None;
    while let Some(first) = text.get(start).copied() {
        let rest = text.get_mut(start..).unwrap_or_default();
        let length = if is_alphanumeric(before) { 0 } else { uuid_length(rest) };
        rest.iter_mut().take(length).for_each(|byte| *byte = b' ');
        before = Some(if length == 0 { first } else { b' ' });
        start += length.max(1);
    }
}

/// How many bytes of the beginning are a UUID; 0 if none are.
fn uuid_length(text: &[u8]) -> usize {
    let with_hyphens = |(place, byte): (usize, &u8)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    let ends = |length: usize| !is_alphanumeric(text.get(length).copied());
    let begins_with = |length: usize| text.get(..length).map(|bytes| bytes.iter().enumerate());
    if begins_with(36).is_some_and(|mut bytes| bytes.all(with_hyphens)) && ends(36) {
        36
    } else if begins_with(32).is_some_and(|mut bytes| bytes.all(|(_, byte)| byte.is_ascii_hexdigit()))
        && ends(32)
    {
        32
    } else {
        0
    }
}

fn is_alphanumeric(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric())
}

impl fmt::Debug for Hetu {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hetu(redacted)")
    }
}

fn number(digits: &[u8]) -> Result<u32, HetuError> {
    digits.iter().try_fold(0, |number, byte| match byte {
        b'0'..=b'9' => Ok(number * 10 + u32::from(byte - b'0')),
        _ => Err(HetuError::Digits),
    })
}

fn century(sign: u8) -> Result<u32, HetuError> {
    match sign {
        b'+' => Ok(1800),
        b'-' | b'U'..=b'Y' => Ok(1900),
        b'A'..=b'F' => Ok(2000),
        _ => Err(HetuError::Sign),
    }
}

fn date(year: u32, month: u32, day: u32) -> Result<Date, HetuError> {
    let year = i16::try_from(year).map_err(|_| HetuError::Date)?;
    let month = i8::try_from(month).map_err(|_| HetuError::Date)?;
    let day = i8::try_from(day).map_err(|_| HetuError::Date)?;
    Date::new(year, month, day).map_err(|_| HetuError::Date)
}
