//! What was written of the young person under ids by which they were known before?
//!
//! It stays under its own names and its own word: each entry is decided on as one of the former id. Beside that, what the
//! young person has prohibited under the present id holds for it too, and the young person's side sees of it what both
//! ids show.

use polku_policy::Reason;
use polku_proto::v1::JourneyEntry;
use polku_proto::{AgencyId, CategorySet, EntryName, YouthId};

use super::sight::{Look, Looks};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;

/// Under which id this entry was written.
pub(super) fn youth_of(entry: &JourneyEntry) -> Result<YouthId, Error> {
    let name: EntryName =
        entry.name.parse().map_err(|_| Error::Inconsistent("a stored entry has no name of its own"))?;
    Ok(name.youth)
}

impl Look<'_> {
    /// From where this reader looks at what was written under a former id: the young person as who they are now, others as
    /// if they had asked for the former one.
    pub(super) fn at(self, youth: YouthId) -> Self {
        if self.is_own_side() { self } else { self.under(youth) }
    }
}

/// What was written of one person, under whichever id.
pub(super) struct Written {
    /// All of it, replaced or not.
    pub(super) all: Vec<JourneyEntry>,
    /// The id that is looked at, and its former ones.
    here: Vec<YouthId>,
}

impl Written {
    /// What was written under the id that is looked at, and under its former ones: whoever asks for a former id sees
    /// nothing of the present one.
    pub(super) fn here(&self) -> impl Iterator<Item = &JourneyEntry> {
        self.all.iter().filter(|entry| youth_of(entry).is_ok_and(|youth| self.here.contains(&youth)))
    }
}

impl Gateway {
    /// The ids of the person who has this one: the present one first.
    pub(in crate::journey) async fn ids_of(&self, youth: YouthId) -> Result<Vec<YouthId>, Error> {
        let present = self.store.present_youth(youth).await?.unwrap_or(youth);
        let mut ids = vec![present];
        ids.extend(self.store.former_youths(present).await?);
        Ok(ids)
    }

    /// What was written of the person, whichever of their ids this is.
    pub(super) async fn written(&self, person: &Person) -> Result<Written, Error> {
        let ids = self.ids_of(person.id).await?;
        let mut all = Vec::new();
        for id in &ids {
            if *id == person.id {
                all.extend(self.entries(person).await?);
            } else {
                all.extend(self.entries(&self.person(*id).await?).await?);
            }
        }
        let here = if ids.first() == Some(&person.id) { ids } else { vec![person.id] };
        Ok(Written { all, here })
    }

    /// What of all that this agency holds under this id the caller may be told.
    pub(super) fn told_under(
        &self,
        look: &impl Looks,
        youth: YouthId,
        agency: &AgencyId,
        asked: CategorySet,
    ) -> Result<CategorySet, Error> {
        if youth == look.youth() {
            return self.told_by(look, agency, asked);
        }
        let told = self.told_by(&look.under(youth), agency, asked)?;
        if look.is_own_side() {
            return Ok(told.intersection(self.told_by(look, agency, told)?));
        }
        Ok(told
            .iter()
            .map(|one| CategorySet::of(&[one]))
            .filter(|one| !self.prohibits(look, agency, *one))
            .fold(CategorySet::EMPTY, CategorySet::union))
    }

    /// Whether the young person has said, under the present id, that this is not told.
    fn prohibits(&self, look: &impl Looks, agency: &AgencyId, category: CategorySet) -> bool {
        [false, true].into_iter().filter_map(|is_status| look.question(agency, is_status)).any(|question| {
            let decision = self.engine().decide(&self.index(), category, &question);
            decision
                .reasons()
                .iter()
                .any(|reason| [Reason::Prohibited, Reason::AddressProtected].contains(reason))
        })
    }
}
