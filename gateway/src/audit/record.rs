//! How does a leaf lie in the file, and how is a record that was cut short told from one that was altered?
//!
//! | bytes | what |
//! | --- | --- |
//! | 2 | length of the leaf, big-endian |
//! | 2 | the same with every bit inverted |
//! | length | the leaf |
//! | 8 | the first bytes of SHA-256 over the hash of the leaf before (zeros for the first one) and the leaf |
//!
//! Appending can be interrupted: then the file ends within a record, or it has become long enough, but some sectors of what
//! was written in one piece were never filled, and hold zeros. Such a tail was never acknowledged: a piece is synced before
//! the next one. Everything else that does not fit is corruption. The inverted length is there so that a damaged length does
//! not look like a short file.

use std::io::{self, Read};

use super::leaf::{MAX_BYTES, MIN_BYTES};
use super::merkle::{Hash, leaf_hash, sha256};
use super::{AuditError, Leaf};

const HEADER_BYTES: usize = 4;

const CHECK_BYTES: usize = 8;

/// The smallest unit in which a disk is written.
const SECTOR_BYTES: usize = 512;

/// The longest record.
const RECORD_BYTES: usize = HEADER_BYTES + MAX_BYTES + CHECK_BYTES;

/// How many leaves are written in one piece: about 250 KiB.
pub(super) const GROUP_LEAVES: usize = 1024;

/// How long such a piece is at most.
const GROUP_BYTES: u64 = (GROUP_LEAVES * RECORD_BYTES) as u64;

/// Hash of the leaf before the first one.
pub(super) const START: Hash = [0; 32];

/// Adds the record of a leaf to what will be written, and gives the hash of the leaf.
///
/// # Errors
/// A leaf that is too long or too short.
pub(super) fn encode(leaf: &[u8], before: &Hash, into: &mut Vec<u8>) -> Result<Hash, super::LeafError> {
    let length = u16::try_from(leaf.len()).map_err(|_| super::LeafError::Length)?;
    if !(MIN_BYTES..=MAX_BYTES).contains(&leaf.len()) {
        return Err(super::LeafError::Length);
    }
    into.extend(length.to_be_bytes());
    into.extend((!length).to_be_bytes());
    into.extend(leaf);
    into.extend(check(before, leaf));
    Ok(leaf_hash(leaf))
}

/// A leaf as it was found in the file.
pub(super) struct Found {
    pub(super) sequence: u64,
    /// Where its record begins.
    pub(super) offset: u64,
    pub(super) leaf: Leaf,
    pub(super) hash: Hash,
}

/// Reads record after record, and holds each against the one before.
pub(super) struct Records<R> {
    file: R,
    /// Where the readable part of the file ends.
    end: u64,
    offset: u64,
    sequence: u64,
    before: Hash,
}

impl<R: Read> Records<R> {
    /// Reads on from the record of leaf `sequence` at `offset`, after a leaf with the hash `before`.
    pub(super) fn new(file: R, offset: u64, end: u64, sequence: u64, before: Hash) -> Records<R> {
        Records { file, end, offset, sequence, before }
    }

    /// Where the next record begins; after the last one, where the intact part of the file ends.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Gives the next leaf, or nothing at the end of the file or at a torn tail.
    ///
    /// # Errors
    /// [`AuditError::Corrupt`], [`AuditError::Unreadable`] and [`AuditError::File`].
    pub(super) fn next(&mut self) -> Result<Option<Found>, AuditError> {
        let mut record = Vec::with_capacity(RECORD_BYTES);
        if !self.fill(&mut record, HEADER_BYTES)? {
            return Ok(None);
        }
        let Some(length) = leaf_length(&record) else {
            return self.torn_or_corrupt(record);
        };
        if !self.fill(&mut record, length + CHECK_BYTES)? {
            return Ok(None);
        }
        let parts = record.split_at_checked(HEADER_BYTES).and_then(|(_, rest)| rest.split_at_checked(length));
        let Some((bytes, found)) = parts else {
            return Err(self.corrupt());
        };
        if found != check(&self.before, bytes) {
            return self.torn_or_corrupt(record);
        }
        let (sequence, leaf) = Leaf::parse(bytes)
            .map_err(|source| AuditError::Unreadable { sequence: self.sequence, source })?;
        if sequence != self.sequence {
            return Err(self.corrupt());
        }
        let found = Found { sequence, offset: self.offset, leaf, hash: leaf_hash(bytes) };
        self.offset += record.len() as u64;
        self.sequence += 1;
        self.before = found.hash;
        Ok(Some(found))
    }

    /// Reads more of the record that begins at `offset`; false when the file ends before.
    fn fill(&mut self, record: &mut Vec<u8>, more: usize) -> Result<bool, AuditError> {
        let wanted = record.len() + more;
        if self.end.saturating_sub(self.offset) < wanted as u64 {
            return Ok(false);
        }
        self.file.by_ref().take(more as u64).read_to_end(record).map_err(AuditError::File)?;
        if record.len() < wanted {
            return Err(AuditError::File(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(true)
    }

    /// A record that is not right: nothing more, if it is so near the end that it may be in the last piece that was
    /// written, and a sector that it lies in was never filled; else an error.
    fn torn_or_corrupt(&mut self, record: Vec<u8>) -> Result<Option<Found>, AuditError> {
        let left = self.end.saturating_sub(self.offset);
        if left > GROUP_BYTES {
            return Err(self.corrupt());
        }
        let (seen, mut tail) = (record.len(), record);
        let rest = left.saturating_sub(seen as u64);
        self.file.by_ref().take(rest).read_to_end(&mut tail).map_err(AuditError::File)?;
        if (tail.len() as u64) < left {
            return Err(AuditError::File(io::ErrorKind::UnexpectedEof.into()));
        }
        let into_sector = usize::try_from(self.offset % SECTOR_BYTES as u64).unwrap_or(0);
        let (mut begin, mut end) = (0, SECTOR_BYTES - into_sector);
        while begin < seen {
            let piece = tail.get(begin..end.min(tail.len())).unwrap_or_default();
            // The first byte of a record is always zero.
            if piece.iter().all(|byte| *byte == 0) && (begin > 0 || piece.len() > 1) {
                return Ok(None);
            }
            (begin, end) = (end, end + SECTOR_BYTES);
        }
        Err(self.corrupt())
    }

    /// The record at hand is not as it was written.
    pub(super) fn corrupt(&self) -> AuditError {
        AuditError::Corrupt { offset: self.offset, sequence: self.sequence }
    }
}

/// How many bytes two records have at most.
pub(super) const PAIR_BYTES: usize = 2 * RECORD_BYTES;

/// Reads one leaf and holds it against the one before, whose record begins these bytes; that of leaf 0 has none before
/// it. Nothing, if it is not that leaf.
pub(super) fn single(bytes: &[u8], sequence: u64) -> Option<(Leaf, Hash)> {
    let (before, bytes) = match sequence {
        0 => (START, bytes),
        _ => split(bytes).map(|(leaf, _, rest)| (leaf_hash(leaf), rest))?,
    };
    let (bytes, found, _) = split(bytes)?;
    let (place, leaf) = Leaf::parse(bytes).ok()?;
    (place == sequence && found == check(&before, bytes)).then(|| (leaf, leaf_hash(bytes)))
}

/// The leaf of the record that begins these bytes, its check, and what follows.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
    let (leaf, rest) = rest.split_at_checked(leaf_length(header)?)?;
    let (check, rest) = rest.split_at_checked(CHECK_BYTES)?;
    Some((leaf, check, rest))
}

fn leaf_length(header: &[u8]) -> Option<usize> {
    let [a, b, c, d] = *header else { return None };
    let length = u16::from_be_bytes([a, b]);
    if u16::from_be_bytes([c, d]) != !length {
        return None;
    }
    Some(usize::from(length)).filter(|length| (MIN_BYTES..=MAX_BYTES).contains(length))
}

fn check(before: &Hash, leaf: &[u8]) -> [u8; CHECK_BYTES] {
    let [a, b, c, d, e, f, g, h, ..] = sha256(&[before, leaf]);
    [a, b, c, d, e, f, g, h]
}
