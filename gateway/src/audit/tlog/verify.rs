//! Is a log whole, is it what was published of it, and is it the one that others have seen?
//!
//! Everything is made again from the leaves, from the log itself or from the published ones, and held against every tile
//! and every checkpoint. What was signed is all that counts: leaves after the newest checkpoint prove nothing yet.

use std::fs::File;
use std::path::Path;

use super::TlogError;
use super::checkpoint::Checkpoint;
use super::edge::{Edge, Filled};
use super::note::{SignedNote, Verifier};
use super::tile::{Tiles, WIDTH};
use crate::audit::log::read_file;
use crate::audit::{Hash, leaf_hash};

/// What to hold against each other.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The file of the log; without it, its leaves are those that were published.
    pub log: Option<&'a Path>,
    /// The folder into which it was published.
    pub tiles: Option<&'a Path>,
    /// The key of the log.
    pub key: &'a Verifier,
    /// Checkpoints that somebody has kept, cosigned or not.
    pub seen: &'a [SignedNote],
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// How many leaves there are.
    pub leaves: u64,
    /// How many of them a checkpoint covers.
    pub covered: u64,
    /// Merkle tree hash over all of them.
    pub root: Hash,
}

/// Reads a log from its first leaf to its last one and holds it against all the evidence. Changes nothing. Blocks.
///
/// # Errors
/// [`TlogError`]: what does not fit.
pub fn verify(evidence: &Evidence<'_>) -> Result<Whole, TlogError> {
    let mut checkpoints = Vec::new();
    let mut published = 0;
    if let Some(folder) = evidence.tiles {
        // Before the leaves are read: a log that is in use is longer by then, never shorter.
        let newest = Checkpoint::open(&Tiles::checkpoint(folder)?, evidence.key)?;
        published = newest.size;
        checkpoints.push(newest);
    }
    for note in evidence.seen {
        checkpoints.push(Checkpoint::open(note, evidence.key)?);
    }
    checkpoints.sort_by_key(|checkpoint| checkpoint.size);
    let tiles = evidence.tiles.map(|folder| Tiles::in_folder(folder, published));
    let mut making = Making { edge: Edge::default(), tiles, published, checkpoints: &checkpoints };
    making.reached()?;
    match (evidence.log, evidence.tiles) {
        (Some(log), _) => {
            let file = File::open(log).map_err(|source| TlogError::File { path: log.to_owned(), source })?;
            read_file(&file, |leaf, hash| making.add(leaf, hash))?;
        }
        (None, Some(folder)) => {
            let tiles = Tiles::in_folder(folder, published);
            for index in 0..published.div_ceil(WIDTH) {
                for leaf in tiles.leaves(index)? {
                    making.add(&leaf, leaf_hash(&leaf))?;
                }
            }
        }
        (None, None) => {}
    }
    let leaves = making.edge.size();
    match making.checkpoints.first() {
        Some(missing) => Err(TlogError::Shorter { leaves, size: missing.size }),
        None => {
            let covered = checkpoints.last().map_or(0, |checkpoint| checkpoint.size);
            Ok(Whole { leaves, covered, root: making.edge.root() })
        }
    }
}

/// The log as it is made again.
struct Making<'a> {
    edge: Edge,
    tiles: Option<Tiles>,
    published: u64,
    /// Those that have not been reached yet.
    checkpoints: &'a [Checkpoint],
}

impl Making<'_> {
    fn add(&mut self, leaf: &[u8], hash: Hash) -> Result<(), TlogError> {
        let mut full = Vec::new();
        self.edge.push(leaf, hash, &mut full);
        if self.edge.size() <= self.published {
            self.compare(&full)?;
        }
        self.reached()
    }

    fn reached(&mut self) -> Result<(), TlogError> {
        while let Some((next, rest)) = self.checkpoints.split_first()
            && next.size == self.edge.size()
        {
            if next.root != self.edge.root() {
                return Err(TlogError::Rewritten { size: next.size });
            }
            if next.size == self.published {
                self.compare(&self.edge.partial())?;
            }
            self.checkpoints = rest;
        }
        Ok(())
    }

    /// A tile, and those of it that were published while it was not full.
    fn compare(&self, made: &[Filled]) -> Result<(), TlogError> {
        let Some(tiles) = &self.tiles else { return Ok(()) };
        for Filled { id, bytes } in made {
            if tiles.bytes(*id)?.get(..bytes.len()) != Some(bytes) {
                return Err(TlogError::Contradicts { tile: id.to_string() });
            }
            for part in tiles.parts(*id)? {
                let found = tiles.bytes(part)?;
                let same = bytes.starts_with(&found) && part.count(&found) == Some(part.width);
                // What was published since the newest checkpoint was read.
                if !same && part.width <= id.width {
                    return Err(TlogError::Contradicts { tile: part.to_string() });
                }
            }
        }
        Ok(())
    }
}
