//! Who could see what of a plan, revision by revision, and to whom does a revision show?
//!
//! With each revision it is kept what everybody who is told of changes could see of it. So whoever watches is told
//! exactly when the plan looks different to them than at the revision before: because somebody has changed it, or
//! because something is permitted, or not any more. What an agency is told goes to those of its professionals whose unit
//! and role see the difference.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use polku_proto::v1::{Plan, PlanPart};
use polku_proto::{AgencyId, CategorySet};

use super::reader::{Eyes, Sight, TELLABLE};
use super::record::{KeptSight, KeptTold, PlanRecord};
use super::watch::{OWN_SIDE, named};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::plan::told_part;
use crate::store::{Change, NewPlanEvent};

/// How a plan looks to everybody who is told of changes.
pub(super) struct Looks {
    pub(super) readers: BTreeMap<AgencyId, Look>,
    /// From when on that may be something else, though nobody changes anything.
    pub(super) until: Option<Timestamp>,
}

/// How it looks to one of them.
pub(super) struct Look {
    sight: Sight,
    /// At the revision before, with what was permitted then; nothing when there was no plan for this reader.
    pub(super) before: Option<Plan>,
    pub(super) now: Plan,
}

impl Look {
    /// The part of this owner as the system of this agency, the reader, is told it: if it can be told, to which this must
    /// be permitted.
    pub(super) fn part(&self, owner: &str, agency: &AgencyId, required: CategorySet) -> Option<PlanPart> {
        let told = self.sight.told.get(owner).copied().unwrap_or(CategorySet::EMPTY);
        if told.is_subset(CategorySet::ENVELOPE) || !required.intersection(TELLABLE).is_subset(told) {
            return None;
        }
        told_part(&self.now, owner, agency.as_str())
    }
}

impl Gateway {
    /// How a plan looks now, beside how it has looked.
    pub(super) fn looks(
        &self,
        before: Option<&PlanRecord>,
        after: &PlanRecord,
        now: Timestamp,
    ) -> Result<Looks, Error> {
        let (mut readers, mut next) = (BTreeMap::new(), None);
        let mut look = |reader: AgencyId, sight: Sight| -> Result<(), Error> {
            let then = before.and_then(|before| Some((before, Sight::then(before, &reader)?)));
            let before = then.map(|(before, sight)| sight.of(before)).transpose()?;
            let now = sight.of(after)?;
            readers.insert(reader, Look { sight, before, now });
            Ok(())
        };
        for party in after.parties() {
            let reader = party.agency.clone();
            let (sight, until) = self.sight_until(after, &Eyes::of_system(party), now)?;
            look(reader, sight)?;
            next = next.into_iter().chain(until).min();
        }
        // What time takes from a guardian is not told: with the age of the young person the guardian's watch ends.
        for (id, role) in OWN_SIDE {
            look(named(id)?, self.sight(after, &Eyes::of_own_side(role), now)?)?;
        }
        Ok(Looks { readers, until: next })
    }
}

impl Looks {
    /// Tells everybody to whom the plan looks different, and whoever is a party to it no more, and keeps what they see.
    /// Answers whether there is anybody.
    pub(super) fn tell_watchers(
        &self,
        before: Option<&PlanRecord>,
        after: &mut PlanRecord,
        change: &mut Change,
        time: Timestamp,
    ) -> bool {
        let (plan, youth) = (after.row.id, after.row.youth);
        let revision = before.map_or(0, |before| before.row.revision) + 1;
        let different = self.readers.iter().filter(|(_, look)| look.before.as_ref() != Some(&look.now));
        let different = different.map(|(reader, _)| reader.clone());
        let gone = before.iter().flat_map(|before| before.parties()).map(|party| party.agency);
        let gone: Vec<AgencyId> = gone.filter(|agency| after.party(agency).is_none()).collect();
        let events = different.chain(gone);
        change.plan_events.extend(events.map(|agency| NewPlanEvent { plan, youth, revision, agency, time }));
        after.kept.sights = self.readers.iter().map(|(reader, look)| look.sight.kept(reader)).collect();
        !change.plan_events.is_empty()
    }
}

impl Sight {
    /// What this reader could see of the plan at the record's revision; nothing where it was not told of it.
    fn then(record: &PlanRecord, reader: &AgencyId) -> Option<Self> {
        let kept = record.kept.sights.iter().find(|kept| kept.reader == reader.as_str())?;
        let is_own_side = OWN_SIDE.iter().any(|(id, _)| *id == reader.as_str());
        let set = |told: &KeptTold| told.categories().collect::<CategorySet>();
        let told = kept.told.iter().map(|told| (told.owner.clone(), set(told))).collect();
        Some(Self { reader: (!is_own_side).then(|| reader.clone()), told })
    }

    fn kept(&self, reader: &AgencyId) -> KeptSight {
        let told = self.told.iter();
        let told =
            told.map(|(owner, told)| KeptTold { owner: owner.clone(), categories: told.to_wire() }).collect();
        KeptSight { reader: reader.to_string(), told }
    }

    /// As far as one sees who sees no more than this.
    fn within(mut self, limit: CategorySet) -> Self {
        self.told.values_mut().for_each(|told| *told = told.intersection(limit));
        self
    }

    /// Whether of a section that there is in both something else may be seen.
    fn differs(&self, other: &Self) -> bool {
        let others = |owner: &String| other.told.get(owner);
        self.told.iter().any(|(owner, told)| others(owner).is_some_and(|other| other != told))
    }
}

/// Somebody who watches, with what they see now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Watcher {
    /// As whom they are told of changes.
    pub(super) told_as: AgencyId,
    /// The most that they see, whatever is permitted.
    pub(super) at_most: CategorySet,
    pub(super) sight: Sight,
}

impl Watcher {
    /// Whether they see all that their reader was told of the record's revision, whatever that is: nothing of it is kept
    /// from their unit and role, and nothing has become permitted or not since.
    pub(super) fn sees_all_of(&self, record: &PlanRecord) -> bool {
        TELLABLE.is_subset(self.at_most.union(CategorySet::ENVELOPE))
            && Sight::then(record, &self.told_as).is_some_and(|then| then == self.sight)
    }
}

/// A revision, beside the one before it.
pub(super) struct Revised {
    before: Option<PlanRecord>,
    after: PlanRecord,
    /// To whom it shows, as far as somebody has asked.
    shown: Mutex<Vec<(Watcher, bool)>>,
}

impl Revised {
    /// Opens a revision of the plan that is at hand.
    ///
    /// # Errors
    /// What the store answers.
    pub(super) async fn open(gateway: &Gateway, present: &PlanRecord, revision: u64) -> Result<Self, Error> {
        const GONE: Error = Error::Inconsistent("an event of a revision that a plan has not had");
        let person = gateway.person(present.row.youth).await?;
        let at = async |revision: u64| -> Result<Option<PlanRecord>, Error> {
            if revision == present.row.revision {
                return Ok(Some(present.clone()));
            }
            let row = gateway.store.plan_revision(present.row.id, revision).await?;
            row.map(|row| present.at(&person, &row)).transpose()
        };
        let after = at(revision).await?.ok_or(GONE)?;
        let before = at(revision.saturating_sub(1)).await?;
        Ok(Self { before, after, shown: Mutex::default() })
    }

    /// Whether this is the revision with which this agency has left the plan.
    pub(super) fn is_end_for(&self, agency: &AgencyId) -> bool {
        let was = self.before.as_ref().is_some_and(|before| before.party(agency).is_some());
        was && self.after.party(agency).is_none()
    }

    /// Whether the watcher is to be told. The same for all who see the same: whoever comes second waits for the first.
    pub(super) fn shows_to(&self, watcher: Watcher) -> Result<bool, Error> {
        let mut all = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, shows)) = all.iter().find(|(other, _)| *other == watcher) {
            return Ok(*shows);
        }
        let shows = self.differs_to(&watcher)?;
        all.push((watcher, shows));
        Ok(shows)
    }

    fn differs_to(&self, watcher: &Watcher) -> Result<bool, Error> {
        let then = |record: &PlanRecord| {
            Sight::then(record, &watcher.told_as).map(|sight| sight.within(watcher.at_most))
        };
        let Some(after) = then(&self.after) else { return Ok(false) };
        let before = self.before.as_ref().and_then(|record| Some((record, then(record)?)));
        // It has come to be told of the plan.
        let Some((record, before)) = before else { return Ok(true) };
        if before.of(record)? == after.of(&self.after)? {
            return Ok(false);
        }
        // A change of what is not permitted any more does not show, be it told late; that it is not permitted does.
        Ok(before.differs(&after)
            || after == watcher.sight
            || watcher.sight.of(record)? != watcher.sight.of(&self.after)?)
    }
}
