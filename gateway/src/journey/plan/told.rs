//! Who hears of a change of a plan: which watchers, and which parties' own systems?

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use polku_adapters::Matter;
use polku_proto::AgencyId;
use polku_proto::v1::plan_revision::Source;
use polku_proto::v1::{DeliveryState, PlanPart};
use prost::Message;

use super::record::{Author, PlanRecord, Told};
use super::sights::Looks;
use crate::audit::sha256;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::outbox::has_ended;
use crate::person::Person;
use crate::plan::{YOUTH, owner_of, told_part};
use crate::store::{About, Change, DeliveryItem, DeliveryRow};

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
            let Some(part) = told_part(&look.now, own, own) else { continue };
            if !self.can_be_sent(agency, Matter::PlanPart) {
                continue;
            }
            let own_word = source == Source::AgencySystem && agency == author;
            let was = look.before.as_ref().and_then(|before| told_part(before, own, own));
            let stands_alike = was.as_ref().and_then(|was| was.standing.as_ref()) == part.standing.as_ref();
            if own_word && !is_overruled && stands_alike {
                // Its own system has said so itself, but for how its section stands by that.
                let known = told_mut(&mut after.kept.told, own, own);
                known.into_iter().for_each(|told| told.seen = mark(&part));
            } else if own_word || was.as_ref() != Some(&part) {
                // Where something else stands than its own system has said, that would take its word for what stands.
                keep_told(&mut after.kept.told, own, own, mark(&part));
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
            let seen = look.and_then(|look| look.part(&told.owner, &recipient, self.required(&recipient)));
            let section = (told.owner.clone(), recipient);
            match seen.as_ref().map(mark) {
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
            let owners =
                look.now.sections.iter().map(owner_of).filter(|owner| *owner != YOUTH).chain([YOUTH]);
            for owner in owners.filter(|owner| *owner != agency.as_str()) {
                let section = (owner.to_owned(), agency.clone());
                let seen = look.part(owner, agency, self.required(agency));
                if let Some(seen) = seen.filter(|_| !known.contains(&section)) {
                    other.insert(section, mark(&seen));
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

impl Gateway {
    /// Remembers that a word about a section has not reached a system: it is owed, and said with the next change or look.
    /// What has expired is looked at again by itself once: the system was silent, and has refused nothing. What nothing
    /// permitted when it was to be sent may be permitted again before anybody has looked.
    pub(crate) async fn untold(
        &self,
        person: &Person,
        row: &DeliveryRow,
        state: DeliveryState,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        let About::Plan { plan, owner } = &row.about else { return Ok(()) };
        let is_word = |item| matches!(item, DeliveryItem::PlanPart | DeliveryItem::PlanEnded);
        let was_stopped = state == DeliveryState::Stopped;
        let has_failed = was_stopped || matches!(state, DeliveryState::Rejected | DeliveryState::Expired);
        if !has_failed || !is_word(row.item) {
            return Ok(());
        }
        // One that comes after it says what there is to say. One in doubt has been sent before it, and says no more.
        for other in self.store.open_deliveries_of(person.id).await? {
            let is_same = other.about == row.about && other.agency == row.agency;
            let goes_on = !has_ended(other.state) && other.message != row.message;
            if is_same && is_word(other.item) && goes_on {
                return Ok(());
            }
        }
        let Some(stored) = self.store.plan(*plan).await? else { return Ok(()) };
        let before = stored.revision;
        let mut record = PlanRecord::open(person, stored)?;
        let Some(told) = told_mut(&mut record.kept.told, owner, row.agency.as_str()) else { return Ok(()) };
        // That nothing is told any more has been said already.
        if was_stopped && told.ended {
            return Ok(());
        }
        told.seen.clear();
        told.ended = false;
        if state == DeliveryState::Expired && !told.again {
            told.again = true;
            record.row.look_at = Some(now);
        }
        record.kept.author = Some(Author::default());
        record.kept.clashes.clear();
        let updated = record.row.updated;
        change.plans.push(record.next_revision(person, Some(before), updated)?);
        Ok(())
    }
}

fn told_mut<'a>(told: &'a mut [Told], owner: &str, recipient: &str) -> Option<&'a mut Told> {
    told.iter_mut().find(|told| told.owner == owner && told.recipient == recipient)
}

/// Keeps that a recipient is told of a section, of which this is to be seen.
fn keep_told(told: &mut Vec<Told>, owner: &str, recipient: &str, seen: Vec<u8>) {
    // What was not taken the first time is the same by what it is told again for.
    let again = told_mut(told, owner, recipient).is_some_and(|told| told.again && told.seen.is_empty());
    told.retain(|told| !(told.owner == owner && told.recipient == recipient));
    let (owner, recipient) = (owner.to_owned(), recipient.to_owned());
    told.push(Told { owner, recipient, ended: false, seen, again });
}

/// What is told of a section, in short.
fn mark(part: &PlanPart) -> Vec<u8> {
    sha256(&[&part.encode_to_vec()]).to_vec()
}
