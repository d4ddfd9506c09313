//! How is the adapter of a case management set up?

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Redelivery;
use crate::setting::{Secret, SettingError, https_url, read_secret};
use crate::transport::http::Settings as Connection;

/// The table of an agency of kind `walmu`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Address under which `lahetteet`, `suunnitelmat`, `asiakkaat` and `sanomat` stand.
    pub(super) base_url: String,
    /// Address that gives access tokens. Absent where the gateway's certificate is enough.
    token_url: Option<String>,
    /// How both are reached, with the gateway's certificate where that is what it is known by.
    pub(super) connection: Connection,
    /// The gateway's id at the address that gives tokens.
    client_id: Option<String>,
    client_secret_file: Option<PathBuf>,
    /// What the token is asked for, as its issuer names it. `lahetteet` when absent; nothing is named when empty.
    scope: Option<String>,
    webhook_secret_file: PathBuf,
    /// What the case management does with a key that comes twice. Recognises it when absent.
    #[serde(default = "redelivery")]
    pub(super) redelivery: Redelivery,
}

fn redelivery() -> Redelivery {
    Redelivery::Deduplicates
}

/// By what the case management knows the gateway.
pub(super) enum Credentials {
    /// By an access token for which a client id and a secret are shown.
    Client { token_url: http::Uri, id: String, secret: Secret, scope: String },
    /// By its certificate alone.
    Certificate,
}

impl Settings {
    pub(super) fn credentials(&self) -> Result<Credentials, SettingError> {
        let expected = "`token_url`, `client_id` and `client_secret_file`, or a certificate in `connection`, and not both";
        let refused = SettingError::Value { key: "token_url", expected };
        let has_certificate = self.connection.certificate_file.is_some();
        match (&self.token_url, &self.client_id, &self.client_secret_file) {
            (Some(url), Some(id), Some(file)) if !has_certificate => Ok(Credentials::Client {
                token_url: https_url("token_url", url)?,
                id: client_id(id)?,
                secret: client_secret(file)?,
                scope: scope(self.scope.as_deref())?,
            }),
            (None, None, None) if has_certificate && self.scope.is_none() => Ok(Credentials::Certificate),
            (Some(_) | None, Some(_) | None, Some(_) | None) => Err(refused),
        }
    }

    pub(super) fn webhook_secret(&self) -> Result<Secret, SettingError> {
        // HMAC-SHA-256 is as strong as its hash only with as many bytes of key (RFC 2104, section 3).
        let expected = "one line of 32 or more printable characters of ASCII";
        read_secret("webhook_secret_file", &self.webhook_secret_file, 32, expected)
    }
}

fn client_id(id: &str) -> Result<String, SettingError> {
    let (key, expected) = ("client_id", "1 to 256 printable characters of ASCII");
    let plain = id.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain || !(1..=256).contains(&id.len()) {
        return Err(SettingError::Value { key, expected });
    }
    Ok(id.to_owned())
}

/// Names of scopes with one space between them (RFC 6749, section 3.3).
fn scope(scope: Option<&str>) -> Result<String, SettingError> {
    let scope = scope.unwrap_or("lahetteet");
    let is_token = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
    };
    let fits = scope.is_empty() || scope.len() <= 1024 && scope.split(' ').all(is_token);
    let expected = "names of scopes with one space between them, at most 1,024 characters, or nothing";
    if fits { Ok(scope.to_owned()) } else { Err(SettingError::Value { key: "scope", expected }) }
}

fn client_secret(file: &Path) -> Result<Secret, SettingError> {
    let expected = "one line of 8 or more printable characters of ASCII";
    read_secret("client_secret_file", file, 8, expected)
}
