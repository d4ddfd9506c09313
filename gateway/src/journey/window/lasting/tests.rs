//! What still held when the period of what is past began.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    Encounter, JourneyEntry, JourneyLeaving, JourneyOpening, Mandate, ProfileAssessment, WorkerAssignment,
};

use super::lasting;

const DAY_BEFORE: &str = "2026-03-01T10:00:00Z";

/// So many days before, or after, what is past begins.
fn on(day: i64) -> Timestamp {
    DAY_BEFORE.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * day)
}

fn entry(name: &str, agency: &str, day: i64, matter: Matter) -> JourneyEntry {
    let time = Some(prost_types::Timestamp { seconds: on(day).as_second(), nanos: 0 });
    JourneyEntry {
        name: name.to_owned(),
        agency: agency.to_owned(),
        professional: "somebody".to_owned(),
        create_time: time,
        time,
        matter: Some(matter),
        ..JourneyEntry::default()
    }
}

fn opening() -> Matter {
    Matter::Opening(JourneyOpening::default())
}

fn leaving() -> Matter {
    Matter::Leaving(JourneyLeaving::default())
}

fn worker(professional: &str) -> Matter {
    Matter::Worker(WorkerAssignment { professional: professional.to_owned(), ..WorkerAssignment::default() })
}

fn mandate() -> Matter {
    Matter::Mandate(Mandate { scopes: vec![1], ..Mandate::default() })
}

fn profile() -> Matter {
    Matter::Profile(ProfileAssessment::default())
}

/// What lasts of these, with the newest written last.
fn of(mut entries: Vec<JourneyEntry>) -> Vec<String> {
    entries.reverse();
    let found: BTreeSet<&str> = lasting(&entries, on(0));
    found.into_iter().map(str::to_owned).collect()
}

#[test]
fn matters_the_adult_and_the_profile_last_and_nothing_else() {
    let entries = vec![
        entry("opened", "a", -9, opening()),
        entry("former", "a", -8, worker("w")),
        entry("first", "a", -7, worker("x")),
        entry("allowed", "a", -6, mandate()),
        entry("again", "a", -5, worker("x")),
        entry("met", "a", -4, Matter::Encounter(Encounter::default())),
        entry("seen", "a", -3, profile()),
        entry("seen again", "a", -2, profile()),
    ];
    assert_eq!(of(entries), ["again", "allowed", "first", "opened", "seen again"]);
}

#[test]
fn what_has_ended_before_does_not_last() {
    let entries = vec![
        entry("opened", "a", -9, opening()),
        entry("first", "a", -8, worker("x")),
        entry("seen", "a", -7, profile()),
        entry("left", "a", -6, leaving()),
    ];
    assert_eq!(of(entries), [""; 0]);
}

#[test]
fn the_period_begins_at_the_end() {
    let entries = vec![
        entry("opened", "a", -9, opening()),
        entry("first", "a", -8, worker("x")),
        entry("left", "a", 1, leaving()),
    ];
    assert_eq!(of(entries), ["first", "opened"]);
}

#[test]
fn what_was_corrected_late_does_not_begin_anew_when_its_end_goes() {
    let corrected = JourneyEntry {
        create_time: Some(prost_types::Timestamp { seconds: on(1).as_second(), nanos: 0 }),
        replaces: "opened".to_owned(),
        ..entry("corrected", "a", -9, opening())
    };
    let entries = vec![entry("opened", "a", -9, opening()), entry("left", "a", -6, leaving()), corrected];
    assert_eq!(of(entries), ["left"]);
}
