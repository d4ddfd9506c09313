//! What could not be looked after: when is it tried again, so that it holds nothing else up meanwhile?

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use polku_proto::{AgencyId, YouthId};

use crate::store::{FollowUp, FollowUpRow};

/// How long it waits after a failure.
const WAITS: SignedDuration = SignedDuration::from_mins(10);

type Key = (YouthId, FollowUp, AgencyId);

/// What waits, and until when. Nothing of it is on disk: after a start each is tried again.
#[derive(Debug, Default)]
pub(crate) struct PutOff(Mutex<HashMap<Key, Timestamp>>);

impl PutOff {
    /// It has failed.
    pub(in crate::journey) fn put(&self, row: &FollowUpRow, now: Timestamp) {
        self.map().insert(key(row), now + WAITS);
    }

    /// How many wait now.
    pub(in crate::journey) fn waiting(&self, now: Timestamp) -> usize {
        let mut map = self.map();
        map.retain(|_, until| *until > now);
        map.len()
    }

    /// Whether this one waits.
    pub(in crate::journey) fn waits(&self, row: &FollowUpRow) -> bool {
        self.map().contains_key(&key(row))
    }

    fn map(&self) -> MutexGuard<'_, HashMap<Key, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(row: &FollowUpRow) -> Key {
    (row.youth, row.matter, row.agency.clone())
}
