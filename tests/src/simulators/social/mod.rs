//! What do social services of a county do when they are called, and what do they tell the gateway?
//!
//! The simulator is the whole far side of X-Road: the security servers and the FHIR interface behind them.

pub mod agency;
pub mod message;

mod contents;
mod held;
mod page;
mod patch;
mod register;
mod service;
mod tables;
mod words;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;

use crate::pki::{self, Identity};
use crate::simulators::agency::Held;
use crate::simulators::client::RawReply;
use crate::simulators::clock::SimulatorClock;
use crate::simulators::control::{Control, SimulatorTls};
use crate::simulators::door::Door;
use crate::simulators::faults::{Faults, Repetition};
use crate::simulators::ledger::Ledger;
use crate::simulators::server;
use crate::simulators::social::message::{Message, MessageReply};
use crate::simulators::social::register::Register;
use crate::simulators::social::service::{FHIR_JSON, FhirService, Records};
use crate::simulators::xroad::{Agreed, Beside, Dialect, Member};
use crate::simulators::xroad_rest::{GatewayUrl, Outbound, SecurityServer};

/// The code of the county's service, and of the gateway's.
const SERVICE: &str = "fhir";

/// How the simulated social services are set up.
#[derive(Debug, Clone)]
pub struct SocialSettings {
    /// Certificates.
    pub tls: SimulatorTls,
    /// What the gateway's own security server shows when it passes the county's messages on.
    pub caller: Identity,
    /// The subsystem that offers the service.
    pub provider: Member,
    /// The subsystem that may call it, and that takes the county's messages in.
    pub gateway: Member,
    /// How fault codes are spelt.
    pub dialect: Dialect,
    /// What stands beside the gateway's messages.
    pub agreed: Agreed,
    /// The county's clock.
    pub clock: SimulatorClock,
    /// The county's book; hand in an old one to restart a simulator with what it knew.
    pub ledger: Ledger,
    /// How somebody can be sure that a message has not taken effect twice.
    pub repetition: Repetition,
    /// The port to listen on, 0 for any free one.
    pub port: u16,
}

impl SocialSettings {
    /// The usual set-up: `FI-TEST/MUN/9999904-7/sosiaalihuolto` called by `FI-TEST/ORG/9999902-0/polku`.
    #[must_use]
    pub fn new(tls: SimulatorTls, caller: Identity) -> Self {
        Self {
            tls,
            caller,
            provider: Member::new("FI-TEST", "MUN", "9999904-7", "sosiaalihuolto"),
            gateway: Member::new("FI-TEST", "ORG", "9999902-0", "polku"),
            dialect: Dialect::Snake,
            agreed: Agreed::default(),
            clock: SimulatorClock::system(),
            ledger: Ledger::new(),
            repetition: Repetition::Recognised,
            port: 0,
        }
    }
}

/// A running simulator of social services. Clones hold the same one.
#[derive(Debug, Clone)]
pub struct SocialSimulator {
    control: Control,
    settings: Arc<SocialSettings>,
    records: Records,
    register: Register,
    gateway_url: GatewayUrl,
}

impl SocialSimulator {
    /// Listens on 127.0.0.1. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When a certificate cannot be used or the port is taken.
    pub fn start(settings: SocialSettings) -> Result<Self> {
        let mut config = pki::mutual_server_config(&settings.tls.server, &settings.tls.authority_pem)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let control =
            Control::new(Door::on_port(settings.port)?, settings.ledger.clone(), settings.repetition);
        let (records, register) = (Records::default(), Register::default());
        let service = FhirService {
            agreed: settings.agreed.clone(),
            clock: settings.clock.clone(),
            ledger: settings.ledger.clone(),
            records: records.clone(),
            register: register.clone(),
        };
        let security_server = SecurityServer {
            provider: settings.provider.clone(),
            code: SERVICE,
            gateway: settings.gateway.clone(),
            dialect: settings.dialect,
            service,
        };
        server::serve(control.clone(), config, Arc::new(security_server));
        Ok(Self {
            control,
            settings: Arc::new(settings),
            records,
            register,
            gateway_url: GatewayUrl::default(),
        })
    }

    /// What all simulators have in common.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Where the simulator listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.control.address()
    }

    /// The URL of the security server, `https://localhost:PORT/`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/", self.control.origin())
    }

    /// The fault knobs.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.control.faults()
    }

    /// What reached social services and what took effect.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.control.ledger()
    }

    /// The resources of a type that the gateway's messages have left in the county's register, oldest first.
    #[must_use]
    pub fn kept(&self, kind: &str) -> Vec<serde_json::Value> {
        self.register.of(kind)
    }

    /// How the simulator is set up.
    #[must_use]
    pub fn settings(&self) -> &SocialSettings {
        &self.settings
    }

    /// Says where the gateway takes in the county's messages: `https://HOST:PORT/inbound/AGENCY`.
    pub fn connect_gateway(&self, inbound_url: &str) {
        self.gateway_url.set(inbound_url);
    }

    /// The county's agency id at the gateway: the last part of where its messages go.
    #[must_use]
    pub fn agency_id(&self) -> String {
        let url = self.gateway_url.get().unwrap_or_default();
        url.rsplit('/').next().filter(|id| !id.is_empty()).unwrap_or("social").to_owned()
    }

    /// Holds this on a person from now on, in place of what was held.
    ///
    /// # Errors
    /// When social services have no words for something in it.
    pub fn hold(&self, identity_code: &str, held: &Held) -> Result<()> {
        self.records.put(identity_code, held::resources(held, &self.agency_id())?);
        Ok(())
    }

    /// Sends a message through the gateway's own security server.
    ///
    /// # Errors
    /// When the gateway gives no answer, or one that breaks the protocol.
    pub async fn send(&self, message: &Message) -> Result<MessageReply> {
        let body = message.body(&self.agency_id()).into();
        let reply = MessageReply::read(&self.post(body, &message.beside(), &self.settings.caller).await?)?;
        if let MessageReply::Sent { referral, .. } = &reply {
            self.ledger().note_own_referral(referral);
        }
        Ok(reply)
    }

    async fn post(&self, body: Bytes, beside: &Beside, identity: &Identity) -> Result<RawReply> {
        let outbound = Outbound {
            agency: self.settings.provider.clone(),
            gateway: self.settings.gateway.clone(),
            service: SERVICE,
            content_type: FHIR_JSON,
        };
        let url = self.gateway_url.get()?;
        outbound.post(&self.control, &url, &self.settings.tls.authority_pem, identity, beside, body).await
    }

    /// Sends these bytes to the gateway as if they were a message, with this certificate.
    ///
    /// # Errors
    /// When the gateway gives no answer.
    pub async fn send_raw_as(&self, body: impl Into<Bytes>, identity: &Identity) -> Result<RawReply> {
        self.post(body.into(), &Beside::default(), identity).await
    }

    /// Ends the simulator for good.
    pub fn stop(&self) {
        self.control.stop();
    }
}
