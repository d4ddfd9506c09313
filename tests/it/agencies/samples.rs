//! What does every message look like on the wire? `tests/golden/<kind>/`, a file for each, both ways, and the settings
//! with which they were sent and read: `cargo bench -p polku-adapters` measures with them.
//!
//! `POLKU_REGENERATE=1` writes them anew. The files show what the simulator has got and said, byte for byte, but for
//! what is another one each time: ports, access tokens, and ids that somebody made up on the way.

mod checked;
mod declared;
mod page;
mod said;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use http::HeaderMap;
use polku_adapters::{Inbound, InboundOutcome, Kind, Matter, ReplyContext};
use polku_policy::Viewer;
use polku_proto::v1::Delivery;
use polku_tests::simulators::{Action, Exchange, Fault, Operation, Outgoing, Side};

use super::bench::{Bench, benches, every_repetition, now};
use super::listener::{Answer, LOG_ID, listen};
use super::payloads::{HETU, Parcel, REFERRAL, handover, message, query};
use super::receives::say;
use page::{ANY_PIN, page, without_ports};
use said::{says, told};

/// X-Road's own failures: what they are called here, and their codes since 7.8 and up to 7.7.
const FAILURES: [(&str, &str, &str); 4] = [
    ("client-unknown", "client.invalid_client_identifier", "Client.InvalidClientIdentifier"),
    ("network-error", "server.clientproxy.network_error", "Server.ClientProxy.NetworkError"),
    ("access-denied", "server.serverproxy.access_denied", "Server.ServerProxy.AccessDenied"),
    (
        "service-failed",
        "server.serverproxy.service_failed.internal_error",
        "Server.ServerProxy.ServiceFailed.InternalError",
    ),
];

type Files = BTreeMap<String, String>;

fn folder(kind: &Kind) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(kind.id)
}

/// A conversation as it is written down.
struct Conversation<'b> {
    bench: &'b Bench,
    files: Files,
    /// Of the last message of the gateway's.
    number: u32,
}

impl Conversation<'_> {
    /// Writes a message and its answer down.
    fn add(&mut self, name: &str, exchanges: &[Exchange]) {
        assert!(!exchanges.is_empty(), "{name} is not on the wire");
        for (place, exchange) in exchanges.iter().rev().enumerate() {
            // What comes before the message itself, such as a token.
            let name = if place == 0 { name.to_owned() } else { format!("{name}.before-{place}") };
            let Exchange { method, path, headers, body, .. } = exchange;
            let target = path.split_once("/inbound/").map(|(_, agency)| format!("/inbound/{agency}"));
            let target = target.unwrap_or_else(|| path.clone());
            let request = page(&format!("{method} {target} HTTP/1.1"), headers, body);
            self.insert(format!("{name}.request.http"), request);
            self.add_answer(&name, exchange);
        }
    }

    /// Writes down how a message is answered that has been written down already.
    fn add_answer(&mut self, name: &str, exchange: &Exchange) {
        let reply = &exchange.reply;
        let answer = page(&format!("HTTP/1.1 {}", reply.status), &reply.headers, &reply.body);
        self.insert(format!("{name}.answer.http"), answer);
    }

    fn insert(&mut self, file: String, page: String) {
        assert!(!self.files.contains_key(&file), "{file} is written twice");
        self.files.insert(file, page);
    }

    /// What has been on the wire since.
    fn since(&self, before: usize) -> Vec<Exchange> {
        self.bench.agency.control().wire().split_off(before)
    }

    /// The last that has been on the wire since.
    fn last(&self, before: usize) -> Exchange {
        self.since(before).pop().expect("nothing is on the wire")
    }

    fn so_far(&self) -> usize {
        self.bench.agency.control().wire().len()
    }

    fn next(&mut self, parcel: &Parcel) -> Delivery {
        self.number += 1;
        parcel.delivery(self.bench.kind.id, self.number)
    }

    /// A referral, as the usual one.
    fn next_referral(&mut self) -> Delivery {
        let (what, matter, viewer) = ("referral".to_owned(), Matter::Referral, Viewer::Addressee);
        self.next(&Parcel { what, matter, viewer, item: handover() })
    }

    /// Asks whether messages have arrived, the first one and one that nobody has sent.
    async fn ask_status(&mut self) {
        for (name, number) in [("status-arrived", 1), ("status-unknown", 999)] {
            let before = self.so_far();
            if self.bench.adapter.status(&message(number).parse().unwrap(), now()).await.is_ok() {
                self.add(name, &self.since(before));
            }
        }
    }

    /// Everything that the agency is told.
    async fn deliver_all(&mut self) {
        let bench = self.bench;
        for parcel in bench.kind.delivers.iter().flat_map(|matter| told(*matter)) {
            let what = &parcel.what;
            let before = self.so_far();
            let delivery = self.next(&parcel);
            let composed = bench.adapter.compose(bench.permit_whole(delivery.clone()), now()).unwrap();
            assert_eq!(self.so_far(), before, "{} sends what is only composed", bench.name());
            let delivered = bench.deliver(delivery).await;
            delivered.unwrap_or_else(|error| panic!("{}, {what}: {error:?}", bench.name()));
            let exchanges = self.since(before);
            let sent = exchanges.last().map(|exchange| exchange.body.as_ref());
            assert!(sent == Some(&*composed), "{}: {what} is composed as it is not sent", bench.name());
            self.add(&format!("deliver-{what}"), &exchanges);
        }
    }

    /// The refusals and failures that a message can meet.
    fn failures(&self) -> Vec<(String, Fault)> {
        let mut failures = vec![
            ("refused".to_owned(), Fault::BusinessFault("EI_PALVELUALUETTA".into())),
            ("busy".to_owned(), Fault::Status { code: 429, retry_after: Some(7) }),
            ("closed".to_owned(), Fault::Status { code: 503, retry_after: Some(30) }),
        ];
        if declared::is_xroad(self.bench.kind) {
            for (name, snake, camel) in FAILURES {
                failures.push((format!("xroad-{name}"), Fault::TechnicalFault(snake.into())));
                failures.push((format!("xroad-{name}-before-7.8"), Fault::TechnicalFault(camel.into())));
            }
        } else {
            failures.push(("broken".to_owned(), Fault::TechnicalFault("server".into())));
        }
        failures
    }

    /// What fails is the same as ever: the answers are written down. Failures on the way are the same for everything
    /// that is sent; how a service refuses is its own.
    async fn fail_all(&mut self) {
        let bench = self.bench;
        let faults = bench.agency.control().faults();
        for (name, fault) in self.failures() {
            let before = self.so_far();
            let delivery = self.next_referral();
            faults.once(fault);
            bench.deliver(delivery).await.unwrap_err();
            self.add_answer(&format!("deliver-{name}"), &self.last(before));
        }
        let refusal = Fault::BusinessFault("EI_PALVELUALUETTA".into());
        if !bench.kind.fetches.is_empty() {
            let before = self.so_far();
            let categories: Vec<_> = bench.kind.fetches.iter().collect();
            faults.once(refusal.clone());
            bench.fetch(query(&categories)).await.unwrap_err();
            self.add_answer("fetch-refused", &self.last(before));
        }
        let before = self.so_far();
        faults.once_on(Operation::Status, refusal);
        bench.adapter.status(&message(1).parse().unwrap(), now()).await.unwrap_err();
        // Whoever has no such question has not used the fault up.
        faults.clear().unwrap();
        if self.so_far() > before {
            self.add_answer("status-refused", &self.last(before));
        }
    }

    async fn ask_all(&mut self) {
        let bench = self.bench;
        self.ask_status().await;
        let categories: Vec<_> = bench.kind.fetches.iter().collect();
        if let Some(one) = categories.first() {
            for (name, asked) in
                [("fetch-nothing", &categories[..]), ("fetch", &categories), ("fetch-one-category", &[*one])]
            {
                let before = self.so_far();
                bench.fetch(query(asked)).await.unwrap();
                self.add(name, &self.since(before));
                bench.agency.hold(HETU, &bench.agency.specimen()).unwrap();
            }
        }
    }

    /// Everything that the agency says, and how it is answered.
    async fn hear_all(&mut self) {
        let bench = self.bench;
        for answer in [Answer::Taken, Answer::Refused, Answer::NotNow] {
            let _heard = listen(bench, answer).await;
            for matter in bench.kind.receives {
                let says = says(bench, *matter).into_iter();
                let says =
                    if answer == Answer::Taken { says.collect() } else { says.take(1).collect::<Vec<_>>() };
                for (place, (what, said)) in says.into_iter().enumerate() {
                    let before = self.so_far();
                    let number = 2000 + 100 * (*matter as u32) + u32::try_from(place).unwrap();
                    let sent = bench.agency.send(&say(number, said)).await;
                    sent.unwrap_or_else(|error| panic!("{}, {what}: {error:#}", bench.name()));
                    match answer {
                        Answer::Taken => self.add(&format!("agency-{what}"), &self.since(before)),
                        Answer::Refused => {
                            self.add_answer(&format!("agency-{what}-refused"), &self.last(before))
                        }
                        Answer::NotNow => {
                            self.add_answer(&format!("agency-{what}-not-now"), &self.last(before))
                        }
                    }
                }
            }
            if answer == Answer::Taken {
                self.hear_nonsense().await;
            }
        }
    }

    /// What cannot be read, and what somebody else says.
    async fn hear_nonsense(&mut self) {
        let bench = self.bench;
        let step = |action| Outgoing::Change {
            referral: REFERRAL.into(),
            action,
            reason: None,
            outcome: None,
            note: String::new(),
        };
        let before = self.so_far();
        bench.agency.send(&say(2900, step(Action::Code("EI_OLE".into())))).await.unwrap();
        self.add("agency-unreadable-refused", &self.since(before));

        let before = self.so_far();
        bench.agency.send(&say(2901, step(Action::Accept))).await.unwrap();
        let mut exchange = self.since(before).remove(0);
        assert_eq!(exchange.from, Side::Agency);
        // Whoever signs signs in a header.
        let headers = if bench.caller().is_none() { HeaderMap::new() } else { exchange.headers.clone() };
        let inbound = Inbound { headers: &headers, body: &exchange.body, peer: None, now: now() };
        let error = bench.adapter.receive(&inbound).unwrap_err();
        let outcome = InboundOutcome::Unreadable(error);
        let reply = bench.adapter.reply(&ReplyContext::default(), &outcome, LOG_ID);
        exchange.reply.status = reply.status;
        exchange.reply.headers =
            HeaderMap::from_iter([(http::header::CONTENT_TYPE, reply.content_type.parse().unwrap())]);
        exchange.reply.body = reply.body.into();
        exchange.headers = headers;
        self.add("agency-stranger-refused", &[exchange]);
    }
}

/// The settings of the gateway's side, and the secrets that they name: what is needed to read what the agency says.
fn settings(bench: &Bench, name: &str) -> Files {
    let folder = bench.folder();
    let settings = bench.settings().replace(&format!("{}/", folder.display()), "");
    let is_pin = |text: &str| text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let values = settings.split('"').map(|text| if is_pin(text) { ANY_PIN } else { text });
    let settings = without_ports(&values.collect::<Vec<_>>().join("\""));
    let mut files = Files::from([(name.to_owned(), settings)]);
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
    let files = settings(bench, "settings.toml");
    let mut conversation = Conversation { bench, files, number: 0 };
    conversation.deliver_all().await;
    conversation.ask_all().await;
    conversation.fail_all().await;
    conversation.hear_all().await;
    conversation.files
}

/// What is otherwise where the agency is spoken to in another manner than the usual one, or does something else with
/// repetitions. Nothing if all is as usual.
async fn otherwise(bench: &Bench, known: &Files) -> Files {
    let mut conversation = Conversation { bench, files: Files::new(), number: 0 };
    let before = conversation.so_far();
    let delivery = conversation.next_referral();
    bench.deliver(delivery).await.unwrap();
    conversation.add("deliver-referral", &conversation.since(before));
    conversation.ask_status().await;
    let mut files = conversation.files;
    let is_known = |name: &str, page: &str| {
        let same = |(known, same): (&String, &String)| same == page && known.ends_with(name);
        known.iter().any(same)
    };
    files.retain(|name, page| !is_known(name, page));
    if files.is_empty() {
        return files;
    }
    let how = match bench.manner == bench.agency.manners()[0] {
        true => bench.agency.repetition().setting().replace('_', "-"),
        false => bench.manner.to_owned(),
    };
    let named = |(name, page): (String, String)| (format!("{how}-{name}"), page);
    let mut files: Files = files.into_iter().map(named).collect();
    files.extend(settings(bench, &format!("settings-{how}.toml")));
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_as_written() {
    let regenerate = std::env::var_os("POLKU_REGENERATE").is_some_and(|value| value == "1");
    let mut said: BTreeMap<&str, Files> = BTreeMap::new();
    for bench in benches().chain(every_repetition()) {
        let files = match said.get(bench.kind.id) {
            None => conversation(&bench).await,
            Some(known) => otherwise(&bench, known).await,
        };
        said.entry(bench.kind.id).or_default().extend(files);
        bench.agency.control().stop();
    }
    for kind in polku_adapters::kinds() {
        let (folder, files) = (folder(kind), said.remove(kind.id).unwrap());
        if regenerate {
            std::fs::create_dir_all(&folder).unwrap();
            for (name, page) in &files {
                std::fs::write(folder.join(name), page).unwrap();
            }
            for name in declared::written(&folder).keys().filter(|name| !files.contains_key(*name)) {
                std::fs::remove_file(folder.join(name)).unwrap();
            }
        }
        let mut written = declared::written(&folder);
        let hint = "POLKU_REGENERATE=1 writes it anew";
        for (name, page) in &files {
            let found = written.remove(name);
            assert!(found.as_ref() == Some(page), "{}/{name} differs; {hint}:\n{page}", kind.id);
        }
        assert!(written.is_empty(), "{}: nobody says {:?}; {hint}", kind.id, written.keys());
    }
}
