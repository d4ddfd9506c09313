//! An entry of a journey, as it is kept and opened.

use std::collections::BTreeSet;

use jiff::Timestamp;
use polku_proto::v1::JourneyEntry;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::{AgencyId, EntryId, EntryName};
use prost::Message;

use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::seal::Place;
use crate::store::EntryRow;

/// How many entries of one person count. Whoever works with somebody for ten years, once a week, stays below.
pub(super) const MOST: u32 = 500;

const BROKEN: Error = Error::Inconsistent("a sealed journey entry is unreadable");

/// An entry, sealed for the store.
pub(super) fn row(
    person: &Person,
    id: EntryId,
    agency: AgencyId,
    entry: &JourneyEntry,
    now: Timestamp,
) -> Result<EntryRow, Error> {
    let sealed = person.key().seal(place(id), &entry.encode_to_vec())?;
    Ok(EntryRow { id, youth: person.id, agency, created: now, sealed })
}

impl Gateway {
    /// Whether the agency has written anything into this person's journey.
    pub(in crate::journey) async fn has_written(
        &self,
        agency: &AgencyId,
        person: &Person,
    ) -> Result<bool, Error> {
        let rows = self.store.entries_of(person.id, MOST).await?;
        Ok(rows.iter().any(|row| row.agency == *agency))
    }

    /// What counts of a person's journey: newest first, without what was replaced.
    pub(super) async fn entries(&self, person: &Person) -> Result<Vec<JourneyEntry>, Error> {
        let mut entries = Vec::new();
        for row in self.store.entries_of(person.id, MOST).await? {
            entries.push(opened(person, &row)?);
        }
        Ok(standing(entries))
    }
}

/// An entry, opened.
pub(super) fn opened(person: &Person, row: &EntryRow) -> Result<JourneyEntry, Error> {
    let plain = person.key().open(place(row.id), &row.sealed)?;
    let entry = JourneyEntry::decode(plain.as_slice()).map_err(|_| BROKEN)?;
    let name = EntryName { youth: person.id, entry: row.id }.to_string();
    // The clear columns are for searching; what is decided on is what was sealed.
    if entry.agency != row.agency.as_str() || entry.name != name {
        return Err(BROKEN);
    }
    Ok(entry)
}

/// Of these entries, newest first, those that were not replaced: what happened last comes first, whenever it was written
/// down.
pub(super) fn standing(mut entries: Vec<JourneyEntry>) -> Vec<JourneyEntry> {
    let replaced: BTreeSet<String> = entries.iter().map(|entry| entry.replaces.clone()).collect();
    entries.retain(|entry| !replaced.contains(&entry.name));
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.time.map(|time| (time.seconds, time.nanos))));
    entries
}

/// What is told of the kind of an entry where its content is not: in the audit log's sealed details.
pub(super) fn kind(entry: &JourneyEntry) -> &'static str {
    match &entry.matter {
        Some(Matter::Opening(_)) => "opening",
        Some(Matter::Encounter(_)) => "encounter",
        Some(Matter::Worker(_)) => "worker",
        Some(Matter::Mandate(_)) => "mandate",
        Some(Matter::Profile(_)) => "profile",
        Some(Matter::Work(_)) => "work",
        Some(Matter::Handover(_)) => "handover",
        Some(Matter::Retention(_)) => "retention",
        Some(Matter::Attainment(_)) => "attainment",
        Some(Matter::Leaving(_)) => "leaving",
        Some(Matter::Background(_)) => "background",
        None => "nothing",
    }
}

fn place(id: EntryId) -> Place<'static> {
    Place { table: "journey_entry", row: id.uuid(), column: "sealed", version: 1 }
}
