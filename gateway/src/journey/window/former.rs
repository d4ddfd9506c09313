//! What was written of the young person under ids by which they were known before?
//!
//! It stays under its own names and its own word: each entry is decided on as one of the former id. What the young person
//! has prohibited holds for it whichever id they said it under.

use polku_proto::v1::JourneyEntry;
use polku_proto::{EntryName, YouthId};

use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;

/// Under which id this entry was written.
pub(super) fn youth_of(entry: &JourneyEntry) -> Result<YouthId, Error> {
    let name: EntryName =
        entry.name.parse().map_err(|_| Error::Inconsistent("a stored entry has no name of its own"))?;
    Ok(name.youth)
}

/// What was written under one of the ids that are looked at.
pub(super) fn here<'a>(
    entries: &'a [JourneyEntry],
    ids: &[YouthId],
) -> impl Iterator<Item = &'a JourneyEntry> {
    entries.iter().filter(|entry| youth_of(entry).is_ok_and(|youth| ids.contains(&youth)))
}

impl Gateway {
    /// All that was written of the person, replaced or not, whichever of their ids this is.
    pub(super) async fn written(&self, person: &Person) -> Result<Vec<JourneyEntry>, Error> {
        let ids = self.ids_of(person.id);
        let mut all = Vec::new();
        for id in &ids {
            if *id == person.id {
                all.extend(self.entries(person).await?);
            } else {
                all.extend(self.entries(&self.person(*id).await?).await?);
            }
        }
        Ok(all)
    }
}
