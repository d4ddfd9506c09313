//! Does the front let in whom it should, keep to its limits, and end well? Over real sockets.

#![cfg(test)]

mod attacks;
mod beat;
mod configured;
mod connections;
mod foreign;
mod frames;
mod honest;
mod http2;
mod log;
mod opened;
mod overload;
mod renewal;
mod revocation;
mod revoked;
mod roles;
mod slow;
mod trust;
mod windows;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use polku_gateway::front::accept::{Entrance, Protocol};
use polku_gateway::front::tls::{CurrentTls, Tls, TlsFiles};
use polku_gateway::front::{Limits, Peer, Shutdown};
use polku_tests::pki::{self, Identity, Pki};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// An authority, a gateway's certificate from it, and TLS made of both.
struct Site {
    pki: Pki,
    tls: Tls,
    files: TlsFiles,
    folder: TempDir,
}

impl Site {
    fn new() -> Site {
        let pki = Pki::new().unwrap();
        let folder = TempDir::new().unwrap();
        let server = pki.issue_server(&["localhost"]).unwrap();
        let (certificate, key) = server.write(folder.path(), "gateway").unwrap();
        let client_authorities = pki.write_authority(folder.path(), "ca").unwrap();
        let files = TlsFiles { certificate, key, client_authorities, revocations: None };
        let tls = Tls::load(&files).unwrap();
        Site { pki, tls, files, folder }
    }

    /// With this revocation list.
    fn revoke(&mut self, list: &str) {
        let path = self.folder.path().join("ca.crl.pem");
        std::fs::write(&path, list).unwrap();
        self.files.revocations = Some(path);
        self.tls = Tls::load(&self.files).unwrap();
    }

    fn client(&self, identity: &Identity, protocol: &str) -> ClientConfig {
        with_protocol(pki::mutual_client_config(self.pki.authority_pem(), identity).unwrap(), protocol)
    }

    fn anonymous(&self, protocol: &str) -> ClientConfig {
        with_protocol(pki::client_config(self.pki.authority_pem()).unwrap(), protocol)
    }

    /// Serves `router` as the gRPC listener would be served.
    async fn serve(&self, protocol: Protocol, limits: Limits, router: Router) -> Served {
        self.serve_by(&self.tls.clone().into(), protocol, limits, router).await
    }

    /// The same, with TLS that can change.
    async fn serve_by(&self, tls: &CurrentTls, protocol: Protocol, limits: Limits, router: Router) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::new();
        let tls = tls.clone();
        let entrance = Entrance { listener, tls, protocol, limits };
        let task = tokio::spawn(entrance.serve(router, shutdown.clone()));
        Served { address, shutdown, task }
    }
}

/// A listener at work.
struct Served {
    address: SocketAddr,
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

impl Served {
    async fn connect(&self, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
        connect(self.address, config).await
    }
}

fn with_protocol(mut config: ClientConfig, protocol: &str) -> ClientConfig {
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    config
}

async fn connect(address: SocketAddr, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

/// Answers every request with the digits of the certificate that it came with.
fn who() -> Router {
    Router::new().fallback(async |request: Request<Body>| {
        let peer: Peer = *request.extensions().get().unwrap();
        let digits = peer.certificate_sha256.map_or_else(
            || String::from("nobody"),
            |sha256| sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        );
        Ok::<_, Infallible>(Response::new(Body::from(digits)))
    })
}

/// Limits so small that a test can wait for them.
fn hasty() -> Limits {
    Limits {
        handshake: Duration::from_millis(300),
        first_request: Duration::from_millis(400),
        header_read: Duration::from_millis(600),
        grace: Duration::from_millis(300),
        drain: Duration::from_millis(800),
        ..Limits::default()
    }
}
