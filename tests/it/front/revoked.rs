//! Is a certificate that is taken back out within seconds, as the program itself has it?

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use polku_proto::v1::ListReferralsRequest;
use polku_tests::pki::{self, Identity};
use polku_tests::world::{GatewayProcess, PATIENCE, World, WorldSettings, eventually};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::frames::{self, END_HEADERS, HEADERS, PING, call_of, frame, next};
use super::{connect, with_protocol};

/// Within how long nobody is let in or served with a certificate that was taken back.
const OUT: Duration = Duration::from_secs(5);

/// How often that is tried: the machine has other work too.
const TRIALS: usize = 3;

/// What the log says when TLS was read.
const READ: &str = "certificates, authorities and revocation lists read";

/// How the gateway learns of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    File,
    Hangup,
}

struct Site<'a> {
    world: &'a World,
    gateway: &'a GatewayProcess,
}

impl Site<'_> {
    async fn connect(
        &self,
        address: SocketAddr,
        identity: &Identity,
        protocol: &str,
    ) -> TlsStream<TcpStream> {
        let config = pki::mutual_client_config(self.world.authority_pem(), identity).unwrap();
        connect(address, with_protocol(config, protocol)).await.unwrap()
    }

    /// A connection on which a call has begun.
    async fn grpc(&self, identity: &Identity) -> TlsStream<TcpStream> {
        let mut stream = self.connect(self.gateway.bound.grpc, identity, "h2").await;
        frames::begin(&mut stream).await;
        let call = call_of("/grpc.health.v1.Health/Watch");
        stream.write_all(&frame(HEADERS, END_HEADERS, 1, &call)).await.unwrap();
        stream.flush().await.unwrap();
        assert!(is_served(&mut stream).await);
        stream
    }

    /// A connection on which an agency's message has begun.
    async fn inbound(&self, identity: &Identity) -> TlsStream<TcpStream> {
        let mut stream = self.connect(self.gateway.bound.inbound, identity, "http/1.1").await;
        let message = b"POST /inbound/te HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n<";
        stream.write_all(message).await.unwrap();
        stream.flush().await.unwrap();
        stream
    }

    /// Takes a certificate back, and answers after how long what is open with it has been cut.
    async fn until_out(&self, way: Way, identity: &Identity, taken_back: &[&Identity]) -> Duration {
        let (mut grpc, mut inbound) = (self.grpc(identity).await, self.inbound(identity).await);
        let begun = Instant::now();
        self.world.take_back(taken_back).unwrap();
        if way == Way::Hangup {
            self.gateway.signal("HUP").await.unwrap();
        }
        let both = async { tokio::join!(until_ended(&mut grpc), until_ended(&mut inbound)) };
        tokio::time::timeout(PATIENCE, both).await.expect("the connections stay");
        begun.elapsed()
    }

    /// Whether both listeners refuse a new connection with this certificate.
    async fn is_kept_out(&self, identity: &Identity) -> bool {
        let mut grpc = self.connect(self.gateway.bound.grpc, identity, "h2").await;
        let mut inbound = self.connect(self.gateway.bound.inbound, identity, "http/1.1").await;
        // With TLS 1.3 the refusal comes after the client's side of the handshake.
        let _ = inbound.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let _ = grpc.write_all(frames::PREFACE).await;
        let _ = grpc.write_all(&frame(frames::SETTINGS, 0, 0, &[])).await;
        grpc.read_u8().await.is_err() && inbound.read_u8().await.is_err()
    }
}

/// Whether a PING is answered.
async fn is_served(stream: &mut TlsStream<TcpStream>) -> bool {
    let _ = stream.write_all(&frame(PING, 0, 0, &[7; 8])).await;
    let _ = stream.flush().await;
    while let Some(frame) = next(stream).await {
        if frame.kind == PING && frame.flags == 1 {
            return true;
        }
    }
    false
}

async fn until_ended(stream: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
}

/// How often the log says so.
fn times_said(log: &Path, words: &str) -> usize {
    std::fs::read_to_string(log).unwrap().matches(words).count()
}

/// Waits until the log says so once more, with what is done in between.
async fn is_said(log: &Path, words: &str, done: impl AsyncFnOnce()) {
    let before = times_said(log, words);
    done().await;
    let said = eventually(PATIENCE, || async { (times_said(log, words) > before).then_some(()) });
    said.await.unwrap_or_else(|| panic!("the log does not say: {words}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_taken_back_is_out_within_seconds_on_both_listeners() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let log = folder.path().join("log");
    let gateway = GatewayProcess::start_logging(&world.config_file(), &log, "info").await.unwrap();
    let site = Site { world: &world, gateway: &gateway };
    let ids = &world.identities;
    // Files at rest are read anew at the signal alone: nothing else has them read.
    is_said(&log, READ, async || gateway.signal("HUP").await.unwrap()).await;
    let mut stays = site.grpc(&ids.ohjaamo).await;
    let mut taken_back = Vec::new();
    for (way, identity) in [(Way::File, &ids.kela), (Way::Hangup, &ids.te)] {
        let mut seen = Vec::new();
        taken_back.push(identity);
        loop {
            let took = site.until_out(way, identity, &taken_back).await;
            assert!(site.is_kept_out(identity).await, "{way:?}");
            seen.push(took);
            if took < OUT || seen.len() == TRIALS {
                break;
            }
            let (_, others) = taken_back.split_last().unwrap();
            world.take_back(others).unwrap();
            let is_back = || async { (!site.is_kept_out(identity).await).then_some(()) };
            eventually(PATIENCE, is_back).await.expect("it is not let in again");
        }
        println!("{way:?}: out after {seen:?}");
        assert!(seen.last().is_some_and(|took| *took < OUT), "{way:?}: {seen:?}");
    }
    assert!(is_served(&mut stays).await, "whoever was not taken back is cut");
    assert!(!site.is_kept_out(&ids.ohjaamo).await);
    drop(stays);
    assert!(gateway.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_damaged_raises_an_alarm_and_the_last_good_one_stays() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    world.take_back(&[&world.identities.kela]).unwrap();
    let log = folder.path().join("log");
    let gateway = GatewayProcess::start_logging(&world.config_file(), &log, "info").await.unwrap();
    let site = Site { world: &world, gateway: &gateway };
    let mut stays = site.grpc(&world.identities.ohjaamo).await;
    let damage = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
    is_said(&log, "revocation lists refused, the last good ones stay", async || {
        std::fs::write(folder.path().join("ca.crl.pem"), damage).unwrap();
    })
    .await;
    let text = std::fs::read_to_string(&log).unwrap();
    let alarm = text.lines().find(|line| line.contains("the last good ones stay")).unwrap();
    assert!(alarm.contains("ERROR") && alarm.contains("a revocation list that cannot be parsed"), "{alarm}");
    assert!(is_served(&mut stays).await && !site.is_kept_out(&world.identities.ohjaamo).await);
    assert!(site.is_kept_out(&world.identities.kela).await, "it is forgotten who was taken back");
    is_said(&log, READ, async || world.take_back(&[]).unwrap()).await;
    assert!(!site.is_kept_out(&world.identities.kela).await);
    drop(stays);
    assert!(gateway.stop().await.unwrap().success());
}

/// Those who stay and those who come anew, while certificate and list are others ten times.
#[tokio::test(flavor = "multi_thread")]
async fn ten_rotations_by_the_signal_fail_nobody() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let log = folder.path().join("log");
    let gateway = GatewayProcess::start_logging(&world.config_file(), &log, "info").await.unwrap();
    let ids = &world.identities;
    let stays = world.guidance_worker(gateway.bound.grpc).unwrap();
    let request = ListReferralsRequest { parent: "youths/-".into(), ..ListReferralsRequest::default() };
    let (over, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let calling = async {
        while !over.load(Ordering::SeqCst) {
            let comes = world.guidance_worker(gateway.bound.grpc).unwrap();
            for mut client in [stays.clone(), comes] {
                client.referral.list_referrals(request.clone()).await.expect("an honest call failed");
                calls.fetch_add(1, Ordering::SeqCst);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let rotating = async {
        for rotation in 0..10 {
            let before = calls.load(Ordering::SeqCst);
            is_said(&log, READ, async || {
                world.renew_certificate().unwrap();
                let taken_back = [&ids.kela];
                world.take_back(&taken_back[rotation % 2..]).unwrap();
                gateway.signal("HUP").await.unwrap();
            })
            .await;
            let more = || async { (calls.load(Ordering::SeqCst) > before + 4).then_some(()) };
            eventually(PATIENCE, more).await.expect("nobody calls");
        }
        over.store(true, Ordering::SeqCst);
    };
    tokio::join!(calling, rotating);
    println!("{} calls beside 10 rotations, none failed", calls.load(Ordering::SeqCst));
    assert!(gateway.stop().await.unwrap().success());
}
