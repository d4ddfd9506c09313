//! Are the throw-away certificates usable?

use std::os::unix::fs::PermissionsExt;

use super::{Pki, client_config, mutual_client_config, mutual_server_config, server_config, sha256_hex};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

#[test]
fn identities_build_every_kind_of_configuration() {
    let pki = Pki::new().unwrap();
    let server = pki.issue_server(&["localhost", "127.0.0.1"]).unwrap();
    let client = pki.issue_client("Testikaupungin järjestelmä").unwrap();
    server_config(&server).unwrap();
    mutual_server_config(&server, pki.authority_pem()).unwrap();
    client_config(pki.authority_pem()).unwrap();
    mutual_client_config(pki.authority_pem(), &client).unwrap();
}

#[test]
fn the_digest_is_that_of_the_certificate_in_der() {
    let identity = Pki::new().unwrap().issue_client("a").unwrap();
    let der = CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).unwrap();
    assert_eq!(identity.sha256, sha256_hex(&der));
    assert_eq!(identity.sha256.len(), 64);
    assert!(!format!("{identity:?}").contains("PRIVATE"));
}

#[test]
fn files_are_for_their_owner_only_and_are_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let pki = Pki::new().unwrap();
    let (certificate, key) = pki.issue_client("a").unwrap().write(directory.path(), "sender").unwrap();
    let authority = pki.write_authority(directory.path(), "ca").unwrap();
    assert!(certificate.ends_with("sender.crt.pem") && key.ends_with("sender.key.pem"));
    assert!(authority.ends_with("ca.crt.pem"));
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&key).unwrap().contains("BEGIN PRIVATE KEY"));
    assert!(pki.issue_client("b").unwrap().write(directory.path(), "sender").is_err());
}

#[test]
fn a_server_certificate_needs_a_usable_name() {
    let pki = Pki::new().unwrap();
    assert!(pki.issue_server(&[]).is_err());
    assert!(pki.issue_server(&["ä"]).is_err());
}
