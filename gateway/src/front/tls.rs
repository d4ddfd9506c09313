//! How does the gateway prove who it is, and whose certificates does it accept?

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polku_adapters::transport::stamp::Stamp;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};

mod current;
mod lasting;
#[cfg(test)]
mod tests;

pub use current::CurrentTls;
pub use lasting::Lasting;

/// The PEM files that TLS is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The gateway's certificate, and the chain below its root.
    pub certificate: PathBuf,
    /// The private key of that certificate.
    pub key: PathBuf,
    /// The authorities that issue client certificates.
    pub client_authorities: PathBuf,
    /// The revocation lists of all those authorities. `None`: revocation is not checked.
    pub revocations: Option<PathBuf>,
}

/// One of these files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFile {
    /// [`TlsFiles::certificate`].
    Certificate,
    /// [`TlsFiles::key`].
    Key,
    /// [`TlsFiles::client_authorities`].
    ClientAuthorities,
    /// [`TlsFiles::revocations`].
    Revocations,
}

/// What is wrong with a file. Holds nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsProblem {
    /// Which file.
    pub file: TlsFile,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: &'static str,
}

/// TLS as both listeners need it.
///
/// Sessions cannot be resumed: a resumed session would skip the check of the client's certificate, and with it
/// the revocation list.
#[derive(Clone)]
pub struct Tls {
    /// For gRPC: a client certificate is required.
    pub grpc: Arc<ServerConfig>,
    /// For agencies' own protocols: a client certificate is checked if there is one.
    pub inbound: Arc<ServerConfig>,
    verifier: Arc<dyn ClientCertVerifier>,
    files: TlsFiles,
    /// Of the files, before they were read.
    stamps: Vec<Option<Stamp>>,
    lasting: Vec<Lasting>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tls(redacted)")
    }
}

impl Tls {
    /// Reads the files and checks that they fit together.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn load(files: &TlsFiles) -> Result<Tls, Vec<TlsProblem>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut problems = Vec::new();
        let stamps = stamps(files);
        let chain = noted(certificates(&files.certificate, TlsFile::Certificate), &mut problems);
        let key = noted(private_key(&files.key), &mut problems);
        let authorities =
            noted(certificates(&files.client_authorities, TlsFile::ClientAuthorities), &mut problems);
        let revocations = match &files.revocations {
            Some(path) => noted(revocations(path), &mut problems),
            None => Some(Vec::new()),
        };
        let lasting = lasting(&chain, &authorities, &revocations);
        let identity =
            chain.zip(key).and_then(|(chain, key)| noted(identity(chain, key, &provider), &mut problems));
        let trust = authorities.zip(revocations).and_then(|(authorities, revocations)| {
            noted(Trust::new(authorities, revocations, &provider), &mut problems)
        });
        match identity.zip(trust) {
            Some((identity, trust)) if problems.is_empty() => {
                let verifier = Arc::clone(&trust.required);
                let files = files.clone();
                let grpc = server(&provider, trust.required, &identity, b"h2");
                let inbound = server(&provider, trust.optional, &identity, b"http/1.1");
                match (noted(grpc, &mut problems), noted(inbound, &mut problems)) {
                    (Some(grpc), Some(inbound)) => {
                        Ok(Tls { grpc, inbound, verifier, files, stamps, lasting })
                    }
                    (_, _) => Err(problems),
                }
            }
            Some(_) | None => Err(problems),
        }
    }

    /// The files that it was read from.
    #[must_use]
    pub fn files(&self) -> &TlsFiles {
        &self.files
    }

    /// How long everything in the files lasts.
    #[must_use]
    pub fn lasting(&self) -> &[Lasting] {
        &self.lasting
    }

    /// Whether a client with this certificate, and the chain below its root, would be let in.
    fn trusts(&self, chain: &[CertificateDer<'static>], now: UnixTime) -> bool {
        let Some((certificate, intermediates)) = chain.split_first() else { return false };
        self.verifier.verify_client_cert(certificate, intermediates, now).is_ok()
    }

    /// Says in the log what has to be renewed.
    fn warn(&self, now: UnixTime) {
        for lasting in self.lasting.iter().filter(|lasting| lasting.is_due(now)) {
            let path = lasting.file.path(&self.files).map(|path| path.display().to_string());
            match lasting.left(now) {
                Some(left) => tracing::warn!(path, hours = left.as_secs() / 3600, "has to be renewed"),
                None => tracing::error!(path, "has expired"),
            }
        }
    }
}

impl TlsFile {
    /// Which of the files it is.
    #[must_use]
    pub fn path(self, files: &TlsFiles) -> Option<&Path> {
        match self {
            TlsFile::Certificate => Some(&files.certificate),
            TlsFile::Key => Some(&files.key),
            TlsFile::ClientAuthorities => Some(&files.client_authorities),
            TlsFile::Revocations => files.revocations.as_deref(),
        }
    }
}

/// What tells whether one of the files has changed.
fn stamps(files: &TlsFiles) -> Vec<Option<Stamp>> {
    let all = [
        Some(&files.certificate),
        Some(&files.key),
        Some(&files.client_authorities),
        files.revocations.as_ref(),
    ];
    all.into_iter().flatten().map(|path| Stamp::of(path)).collect()
}

/// How long everything that was read lasts.
fn lasting(
    chain: &Option<Vec<CertificateDer<'static>>>,
    authorities: &Option<Vec<CertificateDer<'static>>>,
    revocations: &Option<Vec<CertificateRevocationListDer<'static>>>,
) -> Vec<Lasting> {
    let certificates = |file, found: &Option<Vec<CertificateDer<'static>>>| -> Vec<Lasting> {
        let found = found.iter().flatten();
        found.filter_map(|certificate| Lasting::of_certificate(file, certificate)).collect()
    };
    let lists = revocations.iter().flatten();
    let lists = lists.filter_map(|list| Lasting::of_list(TlsFile::Revocations, list));
    let mut all = certificates(TlsFile::Certificate, chain);
    all.extend(certificates(TlsFile::ClientAuthorities, authorities));
    all.extend(lists);
    all
}

const PEM_CERTIFICATES: &str = "a readable file with certificates in PEM";
const PEM_KEY: &str = "a readable file with a private key in PEM";
const PEM_REVOCATIONS: &str = "a readable file with certificate revocation lists in PEM";

fn noted<T>(result: Result<T, TlsProblem>, problems: &mut Vec<TlsProblem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}

fn certificates(path: &Path, file: TlsFile) -> Result<Vec<CertificateDer<'static>>, TlsProblem> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&read(path, file, PEM_CERTIFICATES)?).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(problem(file, format!("{} without any certificate", path.display()), PEM_CERTIFICATES)),
        Err(_) => Err(problem(file, format!("{} with broken PEM", path.display()), PEM_CERTIFICATES)),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsProblem> {
    let file = TlsFile::Key;
    PrivateKeyDer::from_pem_slice(&read(path, file, PEM_KEY)?)
        .map_err(|_| problem(file, format!("{} without a usable private key", path.display()), PEM_KEY))
}

fn revocations(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsProblem> {
    let file = TlsFile::Revocations;
    let text = read(path, file, PEM_REVOCATIONS)?;
    let found: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => {
            Err(problem(file, format!("{} without any revocation list", path.display()), PEM_REVOCATIONS))
        }
        Err(_) => Err(problem(file, format!("{} with broken PEM", path.display()), PEM_REVOCATIONS)),
    }
}

fn read(path: &Path, file: TlsFile, expected: &'static str) -> Result<Vec<u8>, TlsProblem> {
    std::fs::read(path).map_err(|error| {
        problem(file, format!("{}, which cannot be read ({error})", path.display()), expected)
    })
}

fn identity(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsProblem> {
    CertifiedKey::from_der(chain, key, provider).map_err(|error| {
        if matches!(error, rustls::Error::InconsistentKeys(_)) {
            let expected = "the private key of the first certificate in the certificate file";
            problem(TlsFile::Key, "the key of another certificate", expected)
        } else if matches!(error, rustls::Error::InvalidCertificate(_)) {
            problem(TlsFile::Certificate, "a certificate that cannot be parsed", "an X.509 certificate")
        } else {
            problem(TlsFile::Key, "a key of an unknown kind", "an ECDSA, Ed25519 or RSA key")
        }
    })
}

/// Whom the listeners let in.
struct Trust {
    required: Arc<dyn ClientCertVerifier>,
    optional: Arc<dyn ClientCertVerifier>,
}

impl Trust {
    fn new(
        authorities: Vec<CertificateDer<'static>>,
        revocations: Vec<CertificateRevocationListDer<'static>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Trust, TlsProblem> {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority).map_err(|_| {
                let found = "a certificate that cannot be a trust anchor";
                problem(TlsFile::ClientAuthorities, found, "X.509 certificates of authorities")
            })?;
        }
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .with_crls(revocations);
        // Without lists the verifier does not look at revocation; with lists, an old one must not pass.
        builder = builder.enforce_revocation_expiration();
        let unusable = |_| {
            problem(TlsFile::Revocations, "a revocation list that cannot be parsed", "X.509 revocation lists")
        };
        Ok(Trust {
            required: builder.clone().build().map_err(unusable)?,
            optional: builder.allow_unauthenticated().build().map_err(unusable)?,
        })
    }
}

fn server(
    provider: &Arc<CryptoProvider>,
    verifier: Arc<dyn ClientCertVerifier>,
    identity: &CertifiedKey,
    protocol: &[u8],
) -> Result<Arc<ServerConfig>, TlsProblem> {
    let resolver = Arc::new(rustls::sign::SingleCertAndKey::from(identity.clone()));
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|_| problem(TlsFile::Certificate, "no protocol version", "TLS 1.2 and TLS 1.3"))?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![protocol.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

fn problem(file: TlsFile, found: impl Into<String>, expected: &'static str) -> TlsProblem {
    TlsProblem { file, found: found.into(), expected }
}
