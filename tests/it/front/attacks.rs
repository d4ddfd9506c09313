//! Does an honest client notice when another one breaks the protocol for all it is worth?
//!
//! Each attack is raw frames at the program itself: in all so many of each kind, on as many connections as that takes. Every
//! connection that attacks is cut. Meanwhile another organisation makes ordinary calls.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use polku_tests::pki;
use polku_tests::world::PATIENCE;
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::frames::{
    self, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, call_of, frame,
};
use super::honest::Honest;
use super::{connect, with_protocol};
use crate::stage::how_often;

/// How many pieces of an attack are written at a time.
const AT_ONCE: usize = 50;
/// How often it is tried whether they take less than twice as long as they do in quiet: the machine has other work too.
const TRIALS: usize = 6;
/// What is no longer than this is quick: a machine that has other work lets a program wait as long.
const QUICK: Duration = Duration::from_millis(20);

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// The frames of an attack.
struct Attack {
    name: &'static str,
    /// How many frames each piece has.
    frames: usize,
    /// One piece, by its number on this connection, from 0.
    piece: fn(u32) -> Vec<u8>,
}

/// The number of the stream that a piece opens.
fn stream(piece: u32) -> u32 {
    2 * piece + 1
}

/// What a piece sends again and again on the one stream that the first piece opens.
fn on_one_stream(piece: u32, path: &str, flags: u8, again: Vec<u8>) -> Vec<u8> {
    if piece == 0 { frame(HEADERS, flags, 1, &call_of(path)) } else { again }
}

const ATTACKS: [Attack; 11] = [
    Attack {
        name: "rapid reset",
        frames: 2,
        piece: |piece| {
            let begun = frame(HEADERS, END_HEADERS | END_STREAM, stream(piece), &call_of(CHECK));
            [begun, frame(RST_STREAM, 0, stream(piece), &8_u32.to_be_bytes())].concat()
        },
    },
    Attack {
        name: "resets that the gateway is made to make",
        frames: 2,
        piece: |piece| {
            let begun = frame(HEADERS, END_HEADERS, stream(piece), &call_of(CHECK));
            [begun, frame(WINDOW_UPDATE, 0, stream(piece), &0x7fff_ffff_u32.to_be_bytes())].concat()
        },
    },
    Attack {
        name: "headers without end",
        frames: 1,
        piece: |piece| on_one_stream(piece, CHECK, 0, frame(CONTINUATION, 0, 1, &[])),
    },
    Attack {
        name: "headers that unfold",
        frames: 2,
        piece: |piece| {
            // An entry of 4000 bytes for the dynamic table, and 16,000 times that entry.
            let entry = [b"\x40\x01a\x7f\xa1\x1e".as_slice(), &[b'x'; 4000]].concat();
            let begun = frame(HEADERS, 0, stream(piece), &[call_of(CHECK), entry].concat());
            [begun, frame(CONTINUATION, END_HEADERS, stream(piece), &[0xbe; 16_000])].concat()
        },
    },
    Attack { name: "PING", frames: 1, piece: |_| frame(PING, 0, 0, &[7; 8]) },
    Attack { name: "SETTINGS", frames: 1, piece: |_| frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0xff, 0xff]) },
    Attack { name: "PRIORITY", frames: 1, piece: |_| frame(PRIORITY, 0, 3, &[0, 0, 0, 0, 16]) },
    Attack { name: "WINDOW_UPDATE", frames: 1, piece: |_| frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]) },
    Attack {
        name: "data without any",
        frames: 1,
        piece: |piece| on_one_stream(piece, CHECK, END_HEADERS, frame(DATA, 0, 1, &[])),
    },
    Attack {
        name: "data a byte at a time",
        frames: 1,
        piece: |piece| on_one_stream(piece, CHECK, END_HEADERS, frame(DATA, 0, 1, &[0])),
    },
    Attack {
        name: "open streams",
        frames: 1,
        piece: |piece| frame(HEADERS, END_HEADERS, stream(piece), &call_of(WATCH)),
    },
];

impl Attack {
    /// So many frames of it, as one connection can send them, some at a time.
    fn frames(&self, wanted: usize) -> Vec<Vec<u8>> {
        let pieces = u32::try_from(wanted.div_ceil(self.frames)).unwrap();
        let first = (0..pieces).step_by(AT_ONCE);
        let to = |first: u32| (first + u32::try_from(AT_ONCE).unwrap()).min(pieces);
        first.map(|first| (first..to(first)).flat_map(self.piece).collect()).collect()
    }

    /// Attacks on one connection until that is cut, or everything is sent, and then waits for its end. How many frames were
    /// written for it, whether or not it has taken them.
    async fn once(&self, frames: &[Vec<u8>], address: SocketAddr, config: ClientConfig) -> usize {
        let mut stream = connect(address, config).await.expect("nobody lets the attacker in any more");
        frames::begin(&mut stream).await;
        let (mut reader, mut writer) = tokio::io::split(stream);
        let reading = tokio::spawn(async move {
            let mut buffer = [0; 16 * 1024];
            while reader.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
        });
        let mut sent = 0;
        for some in frames {
            if reading.is_finished() || writer.write_all(some).await.is_err() {
                break;
            }
            sent += AT_ONCE * self.frames;
        }
        let _ = writer.flush().await;
        let ended = tokio::time::timeout(PATIENCE, reading).await;
        assert!(ended.is_ok(), "{}: {sent} frames, and the connection stays", self.name);
        sent
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_flood_of_frames_is_noticed_by_anybody_else() {
    let wanted = how_often("POLKU_ATTACK_FRAMES", 20_000);
    let honest = Honest::open().await;
    let (world, gateway) = (&honest.world, &honest.gateway);
    let config = pki::mutual_client_config(world.authority_pem(), &world.identities.ohjaamo).unwrap();
    let config = with_protocol(config, "h2");
    honest.in_quiet().await;
    let before = honest.memory();
    for attack in &ATTACKS {
        let frames = attack.frames(wanted);
        let mut seen = Vec::new();
        while seen.len() < TRIALS {
            let in_quiet = honest.in_quiet().await.p99;
            let over = AtomicBool::new(false);
            let attacking = async {
                let (mut sent, mut connections) = (0, 0);
                while sent < wanted {
                    sent += attack.once(&frames, gateway.bound.grpc, config.clone()).await;
                    connections += 1;
                }
                over.store(true, Ordering::SeqCst);
                connections
            };
            let (connections, attacked) = tokio::join!(attacking, honest.calls(&over, Duration::ZERO));
            seen.push((in_quiet, attacked.p99, connections));
            if attacked.p99 < 2 * in_quiet.max(QUICK) {
                break;
            }
        }
        let &(quiet, attacked, connections) = seen.last().unwrap();
        let grown = honest.grown(before, attack.name);
        println!(
            "{}: {wanted} frames written on {connections} connections; p99 {attacked:?}, in quiet {quiet:?}; {grown} KiB more; {} trials",
            attack.name,
            seen.len()
        );
        assert!(attacked < 2 * quiet.max(QUICK), "{}: {seen:?}", attack.name);
    }
    honest.close().await;
}
