//! What does the gateway answer to every damage that a request can have, in every method and field of the contract?
//!
//! The damages are those of hostile protobuf: what no decoder may read must be refused as unreadable, and what one can
//! read, though nobody would write it so, must be answered with a reason of the contract. The gateway is a process of its
//! own: it must live through all of it, and its memory is bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use polku_proto::codec::LARGEST_LISTS;
use polku_tests::figures;
use polku_tests::world::{GatewayProcess, PEOPLE, World, WorldSettings, professional};
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::{Code, Status};
use tonic_types::{ErrorInfo, StatusExt as _};

use crate::stage::{actor_bytes, assert_refused, assert_silent, call_raw};

/// How deep messages within messages are damaged.
const DEPTH: usize = 4;
/// How many calls are under way at the same time.
const AT_ONCE: usize = 8;
/// How long a stream is waited for that has nothing to say.
const SILENCE: Duration = Duration::from_secs(1);
/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// About the largest message that is taken in, in bytes.
const LARGE: usize = 250 * 1024;
/// From how many bytes on messages come one at a time.
const ALONE: usize = 1000;
/// How much more memory the process may take for one message, in KiB.
const MEMORY: u64 = 16 * 1024;
/// How much for all of them. Each of its threads keeps some for itself.
const MEMORY_OF_ALL: u64 = 4 * MEMORY;
/// How long a gateway may work at one such message, and how often the same one is tried whose work seems longer: what else
/// the process does in the meantime counts too.
const WORK: Duration = Duration::from_millis(50);
const TRIALS: usize = 5;
/// A list of as many empty items as there is room for.
const AGAIN: &str = "again and again";
/// How many items of a list are let through to the rules of the contract, some of which are large.
const MANY: [usize; 3] = [1_500, 10_000, 35_000];

type Messages<'a> = BTreeMap<String, &'a DescriptorProto>;

/// Something that is sent as a request.
struct Damage {
    method: String,
    /// What is wrong, and where.
    what: String,
    bytes: Vec<u8>,
    wanted: Wanted,
}

impl Damage {
    fn name(&self) -> String {
        format!("{}: {}", self.method, self.what)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// No decoder may read it.
    Unreadable,
    /// Any answer with a reason, or none at all where a stream waits for news.
    Clean,
}

/// A field of a request, however deep it stands.
struct Place<'a> {
    name: String,
    /// The numbers of the fields around it, outermost first.
    around: Vec<u32>,
    field: &'a FieldDescriptorProto,
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

fn key(number: u32, wire_type: u8) -> Vec<u8> {
    varint(u64::from(number) << 3 | u64::from(wire_type))
}

fn long(number: u32, inside: &[u8]) -> Vec<u8> {
    [key(number, 2), varint(inside.len() as u64), inside.to_vec()].concat()
}

/// What is wrong wherever it stands, and in whatever message.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let opened = key(1000, 3);
    vec![
        ("a key that ends in the middle", vec![0x80]),
        ("a key of more than ten bytes", [vec![0xff; 10], vec![0x01]].concat()),
        ("a key beyond 32 bits", [vec![0xff; 5], vec![0x01, 0x00]].concat()),
        ("a number that ends in the middle", [key(1000, 0), vec![0xff]].concat()),
        ("a number of more than ten bytes", [key(1000, 0), vec![0xff; 10], vec![0x01]].concat()),
        ("a length over the end", [key(1000, 2), varint(5), b"abcd".to_vec()].concat()),
        ("a length of 4 GiB", [key(1000, 2), varint(u64::from(u32::MAX))].concat()),
        ("a length of 16 EiB", [key(1000, 2), varint(u64::MAX)].concat()),
        ("four bytes that are three", [key(1000, 5), vec![0; 3]].concat()),
        ("eight bytes that are seven", [key(1000, 1), vec![0; 7]].concat()),
        ("field 0", vec![0x02, 0x00]),
        ("wire type 6", key(1000, 6)),
        ("wire type 7", key(1000, 7)),
        ("a group that ends and has not begun", key(1000, 4)),
        ("a group that does not end", [opened.clone(), key(1, 0), vec![0x01]].concat()),
        ("a group with another's end", [opened.clone(), key(1001, 4)].concat()),
        ("groups in groups", [opened.repeat(200), key(1000, 4).repeat(200)].concat()),
        ("groups in groups without end", opened.repeat(LARGE / 2)),
        ("text", b"kanaria-vapaata-tekstia".to_vec()),
    ]
}

/// What can be read wherever it stands, and nobody means.
fn odd() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("nothing", Vec::new()),
        ("an unknown field", long(1000, b"vapaata")),
        ("unknown fields without number", long(1000, b"").repeat(LARGE / 3 - 1)),
        ("a large unknown field", long(1000, &vec![0xff; LARGE - 16])),
        ("an unknown group", [key(1000, 3), long(1, b"vapaata"), key(1000, 4)].concat()),
        ("a number longer than it need be", [key(1000, 0), vec![0x81, 0x80, 0x80, 0x00]].concat()),
        ("the largest field number", long(536_870_911, b"x")),
    ]
}

/// What is wrong with one field of its type.
fn wrong_field(field: &FieldDescriptorProto, deep: bool) -> Vec<(String, Vec<u8>)> {
    let number = field.number().unsigned_abs();
    let is_long = matches!(field.r#type(), Type::String | Type::Bytes | Type::Message);
    let is_list = field.label() == Label::Repeated;
    let wire_types: &[u8] = match (is_long, is_list) {
        (true, _) => &[0, 1, 3, 5],
        (false, true) => &[1, 3, 5],
        (false, false) => &[1, 2, 3, 5],
    };
    let is_fixed = matches!(field.r#type(), Type::Double | Type::Float | Type::Fixed32 | Type::Fixed64);
    assert!(!is_fixed, "no request has such a field: its wire types are not in the table");
    let some = if deep { 1 } else { wire_types.len() };
    let body = |wire_type: u8| match wire_type {
        0 => vec![0x01],
        1 => vec![0; 8],
        2 => vec![0x01, 0x01],
        3 => key(number, 4),
        _ => vec![0; 4],
    };
    let mut wrong: Vec<(String, Vec<u8>)> = wire_types[..some]
        .iter()
        .map(|wire_type| {
            (format!("wire type {wire_type}"), [key(number, *wire_type), body(*wire_type)].concat())
        })
        .collect();
    if field.r#type() == Type::String {
        let texts: [&[u8]; 4] = [&[0xff, 0xfe], &[0xed, 0xa0, 0x80], &[0xc0, 0xaf], &[b'k', 0xc3]];
        let texts = &texts[..if deep { 1 } else { texts.len() }];
        wrong.extend(texts.iter().map(|text| (format!("not UTF-8: {text:02x?}"), long(number, text))));
    } else if field.r#type() == Type::Message {
        wrong.push(("a message of rubbish".to_owned(), long(number, &[0x0f, 0x01])));
    } else if !is_long {
        wrong.push(("half a number".to_owned(), [key(number, 0), vec![0xff]].concat()));
    }
    wrong.push(("longer than it is".to_owned(), [key(number, 2), varint(9), b"kanari".to_vec()].concat()));
    wrong
}

/// What can be read as one field of its type, and nobody means.
fn odd_field(field: &FieldDescriptorProto) -> Vec<(String, Vec<u8>)> {
    let number = field.number().unsigned_abs();
    let one = if field.r#type() == Type::Message {
        long(number, b"")
    } else if matches!(field.r#type(), Type::String | Type::Bytes) {
        long(number, b"x")
    } else {
        [key(number, 0), varint(u64::MAX)].concat()
    };
    let mut odd = vec![("twice".to_owned(), one.repeat(2)), ("once".to_owned(), one)];
    if field.label() == Label::Repeated {
        let empty = long(number, b"");
        odd.push((AGAIN.to_owned(), empty.repeat(LARGE / empty.len() - 8)));
        odd.extend(MANY.map(|times| (format!("{times} times"), empty.repeat(times))));
        if !matches!(field.r#type(), Type::String | Type::Bytes | Type::Message) {
            odd.push(("many numbers".to_owned(), long(number, &vec![1; LARGE - 16])));
        }
    }
    odd
}

fn places<'a>(messages: &Messages<'a>, name: &str, around: &[u32], path: &str, into: &mut Vec<Place<'a>>) {
    for field in &messages[name].field {
        let here = format!("{path}{}", field.name());
        into.push(Place { name: here.clone(), around: around.to_vec(), field });
        if field.r#type() == Type::Message && around.len() + 1 < DEPTH {
            let around = [around, &[field.number().unsigned_abs()]].concat();
            places(messages, field.type_name(), &around, &format!("{here}."), into);
        }
    }
}

fn within(around: &[u32], inside: Vec<u8>) -> Vec<u8> {
    around.iter().rev().fold(inside, |inside, number| long(*number, &inside))
}

/// Every damage of every request, in this order: those of one method together.
fn damages() -> Vec<Damage> {
    let contract = FileDescriptorSet::decode(polku_proto::FILE_DESCRIPTOR_SET).unwrap();
    let mut messages = Messages::new();
    for file in &contract.file {
        for message in &file.message_type {
            messages.insert(format!(".{}.{}", file.package(), message.name()), message);
            for inner in &message.nested_type {
                messages.insert(format!(".{}.{}.{}", file.package(), message.name(), inner.name()), inner);
            }
        }
    }
    let mut all = Vec::new();
    let services =
        contract.file.iter().filter(|file| file.package() == "polku.v1").flat_map(|file| &file.service);
    for (service, method) in services.flat_map(|service| service.method.iter().map(move |of| (service, of))) {
        let mut add = |what: String, bytes: Vec<u8>, wanted: Wanted| {
            assert!(bytes.len() <= 256 * 1024, "{what}: too large to be taken in");
            all.push(Damage { method: format!("{}/{}", service.name(), method.name()), what, bytes, wanted });
        };
        for (what, bytes) in broken() {
            add(what.to_owned(), bytes, Wanted::Unreadable);
        }
        for (what, bytes) in odd() {
            add(what.to_owned(), bytes, Wanted::Clean);
        }
        let request = messages[method.input_type()];
        for (index, oneof) in (0..).zip(&request.oneof_decl) {
            let members = request.field.iter().filter(|field| field.oneof_index == Some(index));
            let both: Vec<u8> = members.flat_map(|field| long(field.number().unsigned_abs(), b"")).collect();
            let is_long = |field: &&FieldDescriptorProto| field.r#type() == Type::Message;
            if request
                .field
                .iter()
                .filter(|field| field.oneof_index == Some(index))
                .all(|field| is_long(&field))
            {
                add(format!("{}: all of it", oneof.name()), both, Wanted::Clean);
            }
        }
        let mut found = Vec::new();
        places(&messages, method.input_type(), &[], "", &mut found);
        for Place { name, around, field } in found {
            for (what, bytes) in wrong_field(field, !around.is_empty()) {
                add(format!("{name}: {what}"), within(&around, bytes), Wanted::Unreadable);
            }
            for (what, bytes) in odd_field(field) {
                add(format!("{name}: {what}"), within(&around, bytes), Wanted::Clean);
            }
        }
    }
    all
}

/// An answer that somebody can do something with.
fn assert_clean(name: &str, status: &Status) -> ErrorInfo {
    let faults = [Code::Internal, Code::Unknown, Code::DataLoss, Code::Unavailable, Code::Unimplemented];
    assert!(!faults.contains(&status.code()), "{name}: {status:?}");
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("{name}: no ErrorInfo: {status:?}"));
    assert!(info.domain == "polku" && !info.reason.is_empty(), "{name}: {status:?}");
    assert_silent(status, &["vapaata"]);
    info
}

/// Whether a method waits for news, and says nothing until there are some.
fn waits(name: &str) -> bool {
    name.contains("/Watch")
}

/// The most memory that the process has had, in KiB.
fn most_memory(process: &GatewayProcess) -> u64 {
    figures::most_memory(&process.id().unwrap().to_string()).unwrap()
}

/// How long the threads of the process have worked in all (Linux, `proc-schedstat`).
fn work(process: &GatewayProcess) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{}/task", process.id().unwrap())).unwrap();
    let of = |thread: std::fs::DirEntry| -> Option<u64> {
        let statistics = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        statistics.split_whitespace().next()?.parse().ok()
    };
    Duration::from_nanos(threads.flatten().filter_map(of).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_damage_in_every_field_has_its_answer() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let log = folder.path().join("gateway.log");
    let process = GatewayProcess::start_logging(&world.config_file(), &log, "warn").await.unwrap();
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let mut client = world.client(process.bound.grpc, &world.identities.ohjaamo).unwrap().acting(&worker);
    let youth = client.identify(PEOPLE[0]).await.unwrap();
    let (channel, actor) = (client.channel(), actor_bytes(&worker));
    let before = most_memory(&process);
    let all = damages();
    println!("{} damages", all.len());
    assert!(all.len() > 5000, "the descriptors are not walked through");
    // The large ones one by one: what is bounded is what one of them takes.
    let (large, small): (Vec<_>, Vec<_>) = all.into_iter().partition(|damage| damage.bytes.len() > ALONE);
    let again: BTreeMap<String, (String, Vec<u8>)> =
        large.iter().map(|damage| (damage.name(), (damage.method.clone(), damage.bytes.clone()))).collect();
    let (mut slowest, mut too_many, mut most) = (BTreeMap::new(), BTreeSet::new(), before);
    let mut worked = work(&process);
    for (damages, at_once) in [(small, AT_ONCE), (large, 1)] {
        let mut damages = damages.into_iter();
        let mut answers = JoinSet::new();
        loop {
            while answers.len() < at_once
                && let Some(Damage { method, what, bytes, wanted }) = damages.next()
            {
                let (channel, actor) = (channel.clone(), actor.clone());
                answers.spawn(async move {
                    let call = call_raw(&channel, &method, Some(&actor), bytes);
                    let is_silent = wanted == Wanted::Clean && waits(&method);
                    let patience = if is_silent { SILENCE } else { PATIENCE };
                    (format!("{method}: {what}"), wanted, timeout(patience, call).await)
                });
            }
            let Some(answered) = answers.join_next().await else { break };
            let (name, wanted, answer) = answered.unwrap();
            if at_once == 1 {
                let now = most_memory(&process);
                if now > most {
                    println!("{} KiB more: {name}", now - most);
                }
                assert!(now < most + MEMORY, "{name}: {now} KiB, from {most}");
                most = now;
                if answer.is_ok() {
                    let now = work(&process);
                    slowest.insert(now.saturating_sub(worked), name.clone());
                    worked = now;
                }
            }
            match (wanted, answer) {
                (Wanted::Unreadable, Ok(result)) => {
                    println!("{name}");
                    let status = assert_refused(result, Code::InvalidArgument, "MESSAGE_UNREADABLE");
                    assert_silent(&status, &["vapaata"]);
                }
                (Wanted::Unreadable, Err(_)) => panic!("{name}: no answer"),
                (Wanted::Clean, Ok(Err(status))) => {
                    let info = assert_clean(&name, &status);
                    if info.reason == "MESSAGE_TOO_MANY_ITEMS" {
                        assert_eq!(status.code(), Code::InvalidArgument);
                        assert_eq!(info.metadata["retry"], "no");
                        assert!(status.message().contains(&LARGEST_LISTS.to_string()), "{status:?}");
                        too_many.insert(name);
                    }
                }
                (Wanted::Clean, Ok(Ok(_))) => {}
                (Wanted::Clean, Err(_)) => assert!(waits(&name), "{name}: no answer"),
            }
        }
        most = most_memory(&process);
        println!("{most} KiB, from {before}");
    }
    for (took, name) in slowest.iter().rev().take(5) {
        println!("{took:?} of work: {name}");
    }
    for (_, name) in slowest.range(WORK..) {
        let (method, bytes) = &again[name];
        let mut trials = Vec::new();
        for _ in 0..TRIALS {
            let before = work(&process);
            drop(call_raw(&channel, method, Some(&actor), bytes.clone()).await);
            trials.push(work(&process).saturating_sub(before));
        }
        trials.sort();
        assert!(trials[TRIALS / 2] < WORK, "{name}: {trials:?} of work");
    }
    for list in ["PlanService/MergePlan: sections", "ConsentService/BatchVerifyConsents: requests"] {
        assert!(too_many.contains(&format!("{list}: {AGAIN}")), "{list} is read");
    }
    assert!(most < before + MEMORY_OF_ALL, "{most} KiB, from {before}");
    // It lives, and knows whom it knew.
    assert_eq!(client.identify(PEOPLE[0]).await.unwrap(), youth);
    assert!(process.stop().await.unwrap().success());
}
