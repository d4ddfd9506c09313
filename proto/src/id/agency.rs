//! What is an agency called?

use std::{fmt, str::FromStr, sync::Arc};

/// The id of an agency: a lower-case letter, then up to 31 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgencyId(Arc<str>);

/// A text that is no agency id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an agency id: 1 to 32 lower-case letters, digits and hyphens, a letter first")]
pub struct AgencyIdError;

impl AgencyId {
    /// Shows the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgencyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for AgencyId {
    type Err = AgencyIdError;

    fn from_str(text: &str) -> Result<AgencyId, AgencyIdError> {
        let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let goes_on =
            text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !starts || !goes_on || text.len() > 32 {
            return Err(AgencyIdError);
        }
        Ok(AgencyId(Arc::from(text)))
    }
}
