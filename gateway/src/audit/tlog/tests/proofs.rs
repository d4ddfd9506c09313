//! Do proofs hold for what is so, and for nothing else?

use super::{Hash, Store, TlogError, leaf_hashes, leaves};
use crate::audit::tlog::proof::{consistency, continues, includes};
use crate::audit::tlog::tile::{Kind, TileId};
use crate::audit::tlog::{Checkpoint, InclusionProof};
use crate::audit::{Receipt, Tree};

/// The trees of the first leaves, of none up to all of them.
fn checkpoints(hashes: &[Hash]) -> Vec<Checkpoint> {
    let mut tree = Tree::new();
    let mut all = Vec::new();
    for next in hashes.iter().map(Some).chain([None]) {
        all.push(Checkpoint { origin: String::new(), size: tree.size(), root: tree.root() });
        if let Some(hash) = next {
            tree.push(*hash);
        }
    }
    all
}

#[test]
fn every_leaf_of_every_tree_is_proven_and_no_other() {
    let leaves = leaves(70);
    let hashes = leaf_hashes(&leaves);
    let store = Store::with(&leaves);
    let trees = checkpoints(&hashes);
    for size in 1..=leaves.len() as u64 {
        let checkpoint = &trees[usize::try_from(size).unwrap()];
        let note = Checkpoint { origin: store.verifier().name().to_owned(), ..checkpoint.clone() };
        let note = note.sign(&store.key()).unwrap();
        for index in 0..size {
            let proof =
                InclusionProof::make(&mut store.tiles(), index, note.clone(), &store.verifier()).unwrap();
            let leaf = hashes[usize::try_from(index).unwrap()];
            assert!(includes(&leaf, index, checkpoint, &proof.hashes), "{index} in {size}");
            assert!(!includes(&leaf, index + 1, checkpoint, &proof.hashes), "{index} in {size}");
            assert!(!includes(&[9; 32], index, checkpoint, &proof.hashes), "{index} in {size}");
            let (longer, shorter) =
                ([proof.hashes.as_slice(), &[[9; 32]]].concat(), proof.hashes.split_last());
            assert!(!includes(&leaf, index, checkpoint, &longer), "{index} in {size}");
            assert!(
                shorter.is_none_or(|(_, rest)| !includes(&leaf, index, checkpoint, rest)),
                "{index} in {size}"
            );
        }
    }
}

#[test]
fn every_growth_is_proven_and_no_other() {
    let leaves = leaves(70);
    let hashes = leaf_hashes(&leaves);
    let store = Store::with(&leaves);
    let trees = checkpoints(&hashes);
    for (old, new) in (0..=70).flat_map(|new| (0..=new).map(move |old| (old, new))) {
        let proof = consistency(&mut store.tiles(), old, new).unwrap();
        let [before, after] = [old, new].map(|size| trees[usize::try_from(size).unwrap()].clone());
        assert!(continues(&before, &after, &proof), "{old} to {new}");
        let other = |tree: &Checkpoint| Checkpoint { root: [9; 32], ..tree.clone() };
        assert!(!continues(&before, &other(&after), &proof) || old == 0, "{old} to {new}");
        assert!(!continues(&other(&before), &after, &proof) || old == 0, "{old} to {new}");
        assert!(!continues(&before, &after, &[proof.as_slice(), &[[9; 32]]].concat()), "{old} to {new}");
        if old < new {
            assert!(!continues(&after, &before, &proof), "{new} to {old}");
        }
    }
}

#[test]
fn a_proof_reaches_over_levels_of_tiles() {
    let leaves = leaves(66_000);
    let hashes = leaf_hashes(&leaves);
    let store = Store::with(&leaves);
    let mut tiles = store.tiles();
    for index in [0, 255, 256, 65_535, 65_536, 65_999] {
        let proof = InclusionProof::make(&mut tiles, index, store.note(), &store.verifier()).unwrap();
        let read = InclusionProof::parse(&proof.to_string()).unwrap();
        assert_eq!(read, proof);
        let receipt = Receipt { sequence: index, leaf_hash: hashes[usize::try_from(index).unwrap()] };
        assert_eq!(read.check(&receipt, &store.verifier()).unwrap(), store.checkpoint());
        let other = Receipt { leaf_hash: [9; 32], ..receipt };
        assert!(matches!(read.check(&other, &store.verifier()), Err(TlogError::Proof)));
        let other = Receipt { sequence: index ^ 1, ..receipt };
        assert!(matches!(read.check(&other, &store.verifier()), Err(TlogError::Proof)));
        assert!(read.check(&receipt, &Store::new().verifier()).is_err());
    }
    let beyond = InclusionProof::make(&mut tiles, 66_000, store.note(), &store.verifier());
    assert!(matches!(beyond, Err(TlogError::NotYet { index: 66_000, size: 66_000 })));
    let trees = checkpoints(&hashes);
    for old in [1, 255, 256, 257, 4096, 65_535, 65_536, 65_537, 65_999] {
        let proof = consistency(&mut tiles, old, 66_000).unwrap();
        assert!(continues(&trees[usize::try_from(old).unwrap()], &store.checkpoint(), &proof), "{old}");
    }
}

#[test]
fn a_proof_is_read_in_one_form_only() {
    let store = Store::with(&leaves(5));
    let proof = InclusionProof::make(&mut store.tiles(), 2, store.note(), &store.verifier()).unwrap();
    let text = proof.to_string();
    let extra = text.replacen("index", "extra c29tZXRoaW5n\nindex", 1);
    assert_eq!(InclusionProof::parse(&extra).unwrap(), proof);
    for (from, to) in
        [("@v1", "@v2"), ("index 2", "index 02"), ("index 2", "2"), ("\n\n", "\n"), ("=\n", "\n")]
    {
        assert!(InclusionProof::parse(&text.replacen(from, to, 1)).is_err(), "{from:?}");
    }
}

#[test]
fn tiles_have_the_published_names() {
    let name = |kind, index, width| TileId { kind, index, width }.to_string();
    assert_eq!(name(Kind::Hashes(0), 0, 256), "tile/0/000");
    assert_eq!(name(Kind::Hashes(1), 1_234_067, 256), "tile/1/x001/x234/067");
    assert_eq!(name(Kind::Entries, 1000, 112), "tile/entries/x001/000.p/112");
}
