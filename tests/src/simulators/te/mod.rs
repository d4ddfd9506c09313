//! What do the employment services do when they are called, and how do their officials answer?
//!
//! The simulator is the whole far side of X-Road: the security server and the service behind it.

pub mod agency;
pub mod told;
pub mod update;

mod grammar;
mod holdings;
mod page;
mod service;
mod words;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::Method;

use crate::pki::{self, Identity};
use crate::simulators::client::RawReply;
use crate::simulators::clock::SimulatorClock;
use crate::simulators::control::{Control, SimulatorTls};
use crate::simulators::door::Door;
use crate::simulators::faults::{Faults, Repetition};
use crate::simulators::ledger::Ledger;
use crate::simulators::server;
use crate::simulators::te::holdings::Holdings;
use crate::simulators::te::service::EmploymentServices;
pub use crate::simulators::te::told::{Answered, Ground, Letter, Told};
pub use crate::simulators::te::update::{Update, UpdateReply};
use crate::simulators::xroad::{Agreed, Dialect, Member, Party};
use crate::simulators::xroad_soap;

/// How the simulated employment services are set up.
#[derive(Debug, Clone)]
pub struct TeSettings {
    /// Certificates.
    pub tls: SimulatorTls,
    /// What the office shows when it calls the gateway.
    pub official: Identity,
    /// The subsystem that offers the services.
    pub provider: Member,
    /// The subsystem that may call them, and that offers `paivitaLahete`.
    pub gateway: Member,
    /// How fault codes are spelt.
    pub dialect: Dialect,
    /// What stands beside the gateway's messages.
    pub agreed: Agreed,
    /// The municipality for which the office acts.
    pub municipality: Party,
    /// The office's clock.
    pub clock: SimulatorClock,
    /// The office's book; hand in an old one to restart a simulator with what it knew.
    pub ledger: Ledger,
    /// How somebody can be sure that a message has not taken effect twice.
    pub repetition: Repetition,
    /// The port to listen on, 0 for any free one.
    pub port: u16,
}

impl TeSettings {
    /// The usual set-up: `FI-TEST/MUN/9999901-2/tyollisyyspalvelut` called by `FI-TEST/ORG/9999902-0/polku`.
    #[must_use]
    pub fn new(tls: SimulatorTls, official: Identity) -> Self {
        Self {
            tls,
            official,
            provider: Member::new("FI-TEST", "MUN", "9999901-2", "tyollisyyspalvelut"),
            gateway: Member::new("FI-TEST", "ORG", "9999902-0", "polku"),
            dialect: Dialect::Snake,
            agreed: Agreed::default(),
            municipality: Party { class: Some("MUN".to_owned()), code: "9999907-9".to_owned() },
            clock: SimulatorClock::system(),
            ledger: Ledger::new(),
            repetition: Repetition::Asked,
            port: 0,
        }
    }
}

/// A running simulator of the employment services. Clones hold the same one.
#[derive(Debug, Clone)]
pub struct TeSimulator {
    control: Control,
    settings: Arc<TeSettings>,
    holdings: Holdings,
    inbound_url: Arc<Mutex<Option<String>>>,
}

impl TeSimulator {
    /// Listens on 127.0.0.1. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When a certificate cannot be used or the port is taken.
    pub fn start(settings: TeSettings) -> Result<Self> {
        let mut config = pki::mutual_server_config(&settings.tls.server, &settings.tls.authority_pem)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let control =
            Control::new(Door::on_port(settings.port)?, settings.ledger.clone(), settings.repetition);
        let settings = Arc::new(settings);
        let holdings = Holdings::default();
        let services = EmploymentServices::new(Arc::clone(&settings), holdings.clone());
        server::serve(control.clone(), config, Arc::new(services));
        Ok(Self { control, settings, holdings, inbound_url: Arc::default() })
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

    /// What reached the office and what took effect.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.control.ledger()
    }

    /// How the simulator is set up.
    #[must_use]
    pub fn settings(&self) -> &TeSettings {
        &self.settings
    }

    /// Says where the gateway takes in the office's messages: `https://HOST:PORT/inbound/AGENCY`.
    pub fn connect_gateway(&self, inbound_url: &str) {
        *self.inbound_url.lock().unwrap_or_else(PoisonError::into_inner) = Some(inbound_url.to_owned());
    }

    /// Sends `paivitaLahete` with the office's own certificate.
    ///
    /// # Errors
    /// When the gateway gives no answer, or one that breaks the protocol: headers not echoed in order and
    /// value, a request hash set by the service, another wrapper, missing elements.
    pub async fn send_update(&self, update: &Update) -> Result<UpdateReply> {
        self.send_update_as(update, &self.settings.official).await
    }

    /// Sends `paivitaLahete` with this certificate.
    ///
    /// # Errors
    /// As [`TeSimulator::send_update`].
    pub async fn send_update_as(&self, update: &Update, identity: &Identity) -> Result<UpdateReply> {
        let headers = update.headers(&self.settings);
        let request = xroad_soap::write(&headers, &update.body());
        let reply = self.send_raw_as(request, identity).await?;
        UpdateReply::read(&headers, &reply)
    }

    /// Sends a message of the office's own with its certificate.
    ///
    /// # Errors
    /// When the gateway gives no answer, or one that breaks the protocol.
    pub async fn send_told(&self, told: &Told) -> Result<Answered> {
        let letter = told.letter(&self.settings);
        let reply = self.send_raw_as(letter.bytes().to_vec(), &self.settings.official).await?;
        letter.answered(&reply)
    }

    /// Sends these bytes to the gateway as if they were a SOAP message, with this certificate.
    ///
    /// # Errors
    /// When the gateway gives no answer.
    pub async fn send_raw_as(&self, body: impl Into<Bytes>, identity: &Identity) -> Result<RawReply> {
        let url = self.inbound_url.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let url = url.context("the simulator has not been told where the gateway is")?;
        let config = pki::mutual_client_config(&self.settings.tls.authority_pem, identity)?;
        let headers = [("content-type", "text/xml; charset=utf-8"), ("soapaction", "\"\"")];
        self.control.call(config, Method::POST, &url, &headers, body).await.map(xroad_soap::pass_on)
    }

    /// Ends the simulator for good.
    pub fn stop(&self) {
        self.control.stop();
    }
}
