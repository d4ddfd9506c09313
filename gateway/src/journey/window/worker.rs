//! Who is the one adult beside the young person?
//!
//! The assignment that came last says it. Reckoned from the entries that a reader sees, and from nothing else.

use jiff::Timestamp;
use polku_proto::time::{finnish_date, from_wire};
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{CurrentWorker, DataCategory, JourneyEntry, Mandate, WorkerAssignment};

use super::entry::standing;

#[cfg(test)]
mod tests;

/// The adult beside the young person by all that was written, as a reader who sees these entries, newest first, may know;
/// and the entry to decide by. Nothing: there is none, or what says so is not for this reader. Whoever does not see that
/// somebody else has taken over is told nobody, so that no two readers are told two adults.
pub(super) fn known<'a>(
    all: &[JourneyEntry],
    seen: &[&'a JourneyEntry],
    now: Timestamp,
) -> Option<(CurrentWorker, &'a JourneyEntry)> {
    let (is, last) = current(&standing(all.iter().collect()), now)?;
    // Whoever has handed over knows to which agency, also while the name is not for them.
    let is_same = |told: &CurrentWorker| told.professional.is_empty() && told.agency == is.agency;
    current(seen, now).filter(|(told, by)| by.name == last.name || is_same(told))
}

/// The adult by these entries, newest first, and the entry to decide by; nothing if there is none.
pub(super) fn current<'a>(
    entries: &[&'a JourneyEntry],
    now: Timestamp,
) -> Option<(CurrentWorker, &'a JourneyEntry)> {
    let assignments: Vec<(&'a JourneyEntry, &WorkerAssignment)> =
        entries.iter().filter_map(|entry| Some((*entry, assignment(entry)?))).collect();
    let (last, worker) = *assignments.first()?;
    let agency = responsible(last, worker)?;
    let same = |(entry, other): &&(&JourneyEntry, &WorkerAssignment)| {
        responsible(entry, other) == Some(agency) && other.professional == worker.professional
    };
    // Of one and the same adult the first assignment counts, unless somebody else was there in between.
    let unbroken = assignments.iter().take_while(same);
    let since = unbroken.clone().last().and_then(|(entry, _)| entry.time);
    let mut before: Vec<(&str, &str)> = assignments
        .iter()
        .skip(unbroken.count())
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
        days: since.and_then(|since| days(&since, now)).unwrap_or(0),
        predecessors: i32::try_from(before.len()).unwrap_or(i32::MAX),
        mandate: mandate(entries, agency, now),
    };
    Some((worker, last))
}

/// Agency id of whoever has the young person by this assignment; nothing: nobody any more.
fn responsible<'a>(entry: &'a JourneyEntry, worker: &'a WorkerAssignment) -> Option<&'a str> {
    match (worker.professional.as_str(), worker.successor.as_str()) {
        ("", "") => None,
        ("", successor) => Some(successor),
        (_, _) => Some(&entry.agency),
    }
}

/// What the young person lets this agency's worker do: the last word on it, as long as its day has not passed.
fn mandate(entries: &[&JourneyEntry], agency: &str, now: Timestamp) -> Vec<i32> {
    let today = finnish_date(now).to_string();
    let last = entries.iter().filter(|entry| entry.agency == agency).find_map(|entry| match &entry.matter {
        Some(Matter::Mandate(mandate)) => Some(mandate),
        _ => None,
    });
    match last {
        // Dates of this form sort as their days do.
        Some(Mandate { scopes, until }) if until.is_empty() || *until >= today => scopes.clone(),
        Some(_) | None => Vec::new(),
    }
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
