//! What is an agency called?

use std::hash::{Hash, Hasher};
use std::{fmt, str::FromStr};

/// The most bytes of an id.
const MOST: usize = 32;

/// The id of an agency: a lower-case letter, then up to 31 lower-case letters, digits and hyphens.
///
/// INVARIANT: ASCII, filled up with zeros. So ids are compared as numbers are, in the order of their texts; every decision
/// looks several of them up.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgencyId([u8; MOST]);

/// A text that is no agency id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an agency id: 1 to 32 lower-case letters, digits and hyphens, a letter first")]
pub struct AgencyIdError;

impl AgencyId {
    /// Shows the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.0.split(|byte| *byte == 0).next().unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl Hash for AgencyId {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for number in self.0.as_chunks::<8>().0 {
            hasher.write_u64(u64::from_ne_bytes(*number));
        }
    }
}

impl fmt::Debug for AgencyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("AgencyId").field(&self.as_str()).finish()
    }
}

impl fmt::Display for AgencyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for AgencyId {
    type Err = AgencyIdError;

    fn from_str(text: &str) -> Result<AgencyId, AgencyIdError> {
        let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let goes_on =
            text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let mut id = [0; MOST];
        let place = id.get_mut(..text.len()).ok_or(AgencyIdError)?;
        if !starts || !goes_on {
            return Err(AgencyIdError);
        }
        place.copy_from_slice(text.as_bytes());
        Ok(AgencyId(id))
    }
}
