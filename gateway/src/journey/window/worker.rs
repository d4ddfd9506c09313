//! Who is the one adult beside the young person?
//!
//! The assignment that came last says it. Reckoned from the entries that a reader sees, and from nothing else.

use jiff::Timestamp;
use polku_proto::time::{finnish_date, from_wire};
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{CurrentWorker, DataCategory, JourneyEntry, Mandate, WorkerAssignment};

use super::entry::standing;
use crate::error::Error;
use crate::journey::consent_party::said_by;
use crate::journey::evidence::{ends_at_full_age, of_age};
use crate::person::Person;

#[cfg(test)]
mod tests;

/// When it is asked, and since when the young person is of age, if that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    pub(super) now: Timestamp,
    pub(super) full_age: Option<Timestamp>,
}

impl When {
    pub(super) fn of(person: &Person, now: Timestamp) -> Result<Self, Error> {
        Ok(Self { now, full_age: of_age(person)? })
    }
}

/// The adult beside the young person by all that was written, as a reader who sees these entries, newest first, may know;
/// and the entry to decide by. Nothing: there is none, or what says so is not for this reader. Whoever does not see that
/// somebody else has taken over is told nobody, so that no two readers are told two adults.
pub(super) fn known<'a>(
    all: &[JourneyEntry],
    seen: &[&'a JourneyEntry],
    when: When,
) -> Option<(CurrentWorker, &'a JourneyEntry)> {
    let (is, last) = current(&standing(all.iter().collect()), when)?;
    // Whoever has handed over knows to which agency, also while the name is not for them.
    let is_same = |told: &CurrentWorker| told.professional.is_empty() && told.agency == is.agency;
    current(seen, when).filter(|(told, by)| by.name == last.name || is_same(told))
}

/// The adult by these entries, newest first, and the entry to decide by; nothing if there is none.
pub(super) fn current<'a>(
    entries: &[&'a JourneyEntry],
    when: When,
) -> Option<(CurrentWorker, &'a JourneyEntry)> {
    let (last, worker) = last_assignment(entries)?;
    let agency = responsible(last, worker)?;
    let (own, earlier) = unbroken(entries, (last, worker, agency));
    let begin = own.iter().rposition(|entry| assignment(entry).is_some())?;
    let since = own.get(begin).and_then(|entry| entry.time);
    let before = earlier.iter().filter_map(|entry| Some((entry, assignment(entry)?)));
    let mut before: Vec<(&str, &str)> = before
        .filter(|(_, other)| !other.professional.is_empty())
        .map(|(entry, other)| (entry.agency.as_str(), other.professional.as_str()))
        .collect();
    before.dedup();
    let worker = CurrentWorker {
        category: DataCategory::ServiceAttendance as i32,
        agency: agency.to_owned(),
        professional: worker.professional.clone(),
        unit: worker.unit.clone(),
        since,
        days: since.and_then(|since| days(&since, when.now)).unwrap_or(0),
        predecessors: i32::try_from(before.len()).unwrap_or(i32::MAX),
        mandate: mandate(own.get(..begin).unwrap_or_default(), agency, when),
    };
    Some((worker, last))
}

/// The assignments of the adult by these entries, newest first, and the last word on what that one may do.
pub(super) fn of_the_adult<'a>(entries: &[&'a JourneyEntry]) -> Vec<&'a JourneyEntry> {
    let Some((last, worker)) = last_assignment(entries) else { return Vec::new() };
    let Some(agency) = responsible(last, worker) else { return Vec::new() };
    let (own, _) = unbroken(entries, (last, worker, agency));
    let is_mandate =
        |entry: &&&JourneyEntry| entry.agency == agency && matches!(entry.matter, Some(Matter::Mandate(_)));
    let assigned = own.iter().filter(|entry| assignment(entry).is_some());
    assigned.chain(own.iter().find(is_mandate)).copied().collect()
}

/// These entries, newest first, parted where the unbroken time of the adult by the last assignment begins. Of one and the
/// same adult the first assignment counts, unless somebody else was there in between, or nobody.
fn unbroken<'e, 'a>(
    entries: &'e [&'a JourneyEntry],
    (last, worker, agency): (&JourneyEntry, &WorkerAssignment, &str),
) -> (&'e [&'a JourneyEntry], &'e [&'a JourneyEntry]) {
    let unit = unit_of(last, agency);
    let is_same = |entry: &JourneyEntry, other: &WorkerAssignment| {
        responsible(entry, other) == Some(agency) && other.professional == worker.professional
    };
    let breaks = |entry: &&JourneyEntry| {
        has_left(entry, (agency, unit)) || assignment(entry).is_some_and(|other| !is_same(entry, other))
    };
    entries.split_at(entries.iter().position(breaks).unwrap_or(entries.len()))
}

/// The assignment that came last, of these entries, newest first; nothing if the young person has left whoever has them by
/// it since.
pub(super) fn last_assignment<'a>(
    entries: &[&'a JourneyEntry],
) -> Option<(&'a JourneyEntry, &'a WorkerAssignment)> {
    let index = entries.iter().position(|entry| assignment(entry).is_some())?;
    let (later, rest) = entries.split_at(index);
    let last: &'a JourneyEntry = rest.first()?;
    let worker = assignment(last)?;
    let agency = responsible(last, worker).unwrap_or(&last.agency);
    let unit = unit_of(last, agency);
    (!later.iter().any(|entry| has_left(entry, (agency, unit)))).then_some((last, worker))
}

/// The unit that has the young person by this assignment; which one of another agency they were handed on to, nobody has
/// said.
fn unit_of<'a>(last: &'a JourneyEntry, agency: &str) -> &'a str {
    if agency == last.agency { &last.unit } else { "" }
}

/// Whether the young person leaves this agency, and there this unit, by this entry: it says so of itself, or they do
/// themselves, and of all.
fn has_left(entry: &JourneyEntry, (agency, unit): (&str, &str)) -> bool {
    matches!(entry.matter, Some(Matter::Leaving(_)))
        && (entry.professional.is_empty() || (entry.agency == agency && is_same_unit(&entry.unit, unit)))
}

/// Whether what this unit says counts for that one: where one of them is not named, it is the whole agency.
pub(super) fn is_same_unit(unit: &str, other: &str) -> bool {
    unit.is_empty() || other.is_empty() || unit == other
}

/// Agency id of whoever has the young person by this assignment; nothing: nobody any more.
fn responsible<'a>(entry: &'a JourneyEntry, worker: &'a WorkerAssignment) -> Option<&'a str> {
    match (worker.professional.as_str(), worker.successor.as_str()) {
        ("", "") => None,
        ("", successor) => Some(successor),
        (_, _) => Some(&entry.agency),
    }
}

/// What the young person lets the adult of this agency do: the last word on it since that one is there, as long as its day
/// has not passed. What a guardian, or another representative, has said for a minor ends when they are of age.
fn mandate(since_then: &[&JourneyEntry], agency: &str, when: When) -> Vec<i32> {
    let today = finnish_date(when.now).to_string();
    let mut own = since_then.iter().filter(|entry| entry.agency == agency);
    let last = own.find_map(|entry| match &entry.matter {
        Some(Matter::Mandate(mandate)) => Some((entry, mandate)),
        _ => None,
    });
    let Some((entry, Mandate { scopes, until, .. })) = last else { return Vec::new() };
    // Dates of this form sort as their days do.
    let has_passed = !until.is_empty() && *until < today;
    let said = entry.time.as_ref().and_then(|time| from_wire(time).ok());
    let is_for_a_minor = |full_age| match entry.represented_by() {
        Capacity::Unspecified => false,
        capacity @ (Capacity::Guardian | Capacity::OtherRepresentative) => {
            ends_at_full_age(said_by(capacity), said, full_age)
        }
    };
    let full_age = when.full_age.filter(|full_age| *full_age <= when.now);
    if has_passed || full_age.is_some_and(is_for_a_minor) { Vec::new() } else { scopes.clone() }
}

/// Whole days by the calendar in Finland.
fn days(since: &prost_types::Timestamp, now: Timestamp) -> Option<i32> {
    let since = finnish_date(from_wire(since).ok()?);
    Some(finnish_date(now).since(since).ok()?.get_days())
}

fn assignment(entry: &JourneyEntry) -> Option<&WorkerAssignment> {
    match &entry.matter {
        Some(Matter::Worker(worker)) => Some(worker),
        _ => None,
    }
}
