//! Where does each hash and each leaf of a published log stand? (C2SP tlog-tiles)
//!
//! `tile/L/N` holds 256 hashes of level L, one after the other; each is the Merkle tree hash of a full tile of the level
//! below, on level 0 that of a leaf. `tile/entries/N` holds the same 256 leaves, each after its length in two bytes,
//! big-endian. Where there are fewer than 256 yet, how many stands behind `.p/`. N is written in groups of three digits,
//! all but the last one with an `x` before them: 1234067 is `x001/x234/067`.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::TlogError;
use super::checkpoint::decimal;
use super::note::{NOTE_BYTES, SignedNote};
use crate::audit::Hash;
use crate::audit::merkle::node_hash;

/// How many hashes a full tile has.
pub(super) const WIDTH: u64 = 256;

/// Levels of the tree in one tile.
const HEIGHT: u32 = 8;

const HASH_BYTES: usize = 32;

/// The file in which the newest checkpoint stands.
pub(super) const CHECKPOINT: &str = "checkpoint";

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Hashes of a level.
    Hashes(u32),
    /// Leaves.
    Entries,
}

/// The name of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TileId {
    pub(super) kind: Kind,
    pub(super) index: u64,
    /// From 1 to [`WIDTH`].
    pub(super) width: u64,
}

impl TileId {
    /// The tile at an index of a level, as a tree of this size has it; nothing, if it has none there.
    fn within(kind: Kind, index: u64, size: u64) -> Option<TileId> {
        let level = match kind {
            Kind::Hashes(level) => level,
            Kind::Entries => 0,
        };
        let count = size.checked_shr(HEIGHT * level).unwrap_or(0);
        let width = count.saturating_sub(index.checked_mul(WIDTH)?).min(WIDTH);
        (width > 0).then_some(TileId { kind, index, width })
    }

    /// How many hashes or leaves these bytes are; nothing, if there is something left over.
    pub(super) fn count(self, bytes: &[u8]) -> Option<u64> {
        match self.kind {
            Kind::Hashes(_) => {
                bytes.len().is_multiple_of(HASH_BYTES).then_some((bytes.len() / HASH_BYTES) as u64)
            }
            Kind::Entries => {
                let (mut rest, mut count) = (bytes, 0);
                while !rest.is_empty() {
                    rest = first_leaf(rest)?.1;
                    count += 1;
                }
                Some(count)
            }
        }
    }

    /// The same tile when it is full.
    pub(super) fn full(self) -> TileId {
        TileId { width: WIDTH, ..self }
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Hashes(level) => write!(formatter, "tile/{level}")?,
            Kind::Entries => formatter.write_str("tile/entries")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (place, group) in groups.iter().enumerate().rev() {
            let mark = if place > 0 { "x" } else { "" };
            write!(formatter, "/{mark}{group:03}")?;
        }
        if self.width < WIDTH { write!(formatter, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// A published log in a folder, as one tree of it was.
#[derive(Debug)]
pub struct Tiles {
    folder: PathBuf,
    size: u64,
    kept: HashMap<TileId, Vec<Hash>>,
}

impl Tiles {
    /// Looks at the tree of so many leaves in a folder. Nothing is read yet.
    #[must_use]
    pub fn in_folder(folder: &Path, size: u64) -> Tiles {
        Tiles { folder: folder.to_owned(), size, kept: HashMap::new() }
    }

    /// Reads the newest checkpoint of a published log. Its signature has not been looked at.
    ///
    /// # Errors
    /// [`TlogError::File`] and [`TlogError::Note`].
    pub fn checkpoint(folder: &Path) -> Result<SignedNote, TlogError> {
        read_note(&folder.join(CHECKPOINT))
    }

    /// The Merkle tree hash of the leaves from one to another, where RFC 6962 has such a subtree.
    pub(super) fn subtree(&mut self, from: u64, to: u64) -> Result<Hash, TlogError> {
        let leaves = to.saturating_sub(from);
        if leaves.is_power_of_two() {
            return self.perfect(leaves.trailing_zeros(), from / leaves);
        }
        let middle = from + split(leaves);
        Ok(node_hash(&self.subtree(from, middle)?, &self.subtree(middle, to)?))
    }

    /// The hash of a subtree that is full.
    fn perfect(&mut self, height: u32, index: u64) -> Result<Hash, TlogError> {
        let (level, within) = (height / HEIGHT, height % HEIGHT);
        let first = index << within;
        let kind = Kind::Hashes(level);
        let id = TileId::within(kind, first / WIDTH, self.size)
            .ok_or(TlogError::Missing { tile: kind_name(kind, first / WIDTH) })?;
        let hashes = self.hashes(id)?;
        let part = hashes.iter().skip(usize_of(first % WIDTH)).take(1 << within).copied().collect();
        joined(part).ok_or_else(|| TlogError::Length { tile: id.to_string() })
    }

    fn hashes(&mut self, id: TileId) -> Result<&[Hash], TlogError> {
        if !self.kept.contains_key(&id) {
            let bytes = self.bytes(id)?;
            let wanted = usize_of(id.width);
            let (chunks, _) = bytes.as_chunks::<HASH_BYTES>();
            if chunks.len() < wanted || bytes.len() % HASH_BYTES != 0 {
                return Err(TlogError::Length { tile: id.to_string() });
            }
            self.kept.insert(id, chunks.iter().take(wanted).copied().collect());
        }
        self.kept.get(&id).map(Vec::as_slice).ok_or_else(|| TlogError::Missing { tile: id.to_string() })
    }

    /// The leaves from a multiple of 256 on, 256 or as many as there are.
    pub(super) fn leaves(&self, index: u64) -> Result<Vec<Vec<u8>>, TlogError> {
        let kind = Kind::Entries;
        let id = TileId::within(kind, index, self.size)
            .ok_or_else(|| TlogError::Missing { tile: kind_name(kind, index) })?;
        let bytes = self.bytes(id)?;
        let mut rest = bytes.as_slice();
        let mut leaves = Vec::with_capacity(usize_of(id.width));
        while (leaves.len() as u64) < id.width {
            let (leaf, after) = first_leaf(rest).ok_or_else(|| TlogError::Length { tile: id.to_string() })?;
            leaves.push(leaf.to_vec());
            rest = after;
        }
        Ok(leaves)
    }

    /// The tiles that were published of this one while it was not full, or less full.
    pub(super) fn parts(&self, id: TileId) -> Result<Vec<TileId>, TlogError> {
        let path = self.folder.join(format!("{}.p", id.full()));
        let failed = |source| TlogError::File { path: path.clone(), source };
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut parts = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let width = name.to_str().and_then(decimal).filter(|width| (1..WIDTH).contains(width));
            parts.extend(width.map(|width| TileId { width, ..id }));
        }
        Ok(parts)
    }

    /// What a tile holds; when the log has grown over a partial one, the full one, which begins with the same.
    pub(super) fn bytes(&self, id: TileId) -> Result<Vec<u8>, TlogError> {
        match read(&self.folder.join(id.to_string()), &id)? {
            Some(bytes) => Ok(bytes),
            None if id.width < WIDTH => read(&self.folder.join(id.full().to_string()), &id)?
                .ok_or_else(|| TlogError::Missing { tile: id.to_string() }),
            None => Err(TlogError::Missing { tile: id.to_string() }),
        }
    }
}

/// The leaf that begins these bytes, and what follows.
fn first_leaf(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// The largest power of two that is smaller than a number from 2 on.
pub(super) fn split(leaves: u64) -> u64 {
    1 << leaves.saturating_sub(1).checked_ilog2().unwrap_or(0)
}

/// The hash over a row of hashes that are as many as a power of two.
pub(super) fn joined(mut row: Vec<Hash>) -> Option<Hash> {
    while row.len() > 1 {
        let (pairs, rest) = row.as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        row = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied()
}

/// Reads a note from a file.
///
/// # Errors
/// [`TlogError::File`] and [`TlogError::Note`].
pub fn read_note(path: &Path) -> Result<SignedNote, TlogError> {
    use std::io::Read as _;
    let failed = |source| TlogError::File { path: path.to_owned(), source };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(NOTE_BYTES as u64 + 1).read_to_string(&mut text).map_err(failed)?;
    SignedNote::parse(&text).map_err(|source| TlogError::Note { path: path.to_owned(), source })
}

/// Reads a note from a file, or nothing where there is no file.
///
/// # Errors
/// Those of [`read_note`].
pub fn note_if_any(path: &Path) -> Result<Option<SignedNote>, TlogError> {
    match read_note(path) {
        Ok(note) => Ok(Some(note)),
        Err(TlogError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read(path: &Path, id: &TileId) -> Result<Option<Vec<u8>>, TlogError> {
    use std::io::Read as _;
    let most = match id.kind {
        Kind::Hashes(_) => HASH_BYTES as u64,
        Kind::Entries => 2 + u64::from(u16::MAX),
    } * WIDTH;
    let failed = |source| TlogError::File { path: path.to_owned(), source };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

fn kind_name(kind: Kind, index: u64) -> String {
    TileId { kind, index, width: WIDTH }.to_string()
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
