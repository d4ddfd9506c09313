//! How is the adapter of the employment services set up?

use serde::Deserialize;

use crate::agencies::answer::has_identity_code;
use crate::setting::SettingError;
use crate::transport::http::Settings as Connection;
use crate::transport::xroad::id::ClientId;
use crate::transport::xroad::soap::RepresentedParty;

/// The table of an agency of kind `te`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Address of the gateway's own security server.
    pub(super) url: String,
    /// How it is reached.
    pub(super) connection: Connection,
    /// The gateway's own member or subsystem.
    pub(super) client: Member,
    /// The member or subsystem of the office.
    pub(super) service: Member,
    /// The gateway's id for `userId`, without the country prefix.
    pub(super) user_id: Option<String>,
    /// The party for whom the gateway acts.
    pub(super) represented_party: Option<Party>,
    /// Whether the office offers `haeSanomanTila`. Yes when absent.
    #[serde(default = "answers_status")]
    pub(super) answers_status: bool,
    /// SHA-256 of the certificates, in DER, that may call the inbound endpoint; 64 hex digits each.
    pub(super) inbound_certificate_sha256: Vec<String>,
}

/// An X-Road member or subsystem.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    instance: String,
    member_class: String,
    member_code: String,
    subsystem_code: Option<String>,
}

/// `representedParty`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Party {
    class: Option<String>,
    code: String,
}

fn answers_status() -> bool {
    true
}

impl Member {
    pub(super) fn read(&self, key: &'static str) -> Result<ClientId, SettingError> {
        let Self { instance, member_class, member_code, subsystem_code } = self;
        let expected = "`instance`, `member_class`, `member_code` and perhaps `subsystem_code` of letters, digits and '()+,-.=?";
        ClientId::new(instance, member_class, member_code, subsystem_code.as_deref())
            .map_err(|_| SettingError::Value { key, expected })
    }
}

impl Settings {
    pub(super) fn user_id(&self) -> Result<Option<String>, SettingError> {
        let (key, expected) = ("user_id", "1 to 64 letters, digits and `._-`, and no personal identity code");
        let Some(id) = &self.user_id else { return Ok(None) };
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !plain || !(1..=64).contains(&id.len()) || has_identity_code(id) {
            return Err(SettingError::Value { key, expected });
        }
        Ok(Some(format!("FI{id}")))
    }

    pub(super) fn represented_party(&self) -> Result<Option<RepresentedParty>, SettingError> {
        let (key, expected) = ("represented_party", "`code` and perhaps `class`, not blank");
        let Some(Party { class, code }) = &self.represented_party else {
            return Ok(None);
        };
        if code.trim().is_empty() || class.as_ref().is_some_and(|class| class.trim().is_empty()) {
            return Err(SettingError::Value { key, expected });
        }
        Ok(Some(RepresentedParty { class: class.clone(), code: code.clone() }))
    }

    pub(super) fn pins(&self) -> Result<Vec<[u8; 32]>, SettingError> {
        let (key, expected) = ("inbound_certificate_sha256", "at least one SHA-256 of 64 hex digits");
        let refused = || SettingError::Value { key, expected };
        if self.inbound_certificate_sha256.is_empty() {
            return Err(refused());
        }
        let pins = self.inbound_certificate_sha256.iter();
        pins.map(|text| crate::setting::hex(text).ok_or_else(refused)).collect()
    }
}
