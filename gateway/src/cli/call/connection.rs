//! How is a gateway reached?

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};

use super::Failure;
use super::profile::Settings;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Connects with the organisation's certificate.
pub(in crate::cli) async fn open(settings: &Settings) -> Result<Channel, Failure> {
    let connector = TlsConnector::from(Arc::new(client(settings).map_err(Failure::Broken)?));
    let host = settings.address.rsplit_once(':').map_or(settings.address.as_str(), |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = settings.server_name.as_deref().unwrap_or(host).to_owned();
    let server = ServerName::try_from(name).context("the server name is none").map_err(Failure::Usage)?;
    let origin: Uri = format!("https://{}", settings.address)
        .parse()
        .context("the address is no HOST:PORT")
        .map_err(Failure::Usage)?;
    // TLS is done below, so the channel itself is told of plain HTTP.
    let endpoint = Endpoint::from_shared(format!("http://{}", settings.address))
        .context("the address is no HOST:PORT")
        .map_err(Failure::Usage)?
        .origin(origin);
    let address = settings.address.clone();
    let connect = tower::service_fn(move |_: Uri| {
        let (connector, server, address) = (connector.clone(), server.clone(), address.clone());
        async move {
            let stream = TcpStream::connect(&address).await?;
            stream.set_nodelay(true)?;
            connector.connect(server, stream).await.map(TokioIo::new)
        }
    });
    tokio::time::timeout(CONNECT, endpoint.connect_with_connector(connect))
        .await
        .with_context(|| format!("no connection to {} within {} s", settings.address, CONNECT.as_secs()))
        .map_err(Failure::Broken)?
        .with_context(|| format!("cannot connect to {}", settings.address))
        .map_err(Failure::Broken)
}

fn client(settings: &Settings) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(&settings.ca)? {
        roots.add(authority).with_context(|| format!("{} is no authority", settings.ca.display()))?;
    }
    let key = PrivateKeyDer::from_pem_file(&settings.key)
        .with_context(|| format!("cannot read a private key in {}", settings.key.display()))?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&settings.certificate)?, key)
        .context("certificate and key cannot be used together")?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .with_context(|| format!("cannot read certificates in {}", path.display()))?;
    ensure!(!found.is_empty(), "no certificate in {}", path.display());
    Ok(found)
}
