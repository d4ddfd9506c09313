//! Does an honest client notice when others are slow on purpose?
//!
//! Connections that shake hands, ask, send or read slower than anybody honest would, or do nothing at all, so many of each
//! kind and many kinds at the same time, at both listeners of the program itself. Each of them is closed within its limit.
//! Meanwhile another organisation makes ordinary calls, of which none fails.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use polku_gateway::front::Limits;
use polku_tests::pki;
use polku_tests::world::{GatewayProcess, PATIENCE, World};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::frames::{
    self, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, SETTINGS, call_of, frame,
};
use super::honest::Honest;
use super::{connect, with_protocol};
use crate::stage::how_often;

/// How many connections one certificate is used for: fewer than it may have.
const OF_ONE: usize = 25;
/// How many connections there are of the kinds that take the agency's one certificate: few of those who do not read, for
/// each has thousands of messages answered before its answers stand still.
const OF_AGENCY: usize = 15;
const UNREAD: usize = 1;
/// How often a client that trickles sends something.
const TRICKLE: Duration = Duration::from_secs(1);
/// How many connections shake hands at the same time.
const AT_ONCE: usize = 8;

const CHECK: &str = "/grpc.health.v1.Health/Check";
const READ: &str = "/polku.v1.ReferralService/ListReferrals";

/// A way of being slow.
#[derive(Clone, Copy)]
struct Slow {
    name: &'static str,
    way: Way,
    /// What is sent at once.
    begin: fn() -> Vec<u8>,
    /// What is sent every now and then, or one after the other by whoever does not read.
    again: &'static [u8],
    /// Within which time the gateway closes such a connection, on a machine that has nothing else to do.
    limit: fn(&Limits) -> Duration,
}

/// At which listener, and how far.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Not even the TLS handshake is done.
    Bare(Listener),
    /// With a certificate from the authority.
    Known(Listener),
    /// With the certificate of an agency, whose connections the gateway keeps after an answer.
    OfAgency { reads: bool },
}

#[derive(Clone, Copy, PartialEq)]
enum Listener {
    Grpc,
    Inbound,
}

fn begun() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()
}

/// A call without anything wrong, after the beginning of a connection.
fn asked() -> Vec<u8> {
    let call = frame(HEADERS, END_HEADERS, 1, &call_of(CHECK));
    [begun(), call, frame(DATA, END_STREAM, 1, &[0; 5])].concat()
}

const POST: &[u8] = b"POST /inbound/te HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";

/// One continuation of the first stream with nothing in it, and one byte of its data.
const NO_HEADERS: &[u8] = &[0, 0, 0, CONTINUATION, 0, 0, 0, 0, 1];
const ONE_BYTE: &[u8] = &[0, 0, 1, DATA, 0, 0, 0, 0, 1, 0];

const KINDS: [Slow; 18] = [
    Slow {
        name: "no hello",
        way: Way::Bare(Listener::Grpc),
        begin: Vec::new,
        again: b"",
        limit: |limits| limits.handshake,
    },
    Slow {
        name: "a hello that trickles in",
        way: Way::Bare(Listener::Grpc),
        // The head of a record of TLS, which is not whole for hours.
        begin: || vec![0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc],
        again: &[3],
        limit: |limits| limits.handshake,
    },
    Slow {
        name: "nothing",
        way: Way::Known(Listener::Grpc),
        begin: Vec::new,
        again: b"",
        limit: |limits| limits.first_request,
    },
    Slow {
        name: "half a preface",
        way: Way::Known(Listener::Grpc),
        begin: || PREFACE[..10].to_vec(),
        again: b"",
        limit: |limits| limits.first_request,
    },
    Slow {
        name: "no request",
        way: Way::Known(Listener::Grpc),
        begin: begun,
        again: b"",
        limit: |limits| limits.first_request,
    },
    Slow {
        name: "half of the headers",
        way: Way::Known(Listener::Grpc),
        begin: || [begun(), frame(HEADERS, 0, 1, &call_of(CHECK))].concat(),
        again: b"",
        limit: |limits| limits.first_request,
    },
    Slow {
        name: "headers that trickle in",
        way: Way::Known(Listener::Grpc),
        begin: || [begun(), frame(HEADERS, 0, 1, &call_of(CHECK))].concat(),
        again: NO_HEADERS,
        limit: |limits| limits.first_request,
    },
    Slow {
        name: "a message that trickles in",
        way: Way::Known(Listener::Grpc),
        begin: || [begun(), frame(HEADERS, END_HEADERS, 1, &call_of(READ))].concat(),
        again: ONE_BYTE,
        // The call is refused before. The connection has nothing at work then.
        limit: |limits| limits.body_read + limits.quiet,
    },
    Slow {
        name: "an answer that is not read",
        way: Way::Known(Listener::Grpc),
        begin: || {
            let no_room = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
            let calls = (1..8).step_by(2).flat_map(|stream| {
                let call = frame(HEADERS, END_HEADERS, stream, &call_of(CHECK));
                [call, frame(DATA, END_STREAM, stream, &[0; 5])].concat()
            });
            [PREFACE.to_vec(), no_room, calls.collect()].concat()
        },
        again: b"",
        limit: |limits| limits.stream_idle,
    },
    Slow {
        name: "nothing more",
        way: Way::Known(Listener::Grpc),
        begin: asked,
        again: b"",
        limit: |limits| limits.quiet,
    },
    Slow {
        name: "HTTP/1.1, no hello",
        way: Way::Bare(Listener::Inbound),
        begin: Vec::new,
        again: b"",
        limit: |limits| limits.handshake,
    },
    Slow {
        name: "HTTP/1.1, a hello that trickles in",
        way: Way::Bare(Listener::Inbound),
        begin: || vec![0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc],
        again: &[3],
        limit: |limits| limits.handshake,
    },
    Slow {
        name: "HTTP/1.1, nothing",
        way: Way::Known(Listener::Inbound),
        begin: Vec::new,
        again: b"",
        limit: |limits| limits.first_request,
    },
    Slow {
        name: "HTTP/1.1, half of the headers",
        way: Way::Known(Listener::Inbound),
        begin: || b"POST /inbound/te HTTP/1.1\r\nHost: x\r\nX-".to_vec(),
        again: b"",
        limit: |limits| limits.first_request,
    },
    Slow {
        name: "HTTP/1.1, headers that trickle in",
        way: Way::Known(Listener::Inbound),
        begin: || b"POST /inbound/te HTTP/1.1\r\nHost: x\r\n".to_vec(),
        again: b"X: y\r\n",
        limit: |limits| limits.first_request,
    },
    Slow {
        name: "HTTP/1.1, a message that trickles in",
        way: Way::Known(Listener::Inbound),
        begin: || b"POST /inbound/te HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n".to_vec(),
        again: b"x",
        limit: |limits| limits.body_read,
    },
    Slow {
        name: "HTTP/1.1, answers that are not read",
        way: Way::OfAgency { reads: false },
        begin: Vec::new,
        again: POST,
        limit: |limits| limits.stream_idle,
    },
    Slow {
        name: "HTTP/1.1, nothing more",
        way: Way::OfAgency { reads: true },
        begin: || POST.to_vec(),
        again: b"",
        limit: |limits| limits.header_read,
    },
];

impl Slow {
    /// Holds a connection as long as the gateway lets it.
    async fn hold(self, address: SocketAddr, config: ClientConfig, opening: Arc<Semaphore>) -> Duration {
        let turn = opening.acquire_owned().await.unwrap();
        let begun = Instant::now();
        match self.way {
            Way::Bare(_) => {
                let stream = TcpStream::connect(address).await.unwrap();
                drop(turn);
                self.be_slow(stream).await;
            }
            Way::Known(_) | Way::OfAgency { .. } => {
                let stream = connect(address, config).await.expect("nobody is let in any more");
                drop(turn);
                self.be_slow(stream).await;
            }
        }
        begun.elapsed()
    }

    async fn be_slow<S: AsyncRead + AsyncWrite + Send + 'static>(self, stream: S) {
        let (reader, mut writer) = tokio::io::split(stream);
        if writer.write_all(&(self.begin)()).await.is_err() || writer.flush().await.is_err() {
            return;
        }
        if self.way == (Way::OfAgency { reads: false }) {
            // Until the gateway takes no more of them, and then is gone.
            while writer.write_all(self.again).await.is_ok() && writer.flush().await.is_ok() {}
            return;
        }
        let (tells, mut told) = mpsc::channel(8);
        let is_http2 = self.way == Way::Known(Listener::Grpc);
        let mut reading = tokio::spawn(read(reader, is_http2, tells));
        loop {
            let bytes = tokio::select! {
                _ = &mut reading => return,
                Some(bytes) = told.recv() => bytes,
                () = tokio::time::sleep(TRICKLE) => self.again.to_vec(),
            };
            if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
                return;
            }
        }
    }
}

/// Reads to the end, and says what is to be answered to a PING: whoever does not answer is gone sooner.
async fn read(mut reader: impl AsyncRead + Unpin, is_http2: bool, tells: mpsc::Sender<Vec<u8>>) {
    if is_http2 {
        while let Some(came) = frames::next(&mut reader).await {
            if came.kind == PING && came.flags == 0 {
                let _ = tells.send(frame(PING, 1, 0, &came.payload)).await;
            }
        }
    } else {
        let mut buffer = [0; 1024];
        while reader.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    }
}

/// Of each kind how many connections there were, and how long they lasted at most, beside the limit.
type Held = BTreeMap<&'static str, (usize, Duration, Duration)>;

/// Holds connections of these kinds, all at the same time, until the last one is closed.
async fn held(world: &World, gateway: &GatewayProcess, kinds: &[Slow], count: usize) -> Held {
    let mut holding = JoinSet::new();
    let opening = Arc::new(Semaphore::new(AT_ONCE));
    for slow in kinds.iter().copied() {
        let (protocol, address, count) = match slow.way {
            Way::Bare(Listener::Grpc) | Way::Known(Listener::Grpc) => ("h2", gateway.bound.grpc, count),
            Way::Bare(Listener::Inbound) | Way::Known(Listener::Inbound) => {
                ("http/1.1", gateway.bound.inbound, count)
            }
            Way::OfAgency { reads: true } => ("http/1.1", gateway.bound.inbound, OF_AGENCY),
            Way::OfAgency { reads: false } => ("http/1.1", gateway.bound.inbound, UNREAD),
        };
        let mut identity = world.te.settings().official.clone();
        for number in 0..count {
            if number % OF_ONE == 0 && !matches!(slow.way, Way::OfAgency { .. }) {
                identity = world.authority().issue_client("slow.example").unwrap();
            }
            let config = pki::mutual_client_config(world.authority_pem(), &identity).unwrap();
            let hold = slow.hold(address, with_protocol(config, protocol), Arc::clone(&opening));
            holding.spawn(async move { (slow, tokio::time::timeout(2 * PATIENCE, hold).await) });
        }
    }
    let mut held = Held::new();
    while let Some(ended) = holding.join_next().await {
        let (slow, took) = ended.unwrap();
        let took = took.unwrap_or_else(|_| panic!("{}: a connection stays", slow.name));
        let kind = held.entry(slow.name).or_insert((0, took, (slow.limit)(&Limits::default())));
        (kind.0, kind.1) = (kind.0 + 1, took.max(kind.1));
    }
    held
}

/// Between honest calls: they go on for minutes.
const PAUSE: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread")]
async fn nobody_notices_those_who_are_slow() {
    let count = how_often("POLKU_SLOW_CONNECTIONS", 100);
    let honest = Honest::open().await;
    let (world, gateway) = (&honest.world, &honest.gateway);
    let quiet = honest.in_quiet().await;

    // First those at one listener who do not come to ask for anything, then all others.
    let soon = |slow: &Slow| {
        let at_grpc = [Way::Bare(Listener::Grpc), Way::Known(Listener::Grpc)].contains(&slow.way);
        at_grpc && (slow.limit)(&Limits::default()) <= Limits::default().first_request
    };
    let (first, then): (Vec<Slow>, Vec<Slow>) = KINDS.into_iter().partition(soon);
    for kinds in [first, then] {
        let before = honest.memory();
        let over = AtomicBool::new(false);
        let holding = async {
            let longest = held(world, gateway, &kinds, count).await;
            over.store(true, Ordering::SeqCst);
            longest
        };
        let (longest, meanwhile) = tokio::join!(holding, honest.calls(&over, PAUSE));
        for (name, (count, most, limit)) in &longest {
            println!("{name}: {count} connections, closed after {most:?} at most, limit {limit:?}");
            assert!(*most < *limit + PATIENCE, "{name}: {most:?}");
        }
        assert_eq!(longest.len(), kinds.len());
        let grown = honest.grown(before, "slow clients");
        println!("p99 {:?}, in quiet {:?}; {grown} KiB more", meanwhile.p99, quiet.p99);
    }
    honest.close().await;
}
