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
use polku_adapters::transport::xml::{XmlLimits, read_document};
use polku_fuzz::{Agencies, Door, Read, Way, doors};

use measure::measured;

/// Bytes beside the input itself.
const MEMORY: usize = 16 * 1024 * 1024;
/// Nanoseconds of processor time of the thread, not of the clock on the wall: what hostile input can do is to make the
/// gateway work, and on a machine that others load at the same time a test by the clock would fail for their work.
const TIME: u64 = 50_000_000;

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
    fn try_door(&mut self, name: &str, door: &str, expected: &str, read: impl FnOnce() -> Read) {
        let cost = measured(read);
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
        let document = base::SOAP[0].message.document();
        let rule = match read_document(&(case.edit)(document), &XmlLimits::default()) {
            Ok(_) => "+".to_owned(),
            Err(error) => format!("{:?}", error.kind()).split(' ').next().unwrap_or_default().to_owned(),
        };
        if rule != case.rule {
            differences.found.push(format!("{}: rule {rule}, expected {}", case.name, case.rule));
        }
        for (office, receipt) in base::SOAP.iter().zip(case.receipts) {
            let codes = [case.message, receipt, case.facts];
            for (base, expected) in office.bases().into_iter().zip(codes) {
                let input = Bytes::from((case.edit)(base.document()));
                let read = || door(base.door).read(&agencies, &input);
                differences.try_door(case.name, base.door, expected, read);
            }
            // Whatever it is, it is no fault.
            let input = Bytes::from((case.edit)(office.receipt.document()));
            let read = || door(office.failure).read(&agencies, &input);
            differences.try_door(case.name, office.failure, "UNANSWERED", read);
        }
    }
    differences.none(60 * 4 * base::SOAP.len());
}

#[test]
fn hostile_json_is_refused() {
    let agencies = Agencies::new();
    let mut differences = Differences::default();
    for case in json_table::CASES {
        let receipts = base::RECEIPTS.iter().zip(case.receipts.into_iter().flatten());
        for (base, expected) in base::JSON.iter().zip(case.codes).chain(receipts) {
            let input = Bytes::from((case.edit)(base.document()));
            let read = || door(base.door).read(&agencies, &input);
            differences.try_door(case.name, base.door, expected, read);
        }
    }
    differences.none(40 * (base::JSON.len() + base::RECEIPTS.len()));
}

#[test]
fn hostile_http_is_refused() {
    let agencies = Agencies::new();
    let mut differences = Differences::default();
    for case in http_table::CASES {
        let mut tried = 0;
        for (base, good) in messages().filter(|(base, _)| case.doors.contains(&base.door)) {
            tried += 1;
            let body = base.document().into_bytes();
            let headers = (case.edit)(good(&body));
            let Way::Message(adapter, _) = door(base.door).way else { panic!("{} is no message", base.door) };
            let read = || doors::receive(adapter(&agencies), &headers, &body);
            differences.try_door(case.name, base.door, case.code, read);
        }
        assert_eq!(tried, case.doors.len(), "{}", case.name);
    }
    differences.none(30);
}

/// The messages of every agency, with what makes the headers of each.
fn messages() -> impl Iterator<Item = (&'static base::Base, fn(&[u8]) -> HeaderMap)> {
    let all = base::SOAP.iter().map(|office| &office.message).chain(&base::JSON);
    all.filter_map(|base| match door(base.door).way {
        Way::Message(_, headers) => Some((base, headers)),
        Way::Other(_) => None,
    })
}

/// As they are, the documents that the cases are made of are taken in.
#[test]
fn what_is_not_edited_is_taken_in() {
    let agencies = Agencies::new();
    for base in base::SOAP.iter().flat_map(base::Office::bases).chain(&base::JSON).chain(&base::RECEIPTS) {
        let document = base.document();
        assert!(document.contains("Sana."), "{}", base.door);
        assert_eq!(told(&door(base.door).read(&agencies, &document.into())), "+", "{}", base.door);
    }
}

/// Those that are taken in somewhere, or everywhere, because they do no harm do not count.
#[test]
fn at_least_sixty_cases_are_refused() {
    let is_refused = |code: &&str| *code != "+";
    let xml = xml_table::CASES
        .iter()
        .filter(|case| [case.message, case.facts].iter().chain(&case.receipts).all(is_refused));
    let json = json_table::CASES.iter().filter(|case| case.codes.iter().all(is_refused));
    let http = http_table::CASES.iter().filter(|case| is_refused(&case.code));
    let counts = [xml.count(), json.count(), http.count()];
    println!("{counts:?} cases are refused");
    assert!(counts[0] >= 60 && counts.iter().sum::<usize>() >= 150, "{counts:?}");
}

/// What each kind of agency says and answers is tried here.
#[test]
fn every_kind_of_agency_has_its_doors() {
    for kind in polku_adapters::kinds() {
        let mut wanted = Vec::new();
        if !kind.receives.is_empty() {
            wanted.push("message");
        }
        if !kind.delivers.is_empty() {
            wanted.extend(["handover", "status"]);
        }
        if !kind.fetches.is_empty() {
            wanted.push("facts");
        }
        for what in wanted {
            let name = format!("{} {what}", kind.id);
            assert!(doors::all().any(|door| door.name == name), "there is no door {name}");
        }
    }
}
