//! Are certificates on the revocation list kept out?

use std::path::Path;
use std::sync::Arc;

use polku_gateway::front::accept::{Entrance, Protocol};
use polku_gateway::front::tls::{Tls, TlsFiles};
use polku_gateway::front::{Limits, Shutdown};
use polku_tests::pki;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::{connect, frames};

/// An authority that gives numbers to its certificates and can take them back.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, number: u64, names: &[&str], usage: ExtendedKeyUsagePurpose) -> (String, KeyPair) {
        let names: Vec<String> = names.iter().map(|name| String::from(*name)).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.serial_number = Some(SerialNumber::from(number));
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key)
    }

    fn revoke(&self, numbers: &[u64], until_year: i32) -> String {
        let revoked = numbers.iter().map(|number| RevokedCertParams {
            serial_number: SerialNumber::from(*number),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(until_year, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    fn client(&self, number: u64) -> ClientConfig {
        let (pem, key) = self.issue(number, &[], ExtendedKeyUsagePurpose::ClientAuth);
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&self.pem)).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = ClientConfig::builder_with_provider(pki::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate(&pem)], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }

    fn gateway(&self, folder: &Path, list: &str) -> Tls {
        let (pem, key) = self.issue(1, &["localhost"], ExtendedKeyUsagePurpose::ServerAuth);
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let files = TlsFiles {
            certificate: file("gateway.crt.pem", &pem),
            key: file("gateway.key.pem", &key.serialize_pem()),
            client_authorities: file("ca.crt.pem", &self.pem),
            revocations: Some(file("ca.crl.pem", list)),
        };
        Tls::load(&files).unwrap()
    }
}

fn certificate(pem: &str) -> CertificateDer<'static> {
    rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes()).unwrap()
}

/// Tells for each client number whether the gateway speaks with it.
async fn let_in(list: impl Fn(&Authority) -> String, numbers: &[u64]) -> Vec<bool> {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let tls = authority.gateway(folder.path(), &list(&authority));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let entrance = Entrance {
        listener,
        tls: Arc::clone(&tls.grpc),
        protocol: Protocol::Http2,
        limits: Limits::default(),
    };
    tokio::spawn(entrance.serve(super::who(), Shutdown::new()));
    let mut outcomes = Vec::new();
    for number in numbers {
        let mut spoke = false;
        if let Ok(mut stream) = connect(address, authority.client(*number)).await {
            frames::begin(&mut stream).await;
            // With TLS 1.3 the refusal comes after the client's side of the handshake.
            spoke = stream.read_u8().await.is_ok();
        }
        outcomes.push(spoke);
    }
    outcomes
}

#[tokio::test]
async fn a_revoked_certificate_is_kept_out() {
    assert_eq!(let_in(|authority| authority.revoke(&[7], 2100), &[7, 8]).await, [false, true]);
}

#[tokio::test]
async fn an_expired_list_keeps_everybody_out() {
    assert_eq!(let_in(|authority| authority.revoke(&[7], 2021), &[7, 8]).await, [false, false]);
}

#[tokio::test]
async fn a_list_of_another_authority_keeps_everybody_out() {
    assert_eq!(let_in(|_| Authority::new().revoke(&[], 2100), &[7]).await, [false]);
}
