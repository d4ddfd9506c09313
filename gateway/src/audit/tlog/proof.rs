//! How does somebody who has a hash or two see that a leaf is in a log, and that a log has only grown?
//!
//! The proofs are those of RFC 6962, section 2.1; they are checked as RFC 9162 says in sections 2.1.3.2 and 2.1.4.2,
//! which is another way than the one in which they are made. A proof that a leaf is in the log is handed on as a text
//! that says everything but the log's key (C2SP tlog-proof): where the leaf stands, the hashes, and a checkpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::TlogError;
use super::checkpoint::{Checkpoint, decimal};
use super::note::{NoteError, SignedNote, Verifier};
use super::tile::{Tiles, split};
use crate::audit::merkle::node_hash;
use crate::audit::{Hash, Receipt};

/// The first line of a proof.
const HEADLINE: &str = "c2sp.org/tlog-proof@v1";

/// No tree of 64 bits is higher.
const MOST_HASHES: usize = 64;

/// That a leaf is in a log, with all that it takes to see so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// Place of the leaf, from 0.
    pub index: u64,
    /// The hashes beside the way from the leaf to the root, from the leaf on.
    pub hashes: Vec<Hash>,
    /// The checkpoint of the tree in which the leaf is, as it was signed.
    pub checkpoint: SignedNote,
}

impl InclusionProof {
    /// Makes the proof for a leaf from the tiles of a log, in the tree of a checkpoint whose signature is held against
    /// the log's key.
    ///
    /// # Errors
    /// [`TlogError`]: a checkpoint that is not of this log or does not reach to the leaf, tiles that are missing or do
    /// not lead to the checkpoint.
    pub fn make(tiles: &mut Tiles, index: u64, note: SignedNote, log: &Verifier) -> Result<Self, TlogError> {
        let checkpoint = Checkpoint::open(&note, log)?;
        if index >= checkpoint.size {
            return Err(TlogError::NotYet { index, size: checkpoint.size });
        }
        let mut hashes = Vec::new();
        let (mut from, mut to) = (0, checkpoint.size);
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                hashes.push(tiles.subtree(middle, to)?);
                to = middle;
            } else {
                hashes.push(tiles.subtree(from, middle)?);
                from = middle;
            }
        }
        hashes.reverse();
        let leaf_hash = tiles.subtree(index, index + 1)?;
        let proof = InclusionProof { index, hashes, checkpoint: note };
        proof.check(&Receipt { sequence: index, leaf_hash }, log)?;
        Ok(proof)
    }

    /// Tells whether the leaf of a receipt is in the log, and in which checkpoint.
    ///
    /// # Errors
    /// [`TlogError::Note`] without the log's signature, [`TlogError::Proof`] for anything else.
    pub fn check(&self, receipt: &Receipt, log: &Verifier) -> Result<Checkpoint, TlogError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, log)?;
        let leads = receipt.sequence == self.index
            && includes(&receipt.leaf_hash, self.index, &checkpoint, &self.hashes);
        if leads { Ok(checkpoint) } else { Err(TlogError::Proof) }
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// [`NoteError::Form`].
    pub fn parse(text: &str) -> Result<InclusionProof, NoteError> {
        let (head, note) = text.split_once("\n\n").ok_or(NoteError::Form)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADLINE) {
            return Err(NoteError::Form);
        }
        // Extra data is for others.
        let index = match lines.next() {
            Some(line) if line.starts_with("extra ") => lines.next(),
            line => line,
        };
        let index = index.and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let hash = |line: &str| STANDARD.decode(line).ok()?.try_into().ok();
        let hashes: Option<Vec<Hash>> = lines.map(hash).collect();
        let hashes = hashes.filter(|hashes| hashes.len() <= MOST_HASHES);
        Ok(InclusionProof {
            index: index.ok_or(NoteError::Form)?,
            hashes: hashes.ok_or(NoteError::Form)?,
            checkpoint: SignedNote::parse(note)?,
        })
    }
}

impl std::fmt::Display for InclusionProof {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(formatter, "{HEADLINE}\nindex {}", self.index)?;
        for hash in &self.hashes {
            writeln!(formatter, "{}", STANDARD.encode(hash))?;
        }
        write!(formatter, "\n{}", self.checkpoint.as_str())
    }
}

/// Makes the proof that a tree of one size is the beginning of a tree of another one.
pub(super) fn consistency(tiles: &mut Tiles, old: u64, new: u64) -> Result<Vec<Hash>, TlogError> {
    let mut hashes = Vec::new();
    if old == 0 || old >= new {
        return Ok(hashes);
    }
    let (mut from, mut to) = (0, new);
    let mut whole = true;
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            hashes.push(tiles.subtree(middle, to)?);
            to = middle;
        } else {
            hashes.push(tiles.subtree(from, middle)?);
            from = middle;
            whole = false;
        }
    }
    if !whole {
        hashes.push(tiles.subtree(from, to)?);
    }
    hashes.reverse();
    Ok(hashes)
}

/// RFC 9162, section 2.1.3.2.
pub(super) fn includes(leaf: &Hash, index: u64, checkpoint: &Checkpoint, hashes: &[Hash]) -> bool {
    if index >= checkpoint.size {
        return false;
    }
    let (mut place, mut last, mut hash) = (index, checkpoint.size - 1, *leaf);
    for beside in hashes {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(beside, &hash);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && hash == checkpoint.root
}

/// RFC 9162, section 2.1.4.2; a tree without leaves is the beginning of every tree.
pub(super) fn continues(old: &Checkpoint, new: &Checkpoint, hashes: &[Hash]) -> bool {
    if old.size == new.size {
        return hashes.is_empty() && old.root == new.root;
    }
    if old.size == 0 {
        return hashes.is_empty();
    }
    if old.size > new.size {
        return false;
    }
    let (mut place, mut last) = (old.size - 1, new.size - 1);
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let mut hashes = hashes.iter();
    let first = if old.size.is_power_of_two() { Some(&old.root) } else { hashes.next() };
    let Some(first) = first else { return false };
    let (mut before, mut after) = (*first, *first);
    for beside in hashes {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            before = node_hash(beside, &before);
            after = node_hash(beside, &after);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            after = node_hash(&after, beside);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && before == old.root && after == new.root
}
