//! How is the adapter of a joint register set up?

use std::collections::BTreeMap;

use polku_proto::AgencyId;
use serde::Deserialize;

use super::wire::PROTOCOL;
use crate::Redelivery;
use crate::agencies::soap::Office;
use crate::agencies::xroad::{self as settings, Member, Party};
use crate::registry::BuildError;
use crate::setting::https_url;
use crate::transport::http::{HttpClient, Network, Settings as Connection};

/// The table of an agency of kind `typpi`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Address of the gateway's own security server.
    url: String,
    /// How it is reached.
    connection: Connection,
    /// The gateway's own member or subsystem.
    client: Member,
    /// The member or subsystem of the register.
    service: Member,
    /// The gateway's id for `userId` where nobody in particular speaks, without the country prefix.
    user_id: String,
    /// The party for whom the gateway acts, where `represented_parties` does not name one.
    represented_party: Party,
    /// The same for senders that are parties of their own, by agency id.
    #[serde(default)]
    represented_parties: BTreeMap<String, Party>,
    /// SHA-256 of the certificates, in DER, that may call the inbound endpoint; 64 hex digits each.
    inbound_certificate_sha256: Vec<String>,
    /// What the register does with a message that comes twice. Answers whether it has it when absent.
    #[serde(default = "redelivery")]
    pub(super) redelivery: Redelivery,
}

fn redelivery() -> Redelivery {
    Redelivery::AnswersStatus
}

impl Settings {
    /// Makes the other end.
    pub(super) fn office(&self, agency: AgencyId, network: &Network) -> Result<Office, BuildError> {
        let url = https_url("url", &self.url)?;
        Ok(Office {
            agency,
            client: self.client.read("client")?,
            office: self.service.read("service")?,
            user_id: settings::user_id(&self.user_id)?,
            represented: settings::represented(&self.represented_party, &self.represented_parties)?,
            pins: settings::pins(&self.inbound_certificate_sha256)?,
            http: HttpClient::new(&url, &self.connection, network)?,
            url,
            protocol: &PROTOCOL,
        })
    }
}
