//! How is an adapter set up that speaks over X-Road REST?

use std::collections::BTreeMap;

use serde::Deserialize;

use super::XroadRest;
use crate::BuildError;
use crate::agencies::xroad::{self, Member, Party};
use crate::setting::https_url;
use crate::transport::http::{HttpClient, Network, Settings as Connection};

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
    user_id: String,
    /// The party for whom the gateway acts, where `represented_parties` does not name one.
    represented_party: Party,
    /// The same for each agency that sends or asks through the gateway.
    #[serde(default)]
    represented_parties: BTreeMap<String, Party>,
    /// SHA-256 of the certificates, in DER, that may call the inbound endpoint; 64 hex digits each.
    inbound_certificate_sha256: Vec<String>,
}

impl XroadRest {
    /// Takes the keys of X-Road REST out of an agency's table; the rest is the agency's own.
    ///
    /// # Errors
    /// A key is missing, or its value cannot be used.
    pub(in crate::agencies) fn take(table: &mut toml::Table, network: &Network) -> Result<Self, BuildError> {
        let own = KEYS.iter().filter_map(|key| table.remove_entry(*key));
        let settings: Settings = own.collect::<toml::Table>().try_into()?;
        let url = https_url("url", &settings.url)?;
        Ok(Self {
            http: HttpClient::new(&url, &settings.connection, network)?,
            client: settings.client.read_subsystem("client")?,
            provider: settings.service.read_subsystem("service")?,
            user_id: xroad::user_id(&settings.user_id)?,
            represented: xroad::represented(&settings.represented_party, &settings.represented_parties)?,
            pins: xroad::pins(&settings.inbound_certificate_sha256)?,
            url,
        })
    }
}
