//! An entry of a journey, as it is kept and opened.

use std::borrow::Borrow;
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

/// How many entries of one agency about one kind of matter count. Whoever meets somebody for ten years, once a week, is
/// hardly above; and however many there are of one kind or of one agency, who has taken the matter up, who is beside the
/// young person, what that one may do and who has left is known.
const MOST: u32 = 500;

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
    Ok(EntryRow { id, youth: person.id, agency, kind: number(entry), created: now, sealed })
}

impl Gateway {
    /// Whether the agency has written anything into this person's journey.
    pub(in crate::journey) async fn has_written(
        &self,
        agency: &AgencyId,
        person: &Person,
    ) -> Result<bool, Error> {
        Ok(self.store.has_entry_by(person.id, agency).await?)
    }

    /// What was written down of a person's journey under this id, newest first.
    pub(super) async fn entries(&self, person: &Person) -> Result<Vec<JourneyEntry>, Error> {
        let mut entries = Vec::new();
        for row in self.store.entries_of(person.id, MOST).await? {
            entries.push(opened(person, &row)?);
        }
        Ok(entries)
    }

    /// Those of them that can be read: what nobody can read any more says nothing.
    pub(super) async fn readable_entries(&self, person: &Person) -> Result<Vec<JourneyEntry>, Error> {
        let rows = self.store.entries_of(person.id, MOST).await?;
        Ok(rows.iter().filter_map(|row| opened(person, row).ok()).collect())
    }
}

/// An entry, opened.
pub(super) fn opened(person: &Person, row: &EntryRow) -> Result<JourneyEntry, Error> {
    let plain = person.key().open(place(row.id), &row.sealed)?;
    let entry = JourneyEntry::decode(plain.as_slice()).map_err(|_| BROKEN)?;
    let name = EntryName { youth: person.id, entry: row.id }.to_string();
    // The clear columns are for searching; what is decided on is what was sealed.
    if entry.agency != row.agency.as_str() || entry.name != name || number(&entry) != row.kind {
        return Err(BROKEN);
    }
    Ok(entry)
}

/// Of these entries, newest first, those that were not replaced by another one of them: what happened last comes first,
/// whenever it was written down.
pub(super) fn standing<E: Borrow<JourneyEntry>>(mut entries: Vec<E>) -> Vec<E> {
    let replaces = entries.iter().map(|entry| entry.borrow().replaces.clone());
    let replaced: BTreeSet<String> = replaces.filter(|name| !name.is_empty()).collect();
    entries.retain(|entry| !replaced.contains(&entry.borrow().name));
    entries.sort_by_key(|entry| std::cmp::Reverse(time(entry.borrow())));
    entries
}

/// When it happened, in a form that sorts.
pub(super) fn time(entry: &JourneyEntry) -> Option<(i64, i32)> {
    entry.time.map(|time| (time.seconds, time.nanos))
}

/// The number of the field that tells what an entry is about.
fn number(entry: &JourneyEntry) -> i32 {
    match &entry.matter {
        Some(Matter::Opening(_)) => 8,
        Some(Matter::Encounter(_)) => 9,
        Some(Matter::Worker(_)) => 10,
        Some(Matter::Mandate(_)) => 11,
        Some(Matter::Profile(_)) => 12,
        Some(Matter::Work(_)) => 13,
        Some(Matter::Handover(_)) => 14,
        Some(Matter::Retention(_)) => 15,
        Some(Matter::Attainment(_)) => 16,
        Some(Matter::Leaving(_)) => 17,
        Some(Matter::Background(_)) => 18,
        None => 0,
    }
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
