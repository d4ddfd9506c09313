//! By which handle do tests hold a running simulator?

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use rustls::ClientConfig;
use tokio::io::DuplexStream;

use crate::pki::Identity;
use crate::simulators::client::{self, RawReply};
use crate::simulators::door::Door;
use crate::simulators::faults::{Faults, Repetition};
use crate::simulators::ledger::{Ledger, Received};
use crate::simulators::server::{self, Agency};

/// What is on its way between two ends in memory.
const MEMORY_BYTES: usize = 64 * 1024;

/// The certificates of a simulated agency.
#[derive(Debug, Clone)]
pub struct SimulatorTls {
    /// What its server shows. Must be valid for `localhost`.
    pub server: Identity,
    /// Whose certificates it trusts, of callers and of the gateway, PEM.
    pub authority_pem: String,
}

/// What all simulators have in common. Clones hold the same simulator.
#[derive(Debug, Clone)]
pub struct Control {
    door: Door,
    faults: Faults,
    ledger: Ledger,
    wire: Arc<Mutex<Vec<Exchange>>>,
    memory: Arc<Mutex<Memory>>,
}

/// How an agency is reached, and reaches the gateway, without sockets.
#[derive(Default)]
struct Memory {
    agency: Option<Arc<dyn Agency>>,
    to_gateway: Option<Arc<ToGateway>>,
}

/// Connects to the gateway's inbound listener.
type ToGateway = dyn Fn() -> io::Result<DuplexStream> + Send + Sync;

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Memory")
    }
}

/// Who has begun an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The gateway has called the agency.
    Gateway,
    /// The agency has called the gateway.
    Agency,
}

/// A request and its answer as they were on the wire.
#[derive(Clone)]
pub struct Exchange {
    /// Who has called.
    pub from: Side,
    /// HTTP method.
    pub method: Method,
    /// Path and query; the whole address where the agency calls.
    pub path: String,
    /// Headers of the request.
    pub headers: HeaderMap,
    /// Body of the request.
    pub body: Bytes,
    /// The answer, before any fault has distorted it.
    pub reply: RawReply,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Exchange").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Control {
    pub(crate) fn new(door: Door, ledger: Ledger, repetition: Repetition) -> Self {
        Self {
            faults: Faults::new(door.clone(), repetition),
            door,
            ledger,
            wire: Arc::default(),
            memory: Arc::default(),
        }
    }

    /// Where the simulator listens. Stays the same while it is dead.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// `https://localhost:PORT`, without a path.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.address().port())
    }

    /// The fault knobs.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What reached the agency and what took effect.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Every request that had an answer, with it, in order.
    #[must_use]
    pub fn wire(&self) -> Vec<Exchange> {
        self.exchanges().clone()
    }

    /// Makes one HTTPS request of the agency's own, as [`client::call`] does, and keeps it with its answer.
    ///
    /// # Errors
    /// As [`client::call`].
    pub async fn call(
        &self,
        config: ClientConfig,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<RawReply> {
        let body: Bytes = body.into();
        let to_gateway = self.memory().to_gateway.clone();
        let reply = match to_gateway {
            Some(connect) => {
                client::call_over(connect()?, method.clone(), url, headers, body.clone()).await?
            }
            None => client::call(config, method.clone(), url, headers, body.clone()).await?,
        };
        let mut written = HeaderMap::new();
        for (name, value) in headers {
            written.append(HeaderName::try_from(*name)?, HeaderValue::from_str(value)?);
        }
        self.exchanges().push(Exchange {
            from: Side::Agency,
            method,
            path: url.to_owned(),
            headers: written,
            body,
            reply: reply.clone(),
        });
        Ok(reply)
    }

    /// Connects to the agency without a socket, as somebody who shows a certificate with this SHA-256.
    ///
    /// # Errors
    /// When the agency is dead.
    pub fn connect(&self, certificate_sha256: &str) -> io::Result<DuplexStream> {
        let agency = self.memory().agency.clone().filter(|_| self.door.is_open());
        let agency = agency.ok_or(io::ErrorKind::ConnectionRefused)?;
        let (near, far) = tokio::io::duplex(MEMORY_BYTES);
        tokio::spawn(server::converse_in_memory(self.clone(), agency, far, certificate_sha256.to_owned()));
        Ok(near)
    }

    /// From now on the agency reaches the gateway over connections that are made in this way, not over sockets.
    pub fn reach_gateway_by(&self, connect: impl Fn() -> io::Result<DuplexStream> + Send + Sync + 'static) {
        self.memory().to_gateway = Some(Arc::new(connect));
    }

    pub(crate) fn is_played_by(&self, agency: Arc<dyn Agency>) {
        self.memory().agency = Some(agency);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what the agency has answered to a request.
    pub(crate) fn note_answer(
        &self,
        request: &Received,
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
    ) {
        self.exchanges().push(Exchange {
            from: Side::Gateway,
            method: request.method.clone(),
            path: request.path.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            reply: RawReply { status, headers, body },
        });
    }

    fn exchanges(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the simulator for good: the listener and all connections are closed.
    pub fn stop(&self) {
        self.door.stop();
    }

    pub(crate) fn door(&self) -> &Door {
        &self.door
    }
}
