//! The adult by the entries.

use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{Encounter, JourneyEntry, Mandate, WorkerAssignment};

use super::current;

const NOW: &str = "2026-03-12T10:00:00Z";

fn at(agency: &str, day: i64, matter: Matter) -> JourneyEntry {
    let start: jiff::Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
    let time = prost_types::Timestamp { seconds: start.as_second() + day * 86_400, nanos: 0 };
    JourneyEntry {
        agency: agency.to_owned(),
        time: Some(time),
        matter: Some(matter),
        ..JourneyEntry::default()
    }
}

fn worker(professional: &str, successor: &str) -> Matter {
    Matter::Worker(WorkerAssignment {
        professional: professional.to_owned(),
        unit: String::new(),
        successor: successor.to_owned(),
        reason: Reason::Other.into(),
    })
}

fn seen(mut entries: Vec<JourneyEntry>) -> Option<(String, String, i32, i32, usize)> {
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.time.map(|time| time.seconds)));
    let entries: Vec<&JourneyEntry> = entries.iter().collect();
    let (worker, _) = current(&entries, NOW.parse().unwrap())?;
    Some((worker.agency, worker.professional, worker.days, worker.predecessors, worker.mandate.len()))
}

fn is(
    agency: &str,
    professional: &str,
    days: i32,
    predecessors: i32,
    mandate: usize,
) -> Option<(String, String, i32, i32, usize)> {
    Some((agency.to_owned(), professional.to_owned(), days, predecessors, mandate))
}

#[test]
fn nobody_is_there_before_the_first_and_after_the_last() {
    assert_eq!(seen(Vec::new()), None);
    assert_eq!(seen(vec![at("a", 0, Matter::Encounter(Encounter::default()))]), None);
    assert_eq!(seen(vec![at("a", 0, worker("x", "")), at("a", 1, worker("", ""))]), None);
}

#[test]
fn days_count_from_the_beginning_of_the_unbroken_time() {
    assert_eq!(seen(vec![at("a", 1, worker("x", ""))]), is("a", "x", 10, 0, 0));
    let again = vec![at("a", 1, worker("x", "")), at("a", 5, worker("x", ""))];
    assert_eq!(seen(again), is("a", "x", 10, 0, 0));
    let back = vec![at("a", 1, worker("x", "")), at("a", 3, worker("y", "")), at("a", 5, worker("x", ""))];
    assert_eq!(seen(back), is("a", "x", 6, 2, 0));
}

#[test]
fn a_successor_is_there_before_it_has_named_anybody() {
    let handed = vec![at("a", 1, worker("x", "")), at("a", 4, worker("", "b"))];
    assert_eq!(seen(handed.clone()), is("b", "", 7, 1, 0));
    let named = [handed, vec![at("b", 6, worker("z", ""))]].concat();
    assert_eq!(seen(named), is("b", "z", 5, 1, 0));
}

#[test]
fn a_mandate_is_for_the_agency_that_has_it_and_until_its_day() {
    let may = |until: &str| Matter::Mandate(Mandate { scopes: vec![1, 2], until: until.to_owned() });
    let first = at("a", 1, worker("x", ""));
    let with = |mandate: JourneyEntry| seen(vec![first.clone(), mandate]).unwrap().4;
    assert_eq!(with(at("a", 2, may(""))), 2);
    assert_eq!(with(at("a", 2, may("2026-03-12"))), 2);
    assert_eq!(with(at("a", 2, may("2026-03-11"))), 0);
    assert_eq!(with(at("b", 2, may(""))), 0);
}
