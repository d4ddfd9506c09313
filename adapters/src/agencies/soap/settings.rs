//! Which settings do agencies that speak X-Road SOAP have in common?
//!
//! The values of keys; the tables, which refuse every unknown key, stand with the agencies.

use std::collections::BTreeMap;

use polku_proto::AgencyId;
use serde::Deserialize;

use crate::agencies::answer::has_identity_code;
use crate::setting::SettingError;
use crate::transport::xroad::id::ClientId;
use crate::transport::xroad::soap::RepresentedParty;

/// `client` and `service`: an X-Road member or subsystem.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::agencies) struct Member {
    instance: String,
    member_class: String,
    member_code: String,
    subsystem_code: Option<String>,
}

/// `represented_party`, and the values of `represented_parties`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::agencies) struct Party {
    class: Option<String>,
    code: String,
}

/// For whom the gateway acts.
#[derive(Debug, Clone, Default)]
pub(in crate::agencies) struct Represented {
    /// By the sender's agency id.
    pub(in crate::agencies) by_sender: BTreeMap<AgencyId, RepresentedParty>,
    /// Where there is none for the sender.
    pub(in crate::agencies) otherwise: Option<RepresentedParty>,
}

impl Represented {
    /// `representedParty` of a message of this sender.
    pub(super) fn party(&self, sender: Option<&AgencyId>) -> Option<RepresentedParty> {
        let own = sender.and_then(|sender| self.by_sender.get(sender));
        own.or(self.otherwise.as_ref()).cloned()
    }
}

impl Member {
    /// Reads `client` or `service`.
    pub(in crate::agencies) fn read(&self, key: &'static str) -> Result<ClientId, SettingError> {
        let Self { instance, member_class, member_code, subsystem_code } = self;
        let expected = "`instance`, `member_class`, `member_code` and perhaps `subsystem_code` of letters, digits and '()+,-.=?";
        ClientId::new(instance, member_class, member_code, subsystem_code.as_deref())
            .map_err(|_| SettingError::Value { key, expected })
    }
}

/// Reads `user_id`, the gateway's id for `userId` without the country prefix.
pub(in crate::agencies) fn user_id(id: Option<&str>) -> Result<Option<String>, SettingError> {
    let (key, expected) = ("user_id", "1 to 64 letters, digits and `._-`, and no personal identity code");
    let Some(id) = id else { return Ok(None) };
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !plain || !(1..=64).contains(&id.len()) || has_identity_code(id) {
        return Err(SettingError::Value { key, expected });
    }
    Ok(Some(format!("FI{id}")))
}

/// Reads `represented_party` and `represented_parties`.
pub(in crate::agencies) fn represented(
    otherwise: Option<&Party>,
    by_sender: &BTreeMap<String, Party>,
) -> Result<Represented, SettingError> {
    let key = "represented_parties";
    let by_sender = by_sender.iter().map(|(sender, party)| {
        let expected = "agency ids as keys";
        let sender = sender.parse().map_err(|_| SettingError::Value { key, expected })?;
        Ok((sender, represented_party(key, party)?))
    });
    Ok(Represented {
        by_sender: by_sender.collect::<Result<_, SettingError>>()?,
        otherwise: otherwise.map(|party| represented_party("represented_party", party)).transpose()?,
    })
}

/// Reads `inbound_certificate_sha256`.
pub(in crate::agencies) fn pins(certificates: &[String]) -> Result<Vec<[u8; 32]>, SettingError> {
    let (key, expected) = ("inbound_certificate_sha256", "at least one SHA-256 of 64 hex digits");
    let refused = || SettingError::Value { key, expected };
    if certificates.is_empty() {
        return Err(refused());
    }
    certificates.iter().map(|text| crate::setting::hex(text).ok_or_else(refused)).collect()
}

fn represented_party(key: &'static str, party: &Party) -> Result<RepresentedParty, SettingError> {
    let Party { class, code } = party;
    if code.trim().is_empty() || class.as_ref().is_some_and(|class| class.trim().is_empty()) {
        let expected = "`code` and perhaps `class`, not blank";
        return Err(SettingError::Value { key, expected });
    }
    Ok(RepresentedParty { class: class.clone(), code: code.clone() })
}
