//! How is a log written that is a copy of the one that several gateways write?
//!
//! What waits is appended to the log of all gateways in one piece, and then, with what others have appended before it, to
//! the file here: in the same order, checked leaf by leaf. A caller has the receipt when both are on disk.

use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::{Answer, GROUP_LEAVES, Group, Job, Shared, refuse};
use crate::audit::record::{START, encode};
use crate::audit::{AuditError, Leaf, LeafError, Order, Placed, leaf_hash};
use crate::causes::told;

/// How many leaves of others are copied at once.
const COPIED: u32 = 4096;

type Appending = (Leaf, Answer);

/// The log of all gateways, and the copy of it.
pub(super) struct Copy<'a> {
    pub(super) shared: &'a Shared,
    pub(super) order: Box<dyn Order>,
    pub(super) runtime: Runtime,
}

impl Copy<'_> {
    /// Holds the copy against the log, and takes in what is missing.
    pub(super) fn begin(&mut self) -> Result<(), AuditError> {
        let reach = self.shared.reach();
        let head = self.runtime.block_on(self.order.head()).map_err(AuditError::Order)?;
        if head.size < reach.leaves {
            return Err(AuditError::Differs);
        }
        if let Some(last) = reach.leaves.checked_sub(1) {
            let found = self.runtime.block_on(self.order.leaves(last, 1)).map_err(AuditError::Order)?;
            if found.first().map(|bytes| leaf_hash(bytes)) != Some(reach.last_hash) {
                return Err(AuditError::Differs);
            }
        }
        self.copy_others()
    }

    /// Writes until nothing more can come.
    pub(super) fn write_groups(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = Vec::with_capacity(GROUP_LEAVES);
        while jobs.blocking_recv_many(&mut waiting, GROUP_LEAVES) > 0 {
            let (mut appends, mut copies) = (Vec::new(), Vec::new());
            for job in waiting.drain(..) {
                match job {
                    Job::Append { leaf, answer } | Job::Buffer { leaf, answer } => {
                        appends.push((leaf, answer))
                    }
                    Job::CopyOthers { answer } => copies.push(answer),
                }
            }
            if !copies.is_empty() {
                let copied = self.copy_others();
                for answer in copies {
                    // Nobody waits any more.
                    let _ = answer.send(copied.as_ref().map_err(AuditError::again).copied());
                }
            }
            if appends.is_empty() {
                continue;
            }
            // Nothing is announced to all that this gateway could not go on with.
            match self.ready() {
                Ok(()) => self.append(appends),
                Err(error) => refuse(appends.into_iter().map(|(_, answer)| answer), &error),
            }
        }
    }

    /// Whether the copy can be written.
    fn ready(&self) -> Result<(), AuditError> {
        if self.shared.disk.is_broken() {
            return Err(AuditError::Broken);
        }
        self.shared.disk.try_again(|| self.shared.durable().bytes)
    }

    /// Takes in what other gateways have appended.
    fn copy_others(&mut self) -> Result<(), AuditError> {
        loop {
            self.ready()?;
            let mut group = Group::behind(&self.shared.durable());
            let found = self.runtime.block_on(self.order.leaves(group.leaves, COPIED));
            let found = found.map_err(AuditError::Order)?;
            if found.is_empty() {
                return Ok(());
            }
            for bytes in &found {
                add_other(&mut group, bytes).inspect_err(|error| self.contradicted(error))?;
            }
            self.shared.finish(&mut group)?;
        }
    }

    /// The copy here is no copy of what all gateways write.
    fn contradicted(&self, error: &AuditError) {
        self.shared.disk.distrust();
        tracing::error!(
            cause = told(error),
            "the audit log here is not the one that all gateways write, nothing is disclosed any more"
        );
    }

    fn append(&mut self, appends: Vec<Appending>) {
        let mut group = Group::behind(&self.shared.durable());
        let make = &mut |size| made(&appends, size);
        let placed = match self.runtime.block_on(self.order.append(group.leaves, make)) {
            Ok(placed) => placed,
            Err(error) => {
                tracing::error!(%error, "leaves cannot be appended to the audit log of all gateways");
                let waiting = appends.into_iter().map(|(_, answer)| answer);
                return refuse(waiting, &AuditError::Order(error));
            }
        };
        let Placed { before, head } = placed;
        let copied = before.iter().try_for_each(|bytes| add_other(&mut group, bytes));
        let is_same = (group.leaves, group.last_hash) == (head.size, head.last_hash);
        if let Err(error) = copied.and_then(|()| is_same.then_some(()).ok_or(AuditError::Differs)) {
            self.contradicted(&error);
            return refuse(appends.into_iter().map(|(_, answer)| answer), &AuditError::Broken);
        }
        for (leaf, answer) in appends {
            let added = written(&leaf, group.leaves).and_then(|bytes| group.add(&bytes));
            match added {
                Ok(receipt) => group.written.push((answer, receipt)),
                Err(source) => drop(answer.send(Err(AuditError::Malformed(source)))),
            }
        }
        // Whoever waits has been told. What could not be written here is copied with what comes next.
        let _ = self.shared.finish(&mut group);
    }
}

/// A leaf of another gateway, if it is the next one.
fn add_other(group: &mut Group, bytes: &[u8]) -> Result<(), AuditError> {
    match Leaf::parse(bytes) {
        Ok((sequence, _)) if sequence == group.leaves => {
            group.add(bytes).map(drop).map_err(AuditError::Malformed)
        }
        Ok(_) => Err(AuditError::Differs),
        Err(source) => Err(AuditError::Unreadable { sequence: group.leaves, source }),
    }
}

/// The leaves that can be written down, the first of them at a place.
fn made(appends: &[Appending], first: u64) -> Vec<Vec<u8>> {
    let (mut leaves, mut sequence) = (Vec::with_capacity(appends.len()), first);
    for (leaf, _) in appends {
        if let Ok(bytes) = written(leaf, sequence) {
            leaves.push(bytes);
            sequence += 1;
        }
    }
    leaves
}

/// A leaf as it is written down at a place.
fn written(leaf: &Leaf, sequence: u64) -> Result<Vec<u8>, LeafError> {
    leaf.check(sequence)?;
    let bytes = leaf.bytes(sequence);
    encode(&bytes, &START, &mut Vec::new())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
