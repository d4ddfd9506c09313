//! Tests.

mod notes;
mod proofs;
mod publishing;
mod tampered;
mod witnessing;

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempDir;

use super::{
    Checkpoint, FOLDER, Memory, Publisher, Signature, SignedNote, SigningKey, Tiles, TlogError, Verifier,
    Witness, WitnessError,
};
use crate::audit::record::{START, encode};
use crate::audit::{AuditLog, Event, Hash, Leaf};

const NAME: &str = "log.example/polku";

fn now() -> Timestamp {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

/// The leaf that somebody has written as the so many-th.
fn leaf(writer: u8, number: u64) -> Leaf {
    let time = Timestamp::from_millisecond(1_772_438_400_000 + i64::try_from(number).unwrap()).unwrap();
    Leaf {
        time,
        event: Event::Read,
        actor: [writer; 32],
        refers_to: None,
        ..crate::audit::tests::leaf(number)
    }
}

fn leaves(count: u64) -> Vec<Leaf> {
    (0..count).map(|number| leaf(3, number)).collect()
}

/// A store's folder with a log and what is published of it.
struct Store {
    folder: TempDir,
}

impl Store {
    fn new() -> Store {
        // Where the machine has a disk in memory: what a sync does is not asked here, and there are thousands of them.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        let store = Store { folder: folder.unwrap() };
        SigningKey::create(&store.path("log.key"), NAME, Signature::Log).unwrap();
        store
    }

    /// The store with a log of these leaves, published.
    fn with(leaves: &[Leaf]) -> Store {
        let store = Store::new();
        store.write(leaves);
        store.publish().unwrap();
        store
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> PathBuf {
        self.path("audit.log")
    }

    fn tlog(&self) -> PathBuf {
        self.path(FOLDER)
    }

    fn key(&self) -> SigningKey {
        SigningKey::load(&self.path("log.key"), Signature::Log).unwrap()
    }

    fn verifier(&self) -> Verifier {
        self.key().verifier().clone()
    }

    /// Makes a log of these leaves, as the gateway would have written it.
    fn write(&self, leaves: &[Leaf]) {
        let (mut bytes, mut before) = (Vec::new(), START);
        for (sequence, leaf) in (0..).zip(leaves) {
            before = encode(&leaf.bytes(sequence), &before, &mut bytes).unwrap();
        }
        fs::write(self.log(), bytes).unwrap();
    }

    fn publish(&self) -> Result<(), TlogError> {
        let (log, _) = AuditLog::open(&self.log()).unwrap();
        Publisher::open(&log, self.tlog(), self.key()).map(drop)
    }

    fn note(&self) -> SignedNote {
        Tiles::checkpoint(&self.tlog()).unwrap()
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::open(&self.note(), &self.verifier()).unwrap()
    }

    fn tiles(&self) -> Tiles {
        Tiles::in_folder(&self.tlog(), self.checkpoint().size)
    }
}

/// Every file below a folder, by its name within it.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn leaf_hashes(leaves: &[Leaf]) -> Vec<Hash> {
    (0..).zip(leaves).map(|(sequence, leaf)| leaf.hash(sequence)).collect()
}

fn witness_of(store: &Store, name: &str) -> Witness {
    let key = SigningKey::create(&store.path(&format!("{name}.key")), name, Signature::Witness).unwrap();
    Witness { key, log: store.verifier(), state: store.path(name) }
}

/// What the witness says to the newest checkpoint of the store.
fn look(witness: &Witness, store: &Store, memory: Memory) -> Result<SignedNote, WitnessError> {
    let cosigned = witness.look(&store.tlog(), &store.note(), memory, now())?;
    assert_eq!(Checkpoint::cosigned(&cosigned, witness.key.verifier()), Ok(now()));
    Ok(cosigned)
}
