//! Which servers does the bench bring itself? Each is a process of its own, told by a line that it is ready.

mod echo;
pub(crate) mod policy;

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
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
    /// Looks a grant up for nginx and Envoy.
    Policy {
        /// How many grants there are.
        #[arg(long)]
        grants: u64,
    },
}

/// Serves until nobody holds its standard input any more.
pub(crate) fn run(what: &What) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(address).await.context("cannot listen")?;
        let bound = listener.local_addr()?;
        let serving = async {
            match what {
                What::Echo { tls } => echo::serve(listener, tls.as_deref().map(mutual).transpose()?).await,
                What::Policy { grants } => policy::serve(listener, *grants, bound).await,
            }
        };
        tokio::select! {
            served = serving => served,
            () = orphaned(bound, matches!(what, What::Echo { .. })) => Ok(()),
        }
    })
}

/// Says where it listens, and waits for the end of its input.
async fn orphaned(bound: SocketAddr, is_ready: bool) {
    if is_ready {
        say(bound);
    }
    let (sender, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = sender.send(());
    });
    let _ = ended.await;
}

fn say(bound: SocketAddr) {
    // Whoever has started it finds out by itself.
    let _ = writeln!(std::io::stdout(), "{bound}");
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
