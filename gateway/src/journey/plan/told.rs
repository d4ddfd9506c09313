//! Who hears of a change of a plan: which watchers, and which parties' own systems?

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use polku_adapters::Matter;
use polku_proto::AgencyId;
use polku_proto::v1::PlanSection;
use polku_proto::v1::plan_revision::Source;
use prost::Message;

use super::record::{PlanRecord, Told};
use super::sights::Looks;
use crate::audit::sha256;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::plan::{owner_of, part_of, section_of};
use crate::store::Change;

impl Gateway {
    /// Whoever sees a difference hears of it. Whoever had been told of a section and sees it no more is told that it hears
    /// no more.
    pub(super) async fn tell_parties(
        &self,
        person: &Person,
        (before, after): (Option<&PlanRecord>, &mut PlanRecord),
        (source, author): (Source, &AgencyId),
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        let looks = self.looks(before, after, now)?;
        let is_overruled = !after.kept.clashes.is_empty();
        for (agency, look) in &looks.readers {
            let own = agency.as_str();
            let Some(section) = section_of(&look.now, own) else { continue };
            if !self.can_be_sent(agency, Matter::PlanPart) {
                continue;
            }
            let own_word = source == Source::AgencySystem && agency == author;
            let was = look.before.as_ref().and_then(|before| part_of(before, own));
            if own_word && !is_overruled {
                // Its own system has said so itself.
                let known = told_mut(&mut after.kept.told, own, own);
                known.into_iter().for_each(|told| told.seen = mark(section));
            } else if own_word || was != section.part.as_ref() {
                // Where something else stands than its own system has said, that would take its word for what stands.
                keep_told(&mut after.kept.told, own, own, mark(section));
                self.tell_part(person, (after.row.id, own), agency.clone(), change, now)?;
            }
        }
        self.tell_systems(person, after, &looks, change, now).await?;
        looks.tell_watchers(before, after, change, now);
        Ok(())
    }

    /// Queues the last word to the systems of those who see nothing any more of what they were told of, another word to
    /// those who see something else of it, be it that nobody has changed it, and a first one of others' sections that a
    /// party's system has not been told of. Tells whether there are any.
    pub(super) async fn tell_systems(
        &self,
        person: &Person,
        record: &mut PlanRecord,
        looks: &Looks,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (mut ended, mut other) = (BTreeSet::new(), BTreeMap::new());
        let mut known = BTreeSet::new();
        for told in record.kept.told.iter().filter(|told| !told.ended) {
            let Ok(recipient) = told.recipient.parse::<AgencyId>() else { continue };
            let look = looks.readers.get(&recipient);
            let seen = look.and_then(|look| look.section(&told.owner, self.required(&recipient)));
            let section = (told.owner.clone(), recipient);
            match seen.map(mark) {
                None => {
                    ended.insert(section.clone());
                }
                Some(mark) if mark != told.seen => {
                    other.insert(section.clone(), mark);
                }
                Some(_) => {}
            }
            known.insert(section);
        }
        for (agency, look) in &looks.readers {
            if !self.can_be_sent(agency, Matter::PlanPart) {
                continue;
            }
            let owners = look.now.sections.iter().map(owner_of);
            for owner in owners.filter(|owner| *owner != agency.as_str()) {
                let section = (owner.to_owned(), agency.clone());
                let seen = look.section(owner, self.required(agency));
                if let Some(seen) = seen.filter(|_| !known.contains(&section)) {
                    other.insert(section, mark(seen));
                }
            }
        }
        let is_any = !ended.is_empty() || !other.is_empty();
        for (owner, recipient) in ended {
            self.tell_end_of_part(person, (record.row.id, &owner), recipient.clone(), change, now).await?;
            if let Some(told) = told_mut(&mut record.kept.told, &owner, recipient.as_str()) {
                told.ended = true;
            }
        }
        for ((owner, recipient), mark) in other {
            keep_told(&mut record.kept.told, &owner, recipient.as_str(), mark);
            self.tell_part(person, (record.row.id, &owner), recipient, change, now)?;
        }
        record.row.look_at = looks.until;
        Ok(is_any)
    }
}

fn told_mut<'a>(told: &'a mut [Told], owner: &str, recipient: &str) -> Option<&'a mut Told> {
    told.iter_mut().find(|told| told.owner == owner && told.recipient == recipient)
}

/// Keeps that a recipient is told of a section, of which this is to be seen.
fn keep_told(told: &mut Vec<Told>, owner: &str, recipient: &str, seen: Vec<u8>) {
    told.retain(|told| !(told.owner == owner && told.recipient == recipient));
    let (owner, recipient) = (owner.to_owned(), recipient.to_owned());
    told.push(Told { owner, recipient, ended: false, seen });
}

/// What is told of a section, in short.
fn mark(section: &PlanSection) -> Vec<u8> {
    let part = section.part.as_ref().map(Message::encode_to_vec).unwrap_or_default();
    sha256(&[&part]).to_vec()
}
