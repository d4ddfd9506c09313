//! Who discloses or receives: an agency, or one of its units?

use std::{fmt, str::FromStr, sync::Arc};

use super::AgencyId;
use crate::identity::has_hetu;

/// The id of a unit within its agency: 1 to 64 letters, digits, dots, underscores, colons and hyphens, and no personal
/// identity code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(Arc<str>);

/// A text that is no unit id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a unit id: 1 to 64 letters, digits, dots, underscores, colons and hyphens, and no personal identity code"
)]
pub struct UnitIdError;

/// An agency as a whole (`agency`), or one of its units (`agency/unit`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party {
    /// The agency.
    pub agency: AgencyId,
    /// The unit; none: the whole agency.
    pub unit: Option<UnitId>,
}

/// A text that is no party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a party of the form {{agency}} or {{agency}}/{{unit}}")]
pub struct PartyError;

impl UnitId {
    /// Makes what stands for a unit that nobody knows any more. No text is its id: it is the same as no unit that there is.
    #[must_use]
    pub fn unknown() -> UnitId {
        UnitId(Arc::from(""))
    }

    /// Shows the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Party {
    /// Makes the party that is an agency as a whole.
    #[must_use]
    pub fn whole(agency: AgencyId) -> Party {
        Party { agency, unit: None }
    }

    /// Tells whether the other party is this one or, where this one is a whole agency, a part of it.
    #[must_use]
    pub fn covers(&self, other: &Party) -> bool {
        self.agency == other.agency && (self.unit.is_none() || self.unit == other.unit)
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for Party {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            Some(unit) => write!(formatter, "{}/{unit}", self.agency),
            None => self.agency.fmt(formatter),
        }
    }
}

impl FromStr for UnitId {
    type Err = UnitIdError;

    fn from_str(text: &str) -> Result<UnitId, UnitIdError> {
        let fits = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-'));
        if !fits || text.is_empty() || text.len() > 64 || has_hetu(text) {
            return Err(UnitIdError);
        }
        Ok(UnitId(Arc::from(text)))
    }
}

impl FromStr for Party {
    type Err = PartyError;

    fn from_str(text: &str) -> Result<Party, PartyError> {
        let (agency, unit) = match text.split_once('/') {
            Some((agency, unit)) => (agency, Some(unit.parse().map_err(|_| PartyError)?)),
            None => (text, None),
        };
        Ok(Party { agency: agency.parse().map_err(|_| PartyError)?, unit })
    }
}
