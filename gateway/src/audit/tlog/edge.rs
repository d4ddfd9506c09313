//! Which tiles does a log fill as it grows?
//!
//! The right edge of the tree is all that it takes: the last tile of every level, and the last leaves.

use super::tile::{Kind, TileId, WIDTH, joined};
use crate::audit::{Hash, Tree};

/// A tile that has been filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) id: TileId,
    pub(super) bytes: Vec<u8>,
}

/// The right edge of a tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Edge {
    tree: Tree,
    entries: Vec<u8>,
    levels: Vec<Level>,
}

#[derive(Debug, Clone, Default)]
struct Level {
    /// How many full tiles are left of it.
    full: u64,
    hashes: Vec<Hash>,
}

impl Level {
    fn tile(&self, level: u32) -> Filled {
        let id = TileId { kind: Kind::Hashes(level), index: self.full, width: self.hashes.len() as u64 };
        Filled { id, bytes: self.hashes.as_flattened().to_vec() }
    }
}

impl Edge {
    /// How many leaves there are.
    pub(super) fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The Merkle tree hash.
    pub(super) fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Adds a leaf, and the tiles that are full by it.
    pub(super) fn push(&mut self, leaf: &[u8], hash: Hash, full: &mut Vec<Filled>) {
        let index = self.tree.size() / WIDTH;
        self.tree.push(hash);
        // A leaf has at most 231 bytes.
        self.entries.extend(u16::try_from(leaf.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.entries.extend(leaf);
        if self.tree.size().is_multiple_of(WIDTH) {
            let id = TileId { kind: Kind::Entries, index, width: WIDTH };
            full.push(Filled { id, bytes: std::mem::take(&mut self.entries) });
        }
        let mut up = Some(hash);
        let mut number = 0;
        while let Some(hash) = up.take() {
            if self.levels.len() as u64 == u64::from(number) {
                self.levels.push(Level::default());
            }
            let Some(level) = self.levels.get_mut(number as usize) else { return };
            level.hashes.push(hash);
            if level.hashes.len() as u64 == WIDTH {
                full.push(level.tile(number));
                level.full += 1;
                up = joined(std::mem::take(&mut level.hashes));
            }
            number += 1;
        }
    }

    /// The tiles that are not full.
    pub(super) fn partial(&self) -> Vec<Filled> {
        let mut tiles = Vec::new();
        for (number, level) in (0..).zip(&self.levels) {
            if !level.hashes.is_empty() {
                tiles.push(level.tile(number));
            }
        }
        let width = self.tree.size() % WIDTH;
        if width > 0 {
            let id = TileId { kind: Kind::Entries, index: self.tree.size() / WIDTH, width };
            tiles.push(Filled { id, bytes: self.entries.clone() });
        }
        tiles
    }
}
