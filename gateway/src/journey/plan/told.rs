//! Who hears of a change of a plan: which watchers, and which parties' own systems?

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use polku_adapters::Matter;
use polku_proto::v1::plan_revision::Source;
use polku_proto::v1::{Plan, PlanSection};
use polku_proto::{AgencyId, Party};
use prost::Message;
use serde_json::json;

use super::reader::Eyes;
use super::record::{Author, PlanRecord, Told};
use crate::audit::{Event, sha256};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::plan::{owner_of, part_of, section_of};
use crate::store::{Change, NewPlanEvent};
use crate::trail::Entry;

impl Gateway {
    /// The parties that see a difference hear of it. Whoever had been told of a section and sees it no more is told
    /// that it hears no more.
    pub(super) async fn tell_parties(
        &self,
        person: &Person,
        (before, after): (Option<&PlanRecord>, &mut PlanRecord),
        (source, author): (Source, &AgencyId),
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        let parties: Vec<Party> = after.parties().collect();
        let mut views = BTreeMap::new();
        for party in parties {
            let eyes = Eyes::of_system(party.clone());
            let was_party = before.filter(|before| before.party(&party.agency).is_some());
            let old = was_party.map(|before| self.seen(before, &eyes, now)).transpose()?;
            let new = &*views.entry(party.agency.clone()).or_insert(self.seen(after, &eyes, now)?);
            let own_word = source == Source::AgencySystem && party.agency == *author;
            // Its own system has said something, and something else stands: it would take its word for what stands.
            let overruled = own_word && !after.kept.clashes.is_empty();
            let is_other = old.as_ref().is_none_or(|old| old != new);
            let (plan, youth) = (after.row.id, after.row.youth);
            if is_other {
                change.plan_events.push(NewPlanEvent {
                    plan,
                    youth,
                    agency: party.agency.clone(),
                    time: now,
                });
            }
            if !is_other && !overruled || !self.can_be_sent(&party.agency, Matter::PlanPart) {
                continue;
            }
            let mut owners = changed_sections(old.as_ref(), new);
            owners.extend(never_told(new, after, &party.agency));
            owners.extend(overruled.then(|| party.agency.to_string()));
            for owner in owners {
                let Some(section) = section_of(new, &owner) else { continue };
                // Its own system has said so itself.
                if own_word && !overruled && owner == party.agency.as_str() {
                    let known = told_mut(&mut after.kept.told, &owner, party.agency.as_str());
                    known.into_iter().for_each(|told| told.seen = mark(section));
                    continue;
                }
                count(&mut after.kept.told, &owner, party.agency.as_str(), mark(section));
                self.tell_part(person, (plan, &owner), party.agency.clone(), change, now)?;
            }
        }
        self.tell_own_side(before, after, change, now)?;
        self.tell_permissions(person, after, &views, change, now).await.map(drop)
    }

    /// A permission has ended: whoever was told of a section and may see less of it now is told what is left, in place
    /// of what it has, or that it hears no more. What waits to be sent is decided on again then in any case.
    pub(in crate::journey) async fn end_parts(&self, person: &Person, now: Timestamp) -> Result<(), Error> {
        for row in self.store.plans_of(person.id).await? {
            let before = PlanRecord::open(person, row)?;
            let mut after = before.clone();
            let mut change = Change::announced_by(0);
            let mut views = BTreeMap::new();
            for party in after.parties() {
                let mut told = after.kept.told.iter().filter(|told| !told.ended);
                if told.any(|told| told.recipient == party.agency.as_str()) {
                    views.insert(party.agency.clone(), self.seen(&after, &Eyes::of_system(party), now)?);
                }
            }
            if !self.tell_permissions(person, &mut after, &views, &mut change, now).await? {
                self.store.look_at_plan(after.row.id, before.row.revision, after.row.look_at).await?;
                continue;
            }
            after.kept.author = Some(Author::default());
            // Those of the revision before have been told with it.
            after.kept.clashes.clear();
            let details = json!({"plan": after.name().to_string(), "method": "end of permission"});
            let entry = Entry::of(Event::PlanChange, person.id);
            let announced = self.announce(entry, person, &details, now).await?;
            change.leaf = announced.receipt.sequence;
            change.detail = announced.detail;
            change.plans.push(after.next_revision(person, Some(before.row.revision), now)?);
            self.commit(change).await?;
        }
        Ok(())
    }

    /// Queues the last word to those who see nothing any more of what they were told of, and another word to those who
    /// see something else of it, though nobody has changed it. Tells whether there are any. What each party sees is in
    /// `views`.
    async fn tell_permissions(
        &self,
        person: &Person,
        record: &mut PlanRecord,
        views: &BTreeMap<AgencyId, Plan>,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (mut ended, mut other) = (BTreeSet::new(), BTreeMap::new());
        for told in record.kept.told.iter().filter(|told| !told.ended) {
            let Ok(recipient) = told.recipient.parse::<AgencyId>() else { continue };
            match views.get(&recipient).and_then(|seen| section_of(seen, &told.owner)).map(mark) {
                None => {
                    ended.insert((told.owner.clone(), recipient));
                }
                Some(mark) if mark != told.seen => {
                    other.insert((told.owner.clone(), recipient), mark);
                }
                Some(_) => {}
            }
        }
        let is_any = !ended.is_empty() || !other.is_empty();
        for (owner, recipient) in ended {
            self.tell_end_of_part(person, (record.row.id, &owner), recipient.clone(), change, now).await?;
            if let Some(told) = told_mut(&mut record.kept.told, &owner, recipient.as_str()) {
                told.count += 1;
                told.ended = true;
            }
        }
        for ((owner, recipient), mark) in other {
            count(&mut record.kept.told, &owner, recipient.as_str(), mark);
            self.tell_part(person, (record.row.id, &owner), recipient, change, now)?;
        }
        record.row.look_at = self.look_again(record, now)?;
        Ok(is_any)
    }
}

/// The owners whose parts differ: what a system is told of a section is its part.
fn changed_sections(old: Option<&Plan>, new: &Plan) -> BTreeSet<String> {
    let plans = old.into_iter().chain([new]);
    let owners = plans.flat_map(|plan| &plan.sections).map(owner_of);
    let differs = |owner: &&str| old.and_then(|old| part_of(old, owner)) != part_of(new, owner);
    owners.filter(differs).map(str::to_owned).collect()
}

/// The owners of others' sections that a party sees, be it only since a consent of late, and that its system has not
/// been told of, or told that it hears no more.
fn never_told(new: &Plan, record: &PlanRecord, party: &AgencyId) -> BTreeSet<String> {
    let is_told = |owner: &str| {
        let mut told = record.kept.told.iter().filter(|told| !told.ended);
        told.any(|told| told.owner == owner && told.recipient == party.as_str())
    };
    let owners = new.sections.iter().map(owner_of);
    owners.filter(|owner| *owner != party.as_str() && !is_told(owner)).map(str::to_owned).collect()
}

fn told_mut<'a>(told: &'a mut [Told], owner: &str, recipient: &str) -> Option<&'a mut Told> {
    told.iter_mut().find(|told| told.owner == owner && told.recipient == recipient)
}

/// Counts one more word to a recipient about a section, of which this is to be seen.
fn count(told: &mut Vec<Told>, owner: &str, recipient: &str, seen: Vec<u8>) {
    let count = told_mut(told, owner, recipient).map_or(0, |told| told.count) + 1;
    told.retain(|told| !(told.owner == owner && told.recipient == recipient));
    let (owner, recipient) = (owner.to_owned(), recipient.to_owned());
    told.push(Told { owner, recipient, count, ended: false, seen });
}

/// What is told of a section, in short.
fn mark(section: &PlanSection) -> Vec<u8> {
    let part = section.part.as_ref().map(Message::encode_to_vec).unwrap_or_default();
    sha256(&[&part]).to_vec()
}
