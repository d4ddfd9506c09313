//! How is a reading written down with all that belongs to it, without a write to the store each time?
//!
//! The same people read the same things on the same grounds again and again. The details of such a leaf are kept once:
//! a later leaf with the same ones refers to the first, and commits to them in the same way.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::try_join_all;
use jiff::Timestamp;
use polku_proto::YouthId;
use serde_json::Value;

use super::{Details, Entry};
use crate::audit::Leaf;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::store::Change;

/// How many are remembered, of 72 bytes each. Who is forgotten is written down again.
const MOST: usize = 65_536;

/// Details that are in the store, by their keyed hash.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashMap<[u8; 32], Kept>>);

/// Where they are.
#[derive(Debug, Clone, Copy)]
struct Kept {
    sequence: u64,
    commitment: [u8; 32],
}

impl Known {
    fn map(&self) -> MutexGuard<'_, HashMap<[u8; 32], Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, hash: [u8; 32], kept: Kept) {
        let mut map = self.map();
        if map.len() >= MOST {
            map.clear();
        }
        map.insert(hash, kept);
    }
}

/// One leaf, with details, if it has any, that are followed by no other change.
pub(crate) struct Note<'a> {
    pub(crate) entry: Entry<'a>,
    pub(crate) youth: YouthId,
    pub(crate) details: Option<Value>,
}

impl Gateway {
    /// Writes a leaf with details that are followed by no other change.
    pub(crate) async fn note_with(
        &self,
        entry: Entry<'_>,
        youth: YouthId,
        details: Value,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.note_all(vec![Note { entry, youth, details: Some(details) }], now).await
    }

    /// Writes several such leaves together: they wait for the disk once, however many they are.
    pub(crate) async fn note_all(&self, notes: Vec<Note<'_>>, now: Timestamp) -> Result<(), Error> {
        let (mut leaves, mut new) = (Vec::new(), Vec::new());
        for Note { entry, youth, details } in notes {
            let Some(details) = details else {
                leaves.push(entry.leaf(self, now));
                continue;
            };
            let whole = entry.in_context(youth, &details)?.to_string();
            let bytes = [youth.uuid().as_bytes(), whole.as_bytes()].concat();
            let hash = self.keys.pseudonym(b"details", &bytes);
            let kept = self.known.map().get(&hash).copied();
            leaves.push(match kept {
                Some(Kept { sequence, commitment }) => {
                    Leaf { commitment, ..entry.refers_to(sequence).leaf(self, now) }
                }
                None => {
                    let details = Details::of(self.person(youth).await?, whole)?;
                    let leaf = details.leaf(&entry, self, now);
                    new.push((leaves.len(), hash, details));
                    leaf
                }
            });
        }
        let receipts = self.audit.append_all(leaves).await?;
        let new = new.into_iter().filter_map(|(place, hash, details)| {
            Some(self.keep_details(receipts.get(place)?.sequence, hash, details))
        });
        try_join_all(new).await.map(drop)
    }

    async fn keep_details(
        &self,
        sequence: u64,
        hash: [u8; 32],
        details: Details<Person>,
    ) -> Result<(), Error> {
        let commitment = details.commitment();
        let mut change = Change::announced_by(sequence);
        change.detail = Some(details.sealed(sequence)?);
        self.commit(change).await?;
        self.known.put(hash, Kept { sequence, commitment });
        Ok(())
    }
}
