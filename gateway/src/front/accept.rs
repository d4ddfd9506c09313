//! Who gets a connection, how long may it stay, and what may it do?
//!
//! One loop for both listeners. No error of one connection ends it, and no connection can hold a place without
//! asking for something. The limits on HTTP/2 are all explicit: the libraries' defaults leave several of them open.

mod frames;
mod handshakes;
mod places;
mod taken;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::CertificateDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::{BoxError, Service, ServiceExt};

use super::tls::{CurrentTls, Tls};
use super::unread::Unread;
use super::{Limits, Peer, Shutdown};
use frames::Counted;
use handshakes::Handshakes;
use places::Places;
use taken::Taken;

/// Streams that a client may have open at the same time.
const MAX_CONCURRENT_STREAMS: u32 = 64;
/// Streams that may end in an error of the client, over the life of a connection.
const MAX_LOCAL_ERROR_RESET_STREAMS: usize = 256;
/// Streams that a client has reset before they were looked at.
const MAX_PENDING_ACCEPT_RESET_STREAMS: usize = 20;
/// Headers of a request, in bytes.
const MAX_HEADER_SIZE: u32 = 8 * 1024;
/// What a client may send ahead, in bytes, of one stream and of all of a connection.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// What is kept for a stream that its client makes room for and does not fetch, in bytes.
const SEND_BUFFER: usize = 64 * 1024;
/// How often a silent connection is asked whether it still lives, and how long it has to answer.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait when the system has no resources for another connection.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// Which protocol a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// A listener with everything that a connection to it needs.
#[derive(Debug)]
pub struct Entrance {
    /// The open port.
    pub listener: TcpListener,
    /// How connections are secured.
    pub tls: CurrentTls,
    /// What is spoken.
    pub protocol: Protocol,
    /// How many and how long.
    pub limits: Limits,
}

impl Entrance {
    /// Lets connections in until shutdown begins, then waits for those that are there, for [`Limits::drain`] at most.
    /// Every request carries a [`Peer`] as extension.
    pub async fn serve<S, B>(self, service: S, shutdown: Shutdown)
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let limits = self.limits;
        let lobby = Lobby {
            tls: self.tls,
            handshakes: Handshakes::new(limits.handshakes),
            permits: Arc::new(Semaphore::new(limits.connections)),
            places: Places::new(&limits),
            protocol: self.protocol,
            limits,
            shutdown: shutdown.clone(),
        };
        let mut connections = JoinSet::new();
        let mut number: u32 = 0;
        loop {
            tokio::select! {
                () = shutdown.begun() => break,
                _ = connections.join_next(), if !connections.is_empty() => {}
                stream = next(&self.listener) => {
                    number = number.wrapping_add(1);
                    connections.spawn(lobby.clone().connection(stream, number, service.clone()));
                }
            }
        }
        drop(self.listener);
        let drained = timeout_at(shutdown.end(limits.drain), async {
            while connections.join_next().await.is_some() {}
        })
        .await;
        if drained.is_err() {
            tracing::warn!(
                connections = connections.len(),
                "connections are cut off after the time to finish"
            );
            connections.shutdown().await;
        }
    }
}

/// Waits for the next connection.
async fn next(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

/// What all connections of a listener have in common.
#[derive(Clone)]
struct Lobby {
    tls: CurrentTls,
    handshakes: Handshakes,
    permits: Arc<Semaphore>,
    places: Places,
    protocol: Protocol,
    limits: Limits,
    shutdown: Shutdown,
}

impl Lobby {
    async fn connection<S, B>(self, stream: TcpStream, number: u32, service: S)
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let tls = self.tls.now();
        let Some(stream) = self.secured(stream, &tls).await else {
            return;
        };
        let chain = chain(&stream);
        let peer = Peer { certificate_sha256: chain.first().and_then(fingerprint) };
        let Some(place) = self.places.take(peer) else {
            tracing::warn!(?peer, "too many connections with this certificate, or without any");
            return;
        };
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            tracing::warn!(?peer, "too many connections");
            return;
        };
        let asked = Arc::new(Notify::new());
        let asked_now = Arc::clone(&asked);
        let unread = Unread::default();
        let of_request = unread.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            asked_now.notify_one();
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(of_request.clone());
            let (at_work, answer) = (of_request.answered(), service.clone().oneshot(request));
            async move {
                let answer = answer.await;
                drop(at_work);
                answer
            }
        });
        let life = async {
            match self.protocol {
                Protocol::Http1 => {
                    let stream = TokioIo::new(Taken::new(stream, self.limits.stream_idle));
                    let connection = http1(&self.limits).serve_connection(stream, service);
                    self.carry(connection, &asked, &unread, number).await;
                }
                Protocol::Http2 => {
                    let connection = http2().serve_connection(TokioIo::new(Counted::new(stream)), service);
                    self.carry(connection, &asked, &unread, number).await;
                }
            }
        };
        tokio::select! {
            () = life => {}
            () = unread.too_long(self.limits.stream_idle) => {
                tracing::warn!(?peer, "a connection is cut: its answers are not read");
            }
            () = self.tls.until_distrusted(&tls, chain) => {
                tracing::warn!(?peer, "a connection is cut: its certificate is not trusted any more");
            }
        }
        drop(place);
        drop(permit);
    }

    async fn secured(&self, stream: TcpStream, tls: &Tls) -> Option<TlsStream<TcpStream>> {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection cannot be set up");
            return None;
        }
        let config = match self.protocol {
            Protocol::Http1 => Arc::clone(&tls.inbound),
            Protocol::Http2 => Arc::clone(&tls.grpc),
        };
        let under_way = self.handshakes.begin();
        let handshake = timeout(self.limits.handshake, async {
            stream.readable().await?;
            under_way.speaks();
            TlsAcceptor::from(config).accept(stream).await
        });
        tokio::select! {
            () = self.shutdown.begun() => None,
            () = under_way.gives_way() => {
                tracing::debug!("a TLS handshake gave way to others");
                None
            }
            secured = handshake => match secured {
                Ok(Ok(stream)) => Some(stream),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a TLS handshake failed");
                    None
                }
                Err(_) => {
                    tracing::debug!("a TLS handshake took too long");
                    None
                }
            },
        }
    }

    /// Carries a connection through its life: first request, age or the end of all that it asked for, grace.
    async fn carry<C: Graceful>(&self, connection: C, asked: &Notify, unread: &Unread, number: u32) {
        let mut connection = pin!(connection);
        tokio::select! {
            result = connection.as_mut() => return ended(result),
            () = asked.notified() => {}
            () = sleep(self.limits.first_request) => {
                tracing::debug!("a connection asked for nothing");
                return;
            }
            () = self.shutdown.begun() => return,
        }
        let rest = tokio::select! {
            result = connection.as_mut() => return ended(result),
            () = sleep(spread(self.limits.age, number)) => self.limits.grace,
            // The end of an answer that nobody reads is out of sight: it lasts no longer than the connection.
            () = unread.quiet(self.limits.quiet) => self.limits.grace,
            () = self.shutdown.begun() => self.limits.drain,
        };
        connection.as_mut().finish();
        match timeout(rest, connection).await {
            Ok(result) => ended(result),
            Err(_) => tracing::debug!("a connection did not finish in time"),
        }
    }
}

fn http1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_header_size(MAX_HEADER_SIZE as usize);
    builder
}

fn http2() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_local_error_reset_streams(MAX_LOCAL_ERROR_RESET_STREAMS)
        .max_pending_accept_reset_streams(MAX_PENDING_ACCEPT_RESET_STREAMS)
        .max_header_list_size(MAX_HEADER_SIZE)
        .adaptive_window(false)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT);
    builder
}

/// A connection that can be asked to take no further requests.
trait Graceful: Future<Output = hyper::Result<()>> {
    fn finish(self: Pin<&mut Self>);
}

impl<S, B> Graceful for http1::Connection<TokioIo<Taken<TlsStream<TcpStream>>>, S>
where
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    B: Body + 'static,
    B::Error: Into<BoxError>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<S, B> Graceful for http2::Connection<TokioIo<Counted<TlsStream<TcpStream>>>, S, TokioExecutor>
where
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// The client's certificate, and those that it came with.
fn chain(stream: &TlsStream<TcpStream>) -> Vec<CertificateDer<'static>> {
    let (_, connection) = stream.get_ref();
    connection.peer_certificates().map(<[_]>::to_vec).unwrap_or_default()
}

fn fingerprint(certificate: &CertificateDer<'static>) -> Option<[u8; 32]> {
    ring::digest::digest(&ring::digest::SHA256, certificate).as_ref().try_into().ok()
}

/// The age of a connection, up to a tenth less or more, so that clients do not all come back at the same time.
fn spread(age: Duration, number: u32) -> Duration {
    // Knuth's multiplicative hash; the upper bits are the well mixed ones.
    let mixed = number.wrapping_mul(2_654_435_761) >> 16;
    age.mul_f64(0.9 + 0.2 * f64::from(mixed) / f64::from(u16::MAX))
}

fn ended(result: hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended with an error");
    }
}
