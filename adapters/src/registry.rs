//! Which kinds of agencies can be spoken to?

use std::sync::Arc;

use polku_proto::AgencyId;
use thiserror::Error;

use crate::Adapter;
use crate::agencies::{te, walmu};
use crate::setting::SettingError;

type Build = fn(AgencyId, toml::Table) -> Result<Arc<dyn Adapter>, BuildError>;

/// One line for each kind of agency.
const KINDS: &[(&str, Build)] = &[
    ("te", te::build),       // employment services
    ("walmu", walmu::build), // case management of a youth workshop
];

/// An adapter cannot be made.
#[derive(Debug, Error)]
pub enum BuildError {
    /// There is no such kind of agency.
    #[error("unknown kind of agency `{kind}`, expected one of {known}")]
    UnknownKind {
        /// The kind that was asked for.
        kind: String,
        /// The kinds that there are, separated by commas.
        known: String,
    },
    /// The table lacks a key, has one too many, or has a value of the wrong type.
    #[error("{reason}")]
    Table {
        /// What is wrong, and under which key.
        reason: String,
    },
    /// A value, or a file that a value names, cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

impl From<toml::de::Error> for BuildError {
    fn from(error: toml::de::Error) -> Self {
        // The message stands on one line, the key on the next.
        let reason = error.to_string();
        Self::Table { reason: reason.split_whitespace().collect::<Vec<_>>().join(" ") }
    }
}

/// Makes the adapter of an agency of a kind from the agency's table. Reads the files that the table names.
///
/// # Errors
/// There is no such kind, or the table does not fit it.
pub fn build(kind: &str, agency: AgencyId, table: toml::Table) -> Result<Arc<dyn Adapter>, BuildError> {
    match KINDS.iter().find(|(known, _)| *known == kind) {
        Some((_, build)) => build(agency, table),
        None => Err(BuildError::UnknownKind {
            kind: kind.to_owned(),
            known: kinds().collect::<Vec<_>>().join(", "),
        }),
    }
}

/// Gives every kind of agency.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}
