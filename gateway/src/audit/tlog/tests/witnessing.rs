//! Does a witness cosign only what has grown, and never forget what it has cosigned?

use super::{Checkpoint, Leaf, Store, files, fs, leaf, leaves, look, now, witness_of};
use crate::audit::tlog::{Memory, Witness, WitnessError};

fn grown(store: &Store, leaves: &[Leaf]) {
    store.write(leaves);
    store.publish().unwrap();
}

#[test]
fn what_has_grown_is_cosigned() {
    let all = leaves(600);
    let store = Store::with(&all[..10]);
    let witness = witness_of(&store, "witness");
    let first = look(&witness, &store, Memory::Begins).unwrap();
    assert_eq!(Checkpoint::cosigned(&first, witness.key.verifier()), Ok(now()));
    for size in [10, 255, 256, 600] {
        grown(&store, &all[..size]);
        let cosigned = look(&witness, &store, Memory::Kept).unwrap();
        assert_eq!(Checkpoint::open(&cosigned, &store.verifier()).unwrap(), store.checkpoint());
        assert_eq!(fs::read_to_string(&witness.state).unwrap(), cosigned.as_str());
    }
    // It needs no leaves.
    fs::remove_dir_all(store.tlog().join("tile/entries")).unwrap();
    look(&witness, &store, Memory::Kept).unwrap();
}

#[test]
fn a_rollback_and_a_fork_are_refused_and_kept() {
    let all = leaves(300);
    let store = Store::with(&all);
    let witness = witness_of(&store, "witness");
    let before = look(&witness, &store, Memory::Begins).unwrap();
    fs::remove_dir_all(store.tlog()).unwrap();
    grown(&store, &all[..299]);
    let refused = look(&witness, &store, Memory::Kept);
    assert!(matches!(refused, Err(WitnessError::Rollback { seen: 300, shown: 299 })));
    for size in [300, 301, 700] {
        fs::remove_dir_all(store.tlog()).unwrap();
        let mut other = leaves(size);
        other[7] = leaf(9, 7);
        grown(&store, &other);
        let refused = look(&witness, &store, Memory::Kept);
        assert!(matches!(refused, Err(WitnessError::Fork { seen: 300, shown }) if shown == size));
        assert_eq!(fs::read_to_string(store.path("witness.refused")).unwrap(), store.note().as_str());
    }
    assert_eq!(fs::read_to_string(&witness.state).unwrap(), before.as_str());
}

#[test]
fn what_was_seen_is_neither_lost_nor_believed_of_others() {
    let store = Store::with(&leaves(3));
    let witness = witness_of(&store, "witness");
    assert!(matches!(look(&witness, &store, Memory::Kept), Err(WitnessError::Forgotten { .. })));
    look(&witness, &store, Memory::Begins).unwrap();
    assert!(matches!(look(&witness, &store, Memory::Begins), Err(WitnessError::Begun { .. })));
    let state = fs::read_to_string(&witness.state).unwrap();
    for altered in [String::new(), state.replace("\n3\n", "\n2\n"), store.note().as_str().to_owned()] {
        fs::write(&witness.state, altered).unwrap();
        assert!(matches!(look(&witness, &store, Memory::Kept), Err(WitnessError::Remembered(_))));
    }
    fs::write(&witness.state, &state).unwrap();
    look(&witness, &store, Memory::Kept).unwrap();
}

#[test]
fn the_log_of_another_key_and_tiles_that_lead_elsewhere_are_refused() {
    let all = leaves(600);
    let store = Store::with(&all[..300]);
    let witness = witness_of(&store, "witness");
    look(&witness, &store, Memory::Begins).unwrap();
    let other = Store::with(&all);
    assert!(matches!(look(&witness, &other, Memory::Kept), Err(WitnessError::Shown(_))));
    grown(&store, &all);
    let state = fs::read(&witness.state).unwrap();
    let mut refused = 0;
    for (name, bytes) in files(&store.tlog()).into_iter().filter(|(name, _)| name.starts_with("tile/0")) {
        fs::write(store.tlog().join(&name), vec![7; bytes.len()]).unwrap();
        refused += u32::from(look(&witness, &store, Memory::Kept).is_err());
        fs::write(store.tlog().join(&name), &bytes).unwrap();
        fs::write(&witness.state, &state).unwrap();
    }
    // What was published of the last 88 leaves, and of the tile that was partial then, when it was full.
    assert!(refused >= 2, "{refused}");
    look(&witness, &store, Memory::Kept).unwrap();
}

#[test]
fn two_at_a_time_do_not_share_a_memory() {
    let store = Store::with(&leaves(3));
    let witness = witness_of(&store, "witness");
    look(&witness, &store, Memory::Begins).unwrap();
    let lock = fs::File::open(store.path("witness.lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(look(&witness, &store, Memory::Kept), Err(WitnessError::InUse)));
}

#[test]
fn a_key_of_a_log_does_not_witness() {
    let store = Store::with(&leaves(3));
    let witness = Witness { key: store.key(), log: store.verifier(), state: store.path("state") };
    assert!(look(&witness, &store, Memory::Begins).is_err());
    assert!(!store.path("state").exists());
}
