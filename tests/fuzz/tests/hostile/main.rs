//! Is hostile input refused with its code, within 16 MiB of memory and 50 ms of processor time?
//!
//! The cases stand in `xml_table.rs`, `json_table.rs` and `http_table.rs`; `measure.rs` says how it is measured.

mod base;
mod counters;
mod edit;
mod http_table;
mod json_table;
mod measure;
mod seeds;
mod xml_table;

use bytes::Bytes;
use http::HeaderMap;
use polku_adapters::Matter;
use polku_adapters::transport::xml::{XmlLimits, read_document};
use polku_fuzz::{Agencies, Door, Read, Way, doors};

use measure::measured;

/// Bytes beside the input itself.
const MEMORY: usize = 16 * 1024 * 1024;
/// Nanoseconds of processor time of the thread, not of the clock on the wall: what hostile input can do is to make the
/// gateway work, and on a machine that others load at the same time a test by the clock would fail for their work.
const TIME: u64 = 50_000_000;
/// How often a reading is measured. The median counts: a core that is shared slows down what runs on it, now and then.
const TRIALS: usize = 5;

/// Everything that is not as the tables have it.
#[derive(Default)]
struct Differences {
    cases: usize,
    memory: usize,
    time: u64,
    found: Vec<String>,
}

impl Differences {
    /// Tries a door, and compares the code. `+`: taken in.
    fn try_door(&mut self, name: &str, door: &str, expected: &str, read: impl Fn() -> Read) {
        let mut cost = measured(&read);
        let mut times = [cost.nanoseconds; TRIALS];
        for time in &mut times[1..] {
            *time = measured(&read).nanoseconds;
        }
        times.sort_unstable();
        cost.nanoseconds = times[TRIALS / 2];
        let code = told(&cost.result);
        self.cases += 1;
        self.memory = self.memory.max(cost.memory);
        self.time = self.time.max(cost.nanoseconds);
        if code != expected {
            self.found.push(format!("{name}: {door}: {code}, expected {expected}"));
        }
        if cost.memory > MEMORY || cost.nanoseconds > TIME {
            let (memory, time) = (cost.memory / 1024, cost.nanoseconds / 1_000_000);
            self.found.push(format!("{name}: {door}: {memory} KiB and {time} ms"));
        }
    }

    fn none(self, at_least: usize) {
        let Self { cases, memory, time, .. } = self;
        println!("{cases} readings, none of more than {} KiB and {} ms", memory / 1024, time / 1_000_000);
        assert!(self.found.is_empty(), "\n{}\n", self.found.join("\n"));
        assert!(cases >= at_least, "only {cases} readings were tried");
    }
}

/// The code of a refusal, with that of its cause where a delivery has come to nothing.
fn told(read: &Read) -> String {
    match read {
        Ok(_) => "+".to_owned(),
        Err(refusal) => match refusal.codes.first() {
            Some(cause) => format!("{} {cause}", refusal.code),
            None => refusal.code.clone(),
        },
    }
}

fn door(name: &str) -> &'static Door {
    doors::all().find(|door| door.name == name).unwrap_or_else(|| panic!("there is no door {name}"))
}

#[test]
fn hostile_xml_is_refused() {
    let agencies = Agencies::new();
    let mut differences = Differences::default();
    for case in xml_table::CASES {
        let document = base::SOAP[0].messages[0].document();
        let rule = match read_document(&(case.edit)(document), &XmlLimits::default()) {
            Ok(_) => "+".to_owned(),
            Err(error) => format!("{:?}", error.kind()).split(' ').next().unwrap_or_default().to_owned(),
        };
        if rule != case.rule {
            differences.found.push(format!("{}: rule {rule}, expected {}", case.name, case.rule));
        }
        for office in base::SOAP {
            let receipt = case.receipt_of(office.agency);
            let messages = office.messages.iter().map(|base| (base, case.message));
            let receipts = office.receipts.iter().map(|base| (base, receipt));
            for (base, expected) in messages.chain(receipts).chain([(&office.facts, case.facts)]) {
                let input = Bytes::from((case.edit)(base.document()));
                let read = || door(base.door()).read(&agencies, &input);
                differences.try_door(case.name, base.name, expected, read);
            }
            // Whatever it is, it is no fault.
            let input = Bytes::from((case.edit)(office.receipts[0].document()));
            let read = || door(office.failure).read(&agencies, &input);
            differences.try_door(case.name, office.failure, "UNANSWERED", read);
        }
    }
    differences.none(60 * 10 * base::SOAP.len());
}

#[test]
fn hostile_json_is_refused() {
    let agencies = Agencies::new();
    let mut differences = Differences::default();
    for case in json_table::CASES {
        let documents = base::JSON.iter().map(|(column, base)| (base, case.codes[*column]));
        let receipts =
            base::RECEIPTS.iter().filter_map(|(column, base)| Some((base, case.receipts?[*column])));
        let asked = base::ASKED.iter().filter_map(|(column, base)| {
            let receipt = case.receipts?[*column];
            Some((base, case.asked.unwrap_or(receipt)))
        });
        for (base, expected) in documents.chain(receipts).chain(asked) {
            let input = Bytes::from((case.edit)(base.document()));
            let read = || door(base.door()).read(&agencies, &input);
            differences.try_door(case.name, base.name, expected, read);
        }
    }
    differences.none(40 * (base::JSON.len() + base::RECEIPTS.len() + base::ASKED.len()));
}

#[test]
fn hostile_http_is_refused() {
    let agencies = Agencies::new();
    let mut differences = Differences::default();
    for case in http_table::CASES {
        let mut tried = 0;
        for (base, good) in messages().filter(|(base, _)| case.doors.contains(&base.door())) {
            tried += 1;
            let body = base.document().into_bytes();
            let headers = (case.edit)(good(&body));
            let Way::Message(adapter, _) = door(base.door()).way else {
                panic!("{} is no message", base.door())
            };
            let read = || doors::receive(adapter(&agencies), &headers, &body);
            differences.try_door(case.name, base.door(), case.code, read);
        }
        assert_eq!(tried, case.doors.len(), "{}", case.name);
    }
    differences.none(30);
}

/// The messages of every agency, with what makes the headers of each.
fn messages() -> impl Iterator<Item = (&'static base::Base, fn(&[u8]) -> HeaderMap)> {
    // One of each agency: the headers are the same whatever is said.
    let soap = base::SOAP.iter().map(|office| &office.messages[0]);
    let json = base::JSON.iter().map(|(_, base)| base).filter(|base| base.name == base.door());
    soap.chain(json).filter_map(|base| match door(base.door()).way {
        Way::Message(_, headers) => Some((base, headers)),
        Way::Other(_) => None,
    })
}

/// As they are, the documents that the cases are made of are taken in.
#[test]
fn what_is_not_edited_is_taken_in() {
    let agencies = Agencies::new();
    for base in base::all() {
        let document = base.document();
        assert!(document.contains("Sana."), "{}", base.name);
        assert_eq!(told(&door(base.door()).read(&agencies, &document.into())), "+", "{}", base.name);
    }
}

/// Those that are taken in somewhere, or everywhere, because they do no harm do not count.
#[test]
fn at_least_sixty_cases_are_refused() {
    let is_refused = |code: &&str| *code != "+";
    let xml = xml_table::CASES.iter().filter(|case| {
        case.forgiving.is_empty() && [case.message, case.facts, case.receipt].iter().all(is_refused)
    });
    let json = json_table::CASES.iter().filter(|case| case.codes.iter().all(is_refused));
    let http = http_table::CASES.iter().filter(|case| is_refused(&case.code));
    let counts = [xml.count(), json.count(), http.count()];
    println!("{counts:?} cases are refused");
    assert!(counts[0] >= 60 && counts.iter().sum::<usize>() >= 150, "{counts:?}");
}

/// What each kind of agency says and answers is tried here, each with a document of its own.
#[test]
fn every_kind_of_message_and_answer_is_tried() {
    for kind in polku_adapters::kinds() {
        let mut wanted = vec![format!("{} status", kind.id)];
        wanted.extend(kind.delivers.iter().map(|matter| format!("{} {}", kind.id, answer_to(*matter))));
        wanted.extend(kind.receives.iter().map(|matter| format!("{} message{}", kind.id, telling(*matter))));
        wanted.extend((!kind.fetches.is_empty()).then(|| format!("{} facts", kind.id)));
        let message = format!("{} message", kind.id);
        let headers = http_table::CASES.iter().filter(|case| case.doors.contains(&message.as_str()));
        assert!(kind.receives.is_empty() || headers.count() > 0, "no headers of {message} are tried");
        for name in wanted {
            assert!(base::all().any(|base| base.name == name), "there is no document {name}");
        }
    }
}

/// At which door the answer to a delivery in this matter comes in.
fn answer_to(matter: Matter) -> &'static str {
    match matter {
        Matter::Referral => "handover",
        Matter::StateChange | Matter::Information | Matter::ConsentWithdrawal => "notice",
        Matter::PlanPart => "plan",
        Matter::DisclosureNotice => "disclosure",
    }
}

/// Which of an agency's own messages is about this matter.
fn telling(matter: Matter) -> &'static str {
    match matter {
        Matter::StateChange => "",
        Matter::Information => ", answered",
        Matter::Referral => ", referral",
        Matter::PlanPart => ", plan",
        Matter::ConsentWithdrawal | Matter::DisclosureNotice => panic!("no agency says so"),
    }
}
