//! How is a call made with as little work as possible?
//!
//! The load has few cores and must not be what is measured. So a call is a request of hyper's HTTP/2 with its bytes ready
//! made: tonic's channel would add a queue, a task and a codec to each.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, TE};
use http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, Request, Uri, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use polku_tests::pki::{Identity, mutual_client_config};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Length and compression of a message stand before it.
pub(crate) const PREFIX: usize = 5;

/// So that no answer waits for room: of a stream, and of a connection.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;

/// An open connection. Cheap to clone.
pub(crate) type Connection = SendRequest<Full<Bytes>>;

/// Where a server is, and how it is spoken to.
#[derive(Clone)]
pub(crate) struct Road {
    address: SocketAddr,
    tls: Option<TlsConnector>,
}

impl Road {
    /// Without TLS.
    pub(crate) fn plain(address: SocketAddr) -> Road {
        Road { address, tls: None }
    }

    /// With a client certificate.
    pub(crate) fn mutual(address: SocketAddr, authority_pem: &str, identity: &Identity) -> Result<Road> {
        let mut config = mutual_client_config(authority_pem, identity)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Road { address, tls: Some(TlsConnector::from(Arc::new(config))) })
    }

    /// Connects.
    pub(crate) async fn open(&self) -> Result<Connection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => speak(stream).await,
            Some(tls) => speak(tls.connect(ServerName::try_from("localhost")?, stream).await?).await,
        }
    }
}

async fn speak<S>(stream: S) -> Result<Connection>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(STREAM_WINDOW).initial_connection_window_size(CONNECTION_WINDOW);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // Calls that are under way say what has happened.
        let _ = connection.await;
    });
    Ok(sender)
}

/// A method, and what stands in the headers of each call.
#[derive(Debug, Clone)]
pub(crate) struct Method {
    uri: Uri,
    headers: HeaderMap,
}

impl Method {
    /// `/service/method`, with nothing but what gRPC needs.
    pub(crate) fn new(path: &str) -> Result<Method> {
        let uri = format!("https://localhost{path}").parse()?;
        let mut headers = HeaderMap::new();
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        Ok(Method { uri, headers })
    }

    /// With one more header.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Result<Method> {
        self.headers.insert(HeaderName::from_static(name), value.parse()?);
        Ok(self)
    }

    fn request(&self, body: Bytes, more: Option<(HeaderName, HeaderValue)>) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Verb::POST;
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().extend(more);
        request
    }
}

/// A message with its prefix.
pub(crate) fn framed(message: &[u8]) -> Result<Bytes> {
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len())?);
    framed.put_slice(message);
    Ok(framed.freeze())
}

/// One call, with a header of its own if it needs one. `answer` holds the message of the answer afterwards.
pub(crate) async fn call(
    connection: &mut Connection,
    method: &Method,
    body: Bytes,
    header: Option<(HeaderName, HeaderValue)>,
    answer: &mut Vec<u8>,
) -> Result<()> {
    answer.clear();
    let response = connection.send_request(method.request(body, header)).await?;
    let (head, mut body) = response.into_parts();
    let mut outcome = status(&head.headers);
    while let Some(frame) = body.frame().await {
        match frame?.into_data() {
            Ok(data) => answer.extend_from_slice(&data),
            Err(frame) => outcome = outcome.or(frame.trailers_ref().and_then(status)),
        }
    }
    match outcome {
        Some((0, _)) => {}
        Some((code, words)) => bail!("gRPC status {code} {words}"),
        None => bail!("HTTP status {} without a gRPC status", head.status.as_u16()),
    }
    let told = answer.get(1..PREFIX).context("no message in the answer")?;
    let length = told.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    anyhow::ensure!(answer.len() == PREFIX + length, "the answer is not one whole message");
    answer.drain(..PREFIX);
    Ok(())
}

/// Code and words of how a call has ended.
fn status(headers: &HeaderMap) -> Option<(i32, String)> {
    let code = headers.get("grpc-status")?.to_str().ok()?.parse().ok()?;
    if code == 0 {
        return Some((0, String::new()));
    }
    let words = headers.get("grpc-message").and_then(|words| words.to_str().ok());
    Some((code, words.unwrap_or_default().to_owned()))
}
