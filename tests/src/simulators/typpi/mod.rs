//! What does a joint register do when it is called, and what does it tell the gateway?
//!
//! The simulator is the whole far side of X-Road: the security server and the register behind it. Written from
//! `adapters/src/agencies/typpi/README.md` alone.

pub mod agency;
pub mod told;

mod codes;
mod grammar;
mod holdings;
mod page;
mod service;
mod words;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use http::Method;

use crate::pki::{self, Identity};
use crate::simulators::clock::SimulatorClock;
use crate::simulators::control::{Control, SimulatorTls};
use crate::simulators::door::Door;
use crate::simulators::faults::Repetition;
use crate::simulators::ledger::Ledger;
use crate::simulators::server;
use crate::simulators::typpi::holdings::Holdings;
use crate::simulators::typpi::service::JointRegister;
use crate::simulators::typpi::told::{Answered, Told};
use crate::simulators::xroad::{Agreed, Dialect, Member};
use crate::simulators::xroad_soap;

/// How the simulated register is set up.
#[derive(Debug, Clone)]
pub struct TyppiSettings {
    /// Certificates.
    pub tls: SimulatorTls,
    /// What the register shows when it calls the gateway.
    pub caller: Identity,
    /// The subsystem that offers the services.
    pub provider: Member,
    /// The subsystem that may call them, and that offers the gateway's.
    pub gateway: Member,
    /// How fault codes are spelt.
    pub dialect: Dialect,
    /// What stands beside the gateway's messages.
    pub agreed: Agreed,
    /// The register's clock.
    pub clock: SimulatorClock,
    /// The register's book; hand in an old one to restart a simulator with what it knew.
    pub ledger: Ledger,
    /// How somebody can be sure that a message has not taken effect twice.
    pub repetition: Repetition,
    /// The port to listen on, 0 for any free one.
    pub port: u16,
}

impl TyppiSettings {
    /// The usual set-up: `FI-TEST/GOV/9999903-9/yhteisrekisteri` called by `FI-TEST/ORG/9999902-0/polku`.
    #[must_use]
    pub fn new(tls: SimulatorTls, caller: Identity) -> Self {
        Self {
            tls,
            caller,
            provider: Member::new("FI-TEST", "GOV", "9999903-9", "yhteisrekisteri"),
            gateway: Member::new("FI-TEST", "ORG", "9999902-0", "polku"),
            dialect: Dialect::Snake,
            agreed: Agreed::default(),
            clock: SimulatorClock::system(),
            ledger: Ledger::new(),
            repetition: Repetition::Asked,
            port: 0,
        }
    }
}

/// A running simulator of a joint register. Clones hold the same one.
#[derive(Debug, Clone)]
pub struct TyppiSimulator {
    control: Control,
    settings: Arc<TyppiSettings>,
    holdings: Holdings,
    inbound_url: Arc<Mutex<Option<String>>>,
}

impl TyppiSimulator {
    /// Listens on 127.0.0.1. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When a certificate cannot be used or the port is taken.
    pub fn start(settings: TyppiSettings) -> Result<Self> {
        let mut config = pki::mutual_server_config(&settings.tls.server, &settings.tls.authority_pem)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let control =
            Control::new(Door::on_port(settings.port)?, settings.ledger.clone(), settings.repetition);
        let settings = Arc::new(settings);
        let holdings = Holdings::default();
        let register = JointRegister::new(Arc::clone(&settings), holdings.clone());
        server::serve(control.clone(), config, Arc::new(register));
        Ok(Self { control, settings, holdings, inbound_url: Arc::default() })
    }

    /// What all simulators have in common.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// The URL of the security server, `https://localhost:PORT/`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/", self.control.origin())
    }

    /// How the simulator is set up.
    #[must_use]
    pub fn settings(&self) -> &TyppiSettings {
        &self.settings
    }

    /// Says where the gateway takes in the register's messages: `https://HOST:PORT/inbound/AGENCY`.
    pub fn connect_gateway(&self, inbound_url: &str) {
        *self.inbound_url.lock().unwrap_or_else(PoisonError::into_inner) = Some(inbound_url.to_owned());
    }

    /// Sends a message with the register's own certificate.
    ///
    /// # Errors
    /// When the gateway gives no answer, or one that breaks the protocol.
    pub async fn send_told(&self, told: &Told) -> Result<Answered> {
        let url = self.inbound_url.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let url = url.context("the simulator has not been told where the gateway is")?;
        let TyppiSettings { tls, caller, provider, gateway, .. } = self.settings();
        let headers = told.headers(provider, gateway);
        let request = xroad_soap::write(&headers, told.body());
        let config = pki::mutual_client_config(&tls.authority_pem, caller)?;
        let http = [("content-type", "text/xml; charset=utf-8"), ("soapaction", "\"\"")];
        let reply = self.control.call(config, Method::POST, &url, &http, request).await?;
        Answered::read(&headers, &told.body().name, &xroad_soap::pass_on(reply))
    }
}
