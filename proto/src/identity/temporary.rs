//! Is this the temporary id of somebody who has no personal identity code, and which of the two does somebody have?

use std::{fmt, str::FromStr};

use jiff::civil::Date;

use super::{BusinessId, Hetu};

/// The arc of the Finnish organisations that give temporary ids, and what tells them from other arcs of the
/// organisation: `1.2.246.10.{business id}.22.{year}.{number}`.
const ORGANISATIONS: &str = "1.2.246.10.";
const TEMPORARY_IDS: &str = "22";

/// How many digits the number within a year has at most.
const NUMBER_DIGITS: usize = 16;

/// How many digits a business id has, without its hyphen.
const BUSINESS_ID_DIGITS: usize = 8;

/// A temporary id, in its one spelling: `1.2.246.10.{business id}.22.{year}.{number}`.
///
/// It says nothing of the date of birth. There is no `Display`, and `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TemporaryId {
    text: String,
    year: i16,
}

/// A text that is no temporary id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a temporary id")]
pub struct TemporaryIdError;

impl TemporaryId {
    /// Shows the id itself. It must reach no log, error or audit leaf.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Tells whether it would have been given in a year after that of the given day.
    #[must_use]
    pub fn given_after(&self, date: Date) -> bool {
        self.year > date.year()
    }
}

impl FromStr for TemporaryId {
    type Err = TemporaryIdError;

    fn from_str(text: &str) -> Result<TemporaryId, TemporaryIdError> {
        let rest = text.strip_prefix(ORGANISATIONS).ok_or(TemporaryIdError)?;
        let mut arcs = rest.split('.');
        let organisation = arcs.next().ok_or(TemporaryIdError)?;
        let (kind, year, number) = (arcs.next(), arcs.next(), arcs.next());
        let year = year.filter(|year| year.len() == 4 && is_number(year)).ok_or(TemporaryIdError)?;
        let number = number.filter(|number| number.len() <= NUMBER_DIGITS).ok_or(TemporaryIdError)?;
        if kind != Some(TEMPORARY_IDS) || !is_number(number) || arcs.next().is_some() {
            return Err(TemporaryIdError);
        }
        if !is_business_id(organisation) {
            return Err(TemporaryIdError);
        }
        let year = year.parse().map_err(|_| TemporaryIdError)?;
        Ok(TemporaryId { text: text.to_owned(), year })
    }
}

impl fmt::Debug for TemporaryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TemporaryId(redacted)")
    }
}

/// An arc has no leading zeros: without that, one id would have several spellings.
fn is_number(arc: &str) -> bool {
    let digits = !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit());
    digits && (arc == "0" || !arc.starts_with('0'))
}

/// Whether these are the digits of a business id, without leading zeros.
fn is_business_id(arc: &str) -> bool {
    if !is_number(arc) || arc == "0" || arc.len() > BUSINESS_ID_DIGITS {
        return false;
    }
    let digits = format!("{arc:0>BUSINESS_ID_DIGITS$}");
    let whole = digits.split_at_checked(BUSINESS_ID_DIGITS - 1);
    whole.is_some_and(|(number, check)| format!("{number}-{check}").parse::<BusinessId>().is_ok())
}

/// By what a person is known: a personal identity code, or a temporary id until they have one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A personal identity code.
    Code(Hetu),
    /// A temporary id.
    Temporary(TemporaryId),
}

/// A text that is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a personal identity code nor a temporary id")]
pub struct IdentityError;

impl Identity {
    /// Shows the identity itself. It must reach no log, error or audit leaf.
    #[must_use]
    pub fn expose(&self) -> &str {
        match self {
            Identity::Code(code) => code.expose(),
            Identity::Temporary(id) => id.expose(),
        }
    }

    /// Gives the date of birth, where the identity says it.
    #[must_use]
    pub fn birth_date(&self) -> Option<Date> {
        match self {
            Identity::Code(code) => Some(code.birth_date()),
            Identity::Temporary(_) => None,
        }
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Identity, IdentityError> {
        let code = || text.parse().map(Identity::Code).map_err(|_| IdentityError);
        text.parse().map(Identity::Temporary).or_else(|_| code())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Identity(redacted)")
    }
}
