//! What is written in one piece, and who is told when it is on disk?

use tokio::sync::{mpsc, oneshot};

use super::{Durable, Job, MARK_EVERY, Mark, Shared};
use crate::audit::merkle::Hash;
use crate::audit::record::{GROUP_LEAVES, encode};
use crate::audit::{AuditError, Leaf, LeafError, Receipt};

/// One piece on its way to the disk.
pub(super) struct Group {
    /// Where it begins in the file.
    pub(super) begins: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) leaves: u64,
    pub(super) last_hash: Hash,
    pub(super) marks: Vec<Mark>,
    pub(super) written: Vec<(Answer, Receipt)>,
}

/// Whoever waits for a leaf.
pub(super) type Answer = oneshot::Sender<Result<Receipt, AuditError>>;

pub(super) fn write_groups(shared: &Shared, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting = Vec::with_capacity(GROUP_LEAVES);
    while jobs.blocking_recv_many(&mut waiting, GROUP_LEAVES) > 0 {
        write_group(shared, waiting.drain(..));
    }
}

pub(super) fn write_group(shared: &Shared, jobs: impl Iterator<Item = Job>) {
    let appends = jobs.filter_map(|job| match job {
        Job::Append { leaf, answer } | Job::Buffer { leaf, answer } => Some((leaf, answer)),
        // There are no others.
        Job::CopyOthers { answer } => {
            let _ = answer.send(Ok(()));
            None
        }
    });
    let mut group = Group::behind(&shared.durable());
    for (leaf, answer) in appends {
        group.take(&leaf, answer);
    }
    // Whoever waits has been told.
    let _ = shared.finish(&mut group);
}

impl Group {
    /// What comes behind all that is on disk.
    pub(super) fn behind(durable: &Durable) -> Group {
        Group {
            begins: durable.bytes,
            bytes: Vec::new(),
            leaves: durable.leaves,
            last_hash: durable.last_hash,
            marks: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Adds a leaf that somebody waits for, or tells them that it cannot be written down.
    pub(super) fn take(&mut self, leaf: &Leaf, answer: Answer) {
        match self.place(leaf) {
            Ok(receipt) => self.written.push((answer, receipt)),
            Err(source) => drop(answer.send(Err(AuditError::Malformed(source)))),
        }
    }

    /// Adds a leaf, if it can be written down.
    pub(super) fn place(&mut self, leaf: &Leaf) -> Result<Receipt, LeafError> {
        leaf.check(self.leaves)?;
        self.add(&leaf.bytes(self.leaves))
    }

    /// Adds a leaf, which has the next place.
    pub(super) fn add(&mut self, leaf: &[u8]) -> Result<Receipt, LeafError> {
        let sequence = self.leaves;
        let mark = Mark { offset: self.begins + self.bytes.len() as u64, before: self.last_hash };
        let leaf_hash = encode(leaf, &self.last_hash, &mut self.bytes)?;
        if sequence.is_multiple_of(MARK_EVERY) {
            self.marks.push(mark);
        }
        self.leaves += 1;
        self.last_hash = leaf_hash;
        Ok(Receipt { sequence, leaf_hash })
    }
}

pub(super) fn refuse(
    answers: impl Iterator<Item = oneshot::Sender<Result<Receipt, AuditError>>>,
    error: &AuditError,
) {
    for answer in answers {
        // Nobody waits any more.
        let _ = answer.send(Err(error.again()));
    }
}
