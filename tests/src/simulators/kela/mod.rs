//! What does Kela do when it is called, and what does it tell the gateway?
//!
//! The simulator is the whole far side of X-Road: the security servers and the service behind them.

pub mod agency;
pub mod message;

mod grammar;
mod held;
mod page;
mod service;

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
use crate::simulators::kela::message::{Message, MessageReply};
use crate::simulators::kela::service::{Files, YouthServices};
use crate::simulators::ledger::Ledger;
use crate::simulators::server;
use crate::simulators::xroad::{Agreed, Beside, Dialect, Member};
use crate::simulators::xroad_rest::{GatewayUrl, Outbound, SecurityServer};

/// The code of Kela's service.
const SERVICE: &str = "nuorten-palvelut";
/// The code of the gateway's service.
const GATEWAYS_SERVICE: &str = "ohjausviestit";

/// How the simulated Kela is set up.
#[derive(Debug, Clone)]
pub struct KelaSettings {
    /// Certificates.
    pub tls: SimulatorTls,
    /// What the gateway's own security server shows when it passes Kela's messages on.
    pub caller: Identity,
    /// The subsystem that offers the services.
    pub provider: Member,
    /// The subsystem that may call them, and that takes Kela's messages in.
    pub gateway: Member,
    /// How fault codes are spelt.
    pub dialect: Dialect,
    /// What stands beside the gateway's messages.
    pub agreed: Agreed,
    /// Kela's clock.
    pub clock: SimulatorClock,
    /// Kela's book; hand in an old one to restart a simulator with what it knew.
    pub ledger: Ledger,
    /// How somebody can be sure that a message has not taken effect twice.
    pub repetition: Repetition,
    /// The port to listen on, 0 for any free one.
    pub port: u16,
}

impl KelaSettings {
    /// The usual set-up: `FI-TEST/GOV/9999903-9/etuudet` called by `FI-TEST/ORG/9999902-0/polku`.
    #[must_use]
    pub fn new(tls: SimulatorTls, caller: Identity) -> Self {
        Self {
            tls,
            caller,
            provider: Member::new("FI-TEST", "GOV", "9999903-9", "etuudet"),
            gateway: Member::new("FI-TEST", "ORG", "9999902-0", "polku"),
            dialect: Dialect::Snake,
            agreed: Agreed::default(),
            clock: SimulatorClock::system(),
            ledger: Ledger::new(),
            repetition: Repetition::Neither,
            port: 0,
        }
    }
}

/// A running simulator of Kela. Clones hold the same one.
#[derive(Debug, Clone)]
pub struct KelaSimulator {
    control: Control,
    settings: Arc<KelaSettings>,
    files: Files,
    gateway_url: GatewayUrl,
}

impl KelaSimulator {
    /// Listens on 127.0.0.1. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When a certificate cannot be used or the port is taken.
    pub fn start(settings: KelaSettings) -> Result<Self> {
        let mut config = pki::mutual_server_config(&settings.tls.server, &settings.tls.authority_pem)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let control =
            Control::new(Door::on_port(settings.port)?, settings.ledger.clone(), settings.repetition);
        let files = Files::default();
        let service = YouthServices {
            agreed: settings.agreed.clone(),
            clock: settings.clock.clone(),
            ledger: settings.ledger.clone(),
            files: files.clone(),
        };
        let security_server = SecurityServer {
            provider: settings.provider.clone(),
            code: SERVICE,
            gateway: settings.gateway.clone(),
            dialect: settings.dialect,
            service,
        };
        server::serve(control.clone(), config, Arc::new(security_server));
        Ok(Self { control, settings: Arc::new(settings), files, gateway_url: GatewayUrl::default() })
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

    /// What reached Kela and what took effect.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.control.ledger()
    }

    /// How the simulator is set up.
    #[must_use]
    pub fn settings(&self) -> &KelaSettings {
        &self.settings
    }

    /// Says where the gateway takes in Kela's messages: `https://HOST:PORT/inbound/AGENCY`.
    pub fn connect_gateway(&self, inbound_url: &str) {
        self.gateway_url.set(inbound_url);
    }

    /// Holds this on a person from now on, in place of what it held.
    ///
    /// # Errors
    /// When Kela has no words for something in it.
    pub fn hold(&self, identity_code: &str, held: &Held) -> Result<()> {
        self.files.put(identity_code, held::groups(held)?);
        Ok(())
    }

    /// Sends a message through the gateway's own security server.
    ///
    /// # Errors
    /// When the gateway gives no answer, or one that breaks the protocol.
    pub async fn send(&self, message: &Message) -> Result<MessageReply> {
        self.send_as(message, &self.settings.caller).await
    }

    /// Sends a message with this certificate.
    ///
    /// # Errors
    /// As [`KelaSimulator::send`].
    pub async fn send_as(&self, message: &Message, identity: &Identity) -> Result<MessageReply> {
        let reply =
            MessageReply::read(&self.post(message.body().into(), &message.beside(), identity).await?)?;
        if let MessageReply::Sent { referral, .. } = &reply {
            self.ledger().note_own_referral(referral);
        }
        Ok(reply)
    }

    async fn post(&self, body: Bytes, beside: &Beside, identity: &Identity) -> Result<RawReply> {
        let outbound = Outbound {
            agency: self.settings.provider.clone(),
            gateway: self.settings.gateway.clone(),
            service: GATEWAYS_SERVICE,
            content_type: "application/json",
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
