//! How is a request sent to an agency, and what does a failure say about whether it has arrived?
//!
//! The one HTTP client of the gateway: HTTP/1.1 over TLS only, roots out of the configured file only, no redirects,
//! one deadline over the whole call, an answer of limited size.

mod body;
#[cfg(fuzzing)]
pub mod canned;
mod network;
mod renewal;
mod resolver;
mod tls;

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use ipnet::IpNet;
use serde::Deserialize;
use thiserror::Error as ThisError;
use tokio::io::AsyncReadExt as _;
use tokio::time::Instant;
use tower::{Service, ServiceExt as _};

use crate::setting::{SettingError, within};
use body::Outgoing;
use network::Stream;
pub use network::{Dial, Dialling, Network};
use renewal::Renewal;
use resolver::{Resolver, is_allowed};

#[cfg(test)]
mod tests;

/// A connection that nobody has used for this long is closed. Shorter than servers wait (5 s at the least by common
/// defaults): a request that meets the server's closing cannot be told from one that was taken in.
const IDLE: Duration = Duration::from_secs(3);
/// Connections kept open for the next call.
const IDLE_CONNECTIONS: usize = 4;
/// How long a server has to say that it does not take the client's certificate.
const REFUSAL: Duration = Duration::from_millis(300);
/// Limit of the head of an answer, in bytes.
const HEAD_BYTES: usize = 64 * 1024;

type BoxError = Box<dyn Error + Send + Sync>;

/// The table `connection` of an adapter's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// PEM file with the roots that the agency's server certificate must lead to. There are no others.
    pub ca_file: PathBuf,
    /// PEM file with the gateway's own certificate and its chain, where the agency asks for one.
    pub certificate_file: Option<PathBuf>,
    /// PEM file with the key of that certificate.
    pub key_file: Option<PathBuf>,
    /// To which networks the server's name may lead, as `10.1.0.0/16` or `2001:db8::/32`. To any when absent.
    #[serde(default)]
    pub addresses: Vec<IpNet>,
    /// Time to connect, TLS included, in milliseconds. 5000 when absent.
    #[serde(default = "default_connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// Time for the whole call, in milliseconds. 15000 when absent: less than the gateway gives an attempt.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Largest answer that is read, in bytes. 1048576 when absent: the longest answer of an agency, of 500
    /// records, fits.
    #[serde(default = "default_max_answer_bytes")]
    pub max_answer_bytes: usize,
}

fn default_connect_timeout_ms() -> u64 {
    5_000
}

fn default_timeout_ms() -> u64 {
    15_000
}

fn default_max_answer_bytes() -> usize {
    1024 * 1024
}

/// A client for one server.
pub struct HttpClient {
    base: Uri,
    link: Renewal,
    timeout: Duration,
    max_answer_bytes: usize,
}

/// An answer with a status of 200 to 299 or 400 to 599. `Debug` shows the status only.
#[derive(Clone)]
pub struct Answer {
    /// Status code.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// A request that has no answer.
#[derive(Debug, ThisError)]
#[error("{kind}")]
pub struct TransportError {
    /// What is known of the request.
    pub kind: TransportErrorKind,
    /// What went wrong.
    #[source]
    pub source: TransportCause,
}

/// What is known of a request that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
pub enum TransportErrorKind {
    /// It was not fully written: the server cannot have acted on it.
    #[error("not reachable")]
    Unavailable,
    /// Time ran out before it was fully written: the server cannot have acted on it.
    #[error("timed out before the request was written")]
    Timeout,
    /// It was fully written: the server may have acted on it.
    #[error("no answer after the request was written")]
    Unanswered,
}

/// Why a request has no answer. Carries nothing of the request or the answer.
#[derive(Debug, ThisError)]
pub enum TransportCause {
    /// The connection could not be made.
    #[error("cannot connect")]
    Connect(#[source] BoxError),
    /// The connection broke, or what came over it is not HTTP.
    #[error("the exchange broke off")]
    Exchange(#[source] BoxError),
    /// The deadline of the call has passed.
    #[error("the deadline of the call has passed")]
    Deadline,
    /// The answer is too large.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer has a status that is not followed or understood, for example a redirect.
    #[error("the answer has the status {status}")]
    Status {
        /// The status.
        status: StatusCode,
    },
    /// The request was for another server than the client's.
    #[error("the request is for another server")]
    OtherServer,
}

impl HttpClient {
    /// Makes a client for the server of `base`.
    ///
    /// # Errors
    /// The address is not `https`, a number is out of its bounds, or a file cannot be used.
    pub fn new(base: &Uri, settings: &Settings, network: &Network) -> Result<Self, SettingError> {
        crate::setting::https_url("url", &base.to_string())?;
        let Settings { connect_timeout_ms, timeout_ms, max_answer_bytes, .. } = settings;
        let expected = "10 to 600000 milliseconds";
        within("connection.connect_timeout_ms", connect_timeout_ms, 10..=600_000, expected)?;
        within("connection.timeout_ms", timeout_ms, 10..=600_000, expected)?;
        let expected = "1024 to 1048576 bytes";
        within("connection.max_answer_bytes", max_answer_bytes, 1024..=1_048_576, expected)?;

        let literal = base.host().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        if literal.is_some_and(|address| !is_allowed(&settings.addresses, SocketAddr::new(address, 0))) {
            return Err(SettingError::Value {
                key: "connection.addresses",
                expected: "the address in the url too",
            });
        }
        let link = Renewal::new(settings, network)?;
        let timeout = Duration::from_millis(*timeout_ms);
        Ok(Self { base: base.clone(), link, timeout, max_answer_bytes: *max_answer_bytes })
    }

    /// Sends one request and reads its answer. A request without body is never
    /// [`Unanswered`](TransportErrorKind::Unanswered): it only asks.
    ///
    /// # Errors
    /// There is no answer, or none that may be used.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Answer, TransportError> {
        self.send_by(request, Instant::now() + self.timeout).await
    }

    /// The same by an instant, for a call that is a part of another one.
    ///
    /// # Errors
    /// There is no answer, or none that may be used.
    pub async fn send_by(&self, request: Request<Bytes>, until: Instant) -> Result<Answer, TransportError> {
        let (head, body) = request.into_parts();
        if head.uri.scheme() != self.base.scheme() || head.uri.authority() != self.base.authority() {
            let (kind, source) = (TransportErrorKind::Unavailable, TransportCause::OtherServer);
            return Err(TransportError { kind, source });
        }
        let (body, progress) = Outgoing::new(body);
        let exchange = self.exchange(Request::from_parts(head, body));
        let source = match tokio::time::timeout_at(until, exchange).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(cause)) => cause,
            Err(_) => TransportCause::Deadline,
        };
        let kind = match progress.call_off() {
            body::Fate::Taken => TransportErrorKind::Unanswered,
            body::Fate::Held if source.is_late() => TransportErrorKind::Timeout,
            body::Fate::Held => TransportErrorKind::Unavailable,
        };
        Err(TransportError { kind, source })
    }

    /// Reads the files of the settings anew, all or nothing, when they have changed and are at rest since the last look, or
    /// at once where it is `forced`; tells whether it has. Blocks.
    ///
    /// # Errors
    /// What is wrong with them, once for each change; the last good ones stay.
    pub fn renew(&self, forced: bool) -> Result<bool, SettingError> {
        self.link.renew(forced)
    }

    /// Connects to the server, TLS included, and asks for nothing. A server that does not take the client's certificate says
    /// so a moment after the handshake (RFC 8446, 2), so that is waited for.
    ///
    /// # Errors
    /// It cannot be connected to.
    pub async fn reach(&self) -> Result<(), TransportError> {
        let connected = self.link.now().connector.oneshot(self.base.clone()).await;
        let refused = match connected {
            Ok(stream) => {
                let mut stream = TokioIo::new(stream);
                match tokio::time::timeout(REFUSAL, stream.read_u8()).await {
                    Ok(Err(error)) => Some(error.into()),
                    // It waits for a request, as it should; or it greets, which is not for HTTP, and no refusal.
                    Err(_) | Ok(Ok(_)) => None,
                }
            }
            Err(error) => Some(error),
        };
        match refused {
            None => Ok(()),
            Some(error) => Err(TransportError {
                kind: TransportErrorKind::Unavailable,
                source: TransportCause::Connect(error),
            }),
        }
    }

    /// The server's address.
    #[must_use]
    pub fn base(&self) -> &Uri {
        &self.base
    }

    /// The files of the settings: roots, and the own certificate if there is one.
    pub fn certificate_files(&self) -> impl Iterator<Item = &Path> {
        self.link.certificate_files()
    }

    /// The time that a whole call may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    async fn exchange(&self, request: Request<Outgoing>) -> Result<Answer, TransportCause> {
        #[cfg(fuzzing)]
        let request = match canned::respond(request).await {
            Ok(response) => return self.read(response).await,
            Err(request) => request,
        };
        let response =
            self.link.now().client.request(request).await.map_err(|error| match error.is_connect() {
                true => TransportCause::Connect(error.into()),
                false => TransportCause::Exchange(error.into()),
            })?;
        self.read(response).await
    }

    async fn read<B>(&self, response: Response<B>) -> Result<Answer, TransportCause>
    where
        B: Body<Error: Into<BoxError>>,
    {
        let (head, body) = response.into_parts();
        let status = head.status;
        if !(status.is_success() || status.is_client_error() || status.is_server_error()) {
            return Err(TransportCause::Status { status });
        }
        // One that says at once that it is too long is not waited for.
        if body.size_hint().lower() > u64::try_from(self.max_answer_bytes).unwrap_or(u64::MAX) {
            return Err(TransportCause::TooLarge { limit: self.max_answer_bytes });
        }
        match Limited::new(body, self.max_answer_bytes).collect().await {
            Ok(body) => Ok(Answer { status, headers: head.headers, body: body.to_bytes() }),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(TransportCause::TooLarge { limit: self.max_answer_bytes })
            }
            Err(error) => Err(TransportCause::Exchange(error)),
        }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpClient").field("base", &self.base).finish_non_exhaustive()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    /// Returns how long the server wants to be left alone, if it says so in seconds. At most a day.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }
}

/// Returns how long a server wants to be left alone, by the headers of its answer.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(24 * 60 * 60)))
}

impl TransportCause {
    fn is_late(&self) -> bool {
        match self {
            Self::Deadline => true,
            Self::Connect(error) => {
                let first: &(dyn Error + 'static) = error.as_ref();
                std::iter::successors(Some(first), |error: &&(dyn Error + 'static)| (*error).source())
                    .filter_map(|error| error.downcast_ref::<io::Error>())
                    .any(|error| error.kind() == io::ErrorKind::TimedOut)
            }
            Self::Exchange(_) | Self::TooLarge { .. } | Self::Status { .. } | Self::OtherServer => false,
        }
    }
}

/// A client and what it connects by.
#[derive(Clone)]
struct Linked {
    client: Client<Connector, Outgoing>,
    connector: Connector,
}

impl Linked {
    fn new(connector: Connector) -> Linked {
        // hyper-util sends a request again by itself only when a kept connection turned out to be dead and the
        // request came back unstarted (`TrySendError::take_message`): hyper hands it back only while it still waits
        // in the connection's queue, before its head is written. So a request is never written twice.
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_buf_size(HEAD_BYTES)
            .build(connector.clone());
        Linked { client, connector }
    }
}

/// Connects within a time that covers the look-up of the name and the TLS handshake too.
#[derive(Clone)]
struct Connector {
    https: HttpsConnector<HttpConnector<Resolver>>,
    network: Network,
    timeout: Duration,
}

impl Connector {
    fn new(settings: &Settings, network: &Network) -> Result<Connector, SettingError> {
        let timeout = Duration::from_millis(settings.connect_timeout_ms);
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new(&settings.addresses));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls::configure(settings)?)
            .https_only()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Connector { https, network: network.clone(), timeout })
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let timeout = self.timeout;
        let connecting: Self::Future = match &self.network {
            Network::Tls => {
                let connecting = self.https.call(server);
                Box::pin(async { Ok(Stream::Tls(Box::new(connecting.await?))) })
            }
            Network::Dialled(dialler) => {
                let connecting = dialler.dial(&server);
                Box::pin(async { Ok(Stream::Dialled(TokioIo::new(connecting.await?))) })
            }
        };
        Box::pin(async move {
            match tokio::time::timeout(timeout, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        })
    }
}
