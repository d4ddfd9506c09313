//! What is the one hash that stands for all leaves of the log? (RFC 6962, section 2.1)

use ring::digest::{Context, SHA256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Gives the hash of a leaf: SHA-256 over a zero byte and the leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    sha256(&[&[0], leaf])
}

/// A Merkle tree that grows leaf by leaf. It keeps one hash for every complete subtree at its right edge: 64 at most.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    size: u64,
    /// One hash for every bit that is set in `size`, the largest subtree first.
    subtrees: Vec<Hash>,
}

impl Tree {
    /// Makes a tree without leaves.
    #[must_use]
    pub fn new() -> Tree {
        Tree::default()
    }

    /// Adds a leaf by its [`leaf_hash`].
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// Tells how many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Gives the Merkle tree hash; SHA-256 of nothing for a tree without leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        let joined = self.subtrees.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or_else(|| sha256(&[]))
    }
}

/// Gives SHA-256 over the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    for (byte, made) in hash.iter_mut().zip(context.finish().as_ref()) {
        *byte = *made;
    }
    hash
}

/// Gives the hash of a node over its two subtrees.
pub(super) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}
