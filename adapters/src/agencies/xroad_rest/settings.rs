//! How is an adapter set up that speaks over X-Road REST?

use std::collections::BTreeMap;

use polku_proto::AgencyId;
use serde::Deserialize;

use super::XroadRest;
use crate::BuildError;
use crate::agencies::answer::has_identity_code;
use crate::setting::{SettingError, https_url};
use crate::transport::http::{HttpClient, Settings as Connection};
use crate::transport::xroad::id::{ClientId, RepresentedParty};

/// The keys that every such agency's table has. What else an agency needs stands beside them.
const KEYS: [&str; 8] = [
    "url",
    "connection",
    "client",
    "service",
    "user_id",
    "represented_party",
    "represented_parties",
    "inbound_certificate_sha256",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Address of the gateway's own security server.
    url: String,
    /// How it is reached.
    connection: Connection,
    /// The gateway's own subsystem.
    client: Member,
    /// The agency's subsystem.
    service: Member,
    /// The gateway's id for `X-Road-UserId`, without the country prefix, where nobody in particular speaks.
    user_id: Option<String>,
    /// The party for whom the gateway acts, where `represented_parties` does not name one.
    represented_party: Option<Represented>,
    /// The same for each agency that sends or asks through the gateway.
    #[serde(default)]
    represented_parties: BTreeMap<String, Represented>,
    /// SHA-256 of the certificates, in DER, that may call the inbound endpoint; 64 hex digits each.
    inbound_certificate_sha256: Vec<String>,
}

/// An X-Road subsystem.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    instance: String,
    member_class: String,
    member_code: String,
    subsystem_code: String,
}

/// `X-Road-Represented-Party`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Represented {
    class: Option<String>,
    code: String,
}

impl XroadRest {
    /// Takes the keys of X-Road REST out of an agency's table; the rest is the agency's own.
    ///
    /// # Errors
    /// A key is missing, or its value cannot be used.
    pub(in crate::agencies) fn take(table: &mut toml::Table) -> Result<Self, BuildError> {
        let own = KEYS.iter().filter_map(|key| table.remove_entry(*key));
        let settings: Settings = own.collect::<toml::Table>().try_into()?;
        let url = https_url("url", &settings.url)?;
        let parties = settings.represented_parties.iter().map(|(agency, party)| {
            let expected = "ids of agencies as keys";
            let refused = |_| SettingError::Value { key: "represented_parties", expected };
            Ok((agency.parse::<AgencyId>().map_err(refused)?, party.read("represented_parties")?))
        });
        Ok(Self {
            http: HttpClient::new(&url, &settings.connection)?,
            client: settings.client.read("client")?,
            provider: settings.service.read("service")?,
            user_id: settings.user_id.as_deref().map(user_id).transpose()?,
            represented_party: match &settings.represented_party {
                Some(party) => Some(party.read("represented_party")?),
                None => None,
            },
            represented_parties: parties.collect::<Result<_, SettingError>>()?,
            pins: pins(&settings.inbound_certificate_sha256)?,
            url,
        })
    }
}

impl Member {
    fn read(&self, key: &'static str) -> Result<ClientId, SettingError> {
        let Self { instance, member_class, member_code, subsystem_code } = self;
        let expected =
            "`instance`, `member_class`, `member_code` and `subsystem_code` of letters, digits and '()+,-.=?";
        ClientId::new(instance, member_class, member_code, Some(subsystem_code))
            .map_err(|_| SettingError::Value { key, expected })
    }
}

impl Represented {
    fn read(&self, key: &'static str) -> Result<RepresentedParty, SettingError> {
        let Self { class, code } = self;
        let fits = |text: &str| !text.trim().is_empty() && text.len() <= 64 && !has_identity_code(text);
        if !fits(code) || !class.as_deref().is_none_or(fits) {
            let expected = "`code` and perhaps `class`, 1 to 64 bytes and no personal identity code";
            return Err(SettingError::Value { key, expected });
        }
        Ok(RepresentedParty { class: class.clone(), code: code.clone() })
    }
}

fn user_id(id: &str) -> Result<String, SettingError> {
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !plain || !(1..=64).contains(&id.len()) || has_identity_code(id) {
        let expected = "1 to 64 letters, digits and `._-`, and no personal identity code";
        return Err(SettingError::Value { key: "user_id", expected });
    }
    Ok(id.to_owned())
}

fn pins(texts: &[String]) -> Result<Vec<[u8; 32]>, SettingError> {
    let (key, expected) = ("inbound_certificate_sha256", "at least one SHA-256 of 64 hex digits");
    let refused = || SettingError::Value { key, expected };
    if texts.is_empty() {
        return Err(refused());
    }
    texts.iter().map(|text| crate::setting::hex(text).ok_or_else(refused)).collect()
}
