//! How do calls and agencies' messages come in?
//!
//! One accept loop ([`accept`]) serves both listeners: gRPC over mutual TLS, and agencies' own protocols over
//! HTTP/1.1. What is known of the caller's certificate travels with each request as [`Peer`].

pub mod accept;
mod admission;
mod arriving;
mod bare;
pub(crate) mod call;
mod class;
mod ending;
mod inbound;
mod limits;
pub(crate) mod quota;
pub(crate) mod refusal;
mod shutdown;
pub mod tls;
mod unread;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::middleware::map_response;
use polku_proto::AgencyId;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::clock::Clock;
use crate::config::Listen;

use accept::{Entrance, Protocol};
use admission::{Admission, Room};
use call::Calls;

pub use call::Running;
pub use class::MethodClass;
use inbound::router;
pub use inbound::{Answer, InboundHandler};
pub use limits::{LARGEST_ANSWER, Limits};
pub(crate) use limits::{LARGEST_MESSAGE, LARGEST_PLAN};
pub use quota::{Excess, Quotas, RetryAfter};
pub use shutdown::Shutdown;
use tls::CurrentTls;

/// What is known of the other end of a connection. An extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// SHA-256 of the client certificate in DER, if one was presented. Its chain has been verified.
    pub certificate_sha256: Option<[u8; 32]>,
}

/// Everything that the gateway answers to, before a port is open.
#[derive(Debug)]
pub struct Front {
    /// Where to listen.
    pub listen: Listen,
    /// TLS of both listeners.
    pub tls: CurrentTls,
    /// How much and how long.
    pub limits: Limits,
    /// The gRPC services. Health is added to them, and reflection where it is wanted.
    pub routes: Routes,
    /// Agencies with an adapter. Each is a service of its own to the health service.
    pub agencies: Vec<AgencyId>,
    /// Whom agencies' own messages go to.
    pub inbound: Arc<dyn InboundHandler>,
    /// The time of agencies' messages.
    pub clock: Arc<dyn Clock>,
}

/// The addresses that have been opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// gRPC.
    pub grpc: SocketAddr,
    /// Agencies' own protocols.
    pub inbound: SocketAddr,
}

/// Why the front cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum FrontError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The descriptors of the contract cannot be read.
    #[error("the descriptors of the contract cannot be read")]
    Contract(#[source] prost::DecodeError),
    /// Reflection cannot be built of the descriptors.
    #[error("reflection of the contract cannot be set up")]
    Reflection(#[source] tonic_reflection::server::Error),
}

impl Front {
    /// Opens both listeners. Nobody is let in before [`Open::serve`].
    ///
    /// # Errors
    /// [`FrontError`] when an address is taken or not allowed.
    pub async fn open(self) -> Result<Open, FrontError> {
        let grpc = listen(self.listen.grpc).await?;
        let inbound = listen(self.listen.inbound).await?;
        let bound = Bound {
            grpc: address(&grpc, self.listen.grpc)?,
            inbound: address(&inbound, self.listen.inbound)?,
        };
        let (reporter, health_server) = tonic_health::server::health_reporter();
        let mut services = services()?;
        services.extend(self.agencies.iter().map(ToString::to_string));
        let health = Health { reporter, services: services.into(), leaving: Arc::default() };
        let mut routes = self.routes.add_service(health_server.max_decoding_message_size(LARGEST_MESSAGE));
        if self.listen.reflection {
            routes = reflecting(routes)?;
        }
        health.serving().await;
        Ok(Open { front: Front { routes: routes.prepare(), ..self }, grpc, inbound, bound, health })
    }
}

/// A front whose ports are open.
#[derive(Debug)]
pub struct Open {
    front: Front,
    grpc: TcpListener,
    inbound: TcpListener,
    bound: Bound,
    health: Health,
}

impl Open {
    /// The addresses, with the ports that the system chose.
    #[must_use]
    pub fn bound(&self) -> Bound {
        self.bound
    }

    /// A handle to what the health service says.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Serves until shutdown begins, then finishes what has begun, for [`Limits::drain`] at most. Behind that nothing of it
    /// works any more.
    pub async fn serve(self, shutdown: Shutdown) {
        let limits = self.front.limits;
        let running = Running::default();
        let tls = self.front.tls;
        let grpc = Entrance { listener: self.grpc, tls: tls.clone(), protocol: Protocol::Http2, limits };
        let inbound = Entrance { listener: self.inbound, tls, protocol: Protocol::Http1, limits };
        let routes = self.front.routes.into_axum_router().layer(map_response(bare::worded));
        let admission = Admission::new(&limits);
        let calls = Calls::new(routes, limits, admission, running.clone(), shutdown.clone());
        let messages =
            router(self.front.inbound, self.front.clock, limits, Room::new(&limits), running.clone());
        let leaving = async {
            shutdown.begun().await;
            self.health.leave().await;
        };
        tokio::join!(grpc.serve(calls, shutdown.clone()), inbound.serve(messages, shutdown.clone()), leaving);
        if !running.finished_by(shutdown.end(limits.drain)).await {
            tracing::warn!("calls were still at work when the time to finish was over, and are cut off");
        }
    }
}

/// What the health service says.
#[derive(Clone)]
pub struct Health {
    reporter: HealthReporter,
    services: Arc<[String]>,
    /// Whether this gateway is about to end.
    leaving: Arc<Mutex<bool>>,
}

impl fmt::Debug for Health {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Health").field("services", &self.services).finish_non_exhaustive()
    }
}

impl Health {
    /// Says that the gateway and every service of it serve. An agency whose adapter fails changes nothing in what
    /// is said of the gateway. Not said any more once it is about to end.
    pub async fn serving(&self) {
        let leaving = self.leaving.lock().await;
        if !*leaving {
            self.set(ServingStatus::Serving).await;
        }
    }

    /// Says that neither the gateway nor any service of it serves.
    pub async fn not_serving(&self) {
        let _leaving = self.leaving.lock().await;
        self.set(ServingStatus::NotServing).await;
    }

    /// Says the same, until the gateway has ended.
    async fn leave(&self) {
        let mut leaving = self.leaving.lock().await;
        *leaving = true;
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        self.reporter.set_service_status("", status).await;
        for service in self.services.iter() {
            self.reporter.set_service_status(service, status).await;
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, FrontError> {
    TcpListener::bind(address).await.map_err(|source| FrontError::Listen { address, source })
}

fn address(listener: &TcpListener, asked: SocketAddr) -> Result<SocketAddr, FrontError> {
    listener.local_addr().map_err(|source| FrontError::Listen { address: asked, source })
}

/// Adds that the contract is told to whoever asks.
fn reflecting(routes: Routes) -> Result<Routes, FrontError> {
    let contract = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(polku_proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let reflection = contract().build_v1().map_err(FrontError::Reflection)?;
    // The reflection client of gRPC for Python knows the older version only.
    let older_reflection = contract().build_v1alpha().map_err(FrontError::Reflection)?;
    Ok(routes
        .add_service(reflection.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(older_reflection.max_decoding_message_size(LARGEST_MESSAGE)))
}

/// Full names of the contract's services.
fn services() -> Result<Vec<String>, FrontError> {
    let contract = prost_types::FileDescriptorSet::decode(polku_proto::FILE_DESCRIPTOR_SET)
        .map_err(FrontError::Contract)?;
    let names = contract
        .file
        .iter()
        .flat_map(|file| file.service.iter().map(|service| format!("{}.{}", file.package(), service.name())));
    Ok(names.collect())
}
