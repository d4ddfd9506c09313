//! Is every log that was tampered with found out, by `polku audit verify` or by a witness?
//!
//! Five hundred of them in a run; `POLKU_TAMPERED_LOGS` says another number, and `POLKU_SEED` names the only one.

use std::path::Path;

use super::{Leaf, Publisher, SigningKey, Store, TlogError, files, fs, leaf, leaves, look, now, witness_of};
use crate::audit::AuditLog;
use crate::audit::tlog::{Evidence, Memory, SignedNote, Whole, Witness, WitnessError, verify};
use crate::tests::number;

const LOGS: u64 = 500;

/// What is done to a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attack {
    /// A bit of the log is turned.
    LogBit,
    /// A bit of what was published is turned.
    TileBit,
    /// Something that was published is taken away.
    TileGone,
    /// Leaves are changed, and everything is made anew but the signature.
    Rewritten,
    /// The end is cut off the log, also in the middle of a leaf.
    Truncated,
    /// The log is made anew with another key of the same name.
    OtherKey,
    /// An old copy of everything stands in its place.
    RolledBack,
    /// Leaves are changed, and the log's own key signs them.
    Resigned,
    /// An old copy goes on with other leaves.
    Forked,
    /// Two witnesses are shown two logs.
    SplitView,
}

const ATTACKS: [Attack; 10] = [
    Attack::LogBit,
    Attack::TileBit,
    Attack::TileGone,
    Attack::Rewritten,
    Attack::Truncated,
    Attack::OtherKey,
    Attack::RolledBack,
    Attack::Resigned,
    Attack::Forked,
    Attack::SplitView,
];

/// Numbers that look random and are the same for the same seed (splitmix64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}

#[test]
fn every_tampered_log_is_found_out() {
    let seeds = match number("POLKU_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("POLKU_TAMPERED_LOGS").unwrap_or(LOGS),
    };
    for seed in seeds {
        let attack = ATTACKS[usize::try_from(seed % ATTACKS.len() as u64).unwrap()];
        let found_out = std::panic::catch_unwind(|| Scene::new(seed).suffers(attack));
        assert!(
            matches!(found_out, Ok(true)),
            "{attack:?} was not found out: POLKU_SEED={seed} cargo test -p polku-gateway every_tampered_log"
        );
    }
}

/// A log that was witnessed, and has grown since.
struct Scene {
    draws: Draws,
    /// How many leaves the witness has seen.
    seen: usize,
    leaves: Vec<Leaf>,
    store: Store,
    witness: Witness,
}

impl Scene {
    fn new(seed: u64) -> Scene {
        let mut draws = Draws(seed);
        // Around the width of a tile, where most can go wrong, or anywhere.
        let seen = match draws.below(3) {
            0 => 250 + draws.index(12),
            1 => 1 + draws.index(20),
            _ => 1 + draws.index(540),
        };
        let most = if draws.below(2) == 0 { 5 } else { 260 };
        let later = seen + 1 + draws.index(most);
        let leaves = leaves(later as u64);
        let store = Store::with(&leaves[..seen]);
        let witness = witness_of(&store, "witness");
        look(&witness, &store, Memory::Begins).unwrap();
        store.write(&leaves);
        store.publish().unwrap();
        let scene = Scene { draws, seen, leaves, store, witness };
        assert_eq!(scene.verify(&[]).unwrap().covered, later as u64);
        scene
    }

    /// Attacks the log, and tells whether it was found out.
    fn suffers(mut self, attack: Attack) -> bool {
        let cosigned = look(&self.witness, &self.store, Memory::Kept).unwrap();
        match attack {
            Attack::LogBit => {
                let log = self.store.log();
                self.turn_a_bit(&log);
                self.verify(&[]).is_err()
            }
            Attack::TileBit => {
                let file = self.any_published();
                self.turn_a_bit(&file);
                self.verify(&[]).is_err()
            }
            Attack::TileGone => {
                // A partial tile that has become full is not needed any more, nor one of an older checkpoint.
                let needed = Store::with(&self.leaves);
                let names = files(&needed.tlog());
                let (name, _) = &names[self.draws.index(names.len())];
                fs::remove_file(self.store.tlog().join(name)).unwrap();
                self.verify(&[]).is_err()
            }
            Attack::Rewritten => {
                let altered = self.altered(self.leaves.len());
                let note = self.store.note();
                self.remake(&altered, None);
                fs::write(self.store.tlog().join("checkpoint"), note.as_str()).unwrap();
                self.verify(&[]).is_err()
            }
            Attack::Truncated => {
                let whole = fs::read(self.store.log()).unwrap();
                let length = self.draws.index(whole.len());
                fs::write(self.store.log(), &whole[..length]).unwrap();
                self.verify(&[]).is_err()
            }
            Attack::OtherKey => {
                let other = Store::new();
                let altered = self.altered(self.leaves.len());
                self.remake(&altered, Some(other.key()));
                self.verify(&[]).is_err() && look(&self.witness, &self.store, Memory::Kept).is_err()
            }
            Attack::RolledBack => {
                let earlier = 1 + self.draws.index(self.leaves.len() - 1);
                let old = self.leaves[..earlier].to_vec();
                self.remake(&old, None);
                self.rolled_back(&cosigned)
            }
            Attack::Resigned => {
                let altered = self.altered(self.leaves.len());
                self.remake(&altered, None);
                self.contradicted(&cosigned)
            }
            Attack::Forked => {
                let mut other = self.leaves[..self.seen].to_vec();
                let more = self.leaves.len() - self.seen + self.draws.index(270);
                other.extend((0..more as u64).map(|number| leaf(7, number)));
                self.remake(&other, None);
                self.contradicted(&cosigned)
            }
            Attack::SplitView => self.split(&cosigned),
        }
    }

    /// Both witnesses have cosigned what they were shown; whoever has both checkpoints sees that one is wrong, and so does
    /// either witness that is shown the checkpoint of the other.
    fn split(mut self, cosigned: &SignedNote) -> bool {
        let second = witness_of(&self.store, "second");
        let mut other = self.leaves[..self.seen].to_vec();
        let more = 1 + self.draws.index(270);
        other.extend((0..more as u64).map(|number| leaf(7, number)));
        self.remake(&other, None);
        let also = look(&second, &self.store, Memory::Begins).unwrap();
        let neither = self.verify(&[cosigned.clone(), also.clone()]).is_err();
        // The log cannot even show a witness its own tiles for it.
        let shown = self.witness.look(&self.store.tlog(), &also, Memory::Kept, now()).is_err();
        let all = self.leaves.clone();
        self.remake(&all, None);
        let either = self.verify(&[cosigned.clone(), also]).is_err();
        neither && either && shown && second.look(&self.store.tlog(), cosigned, Memory::Kept, now()).is_err()
    }

    /// The log is right by itself; only what was seen of it before gives it away.
    fn rolled_back(&self, cosigned: &SignedNote) -> bool {
        self.verify(&[]).unwrap();
        matches!(self.verify(std::slice::from_ref(cosigned)), Err(TlogError::Shorter { .. }))
            && matches!(look(&self.witness, &self.store, Memory::Kept), Err(WitnessError::Rollback { .. }))
    }

    fn contradicted(&self, cosigned: &SignedNote) -> bool {
        self.verify(&[]).unwrap();
        let refused = look(&self.witness, &self.store, Memory::Kept);
        self.verify(std::slice::from_ref(cosigned)).is_err()
            && matches!(refused, Err(WitnessError::Fork { .. } | WitnessError::Rollback { .. }))
    }

    /// The leaves with one of the first so many changed, left out, written in, or exchanged with the next one.
    fn altered(&mut self, among: usize) -> Vec<Leaf> {
        let mut leaves = self.leaves.clone();
        let place = self.draws.index(among);
        match self.draws.below(4) {
            0 => leaves[place].actor[self.draws.index(32)] ^= 1 << self.draws.below(8),
            1 => drop(leaves.remove(place)),
            2 => leaves.insert(place, leaf(9, 0)),
            _ if place + 1 < leaves.len() => leaves.swap(place, place + 1),
            _ => leaves[place].withheld ^= 1,
        }
        leaves
    }

    /// Makes the log and everything of it anew, with its own key or another one.
    fn remake(&self, leaves: &[Leaf], key: Option<SigningKey>) {
        self.store.write(leaves);
        fs::remove_dir_all(self.store.tlog()).unwrap();
        let (log, _) = AuditLog::open(&self.store.log()).unwrap();
        let key = key.unwrap_or_else(|| self.store.key());
        Publisher::open(&log, self.store.tlog(), key).unwrap();
    }

    fn any_published(&mut self) -> std::path::PathBuf {
        let published = files(&self.store.tlog());
        self.store.tlog().join(&published[self.draws.index(published.len())].0)
    }

    fn turn_a_bit(&mut self, file: &Path) {
        let mut bytes = fs::read(file).unwrap();
        let place = self.draws.index(bytes.len());
        bytes[place] ^= 1 << self.draws.below(8);
        fs::write(file, bytes).unwrap();
    }

    fn verify(&self, seen: &[SignedNote]) -> Result<Whole, TlogError> {
        let (log, tiles, key) = (self.store.log(), self.store.tlog(), self.store.verifier());
        verify(&Evidence { log: Some(&log), tiles: Some(&tiles), key: &key, seen })
    }
}
