//! How does a simulated agency call the gateway?

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long a simulated agency waits for the gateway's whole answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// An HTTP answer as it came.
#[derive(Debug, Clone)]
pub struct RawReply {
    /// HTTP status.
    pub status: StatusCode,
    /// HTTP headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Makes one HTTPS request over a connection of its own.
///
/// # Errors
/// When there is no connection, no trust, or no whole answer within 20 s.
pub async fn call(
    config: ClientConfig,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<RawReply> {
    let request = request(method, url, headers, body.into())?;
    timeout(PATIENCE, exchange(config, url, request)).await.context("no answer in time")?
}

async fn exchange(config: ClientConfig, url: &str, request: Request<Full<Bytes>>) -> Result<RawReply> {
    let url: Uri = url.parse().context("not a URL")?;
    let host = url.host().context("a URL without a host")?.to_owned();
    let stream = TcpStream::connect((host.as_str(), url.port_u16().unwrap_or(443))).await?;
    let name = ServerName::try_from(host).context("not a server name")?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.context("no TLS")?;
    converse(stream, request).await
}

/// Makes one HTTP request over this connection.
///
/// # Errors
/// When there is no whole answer within 20 s.
pub(crate) async fn call_over(
    stream: DuplexStream,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<RawReply> {
    let request = request(method, url, headers, body)?;
    timeout(PATIENCE, converse(stream, request)).await.context("no answer in time")?
}

async fn converse<S>(stream: S, request: Request<Full<Bytes>>) -> Result<RawReply>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.context("no answer")?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.context("no whole answer")?.to_bytes();
    connection.abort();
    Ok(RawReply { status: head.status, headers: head.headers, body })
}

fn request(method: Method, url: &str, headers: &[(&str, &str)], body: Bytes) -> Result<Request<Full<Bytes>>> {
    let url: Uri = url.parse().context("not a URL")?;
    let authority = url.authority().context("a URL without a host")?.as_str();
    let target = url.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = target.parse().context("not a path")?;
    request.headers_mut().insert(HOST, HeaderValue::from_str(authority)?);
    for (name, value) in headers {
        request.headers_mut().append(HeaderName::try_from(*name)?, HeaderValue::from_str(value)?);
    }
    Ok(request)
}
