//! Which certificates do the tests and the sandbox use? Throw-away ones, made here, trusted by nobody else.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PublicKeyData as _, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};

#[cfg(test)]
mod tests;

/// First and last year in which the certificates are valid; fixed, so that a moved clock does no harm.
const VALID_YEARS: (i32, i32) = (2020, 2100);

/// A certificate authority that lives as long as this value.
pub struct Pki {
    authority_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its private key.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// The private key, PKCS #8 in PEM.
    pub key_pem: String,
    /// SHA-256 of the certificate in DER, 64 lower-case hexadecimal digits.
    pub sha256: String,
    serial: SerialNumber,
}

impl fmt::Debug for Pki {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pki(redacted)")
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Identity").field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

impl Pki {
    /// Makes a new authority with an ECDSA P-256 key.
    ///
    /// # Errors
    /// When the random number generator fails.
    pub fn new() -> Result<Self> {
        let (key, params) = (new_key()?, authority_params("Polku throw-away authority", 0)?);
        let certificate = params.self_signed(&key).context("authority cannot be signed")?;
        Ok(Self { authority_pem: certificate.pem(), issuer: Issuer::new(params, key) })
    }

    /// Makes a root, and an authority below it that issues certificates.
    ///
    /// # Errors
    /// As [`Pki::new`].
    pub fn root_and_issuing() -> Result<(Self, Self)> {
        let (key, params) = (new_key()?, authority_params("Polku throw-away root", 1)?);
        let certificate = params.self_signed(&key).context("root cannot be signed")?;
        let root = Self { authority_pem: certificate.pem(), issuer: Issuer::new(params, key) };
        let (key, mut params) = (new_key()?, authority_params("Polku throw-away authority below it", 0)?);
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &root.issuer).context("authority cannot be signed")?;
        let issuing = Self { authority_pem: certificate.pem(), issuer: Issuer::new(params, key) };
        Ok((root, issuing))
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// Issues a server certificate for these DNS names and IP addresses.
    ///
    /// # Errors
    /// When a name is neither a DNS name nor an address, or there is none.
    pub fn issue_server(&self, names: &[&str]) -> Result<Identity> {
        self.sign(server_params(names)?, VALID_YEARS)
    }

    /// Issues a server certificate that ran out long ago.
    ///
    /// # Errors
    /// As [`Pki::issue_server`].
    pub fn issue_expired_server(&self, names: &[&str]) -> Result<Identity> {
        self.sign(server_params(names)?, (VALID_YEARS.0, VALID_YEARS.0 + 1))
    }

    /// Issues a client certificate for an organisation's system.
    ///
    /// # Errors
    /// When the random number generator fails.
    pub fn issue_client(&self, common_name: &str) -> Result<Identity> {
        self.sign(client_params(common_name)?, VALID_YEARS)
    }

    /// Issues a client certificate that ran out long ago.
    ///
    /// # Errors
    /// When the random number generator fails.
    pub fn issue_expired_client(&self, common_name: &str) -> Result<Identity> {
        self.sign(client_params(common_name)?, (VALID_YEARS.0, VALID_YEARS.0 + 1))
    }

    /// Issues a client certificate that does not hold for a long time yet.
    ///
    /// # Errors
    /// When the random number generator fails.
    pub fn issue_future_client(&self, common_name: &str) -> Result<Identity> {
        self.sign(client_params(common_name)?, (VALID_YEARS.1 - 1, VALID_YEARS.1))
    }

    /// Writes the authority's certificate to `NAME.crt.pem` in `directory` and answers the path.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn write_authority(&self, directory: &Path, name: &str) -> Result<PathBuf> {
        write_private(&directory.join(format!("{name}.crt.pem")), &self.authority_pem)
    }

    fn sign(&self, mut params: CertificateParams, years: (i32, i32)) -> Result<Identity> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let key = new_key()?;
        let serial = ring::digest::digest(&ring::digest::SHA256, key.der_bytes());
        // Positive, and at most 20 bytes (RFC 5280, 4.1.2.2).
        let serial = serial
            .as_ref()
            .iter()
            .take(16)
            .enumerate()
            .map(|(at, byte)| if at == 0 { byte & 0x7f | 1 } else { *byte });
        let serial = SerialNumber::from(serial.collect::<Vec<u8>>());
        params.serial_number = Some(serial.clone());
        let certificate = params.signed_by(&key, &self.issuer).context("certificate cannot be signed")?;
        Ok(Identity {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            sha256: sha256_hex(certificate.der()),
            serial,
        })
    }

    /// A list, PEM, that takes back these certificates. It holds until the first day of a year.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn revocation_list(&self, revoked: &[&Identity], until_year: i32) -> Result<String> {
        let revoked = revoked.iter().map(|identity| RevokedCertParams {
            serial_number: identity.serial.clone(),
            revocation_time: date_time_ymd(VALID_YEARS.0, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(VALID_YEARS.0, 1, 1),
            next_update: date_time_ymd(until_year, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let signed = list.signed_by(&self.issuer).context("list cannot be signed")?;
        signed.pem().context("list cannot be written")
    }
}

impl Identity {
    /// Writes `NAME.crt.pem` and `NAME.key.pem` (mode 0600) to `directory` and answers both paths.
    ///
    /// # Errors
    /// When a file exists or cannot be written.
    pub fn write(&self, directory: &Path, name: &str) -> Result<(PathBuf, PathBuf)> {
        let certificate = write_private(&directory.join(format!("{name}.crt.pem")), &self.certificate_pem)?;
        let key = write_private(&directory.join(format!("{name}.key.pem")), &self.key_pem)?;
        Ok((certificate, key))
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>> {
        certificates(&self.certificate_pem)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).context("not a private key in PEM")
    }
}

/// The crypto provider of every configuration here: `ring`, named explicitly, never the process default.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Trusts the certificates in this PEM text.
///
/// # Errors
/// When the text holds no usable certificate.
pub fn roots(authority_pem: &str) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authority_pem)? {
        roots.add(certificate).context("not usable as a trust anchor")?;
    }
    Ok(roots)
}

/// A TLS server that asks for no client certificate. ALPN is left to the caller.
///
/// # Errors
/// When the identity cannot be read.
pub fn server_config(identity: &Identity) -> Result<ServerConfig> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(identity.chain()?, identity.key()?)?;
    Ok(config)
}

/// A TLS server that lets in only clients whose certificate chains to `client_authority_pem`.
///
/// # Errors
/// When the identity or the authority cannot be read.
pub fn mutual_server_config(identity: &Identity, client_authority_pem: &str) -> Result<ServerConfig> {
    let trusted = Arc::new(roots(client_authority_pem)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(trusted, provider()).build()?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain()?, identity.key()?)?;
    Ok(config)
}

/// A TLS server that lets in clients without a certificate, and those whose certificate chains to
/// `client_authority_pem`.
///
/// # Errors
/// When the identity or the authority cannot be read.
pub fn lenient_server_config(identity: &Identity, client_authority_pem: &str) -> Result<ServerConfig> {
    let trusted = Arc::new(roots(client_authority_pem)?);
    let verifier =
        WebPkiClientVerifier::builder_with_provider(trusted, provider()).allow_unauthenticated().build()?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain()?, identity.key()?)?;
    Ok(config)
}

/// A TLS client that shows no certificate. ALPN is left to the caller.
///
/// # Errors
/// When the authority cannot be read.
pub fn client_config(authority_pem: &str) -> Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(authority_pem)?)
        .with_no_client_auth();
    Ok(config)
}

/// A TLS client that shows this identity.
///
/// # Errors
/// When the identity or the authority cannot be read.
pub fn mutual_client_config(authority_pem: &str, identity: &Identity) -> Result<ClientConfig> {
    mutual_client_config_of(rustls::DEFAULT_VERSIONS, authority_pem, identity)
}

/// The same for these versions of TLS.
///
/// # Errors
/// As [`mutual_client_config`].
pub fn mutual_client_config_of(
    versions: &[&'static SupportedProtocolVersion],
    authority_pem: &str,
    identity: &Identity,
) -> Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)?
        .with_root_certificates(roots(authority_pem)?)
        .with_client_auth_cert(identity.chain()?, identity.key()?)?;
    Ok(config)
}

/// SHA-256 of these bytes, 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn authority_params(name: &str, below: u8) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages =
        vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(VALID_YEARS.0, 1, 1);
    params.not_after = date_time_ymd(VALID_YEARS.1, 1, 1);
    Ok(params)
}

fn server_params(names: &[&str]) -> Result<CertificateParams> {
    let first = names.first().context("a server certificate needs a name")?;
    let subject_alt_names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(subject_alt_names).context("not a server name")?;
    params.distinguished_name = named(first);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn client_params(common_name: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(common_name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn new_key() -> Result<KeyPair> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("no key could be made")
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    let found: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .context("not certificates in PEM")?;
    anyhow::ensure!(!found.is_empty(), "no certificate in this PEM text");
    Ok(found)
}

/// Writes a new file that its owner alone can read.
///
/// # Errors
/// Fails when there is one already, or it cannot be written.
pub fn write_private(path: &Path, text: &str) -> Result<PathBuf> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot create {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.to_owned())
}
