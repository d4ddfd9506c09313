//! What does every message look like on the wire? `tests/golden/<kind>/`, a file for each, both ways, and the settings
//! with which they were sent and read: `cargo bench -p polku-adapters` measures with them.
//!
//! `POLKU_REGENERATE=1` writes them anew. The files show what the simulator has got and said, byte for byte, but for
//! what is another one each time: ports, access tokens, and ids that somebody made up on the way.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use http::HeaderMap;
use polku_tests::simulators::{Exchange, Fault};

use super::bench::{Bench, benches, now};
use super::listener::{Answer, listen};
use super::payloads::{HETU, delivery, items, message, query};
use super::receives::{outgoing, say};

/// Headers that say nothing of the protocol.
const LEFT_OUT: [&str; 4] = ["host", "content-length", "user-agent", "date"];
/// Headers of which only the name and the scheme are shown.
const VEILED: [&str; 2] = ["authorization", "x-road-request-hash"];
/// The ids of the tests' own begin with it.
const OWN_IDS: &str = "0193c5a0-0000-7000-8000-";
const ANY_ID: &str = "00000000-0000-0000-0000-";
const ANY_PIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

type Files = BTreeMap<String, String>;

fn add(files: &mut Files, name: &str, exchanges: &[Exchange]) {
    assert!(!exchanges.is_empty(), "{name} is not on the wire");
    for (place, exchange) in exchanges.iter().rev().enumerate() {
        // What comes before the message itself, such as a token.
        let name = if place == 0 { name.to_owned() } else { format!("{name}.before-{place}") };
        let target = exchange.path.split_once("/inbound/").map(|(_, agency)| format!("/inbound/{agency}"));
        let target = target.unwrap_or_else(|| exchange.path.clone());
        let request = format!("{} {target} HTTP/1.1\n", exchange.method);
        files.insert(format!("{name}.request.http"), page(request, &exchange.headers, &exchange.body));
        let reply = &exchange.reply;
        let answer = format!("HTTP/1.1 {}\n", reply.status);
        files.insert(format!("{name}.answer.http"), page(answer, &reply.headers, &reply.body));
    }
}

fn page(mut page: String, headers: &HeaderMap, body: &[u8]) -> String {
    let mut shown: Vec<String> = headers
        .iter()
        .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let scheme = value.split_once(' ').map_or("", |(scheme, _)| scheme);
            let value = if VEILED.contains(&name.as_str()) { format!("{scheme} …") } else { value };
            format!("{name}: {}", value.trim_start())
        })
        .collect();
    shown.sort();
    for header in shown {
        writeln!(page, "{header}").unwrap();
    }
    let mut page = without_ids(&page, |_| 0);
    // Which of them are the same is part of what a body says.
    let mut known: Vec<String> = Vec::new();
    let body = without_ids(&String::from_utf8_lossy(body), |id| {
        known.iter().position(|other| other == id).unwrap_or_else(|| {
            known.push(id.to_owned());
            known.len() - 1
        })
    });
    write!(page, "\n{body}\n").unwrap();
    without_tokens(&without_ports(&page))
}

fn without_ports(text: &str) -> String {
    let mut parts = text.split("localhost:");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str("localhost");
        clean.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_digit()));
    }
    clean
}

/// RFC 6749, section 5.1.
fn without_tokens(text: &str) -> String {
    let Some((before, rest)) = text.split_once("\"access_token\":\"") else { return text.to_owned() };
    let (_, after) = rest.split_once('"').unwrap_or_default();
    format!("{before}\"access_token\":\"…\"{after}")
}

fn without_ids(text: &str, mut number: impl FnMut(&str) -> usize) -> String {
    let is_id = |text: &str| text.len() == 36 && uuid::Uuid::try_parse(text).is_ok();
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (id, behind) = rest.split_at_checked(36).filter(|(id, _)| is_id(id)).unwrap_or_default();
        if id.is_empty() {
            clean.push(first);
            rest = rest.split_at(first.len_utf8()).1;
        } else {
            match id.starts_with(OWN_IDS) {
                true => clean.push_str(id),
                false => write!(clean, "{ANY_ID}{:012}", number(id)).unwrap(),
            }
            rest = behind;
        }
    }
    clean
}

/// The settings of the gateway's side, and the secrets that they name: what is needed to read what the agency says.
fn settings(bench: &Bench) -> Files {
    let folder = bench.folder();
    let settings = bench.settings().replace(&format!("{}/", folder.display()), "");
    let is_pin = |text: &str| text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let values = settings.split('"').map(|text| if is_pin(text) { ANY_PIN } else { text });
    let settings = without_ports(&values.collect::<Vec<_>>().join("\""));
    let mut files = Files::from([("settings.toml".to_owned(), settings)]);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "secret") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            files.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
    files
}

/// Everything that the gateway and an agency of this kind say to one another.
async fn conversation(bench: &Bench) -> Files {
    let mut files = settings(bench);
    let control = bench.agency.control();
    let since = |before: usize| control.wire().split_off(before);
    let mut number = 0;
    for matter in bench.kind.delivers {
        for (what, item) in items(*matter) {
            number += 1;
            let before = control.wire().len();
            let delivery = delivery(bench.kind.id, number, item);
            let composed = bench.adapter.compose(bench.permit(delivery.clone()), now()).unwrap();
            assert_eq!(control.wire().len(), before, "{} sends what is only composed", bench.name());
            bench.deliver(delivery).await.unwrap();
            let exchanges = since(before);
            let sent = exchanges.last().map(|exchange| exchange.body.as_ref());
            assert!(sent == Some(&*composed), "{}: {what} is composed as it is not sent", bench.name());
            add(&mut files, &format!("deliver-{what}"), &exchanges);
        }
    }
    let refused = items(bench.kind.delivers[0]).remove(0).1;
    control.faults().once(Fault::BusinessFault("EI_PALVELUALUETTA".into()));
    let before = control.wire().len();
    bench.deliver(delivery(bench.kind.id, number + 1, refused)).await.unwrap_err();
    add(&mut files, "deliver-refused", &since(before));
    for (name, number) in [("status-arrived", 1), ("status-unknown", number + 2)] {
        let before = control.wire().len();
        if bench.adapter.status(&message(number).parse().unwrap(), now()).await.is_ok() {
            add(&mut files, name, &since(before));
        }
    }
    if !bench.kind.fetches.is_empty() {
        let categories: Vec<_> = bench.kind.fetches.iter().collect();
        for name in ["fetch-nothing", "fetch"] {
            let before = control.wire().len();
            bench.fetch(query(&categories)).await.unwrap();
            add(&mut files, name, &since(before));
            bench.agency.hold(HETU, &bench.agency.specimen()).unwrap();
        }
    }
    for answer in [Answer::Taken, Answer::Refused, Answer::NotNow] {
        let _heard = listen(bench, answer).await;
        for matter in bench.kind.receives {
            let sayings = outgoing(bench, *matter).into_iter();
            let sayings =
                if answer == Answer::Taken { sayings.collect() } else { sayings.take(1).collect::<Vec<_>>() };
            for (place, (what, said)) in sayings.into_iter().enumerate() {
                let before = control.wire().len();
                let number = 100 + 100 * (*matter as u32) + u32::try_from(place).unwrap();
                bench.agency.send(&say(number, said)).await.unwrap();
                let name = match answer {
                    Answer::Taken => format!("agency-{what}"),
                    Answer::Refused => format!("agency-{what}-refused"),
                    Answer::NotNow => format!("agency-{what}-not-now"),
                };
                add(&mut files, &name, &since(before));
            }
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_as_written() {
    let regenerate = std::env::var_os("POLKU_REGENERATE").is_some_and(|value| value == "1");
    for bench in benches().filter(|bench| bench.manner == bench.agency.manners()[0]) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(bench.kind.id);
        let files = conversation(&bench).await;
        if regenerate {
            drop(std::fs::remove_dir_all(&folder));
            std::fs::create_dir_all(&folder).unwrap();
            for (name, page) in &files {
                std::fs::write(folder.join(name), page).unwrap();
            }
        }
        let mut written = Files::new();
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            written.insert(name, std::fs::read_to_string(&path).unwrap());
        }
        let hint = "POLKU_REGENERATE=1 writes it anew";
        for (name, page) in &files {
            let found = written.remove(name);
            assert!(found.as_ref() == Some(page), "{}/{name} differs; {hint}:\n{page}", bench.kind.id);
        }
        assert!(written.is_empty(), "{}: nobody says {:?}; {hint}", bench.kind.id, written.keys());
        bench.agency.control().stop();
    }
}
