//! How is the adapter of social services set up?

use std::collections::BTreeMap;

use serde::Deserialize;

use super::organisations::Organisations;
use crate::Redelivery;
use crate::setting::SettingError;

/// The table of an agency of kind `social`, beside the keys of X-Road REST.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Agencies that are named by an object identifier: agency ids and business ids. None when absent.
    #[serde(default)]
    organisations: BTreeMap<String, String>,
    /// What the county does with a message that comes twice. Recognises it when absent.
    #[serde(default = "redelivery")]
    pub(super) redelivery: Redelivery,
}

fn redelivery() -> Redelivery {
    Redelivery::Deduplicates
}

impl Settings {
    pub(super) fn organisations(&self) -> Result<Organisations, SettingError> {
        Organisations::read(&self.organisations)
    }
}
