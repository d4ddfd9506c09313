//! Which servers does the bench bring itself? Each is a process of its own, told by a line that it is ready.

mod echo;
pub(crate) mod plain;
pub(crate) mod policy;

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use polku_gateway::config::Config;
use polku_tests::pki::{provider, roots};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::net::TcpListener;

/// Which one.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum What {
    /// The floor: a bare tonic unary echo.
    Echo {
        /// Folder with the certificates for mutual TLS; without it there is none.
        #[arg(long)]
        tls: Option<PathBuf>,
    },
    /// The gateway without TLS.
    Gateway {
        /// Its configuration.
        #[arg(long)]
        config: PathBuf,
        /// The digest of the certificate that everybody is taken to have.
        #[arg(long)]
        certificate: String,
    },
    /// Looks a grant up for nginx and Envoy.
    Policy {
        /// How many grants there are.
        #[arg(long)]
        grants: u64,
    },
}

/// Serves until nobody holds its standard input any more.
pub(crate) fn run(what: &What) -> Result<()> {
    let mut builder = match what {
        What::Gateway { .. } => tokio::runtime::Builder::new_multi_thread(),
        What::Echo { .. } | What::Policy { .. } => tokio::runtime::Builder::new_current_thread(),
    };
    builder.enable_all().build()?.block_on(async {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(address).await.context("cannot listen")?;
        let bound = listener.local_addr()?;
        let serving = async {
            match what {
                What::Echo { tls } => {
                    let tls = tls.as_deref().map(mutual).transpose()?;
                    say(bound)?;
                    echo::serve(listener, tls).await
                }
                What::Policy { grants } => {
                    let known = policy::known(*grants);
                    say(bound)?;
                    policy::serve(listener, known).await
                }
                What::Gateway { config, certificate } => {
                    let opened = plain::open(Config::load(config)?, certificate).await?;
                    say(bound)?;
                    plain::serve(opened, listener).await
                }
            }
        };
        tokio::select! {
            served = serving => served,
            () = orphaned() => Ok(()),
        }
    })
}

/// Waits for the end of its input.
async fn orphaned() {
    let (sender, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = sender.send(());
    });
    let _ = ended.await;
}

/// Says where it listens, and by that that it does.
fn say(bound: SocketAddr) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{bound}")?)
}

/// Mutual TLS with `server` of a folder, for whoever its `ca` vouches for.
fn mutual(folder: &Path) -> Result<ServerConfig> {
    let read = |name: &str| std::fs::read(folder.join(name)).with_context(|| format!("no {name}"));
    let authority = String::from_utf8(read("ca.crt.pem")?)?;
    let chain = vec![CertificateDer::from_pem_slice(&read("server.crt.pem")?)?];
    let key = PrivateKeyDer::from_pem_slice(&read("server.key.pem")?)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(&authority)?), provider());
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier.build()?)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}
