//! What has been disclosed, refused, permitted and withdrawn, in an order that nobody can change unseen?
//!
//! The log is one file that only grows. An entry ([`Leaf`]) says when, by whom, about whom and on what ground, with
//! pseudonyms and commitments only; the details are sealed and kept elsewhere, so that they can be erased while the
//! log and its proofs stay. Leaves are the leaves of a Merkle tree (RFC 6962, section 2.1).
//!
//! [`AuditLog::append`] answers when the leaf is on disk. An intent is appended before what it announces is done.

mod copy;
mod disk;
mod give;
mod leaf;
mod log;
mod merkle;
mod order;
mod record;
mod subjects;
pub mod tlog;

use std::io;

pub use leaf::{Event, Leaf, LeafError, SALT_BYTES, Verdict, commitment};
pub use log::AuditLog;
pub(crate) use merkle::sha256;
pub use merkle::{Hash, Tree, leaf_hash};
pub use order::{Head, Make, Order, OrderError, Placed};
pub use subjects::{Entries, Entry, Subjects};

#[cfg(test)]
mod tests;

/// The file of the log, in the folder of the store.
pub const FILE: &str = "audit.log";

/// What a leaf that is on disk is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Place in the log, from 0.
    pub sequence: u64,
    /// SHA-256 over a zero byte and the leaf (RFC 6962, section 2.1).
    pub leaf_hash: Hash,
}

/// What was found in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// How many leaves it has.
    pub leaves: u64,
    /// How many bytes at its end belong to a record that was not written to its end, so was never acknowledged.
    /// [`AuditLog::open`] has cut them off, [`AuditLog::verify`] leaves them.
    pub torn_bytes: u64,
    /// Merkle tree hash over all leaves.
    pub root: Hash,
}

/// Why the log did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A write could not be synced, before or now. Nothing can be appended until the log is opened anew.
    #[error("the audit log is broken, nothing can be appended")]
    Broken,
    /// The disk is full, or does not take anything for another reason. Nothing was written, and it can be tried again.
    #[error("the audit log cannot be written")]
    Stuck(#[source] io::Error),
    /// Another process has the log open.
    #[error("the audit log is in use by another process")]
    InUse,
    /// The file was altered, or the disk has failed.
    #[error("the audit log is corrupt at byte {offset}, in the record of leaf {sequence}")]
    Corrupt {
        /// Where the record begins.
        offset: u64,
        /// Which leaf.
        sequence: u64,
    },
    /// The log holds something that this release does not know.
    #[error("the audit log has an unreadable leaf {sequence}")]
    Unreadable {
        /// Which leaf.
        sequence: u64,
        /// Why.
        #[source]
        source: LeafError,
    },
    /// The log that several gateways write cannot be reached. Whether a leaf is in it may be unknown: one without state is
    /// closed some time later.
    #[error("the audit log of all gateways does not answer")]
    Order(#[source] OrderError),
    /// What this gateway has of the log is not what stands in the log of all gateways, or is more.
    #[error("the copy of the audit log is not of the log that all gateways write")]
    Differs,
    /// The leaf cannot be written down.
    #[error("the audit leaf is malformed")]
    Malformed(#[source] LeafError),
    /// The file cannot be read or opened.
    #[error("the audit log cannot be read")]
    File(#[source] io::Error),
    /// The index of the log cannot be made, not even anew.
    #[error("the index of the audit log cannot be used")]
    Index(#[source] rusqlite::Error),
}

impl AuditError {
    /// The same for somebody else who has waited for the same write.
    fn again(&self) -> AuditError {
        match self {
            AuditError::Stuck(error) => AuditError::Stuck(error.kind().into()),
            AuditError::Order(error) => AuditError::Order(error.clone()),
            AuditError::Broken
            | AuditError::InUse
            | AuditError::Corrupt { .. }
            | AuditError::Unreadable { .. }
            | AuditError::Differs
            | AuditError::Malformed(_)
            | AuditError::File(_)
            | AuditError::Index(_) => AuditError::Broken,
        }
    }
}
