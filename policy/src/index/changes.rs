//! Of whom has something changed since a decision was made?

use std::collections::VecDeque;

use polku_proto::YouthId;

use super::ConsentIndex;

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

    /// Tells whether anything that is known of one of these people may have changed since, under whichever of their ids.
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
    use uuid::Uuid;

    use super::*;

    const SOMEBODY: YouthId = YouthId::from_uuid(Uuid::from_u128(1));
    const SOMEBODY_ELSE: YouthId = YouthId::from_uuid(Uuid::from_u128(2));
    const FORMER: YouthId = YouthId::from_uuid(Uuid::from_u128(3));

    #[test]
    fn a_change_concerns_one_person_under_all_ids() {
        let mut index = ConsentIndex::new();
        index.put_ids(&[SOMEBODY, FORMER]);
        let then = index.moment();
        assert!(!index.has_changed(&[SOMEBODY, SOMEBODY_ELSE], then));
        index.put_person_of_unknown_age(FORMER);
        assert!(index.has_changed(&[SOMEBODY], then));
        assert!(index.has_changed(&[SOMEBODY_ELSE, FORMER], then));
        assert!(!index.has_changed(&[SOMEBODY_ELSE], then));
        assert!(!index.has_changed(&[], then));
        assert!(!index.has_changed(&[SOMEBODY], index.moment()));
    }

    #[test]
    fn whoever_is_too_far_behind_is_told_that_it_may_be() {
        let mut index = ConsentIndex::new();
        let then = index.moment();
        for _ in 0..KEPT {
            index.put_person_of_unknown_age(SOMEBODY);
        }
        assert!(!index.has_changed(&[SOMEBODY_ELSE], then));
        index.put_person_of_unknown_age(SOMEBODY);
        assert!(index.has_changed(&[SOMEBODY_ELSE], then));
    }
}
