//! What could not be done: when is it tried again, so that it holds nothing else up meanwhile?

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How long it waits after a failure.
const WAITS: SignedDuration = SignedDuration::from_mins(10);

/// What waits, and until when. Nothing of it is on disk: after a start each is tried again.
#[derive(Debug)]
pub(crate) struct PutOff<K>(Mutex<HashMap<K, Timestamp>>);

impl<K> Default for PutOff<K> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Eq + Hash> PutOff<K> {
    /// It has failed.
    pub(in crate::journey) fn put(&self, key: K, now: Timestamp) {
        self.map().insert(key, now + WAITS);
    }

    /// How many wait now.
    pub(in crate::journey) fn waiting(&self, now: Timestamp) -> u32 {
        let mut map = self.map();
        map.retain(|_, until| *until > now);
        u32::try_from(map.len()).unwrap_or(u32::MAX)
    }

    /// Whether this one waits.
    pub(in crate::journey) fn waits(&self, key: &K) -> bool {
        self.map().contains_key(key)
    }

    fn map(&self) -> MutexGuard<'_, HashMap<K, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
