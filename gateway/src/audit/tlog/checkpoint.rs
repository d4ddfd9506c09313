//! What does a log commit itself to? (C2SP tlog-checkpoint)
//!
//! A checkpoint is a signed note of three lines: the name of the log, how many leaves it has, and their Merkle tree hash
//! in base64. Whoever keeps one can tell later whether the log was rewritten before it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::note::{NoteError, Signature, SignedNote, SigningKey, Verifier};
use crate::audit::Hash;

/// What a log is at one point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of its key.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// Their Merkle tree hash (RFC 6962, section 2.1).
    pub root: Hash,
}

impl Checkpoint {
    /// Signs the checkpoint as the log that it is about.
    ///
    /// # Errors
    /// [`NoteError::Type`] and [`NoteError::Origin`] for the key of a witness or of another log.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedNote, NoteError> {
        let verifier = key.verifier();
        if verifier.signature() != Signature::Log {
            return Err(NoteError::Type);
        }
        if verifier.name() != self.origin {
            return Err(NoteError::Origin);
        }
        let text = self.text();
        // The time is no part of a log's signature.
        let line = key.line(&text, Timestamp::UNIX_EPOCH)?;
        SignedNote::parse(&format!("{text}\n{line}"))
    }

    /// Reads the checkpoint that a log has signed.
    ///
    /// # Errors
    /// [`NoteError`], when the log has not signed it or it is about another log.
    pub fn open(note: &SignedNote, log: &Verifier) -> Result<Checkpoint, NoteError> {
        if log.signature() != Signature::Log {
            return Err(NoteError::Type);
        }
        log.check(note)?;
        let checkpoint = Checkpoint::parse(&note.text).ok_or(NoteError::Checkpoint)?;
        if checkpoint.origin != log.name() {
            return Err(NoteError::Origin);
        }
        Ok(checkpoint)
    }

    /// Tells when a witness has cosigned a checkpoint.
    ///
    /// # Errors
    /// [`NoteError`], when it has not.
    pub fn cosigned(note: &SignedNote, witness: &Verifier) -> Result<Timestamp, NoteError> {
        match witness.signature() {
            Signature::Log => Err(NoteError::Type),
            Signature::Witness => witness.check(note)?.ok_or(NoteError::Type),
        }
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Reads the text of a checkpoint. More lines may follow, as long as they are not empty.
    fn parse(text: &str) -> Option<Checkpoint> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let checkpoint = Checkpoint {
            origin: origin.to_owned(),
            size: decimal(size)?,
            root: STANDARD.decode(root).ok()?.try_into().ok()?,
        };
        (!origin.is_empty() && lines.all(|line| !line.is_empty())).then_some(checkpoint)
    }
}

/// A number as it is written in one way only.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
