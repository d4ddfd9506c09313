//! How do several threads fill one index?
//!
//! Each makes grants ready by itself; what is left to do with the index in hand is to put them to their people.

use std::fmt;

use polku_proto::YouthId;

use super::entry::{Entry, PartyLists};
use super::{ConsentIndex, Grant};

/// Grants that have been made ready for [`ConsentIndex::put_batch`].
#[derive(Default)]
pub struct GrantBatch {
    grants: Vec<(YouthId, Entry)>,
    // Their own until they are put into an index.
    lists: PartyLists,
    revision: u64,
}

impl GrantBatch {
    /// Makes an empty batch with room for so many grants.
    #[must_use]
    pub fn with_capacity(grants: usize) -> GrantBatch {
        GrantBatch { grants: Vec::with_capacity(grants), ..GrantBatch::default() }
    }

    /// Adds a grant.
    pub fn push(&mut self, grant: &Grant, revision: u64) {
        self.revision = self.revision.max(revision);
        self.grants.push((grant.youth, Entry::of(grant, &mut self.lists)));
    }
}

impl ConsentIndex {
    /// Does [`ConsentIndex::put_grant`] for each grant of the batch, in the order in which they were added.
    pub fn put_batch(&mut self, batch: GrantBatch) {
        self.reach(batch.revision);
        self.changes.note_all();
        let moved = self.lists.take_over(&batch.lists);
        for (youth, entry) in batch.grants {
            self.put_entry(youth, entry.with_lists(&moved));
        }
    }
}

// What people have permitted is personal data.
impl fmt::Debug for GrantBatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GrantBatch(redacted)")
    }
}
