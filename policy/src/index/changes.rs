//! Of whom has something changed since a decision was made that may take back what it rests on?
//!
//! What only adds to what somebody has permitted takes nothing back.

use std::collections::VecDeque;

use polku_proto::YouthId;

use super::{ConsentIndex, Person};

/// How many changes are kept. Between a decision and its answer there are few; whoever is behind all of these is told that
/// there may have been one.
const KEPT: usize = 1024;

/// The last changes, in their order.
#[derive(Clone, Default)]
pub(super) struct Changes {
    /// How many there have been.
    count: u64,
    recent: VecDeque<YouthId>,
}

/// How far the changes of an index had come at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Changes {
    pub(super) fn note(&mut self, youth: YouthId) {
        self.count += 1;
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(youth);
    }

    /// Notes that much has changed, of anybody.
    pub(super) fn note_all(&mut self) {
        self.count += 1;
        self.recent.clear();
    }

    fn since(&self, Moment(then): Moment) -> Option<impl Iterator<Item = &YouthId>> {
        let kept = u64::try_from(self.recent.len()).unwrap_or(u64::MAX);
        let skipped = then.checked_sub(self.count.saturating_sub(kept))?;
        Some(self.recent.iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)))
    }
}

impl ConsentIndex {
    /// How far its changes have come.
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.changes.count)
    }

    /// Puts anew everything that is known of a person.
    pub fn put_anew(&mut self, youth: YouthId, put: impl FnOnce(&mut ConsentIndex)) {
        let before = self.people.remove(&youth);
        // What is there again has not changed.
        let changes = std::mem::take(&mut self.changes);
        put(self);
        self.changes = changes;
        self.note_lost(youth, before.as_ref());
    }

    /// Notes a change if the person had something that is not there any more, or anything that grants do not open.
    pub(super) fn note_lost(&mut self, youth: YouthId, before: Option<&Person>) {
        let is_lost = match (before, self.people.get(&youth)) {
            (Some(before), Some(now)) => {
                let is_there = before.grants.iter().all(|grant| now.grants.contains(grant));
                !is_there || before.rare != now.rare || before.born != now.born
            }
            // Of somebody new there may be a prohibition.
            (before, now) => before.is_some() || now.is_some_and(|now| now.rare.is_some()),
        };
        if is_lost {
            self.changes.note(youth);
        }
    }

    /// Tells whether anything may have been taken back since by one of these people, under whichever of their ids.
    pub(crate) fn has_changed(&self, people: &[YouthId], since: Moment) -> bool {
        if people.is_empty() || since == self.moment() {
            return false;
        }
        let Some(changed) = self.changes.since(since) else { return true };
        let changed: Vec<YouthId> = changed.copied().collect();
        people.iter().flat_map(|youth| self.ids_of(*youth)).any(|id| changed.contains(&id))
    }
}

#[cfg(test)]
mod tests {
    use polku_proto::LegalStatusId;
    use uuid::Uuid;

    use super::*;
    use crate::index::Grant;
    use crate::index::tests::{grant, period};

    const SOMEBODY: YouthId = YouthId::from_uuid(Uuid::from_u128(1));
    const SOMEBODY_ELSE: YouthId = YouthId::from_uuid(Uuid::from_u128(2));
    const FORMER: YouthId = YouthId::from_uuid(Uuid::from_u128(3));

    #[test]
    fn a_change_concerns_one_person_under_all_ids() {
        let (mut index, given) = (ConsentIndex::new(), grant(7, 1, period(0, 30)));
        index.put_ids(&[SOMEBODY, FORMER]);
        let then = index.moment();
        assert!(!index.has_changed(&[SOMEBODY, SOMEBODY_ELSE], then));
        index.put_grant(&Grant { youth: FORMER, ..given.clone() }, 1);
        assert!(!index.has_changed(&[SOMEBODY], then), "what is permitted takes nothing back");
        index.remove_grant(FORMER, given.id, 2);
        assert!(index.has_changed(&[SOMEBODY], then));
        assert!(index.has_changed(&[SOMEBODY_ELSE, FORMER], then));
        assert!(!index.has_changed(&[SOMEBODY_ELSE], then));
        assert!(!index.has_changed(&[], then));
        assert!(!index.has_changed(&[SOMEBODY], index.moment()));
    }

    #[test]
    fn what_is_there_again_has_not_changed() {
        let (mut index, given) = (ConsentIndex::new(), grant(7, 1, period(0, 30)));
        let given = Grant { youth: SOMEBODY, ..given };
        index.put_grant(&given, 1);
        let then = index.moment();
        index.put_anew(SOMEBODY, |index| {
            index.put_grant(&given, 1);
            index.put_grant(&Grant { youth: SOMEBODY, ..grant(8, 1, period(0, 30)) }, 2);
        });
        let before = index.snapshot(SOMEBODY);
        assert!(!index.has_changed(&[SOMEBODY], then));
        index.put_anew(SOMEBODY, |index| index.put_grant(&given, 1));
        assert!(index.has_changed(&[SOMEBODY], then));
        let then = index.moment();
        index.restore(before);
        assert!(!index.has_changed(&[SOMEBODY], then), "more is permitted again");
    }

    #[test]
    fn what_changes_nothing_overtakes_no_answer() {
        let (mut index, given) = (ConsentIndex::new(), grant(7, 1, period(0, 30)));
        let given = Grant { youth: SOMEBODY, ..given };
        index.put_person_of_unknown_age(SOMEBODY);
        index.put_grant(&given, 1);
        let then = index.moment();
        index.put_grant(&given, 1);
        index.remove_grant(SOMEBODY, grant(8, 1, period(0, 30)).id, 2);
        index.remove_status(SOMEBODY, LegalStatusId::from_uuid(Uuid::from_u128(1)), 3);
        index.put_person_of_unknown_age(SOMEBODY);
        assert!(!index.has_changed(&[SOMEBODY], then));
    }

    #[test]
    fn an_age_that_becomes_known_and_somebody_who_is_gone_count() {
        let mut index = ConsentIndex::new();
        index.put_person_of_unknown_age(SOMEBODY);
        for born in [Some(jiff::civil::date(2008, 3, 3)), None] {
            let then = index.moment();
            match born {
                Some(born) => index.put_person(SOMEBODY, born),
                None => index.put_person_of_unknown_age(SOMEBODY),
            }
            assert!(index.has_changed(&[SOMEBODY], then));
        }
        let then = index.moment();
        index.restore(ConsentIndex::new().snapshot(SOMEBODY));
        assert!(index.has_changed(&[SOMEBODY], then));
    }

    #[test]
    fn whoever_is_too_far_behind_is_told_that_it_may_be() {
        let (mut index, given) = (ConsentIndex::new(), grant(7, 1, period(0, 30)));
        let then = index.moment();
        let given = Grant { youth: SOMEBODY, ..given };
        let mut take_away = || {
            index.put_grant(&given, 1);
            index.remove_grant(SOMEBODY, given.id, 2);
        };
        (0..KEPT).for_each(|_| take_away());
        assert!(!index.has_changed(&[SOMEBODY_ELSE], then));
        index.put_grant(&given, 1);
        index.remove_grant(SOMEBODY, given.id, 2);
        assert!(index.has_changed(&[SOMEBODY_ELSE], then));
    }
}
