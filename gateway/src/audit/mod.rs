//! What has been disclosed, refused, permitted and withdrawn, in an order that nobody can change unseen?
//!
//! The log is one file that only grows. An entry ([`Leaf`]) says when, by whom, about whom and on what ground, with
//! pseudonyms and commitments only; the details are sealed and kept elsewhere, so that they can be erased while the
//! log and its proofs stay. Leaves are the leaves of a Merkle tree (RFC 6962, section 2.1).
//!
//! [`AuditLog::append`] answers when the leaf is on disk. An intent is appended before what it announces is done.

mod leaf;
mod log;
mod merkle;
mod record;
mod subjects;
pub mod tlog;

use std::io;

pub use leaf::{Event, Leaf, LeafError, SALT_BYTES, Verdict, commitment};
pub use log::AuditLog;
pub(crate) use merkle::sha256;
pub use merkle::{Hash, Tree, leaf_hash};
pub use subjects::{Entries, Entry, Subjects};

#[cfg(test)]
mod tests;

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
    /// A write has failed before, or fails now. Nothing can be appended until the log is opened anew.
    #[error("the audit log is broken, nothing can be appended")]
    Broken,
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
