//! How is the adapter of a case management set up?

use std::path::PathBuf;

use serde::Deserialize;

use crate::setting::{Secret, SettingError, read_secret};
use crate::transport::http::Settings as Connection;

/// The table of an agency of kind `walmu`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Address under which `lahetteet` and `sanomat` stand.
    pub(super) base_url: String,
    /// Address that gives access tokens.
    pub(super) token_url: String,
    /// How both are reached.
    pub(super) connection: Connection,
    /// The gateway's id at the address that gives tokens.
    pub(super) client_id: String,
    client_secret_file: PathBuf,
    webhook_secret_file: PathBuf,
}

impl Settings {
    pub(super) fn client_id(&self) -> Result<&str, SettingError> {
        let (key, expected) = ("client_id", "1 to 256 printable characters of ASCII");
        let plain = self.client_id.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain || !(1..=256).contains(&self.client_id.len()) {
            return Err(SettingError::Value { key, expected });
        }
        Ok(&self.client_id)
    }

    pub(super) fn client_secret(&self) -> Result<Secret, SettingError> {
        let expected = "one line of 8 or more printable characters of ASCII";
        read_secret("client_secret_file", &self.client_secret_file, 8, expected)
    }

    pub(super) fn webhook_secret(&self) -> Result<Secret, SettingError> {
        // HMAC-SHA-256 is as strong as its hash only with as many bytes of key (RFC 2104, section 3).
        let expected = "one line of 32 or more printable characters of ASCII";
        read_secret("webhook_secret_file", &self.webhook_secret_file, 32, expected)
    }
}
