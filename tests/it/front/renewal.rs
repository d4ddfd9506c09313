//! Do other certificates, authorities and lists come into force while the gateway runs, and does nobody notice who need not?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::{Request, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use polku_gateway::front::Limits;
use polku_gateway::front::accept::Protocol;
use polku_gateway::front::tls::{CurrentTls, Lasting, TlsFile};
use polku_tests::pki::{Identity, Pki};
use polku_tests::world::{PATIENCE, eventually};
use rustls::ClientConfig;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::{SectionKind, from_buf};
use tokio::task::JoinHandle;

use super::{Served, Site, who};

/// An open connection.
struct Open {
    sender: SendRequest<Empty<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
    /// The gateway's certificate, DER.
    shown: Vec<u8>,
}

impl Open {
    async fn new(served: &Served, config: ClientConfig) -> Option<Open> {
        let stream = served.connect(config).await.ok()?;
        let shown = stream.get_ref().1.peer_certificates()?.first()?.to_vec();
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.ok()?;
        Some(Open { sender, connection: tokio::spawn(connection), shown })
    }

    /// As whom the gateway knows this connection; `None` if it does not answer.
    async fn ask(&mut self) -> Option<String> {
        let request = Request::get("https://localhost/").version(Version::HTTP_2);
        let response = self.sender.send_request(request.body(Empty::new()).unwrap()).await.ok()?;
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some(String::from_utf8(body.to_vec()).unwrap())
    }
}

/// Whether somebody can come in who was not there.
async fn comes_in(served: &Served, config: ClientConfig) -> bool {
    match Open::new(served, config).await {
        Some(mut open) => open.ask().await.is_some(),
        None => false,
    }
}

/// Writes what the gateway shows of itself.
fn put(site: &Site, identity: &Identity) {
    std::fs::write(&site.files.certificate, &identity.certificate_pem).unwrap();
    std::fs::write(&site.files.key, &identity.key_pem).unwrap();
}

/// How many callers, each with how long between two requests: a hundred requests a second in all.
const CALLERS: u32 = 4;
const BETWEEN: Duration = Duration::from_millis(40);

/// Honest clients at work: each answer has to be right.
struct Honest {
    over: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    callers: Vec<JoinHandle<u64>>,
}

impl Honest {
    fn begin(site: &Site, served: &Arc<Served>) -> Honest {
        let (over, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut callers = Vec::new();
        for caller in 0..CALLERS {
            let identity = site.pki.issue_client("te").unwrap();
            let config = site.client(&identity, "h2");
            let (served, over, asked) = (Arc::clone(served), Arc::clone(&over), Arc::clone(&asked));
            // Two stay, two come anew for every request.
            let stays = caller % 2 == 0;
            callers.push(tokio::spawn(async move {
                let (mut failed, mut open) = (0, None);
                let mut turn = tokio::time::interval(BETWEEN);
                while !over.load(Ordering::Relaxed) {
                    turn.tick().await;
                    if open.is_none() || !stays {
                        open = Open::new(&served, config.clone()).await;
                    }
                    let answer = match &mut open {
                        Some(open) => open.ask().await,
                        None => None,
                    };
                    failed += u64::from(answer.as_deref() != Some(identity.sha256.as_str()));
                    asked.fetch_add(1, Ordering::Relaxed);
                }
                failed
            }));
        }
        Honest { over, asked, callers }
    }

    /// How many requests there were, none of which failed.
    async fn end(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        for caller in self.callers {
            assert_eq!(caller.await.unwrap(), 0, "honest requests failed");
        }
        self.asked.load(Ordering::Relaxed)
    }
}

/// The gateway's certificate, the authorities and the list by turns.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_rotations_under_load_fail_nobody() {
    let mut site = Site::new();
    site.revoke(&site.pki.revocation_list(&[], 2100).unwrap());
    let tls = CurrentTls::from(site.tls.clone());
    let served = Arc::new(site.serve_by(&tls, Protocol::Http2, Limits::default(), who()).await);
    let honest = Honest::begin(&site, &served);
    let visitor = site.client(&site.pki.issue_client("kela").unwrap(), "h2");
    let mut shown = Open::new(&served, visitor.clone()).await.unwrap().shown;
    for rotation in 0..100 {
        match rotation % 3 {
            0 => {
                put(&site, &site.pki.issue_server(&["localhost"]).unwrap());
                assert!(tls.read_anew().await);
                let open = Open::new(&served, visitor.clone()).await.unwrap();
                assert_ne!(open.shown, shown, "the former certificate is shown");
                shown = open.shown;
            }
            1 => {
                let next = Pki::new().unwrap();
                let both = format!("{}{}", next.authority_pem(), site.pki.authority_pem());
                std::fs::write(&site.files.client_authorities, both).unwrap();
                assert!(tls.read_anew().await);
            }
            _ => {
                let taken_back = site.pki.issue_client("kela").unwrap();
                let list = site.pki.revocation_list(&[&taken_back], 2100).unwrap();
                std::fs::write(site.files.revocations.as_ref().unwrap(), list).unwrap();
                assert!(tls.read_anew().await);
                assert!(!comes_in(&served, site.client(&taken_back, "h2")).await);
            }
        }
        let before = honest.asked.load(Ordering::Relaxed);
        let after = || async { (honest.asked.load(Ordering::Relaxed) > before + 8).then_some(()) };
        eventually(PATIENCE, after).await.expect("nobody asks");
    }
    println!("{} requests beside 100 rotations, none failed", honest.end().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_files_are_taken_up_when_they_fit_together() {
    let site = Site::new();
    let tls = CurrentTls::from(site.tls.clone());
    let served = Arc::new(site.serve_by(&tls, Protocol::Http2, Limits::default(), who()).await);
    let following = tokio::spawn(tls.clone().follow());
    let honest = Honest::begin(&site, &served);
    let visitor = site.client(&site.pki.issue_client("kela").unwrap(), "h2");
    let first = Open::new(&served, visitor.clone()).await.unwrap().shown;
    let next = site.pki.issue_server(&["localhost"]).unwrap();
    // Whoever writes them takes a while: the certificate without its key is refused.
    std::fs::write(&site.files.certificate, &next.certificate_pem).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(Open::new(&served, visitor.clone()).await.unwrap().shown, first);
    std::fs::write(&site.files.key, &next.key_pem).unwrap();
    let taken_up = || async {
        let shown = Open::new(&served, visitor.clone()).await?.shown;
        (shown != first).then_some(())
    };
    eventually(PATIENCE, taken_up).await.expect("the next certificate is not shown");
    honest.end().await;
    following.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_counts_for_open_connections() {
    let mut site = Site::new();
    let [taken_back, other] = [(); 2].map(|()| site.pki.issue_client("ohjaamo").unwrap());
    site.revoke(&site.pki.revocation_list(&[], 2100).unwrap());
    let tls = CurrentTls::from(site.tls.clone());
    let served = site.serve_by(&tls, Protocol::Http2, Limits::default(), who()).await;
    let following = tokio::spawn(tls.follow());
    let mut one = Open::new(&served, site.client(&taken_back, "h2")).await.unwrap();
    let mut two = Open::new(&served, site.client(&other, "h2")).await.unwrap();
    assert!(one.ask().await.is_some() && two.ask().await.is_some());

    let list = site.pki.revocation_list(&[&taken_back], 2100).unwrap();
    std::fs::write(site.files.revocations.as_ref().unwrap(), list).unwrap();
    let begun = Instant::now();
    let ended = tokio::time::timeout(PATIENCE, &mut one.connection).await;
    println!("cut after {} ms", begun.elapsed().as_millis());
    assert!(ended.is_ok(), "the connection of a revoked certificate stays");
    assert_eq!(one.ask().await, None);
    assert!(!comes_in(&served, site.client(&taken_back, "h2")).await);
    assert_eq!(two.ask().await, Some(other.sha256.clone()), "the other connection stays");
    assert!(comes_in(&served, site.client(&other, "h2")).await);
    following.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_gives_way_to_another() {
    let site = Site::new();
    let next = Pki::new().unwrap();
    let tls = CurrentTls::from(site.tls.clone());
    let served = site.serve_by(&tls, Protocol::Http2, Limits::default(), who()).await;
    let of_old = site.client(&site.pki.issue_client("ohjaamo").unwrap(), "h2");
    // It trusts the gateway's certificate, which stays, and shows one of the next authority.
    let identity = next.issue_client("ohjaamo").unwrap();
    let of_next = polku_tests::pki::mutual_client_config(site.pki.authority_pem(), &identity).unwrap();
    let of_next = super::with_protocol(of_next, "h2");
    let mut old = Open::new(&served, of_old.clone()).await.unwrap();
    assert!(old.ask().await.is_some());
    assert!(!comes_in(&served, of_next.clone()).await);

    let both = format!("{}{}", site.pki.authority_pem(), next.authority_pem());
    std::fs::write(&site.files.client_authorities, both).unwrap();
    assert!(tls.read_anew().await);
    assert!(old.ask().await.is_some(), "whoever is there stays");
    assert!(comes_in(&served, of_old.clone()).await && comes_in(&served, of_next.clone()).await);

    std::fs::write(&site.files.client_authorities, next.authority_pem()).unwrap();
    assert!(tls.read_anew().await);
    assert!(tokio::time::timeout(PATIENCE, &mut old.connection).await.is_ok(), "it is cut");
    assert!(!comes_in(&served, of_old).await);
    assert!(comes_in(&served, of_next).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_files_change_nothing() {
    let mut site = Site::new();
    site.revoke(&site.pki.revocation_list(&[], 2100).unwrap());
    let tls = CurrentTls::from(site.tls.clone());
    let served = site.serve_by(&tls, Protocol::Http2, Limits::default(), who()).await;
    let client = site.client(&site.pki.issue_client("ohjaamo").unwrap(), "h2");
    let mut open = Open::new(&served, client.clone()).await.unwrap();
    let shown = open.shown.clone();
    let good = [
        site.files.certificate.clone(),
        site.files.key.clone(),
        site.files.client_authorities.clone(),
        site.files.revocations.clone().unwrap(),
    ];
    let other = site.pki.issue_server(&["localhost"]).unwrap();
    let damage = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
    for (path, bad) in good.iter().zip([&*other.certificate_pem, &*other.key_pem, "no PEM", damage]) {
        let was = std::fs::read(path).unwrap();
        for bad in [bad, "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            std::fs::write(path, bad).unwrap();
            assert!(!tls.read_anew().await, "{} is taken up", path.display());
        }
        std::fs::remove_file(path).unwrap();
        assert!(!tls.read_anew().await, "{} is not missed", path.display());
        assert!(open.ask().await.is_some());
        assert_eq!(Open::new(&served, client.clone()).await.unwrap().shown, shown);
        std::fs::write(path, was).unwrap();
    }
    assert!(tls.read_anew().await);

    // A list that has expired is read: nobody can tell any more who was taken back since, so nobody stays.
    let list = site.pki.revocation_list(&[], 2021).unwrap();
    std::fs::write(site.files.revocations.as_ref().unwrap(), list).unwrap();
    assert!(tls.read_anew().await);
    assert!(tokio::time::timeout(PATIENCE, &mut open.connection).await.is_ok(), "it is cut");
    assert!(!comes_in(&served, client).await);
}

#[test]
fn what_has_to_be_renewed_is_known_before() {
    let pki = Pki::new().unwrap();
    let der = |pem: &str, kind: SectionKind| {
        let (found, der) = from_buf(&mut pem.as_bytes()).unwrap().unwrap();
        assert_eq!(found, kind);
        der
    };
    let certificate = pki.issue_expired_client("te").unwrap().certificate_pem;
    let certificate = der(&certificate, SectionKind::Certificate);
    let list = der(&pki.revocation_list(&[], 2021).unwrap(), SectionKind::Crl);
    let at = |time: &str| {
        let time: jiff::Timestamp = time.parse().unwrap();
        UnixTime::since_unix_epoch(Duration::from_secs(time.as_second().unsigned_abs()))
    };
    // Both hold for the year 2020.
    for (lasting, before, due) in [
        (
            Lasting::of_certificate(TlsFile::Certificate, &certificate).unwrap(),
            "2020-12-01T00:00:00Z",
            "2020-12-03T00:00:00Z",
        ),
        (
            Lasting::of_list(TlsFile::Revocations, &list).unwrap(),
            "2020-07-01T00:00:00Z",
            "2020-07-03T00:00:00Z",
        ),
    ] {
        assert!(lasting.is_early(at("2019-12-31T00:00:00Z")) && !lasting.is_early(at(before)));
        assert!(!lasting.is_due(at(before)));
        assert!(lasting.is_due(at(due)));
        assert_eq!(lasting.left(at("2020-12-31T23:00:00Z")), Some(Duration::from_secs(3600)));
        assert_eq!(lasting.left(at("2021-01-01T00:00:00Z")), None);
        assert!(lasting.is_due(at("2026-01-01T00:00:00Z")));
    }
    assert_eq!(Lasting::of_certificate(TlsFile::Certificate, &list), None);
}
