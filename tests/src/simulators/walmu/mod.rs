//! What does the workshop's case management do when it is called, and what does it tell the gateway?

pub mod agency;
pub mod event;

mod contents;
mod holdings;
mod page;
mod service;
mod tokens;
mod words;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::Method;
use jiff::Timestamp;

use crate::pki;
use crate::simulators::client::RawReply;
use crate::simulators::clock::SimulatorClock;
use crate::simulators::control::{Control, SimulatorTls};
use crate::simulators::door::Door;
use crate::simulators::faults::{Faults, Repetition};
use crate::simulators::ledger::Ledger;
use crate::simulators::server;
use crate::simulators::walmu::event::{Event, EventReply, sign};
use crate::simulators::walmu::holdings::Holdings;
use crate::simulators::walmu::service::{BASE_PATH, CaseManagement, TOKEN_PATH};
use crate::simulators::walmu::tokens::Tokens;

/// How the simulated case management is set up.
#[derive(Clone)]
pub struct WalmuSettings {
    /// Certificates. Callers need one only if they show no token.
    pub tls: SimulatorTls,
    /// OAuth 2 client id of the gateway.
    pub client_id: String,
    /// OAuth 2 client secret of the gateway.
    pub client_secret: String,
    /// How long a token is good for.
    pub token_lifetime: Duration,
    /// The shared secret of the webhook.
    pub webhook_secret: Vec<u8>,
    /// The clock of the case management.
    pub clock: SimulatorClock,
    /// Its book; hand in an old one to restart a simulator with what it knew.
    pub ledger: Ledger,
    /// How somebody can be sure that a message has not taken effect twice.
    pub repetition: Repetition,
    /// The port to listen on, 0 for any free one.
    pub port: u16,
}

impl std::fmt::Debug for WalmuSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WalmuSettings").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl WalmuSettings {
    /// The usual set-up: client `polku`, tokens good for five minutes.
    #[must_use]
    pub fn new(tls: SimulatorTls, client_secret: &str, webhook_secret: &[u8]) -> Self {
        Self {
            tls,
            client_id: "polku".to_owned(),
            client_secret: client_secret.to_owned(),
            token_lifetime: Duration::from_secs(300),
            webhook_secret: webhook_secret.to_vec(),
            clock: SimulatorClock::system(),
            ledger: Ledger::new(),
            repetition: Repetition::Recognised,
            port: 0,
        }
    }
}

/// A running simulator of the case management. Clones hold the same one.
#[derive(Debug, Clone)]
pub struct WalmuSimulator {
    control: Control,
    settings: Arc<WalmuSettings>,
    tokens: Tokens,
    holdings: Holdings,
    inbound_url: Arc<Mutex<Option<String>>>,
}

impl WalmuSimulator {
    /// Listens on 127.0.0.1. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When a certificate cannot be used or the port is taken.
    pub fn start(settings: WalmuSettings) -> Result<Self> {
        let mut config = pki::lenient_server_config(&settings.tls.server, &settings.tls.authority_pem)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let control =
            Control::new(Door::on_port(settings.port)?, settings.ledger.clone(), settings.repetition);
        let settings = Arc::new(settings);
        let tokens = Tokens::default();
        let holdings = Holdings::default();
        let management = CaseManagement::new(Arc::clone(&settings), tokens.clone(), holdings.clone());
        server::serve(control.clone(), config, Arc::new(management));
        Ok(Self { control, settings, tokens, holdings, inbound_url: Arc::default() })
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

    /// `base_url` of the document: `https://localhost:PORT/api/v1`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}{BASE_PATH}", self.control.origin())
    }

    /// `token_url` of the document.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN_PATH}", self.control.origin())
    }

    /// The fault knobs.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.control.faults()
    }

    /// What reached the case management and what took effect.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.control.ledger()
    }

    /// How the simulator is set up.
    #[must_use]
    pub fn settings(&self) -> &WalmuSettings {
        &self.settings
    }

    /// Forgets all tokens: the next request with one is answered with 401.
    pub fn revoke_tokens(&self) {
        self.tokens.revoke();
    }

    /// How many tokens have been issued so far.
    #[must_use]
    pub fn tokens_issued(&self) -> u64 {
        self.tokens.issued()
    }

    /// Says where the gateway takes in the webhook: `https://HOST:PORT/inbound/AGENCY`.
    pub fn connect_gateway(&self, inbound_url: &str) {
        *self.inbound_url.lock().unwrap_or_else(PoisonError::into_inner) = Some(inbound_url.to_owned());
    }

    /// Posts the webhook, signed at this instant with the shared secret.
    ///
    /// # Errors
    /// When the gateway gives no answer, or one that breaks the protocol.
    pub async fn send_event(&self, event: &Event) -> Result<EventReply> {
        let secret = self.settings.webhook_secret.clone();
        self.send_event_signed(event, &secret, self.settings.clock.now()).await
    }

    /// Posts the webhook, signed as of `at` with this secret.
    ///
    /// # Errors
    /// As [`WalmuSimulator::send_event`].
    pub async fn send_event_signed(&self, event: &Event, secret: &[u8], at: Timestamp) -> Result<EventReply> {
        EventReply::read(&self.post(event.body(), secret, at).await?)
    }

    async fn post(&self, body: String, secret: &[u8], at: Timestamp) -> Result<RawReply> {
        let timestamp = at.as_second().to_string();
        let signature = sign(secret, &timestamp, body.as_bytes());
        let headers = [("walmu-timestamp", timestamp.as_str()), ("walmu-signature", signature.as_str())];
        self.send_raw(&headers, body).await
    }

    /// Posts these bytes to the gateway as JSON, with these headers.
    ///
    /// # Errors
    /// When the gateway gives no answer.
    pub async fn send_raw(&self, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Result<RawReply> {
        let url = self.inbound_url.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let url = url.context("the simulator has not been told where the gateway is")?;
        let config = pki::client_config(&self.settings.tls.authority_pem)?;
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.control.call(config, Method::POST, &url, &all, body).await
    }

    /// Ends the simulator for good.
    pub fn stop(&self) {
        self.control.stop();
    }
}
