//! Which settings do agencies that speak over X-Road have in common, SOAP or REST?
//!
//! The values of keys; the tables, which refuse every unknown key, stand with the agencies.

use std::collections::BTreeMap;

use jiff::Timestamp;
use polku_proto::identity::has_hetu;
use polku_proto::{AgencyId, MessageId};
use serde::Deserialize;

use crate::InboundError;
use crate::setting::SettingError;
use crate::transport::xroad::id::{ClientId, RepresentedParty};

/// `client` and `service`: an X-Road member or subsystem.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    instance: String,
    member_class: String,
    member_code: String,
    subsystem_code: Option<String>,
}

/// `represented_party`, and the values of `represented_parties`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Party {
    class: Option<String>,
    code: String,
}

/// For whom the gateway acts.
#[derive(Debug, Clone)]
pub(super) struct Represented {
    /// By the sender's agency id.
    pub(super) by_sender: BTreeMap<AgencyId, RepresentedParty>,
    /// Where there is none for the sender.
    pub(super) otherwise: RepresentedParty,
}

impl Represented {
    /// The party of a message of this sender.
    pub(super) fn party(&self, sender: Option<&AgencyId>) -> RepresentedParty {
        let own = sender.and_then(|sender| self.by_sender.get(sender));
        own.unwrap_or(&self.otherwise).clone()
    }
}

impl Member {
    /// Reads `client` or `service`.
    pub(super) fn read(&self, key: &'static str) -> Result<ClientId, SettingError> {
        let Self { instance, member_class, member_code, subsystem_code } = self;
        let expected = "`instance`, `member_class`, `member_code` and perhaps `subsystem_code`, not blank, without control characters and / \\ ; : %";
        ClientId::new(instance, member_class, member_code, subsystem_code.as_deref())
            .map_err(|_| SettingError::Value { key, expected })
    }

    /// Reads `client` or `service` where it must be a subsystem.
    pub(super) fn read_subsystem(&self, key: &'static str) -> Result<ClientId, SettingError> {
        let expected = "`instance`, `member_class`, `member_code` and `subsystem_code`, not blank, without control characters and / \\ ; : %";
        let member = self.read(key).ok().filter(|member| member.subsystem_code().is_some());
        member.ok_or(SettingError::Value { key, expected })
    }
}

/// Refuses a message of which the header names another professional than the body, who is the one that is logged.
pub(super) fn speaks(user_id: Option<&str>, official: &str, header: &str) -> Result<(), InboundError> {
    if user_id.is_none_or(|user_id| user_id.strip_prefix("FI") == Some(official)) {
        return Ok(());
    }
    let expected = format!("{header}, where it is sent, as `FI` and the id of the official in the body");
    Err(InboundError::Malformed { code: "client.invalid_header_field".to_owned(), expected })
}

/// Gives the id of the question whether a message has arrived: another one than the message's, for X-Road and those who
/// read its logs tell messages by it, and another one each time.
pub(super) fn question_id(message: &MessageId, now: Timestamp) -> String {
    let asked = [message.uuid().as_bytes().as_slice(), &now.as_nanosecond().to_be_bytes()].concat();
    let hash = ring::digest::digest(&ring::digest::SHA256, &asked);
    let half = hash.as_ref().first_chunk().copied().unwrap_or_default();
    uuid::Builder::from_custom_bytes(half).into_uuid().to_string()
}

/// Reads `user_id`, the gateway's id without the country prefix, and gives it with it.
pub(super) fn user_id(id: &str) -> Result<String, SettingError> {
    let (key, expected) = ("user_id", "1 to 64 letters, digits and signs, and no personal identity code");
    user(id).ok_or(SettingError::Value { key, expected })
}

/// Gives the user of this id, the gateway or a professional, with the country prefix, as it stands in `userId` of SOAP and
/// `X-Road-UserId` of REST: neither is one of X-Road's identifiers, whose characters are few. None if the id is empty,
/// longer than 64 characters, has others than printable ASCII, or holds a personal identity code.
pub(super) fn user(id: &str) -> Option<String> {
    let fits = (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    (fits && !has_hetu(id)).then(|| format!("FI{id}"))
}

/// Reads `represented_party` and `represented_parties`.
pub(super) fn represented(
    otherwise: &Party,
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
        otherwise: represented_party("represented_party", otherwise)?,
    })
}

/// Reads `inbound_certificate_sha256`.
pub(super) fn pins(certificates: &[String]) -> Result<Vec<[u8; 32]>, SettingError> {
    let (key, expected) = ("inbound_certificate_sha256", "at least one SHA-256 of 64 hex digits");
    let refused = || SettingError::Value { key, expected };
    if certificates.is_empty() {
        return Err(refused());
    }
    certificates.iter().map(|text| crate::setting::hex(text).ok_or_else(refused)).collect()
}

fn represented_party(key: &'static str, party: &Party) -> Result<RepresentedParty, SettingError> {
    let Party { class, code } = party;
    let fits = |text: &str| !text.trim().is_empty() && text.len() <= 64 && !has_hetu(text);
    if !fits(code) || !class.as_deref().is_none_or(fits) {
        let expected = "`code` and perhaps `class`, 1 to 64 bytes and no personal identity code";
        return Err(SettingError::Value { key, expected });
    }
    Ok(RepresentedParty { class: class.clone(), code: code.clone() })
}
