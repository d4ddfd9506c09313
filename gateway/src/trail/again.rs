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

use super::Entry;
use crate::audit::Leaf;
use crate::error::Error;
use crate::gateway::Gateway;
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

/// One leaf, with details that are followed by no other change.
pub(crate) struct Note<'a> {
    pub(crate) entry: Entry<'a>,
    pub(crate) youth: YouthId,
    pub(crate) details: Value,
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
        self.note_all(vec![Note { entry, youth, details }], now).await
    }

    /// Writes several such leaves together.
    pub(crate) async fn note_all(&self, notes: Vec<Note<'_>>, now: Timestamp) -> Result<(), Error> {
        let (mut again, mut new) = (Vec::new(), Vec::new());
        for note in notes {
            let whole = note.entry.in_context(note.youth, &note.details)?.to_string();
            let bytes = [note.youth.uuid().as_bytes(), whole.as_bytes()].concat();
            let hash = self.keys.pseudonym(b"details", &bytes);
            let kept = self.known.map().get(&hash).copied();
            match kept {
                Some(Kept { sequence, commitment }) => {
                    let leaf = note.entry.refers_to(sequence).leaf(self, now);
                    again.push(Leaf { commitment, ..leaf });
                }
                None => new.push(self.note_new_details(note, hash, now)),
            }
        }
        let again = async { Ok::<_, Error>(self.audit.append_all(again).await?) };
        tokio::try_join!(again, try_join_all(new)).map(drop)
    }

    async fn note_new_details(&self, note: Note<'_>, hash: [u8; 32], now: Timestamp) -> Result<(), Error> {
        let person = self.person(note.youth).await?;
        let (leaf, announced) = self.announce_leaf(note.entry, &person, &note.details, now).await?;
        let sequence = announced.receipt.sequence;
        let mut change = Change::announced_by(sequence);
        change.detail = announced.detail;
        self.commit(change).await?;
        self.known.put(hash, Kept { sequence, commitment: leaf.commitment });
        Ok(())
    }
}
