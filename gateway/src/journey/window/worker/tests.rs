//! The adult by the entries.

use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{Encounter, JourneyEntry, JourneyLeaving, JourneyOpening, Mandate, WorkerAssignment};

use super::{When, current};

const NOW: &str = "2026-03-12T10:00:00Z";

fn at(agency: &str, day: i64, matter: Matter) -> JourneyEntry {
    let start: jiff::Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
    let time = prost_types::Timestamp { seconds: start.as_second() + day * 86_400, nanos: 0 };
    JourneyEntry {
        agency: agency.to_owned(),
        professional: "somebody".to_owned(),
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
    let (worker, _) = current(&entries, When { now: NOW.parse().unwrap(), full_age: None })?;
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
    let may = |until: &str| {
        Matter::Mandate(Mandate { scopes: vec![1, 2], until: until.to_owned(), ..Mandate::default() })
    };
    let first = at("a", 1, worker("x", ""));
    let with = |mandate: JourneyEntry| seen(vec![first.clone(), mandate]).unwrap().4;
    assert_eq!(with(at("a", 2, may(""))), 2);
    assert_eq!(with(at("a", 2, may("2026-03-12"))), 2);
    assert_eq!(with(at("a", 2, may("2026-03-11"))), 0);
    assert_eq!(with(at("b", 2, may(""))), 0);
}

#[test]
fn a_mandate_is_for_the_adult_who_is_there_when_it_is_given() {
    let may = || Matter::Mandate(Mandate { scopes: vec![1, 2], ..Mandate::default() });
    let given = vec![at("a", 1, worker("x", "")), at("a", 2, may())];
    let again = [given.clone(), vec![at("a", 3, worker("x", ""))]].concat();
    assert_eq!(seen(again), is("a", "x", 10, 0, 2));
    let next = [given, vec![at("a", 3, worker("y", ""))]].concat();
    assert_eq!(seen(next.clone()), is("a", "y", 8, 1, 0));
    assert_eq!(seen([next, vec![at("a", 4, may())]].concat()), is("a", "y", 8, 1, 2));
}

#[test]
fn what_others_let_do_for_a_minor_ends_at_full_age() {
    let may = Matter::Mandate(Mandate { scopes: vec![1], ..Mandate::default() });
    let on = |capacity: Capacity, full_age: &str| {
        let represented_by = capacity as i32;
        let said = JourneyEntry { professional: String::new(), represented_by, ..at("a", 2, may.clone()) };
        let when = When { now: NOW.parse().unwrap(), full_age: Some(full_age.parse().unwrap()) };
        current(&[&said, &at("a", 1, worker("x", ""))], when).unwrap().0.mandate.len()
    };
    assert_eq!(on(Capacity::Guardian, "2026-03-12T10:00:01Z"), 1);
    assert_eq!(on(Capacity::Guardian, NOW), 0);
    assert_eq!(on(Capacity::OtherRepresentative, "2026-03-12T10:00:01Z"), 1);
    assert_eq!(on(Capacity::OtherRepresentative, NOW), 0);
    assert_eq!(on(Capacity::OtherRepresentative, "2026-03-03T10:00:00Z"), 1, "said for an adult");
    assert_eq!(on(Capacity::Unspecified, NOW), 1);
}

#[test]
fn who_leaves_leaves_the_adult_and_takes_the_mandate_along() {
    let leaving = || Matter::Leaving(JourneyLeaving::default());
    let own_word = |day| JourneyEntry { professional: String::new(), ..at("z", day, leaving()) };
    let may = Matter::Mandate(Mandate { scopes: vec![1], ..Mandate::default() });
    let there = vec![at("a", 1, worker("x", "")), at("a", 2, may)];
    let with = |more: Vec<JourneyEntry>| seen([there.clone(), more].concat());
    assert_eq!(with(vec![at("b", 3, leaving())]), is("a", "x", 10, 0, 1), "another agency");
    assert_eq!(with(vec![at("a", 3, leaving())]), None);
    assert_eq!(with(vec![own_word(3)]), None, "who leaves everybody");
    // Whoever comes back begins anew, also with the same adult.
    let back = vec![at("a", 3, leaving()), at("a", 4, Matter::Opening(JourneyOpening::default()))];
    assert_eq!(with(back.clone()), None);
    assert_eq!(with([back, vec![at("a", 5, worker("x", ""))]].concat()), is("a", "x", 6, 1, 0));
    // Whoever is handed on does not leave the next one by leaving the one before.
    let handed = vec![at("a", 3, worker("", "b")), at("a", 4, leaving())];
    assert_eq!(with(handed.clone()), is("b", "", 8, 1, 0));
    assert_eq!(with([handed, vec![own_word(5)]].concat()), None);
}
