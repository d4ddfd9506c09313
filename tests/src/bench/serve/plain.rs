//! The gateway's services without TLS: for a load generator that has no client certificates, and for tests. Nothing is
//! delivered, and the limits of the front are not there either.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use polku_gateway::clock::SystemClock;
use polku_gateway::config::Config;
use polku_gateway::front::Peer;
use polku_gateway::machine::Machine;
use polku_gateway::serve;
use polku_proto::CallerRoles;
use tokio::net::TcpListener;
use tonic::service::Routes;
use tower::ServiceExt as _;

/// Opens the store; then everybody who connects is taken for whoever has the certificate with this digest.
pub(crate) async fn open(config: Config, certificate: &str) -> Result<(Routes, Peer)> {
    let mut digest = [0; 32];
    for (place, byte) in digest.iter_mut().enumerate() {
        let digits = certificate.get(2 * place..2 * place + 2).context("not a SHA-256")?;
        *byte = u8::from_str_radix(digits, 16)?;
    }
    let engine = serve::engine(&config)?;
    let prepared = serve::prepare(config, engine, Arc::new(SystemClock), Machine::default()).await?;
    Ok((prepared.routes().clone().prepare(), Peer { certificate_sha256: Some(digest) }))
}

/// Serves for ever.
pub(crate) async fn serve((routes, peer): (Routes, Peer), listener: TcpListener) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let routes = routes.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            let roles = CallerRoles::of_method(request.uri().path());
            request.extensions_mut().insert(roles);
            request.extensions_mut().insert(peer);
            routes.clone().oneshot(request)
        });
        tokio::spawn(async move {
            let builder = http2::Builder::new(TokioExecutor::new());
            // The other side finds out by itself.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
