//! Whom does the client trust, and how does it prove who it is?

use std::path::Path;
use std::sync::Arc;

use rustls::client::{ClientConfig, Resumption};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, crypto};

use super::Settings;
use crate::setting::SettingError;

/// Makes the TLS configuration of a client.
///
/// # Errors
/// A file cannot be read or does not hold what it should, or one of the two files of the own certificate is missing.
pub(super) fn configure(settings: &Settings) -> Result<ClientConfig, SettingError> {
    let roots = read_roots(&settings.ca_file)?;
    // The provider is named here, so that no other crate's default can take its place.
    let provider = Arc::new(crypto::ring::default_provider());
    let key = "connection.ca_file";
    let expected = "certificates that the TLS library can use";
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SettingError::file(key, &settings.ca_file, expected, error))?
        .with_root_certificates(roots);
    let mut config = match (&settings.certificate_file, &settings.key_file) {
        (None, None) => builder.with_no_client_auth(),
        (Some(certificate_file), Some(key_file)) => {
            let chain = read_certificates("connection.certificate_file", certificate_file)?;
            let private_key = read_key(key_file)?;
            let expected = "the key of the certificate in `connection.certificate_file`";
            builder
                .with_client_auth_cert(chain, private_key)
                .map_err(|error| SettingError::file("connection.key_file", key_file, expected, error))?
        }
        (Some(_), None) => {
            return Err(missing("connection.key_file", "a file, as there is a certificate"));
        }
        (None, Some(_)) => {
            return Err(missing("connection.certificate_file", "a file, as there is a key"));
        }
    };
    // A resumed session is not checked against the roots again.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn read_roots(file: &Path) -> Result<RootCertStore, SettingError> {
    let key = "connection.ca_file";
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(key, file)? {
        let expected = "certificates of certification authorities in PEM";
        roots.add(certificate).map_err(|error| SettingError::file(key, file, expected, error))?;
    }
    Ok(roots)
}

fn read_certificates(key: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, SettingError> {
    let expected = "at least one certificate in PEM";
    let refused = |error| SettingError::file(key, file, expected, error);
    let certificates = CertificateDer::pem_file_iter(file).map_err(refused)?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(refused)?;
    if certificates.is_empty() {
        return Err(SettingError::content(key, file, expected));
    }
    Ok(certificates)
}

fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>, SettingError> {
    let expected = "one private key in PEM";
    PrivateKeyDer::from_pem_file(file)
        .map_err(|error| SettingError::file("connection.key_file", file, expected, error))
}

fn missing(key: &'static str, expected: &'static str) -> SettingError {
    SettingError::Value { key, expected }
}
