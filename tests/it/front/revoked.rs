//! Is a certificate that is taken back out within seconds, as the program itself has it?

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

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

/// How often the log says that TLS was read.
fn times_read(log: &Path) -> usize {
    let log = std::fs::read_to_string(log).unwrap();
    log.matches("certificates, authorities and revocation lists read").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_taken_back_is_out_within_seconds_on_both_listeners() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let log = folder.path().join("log");
    let gateway = GatewayProcess::start_logging(&world.config_file(), &log, "info").await.unwrap();
    let site = Site { world: &world, gateway: &gateway };
    let ids = &world.identities;
    let mut stays = site.grpc(&ids.ohjaamo).await;
    let mut taken_back = Vec::new();
    for (way, identity) in [(Way::File, &ids.kela), (Way::Hangup, &ids.te)] {
        let (mut grpc, mut inbound) = (site.grpc(identity).await, site.inbound(identity).await);
        taken_back.push(identity);
        let begun = Instant::now();
        world.take_back(&taken_back).unwrap();
        if way == Way::Hangup {
            gateway.signal("HUP").await.unwrap();
        }
        let both = async { tokio::join!(until_ended(&mut grpc), until_ended(&mut inbound)) };
        tokio::time::timeout(PATIENCE, both).await.expect("the connections stay");
        let took = begun.elapsed();
        println!("{way:?}: out after {} ms", took.as_millis());
        assert!(took < OUT, "{way:?}: {took:?}");
        assert!(site.is_kept_out(identity).await, "{way:?}");
    }
    assert!(is_served(&mut stays).await, "whoever was not taken back is cut");
    assert!(!site.is_kept_out(&ids.ohjaamo).await);

    // Files at rest are read anew at the signal alone.
    let before = times_read(&log);
    gateway.signal("HUP").await.unwrap();
    let read = eventually(PATIENCE, || async { (times_read(&log) > before).then_some(()) });
    read.await.expect("SIGHUP is not heard");
    drop(stays);
    assert!(gateway.stop().await.unwrap().success());
}
