//! What of a journey still held when the period of what is past began, so that its own period has not begun yet?
//!
//! Matters that the young person has not left, the adult beside them with what that one may do, and the profile in which
//! each agency that has a matter sees them: without these nobody would know any more who is there, nor notice that nobody
//! is. What has ended one of them is kept for as long as that one.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use polku_proto::time::from_wire;
use polku_proto::v1::JourneyEntry;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::{EntryId, EntryName};

use super::entry::{standing, time};
use super::matter::open_matters;
use super::worker;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;

#[cfg(test)]
mod tests;

impl Gateway {
    /// The entries from before this instant that still held then, under whichever id of the person.
    pub(in crate::journey) async fn lasting_entries(
        &self,
        person: &Person,
        before: Timestamp,
    ) -> Result<HashSet<EntryId>, Error> {
        let mut written = Vec::new();
        for id in self.ids_of(person.id) {
            written.extend(self.readable_entries(&self.person(id).await?).await?);
        }
        let lasting = lasting(&written, before).into_iter();
        lasting
            .map(|name| name.parse().map(|name: EntryName| name.entry))
            .collect::<Result<_, _>>()
            .map_err(|_| Error::Inconsistent("a stored entry has no name of its own"))
    }
}

/// Names of those of these entries.
fn lasting(written: &[JourneyEntry], before: Timestamp) -> BTreeSet<&str> {
    let is_old = |entry: &&JourneyEntry| {
        let created = entry.create_time.as_ref().and_then(|time| from_wire(time).ok());
        created.is_some_and(|created| created < before)
    };
    // By these alone: what has come since has not ended anything by then.
    let old = standing(written.iter().filter(is_old).collect::<Vec<&JourneyEntry>>());
    let open: Vec<&JourneyEntry> = open_matters(&old).collect();
    let adult = worker::of_the_adult(&old);
    let mut lasting: BTreeSet<&str> = open.iter().chain(&adult).map(|entry| entry.name.as_str()).collect();
    let with: BTreeSet<&str> = open.iter().map(|entry| entry.agency.as_str()).collect();
    for agency in with {
        let is_profile = |entry: &&&JourneyEntry| {
            entry.agency == agency && matches!(entry.matter, Some(Matter::Profile(_)))
        };
        lasting.extend(old.iter().find(is_profile).map(|entry| entry.name.as_str()));
    }
    let kept: Vec<&JourneyEntry> =
        written.iter().filter(|entry| !is_old(entry) || lasting.contains(entry.name.as_str())).collect();
    let ends_kept = |entry: &&&JourneyEntry| kept.iter().any(|other| can_end(entry, other));
    let ends: Vec<&str> = old.iter().filter(ends_kept).map(|entry| entry.name.as_str()).collect();
    lasting.extend(ends);
    lasting
}

/// Whether what this entry says can be the end of what the other one says.
fn can_end(entry: &JourneyEntry, other: &JourneyEntry) -> bool {
    let is_of = match (&entry.matter, &other.matter) {
        (Some(Matter::Leaving(_)), Some(Matter::Opening(_) | Matter::Worker(_))) => {
            entry.professional.is_empty() || entry.agency == other.agency
        }
        (Some(Matter::Worker(_)), Some(Matter::Worker(_))) => true,
        _ => false,
    };
    is_of && entry.name != other.name && time(other) <= time(entry)
}
