//! Which ids are one person's, and what holds under all of them?
//!
//! What somebody has prohibited and what the law makes of their situation is about them, whichever id it was recorded
//! under. A grant opens what it names under its own id alone. Most people have one id: of them nothing is kept for this.

use std::sync::Arc;

use polku_proto::{LegalStatusName, YouthId};

use super::{Capacity, ConsentIndex, Person, Standing};
use crate::question::ActorRole;

impl ConsentIndex {
    /// Notes that these are the ids of one person, the present one first; a single id is one of its own from now on. What
    /// each of them was before is forgotten: when ids part, this is called for both sides.
    ///
    /// Prohibitions and legal statuses hold for the person, whichever id they were recorded under. A grant opens what it
    /// names under its own id alone.
    pub fn put_ids(&mut self, ids: &[YouthId]) {
        let all: Option<Arc<[YouthId]>> = (ids.len() > 1).then(|| ids.into());
        for id in ids {
            if self.ids_of(*id) != ids {
                self.changes.note(*id);
            }
            if all.is_some() {
                self.people.entry(*id).or_default().rare.get_or_insert_default().ids.clone_from(&all);
            } else if let Some(rare) = self.people.get_mut(id).and_then(|person| person.rare.as_mut()) {
                rare.ids = None;
            }
        }
    }

    /// Gives the ids of the person who has this one, the present one first.
    #[must_use]
    pub fn ids_of(&self, youth: YouthId) -> Vec<YouthId> {
        let ids = self.people.get(&youth).and_then(Person::ids);
        ids.map_or_else(|| vec![youth], <[YouthId]>::to_vec)
    }

    /// Gives the id by which the person who has this one goes by now.
    #[must_use]
    pub fn present(&self, youth: YouthId) -> YouthId {
        let ids = self.people.get(&youth).and_then(Person::ids);
        ids.and_then(<[YouthId]>::first).copied().unwrap_or(youth)
    }

    /// Gives a minor's capacity as it was assessed last, and by which record. Of assessments under several ids the one
    /// that leaves the least to the minor counts.
    #[must_use]
    pub fn capacity(&self, youth: YouthId) -> Option<(LegalStatusName, Capacity)> {
        let person = self.people.get(&youth)?;
        // Of two that say the same, the last one: that under the own id.
        let all = self.others(youth, person).chain([(youth, person)]);
        let assessed = all.filter_map(|(id, person)| {
            let (status, capacity) = person.capacity()?;
            Some((LegalStatusName { youth: id, status }, capacity))
        });
        assessed.max_by_key(|(_, capacity)| capacity.strictness(&ActorRole::Subject))
    }

    /// What is known of the person under their other ids.
    pub(super) fn others(&self, youth: YouthId, person: &Person) -> impl Iterator<Item = (YouthId, &Person)> {
        let ids = person.ids().unwrap_or_default().iter().copied();
        ids.filter(move |id| *id != youth).filter_map(|id| Some((id, self.people.get(&id)?)))
    }
}

impl Person {
    fn ids(&self) -> Option<&[YouthId]> {
        self.rare.as_ref()?.ids.as_deref()
    }
}

impl Capacity {
    /// Which of several assessments counts for whoever asks: the one with the highest number. To guardians that is the one
    /// that leaves the least to them, to all others the one that leaves the least to the minor.
    fn strictness(self, actor: &ActorRole) -> u8 {
        match self {
            Capacity::NotAssessed => 0,
            Capacity::Capable => 1,
            Capacity::CapableHidden if *actor == ActorRole::Guardian => 4,
            Capacity::CapableHidden => 2,
            Capacity::NotCapable => 3,
        }
    }
}

impl Standing {
    /// The same person is known under another id: what was found out there holds as well.
    pub(super) fn join(&mut self, other: &Standing, actor: &ActorRole) {
        self.address_protected |= other.address_protected;
        self.multi_sector_support |= other.multi_sector_support;
        if other.capacity.strictness(actor) > self.capacity.strictness(actor) {
            self.capacity = other.capacity;
        }
    }
}
