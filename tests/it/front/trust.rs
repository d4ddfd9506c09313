//! Whose certificates open a connection?

use http::{Request, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use polku_gateway::front::Limits;
use polku_gateway::front::accept::Protocol;
use polku_gateway::front::tls::{Tls, TlsFile, TlsFiles};
use polku_tests::pki::Pki;
use rustls::ClientConfig;
use tokio::io::AsyncReadExt;

use super::{Served, Site, who};

/// Asks once over HTTP/2; `None` if the gateway does not answer.
async fn asked(served: &Served, config: ClientConfig) -> Option<String> {
    let stream = served.connect(config).await.ok()?;
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let request =
        Request::get("https://localhost/").version(Version::HTTP_2).body(Empty::<Bytes>::new()).unwrap();
    let body = sender.send_request(request).await.ok()?.into_body().collect().await.ok()?;
    Some(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

async fn asked_http1(served: &Served, config: ClientConfig) -> Option<String> {
    let stream = served.connect(config).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let request = Request::get("/").header("host", "localhost").body(Empty::<Bytes>::new()).unwrap();
    let body = sender.send_request(request).await.ok()?.into_body().collect().await.ok()?;
    Some(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn grpc_lets_in_certificates_of_its_authority_only() {
    let site = Site::new();
    let served = site.serve(Protocol::Http2, Limits::default(), who()).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();
    assert_eq!(asked(&served, site.client(&known, "h2")).await, Some(known.sha256.clone()));

    assert_eq!(asked(&served, site.anonymous("h2")).await, None);
    let stranger = Pki::new().unwrap().issue_client("ohjaamo").unwrap();
    assert_eq!(asked(&served, site.client(&stranger, "h2")).await, None);
    let expired = site.pki.issue_expired_client("ohjaamo").unwrap();
    assert_eq!(asked(&served, site.client(&expired, "h2")).await, None);
    let server = site.pki.issue_server(&["ohjaamo"]).unwrap();
    assert_eq!(
        asked(&served, site.client(&server, "h2")).await,
        None,
        "a server's certificate is no client's"
    );
    assert!(served.connect(site.client(&known, "http/1.1")).await.is_err(), "gRPC is HTTP/2");

    // None of that has ended the loop.
    assert_eq!(asked(&served, site.client(&known, "h2")).await, Some(known.sha256));
}

#[tokio::test]
async fn agencies_may_come_without_a_certificate_but_not_with_a_strange_one() {
    let site = Site::new();
    let served = site.serve(Protocol::Http1, Limits::default(), who()).await;
    assert_eq!(asked_http1(&served, site.anonymous("http/1.1")).await, Some(String::from("nobody")));
    let known = site.pki.issue_client("te").unwrap();
    assert_eq!(asked_http1(&served, site.client(&known, "http/1.1")).await, Some(known.sha256));
    let stranger = Pki::new().unwrap().issue_client("te").unwrap();
    assert_eq!(asked_http1(&served, site.client(&stranger, "http/1.1")).await, None);
}

#[tokio::test]
async fn no_session_is_ever_resumed() {
    let site = Site::new();
    let served = site.serve(Protocol::Http2, super::hasty(), who()).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let provider = polku_tests::pki::provider();
        let certificates: Vec<_> = pem(&known.certificate_pem);
        let key = rustls::pki_types::pem::PemObject::from_pem_slice(known.key_pem.as_bytes()).unwrap();
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(polku_tests::pki::roots(site.pki.authority_pem()).unwrap())
            .with_client_auth_cert(certificates, key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        for _ in 0..3 {
            let mut stream = served.connect(config.clone()).await.unwrap();
            // Until the gateway closes, so that a ticket would have arrived.
            let _ = stream.read_to_end(&mut Vec::new()).await;
            let kind = stream.get_ref().1.handshake_kind();
            assert!(matches!(kind, Some(rustls::HandshakeKind::Full)), "{version:?}: {kind:?}");
        }
    }
}

fn pem(text: &str) -> Vec<rustls::pki_types::CertificateDer<'static>> {
    rustls::pki_types::pem::PemObject::pem_slice_iter(text.as_bytes()).collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_key_of_another_certificate_is_found_before_a_port_opens() {
    let site = Site::new();
    let folder = tempfile::tempdir().unwrap();
    let (_, other_key) = site.pki.issue_server(&["other"]).unwrap().write(folder.path(), "other").unwrap();
    let problems = Tls::load(&TlsFiles { key: other_key, ..site.files.clone() }).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(
        (problems[0].file, problems[0].found.as_str()),
        (TlsFile::Key, "the key of another certificate")
    );
}
