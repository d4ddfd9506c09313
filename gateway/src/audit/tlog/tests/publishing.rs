//! Is what is published made of the log alone, and never against it?

use std::os::unix::fs::PermissionsExt as _;

use super::{AuditLog, Publisher, Store, TlogError, files, fs, leaf, leaves};
use crate::audit::tlog::{Evidence, Period, Whole, export, verify};

fn verified(store: &Store) -> Result<Whole, TlogError> {
    let (log, tiles, key) = (store.log(), store.tlog(), store.verifier());
    let from_log = verify(&Evidence { log: Some(&log), tiles: Some(&tiles), key: &key, seen: &[] });
    let from_tiles = verify(&Evidence { log: None, tiles: Some(&tiles), key: &key, seen: &[] });
    assert_eq!(from_log.is_ok(), from_tiles.is_ok());
    from_log
}

#[test]
fn the_example_of_the_specification_has_its_tiles() {
    let store = Store::with(&leaves(70_000));
    let names: Vec<String> =
        files(&store.tlog()).iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    let of = |prefix: &str| names.iter().filter(|name| name.starts_with(prefix)).count();
    // 273 full tiles and a partial one on level 0, as many bundles, one full and one partial on level 1.
    assert_eq!((of("tile/0/"), of("tile/entries/"), of("tile/1/"), of("tile/2/")), (274, 274, 2, 1));
    for name in ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"] {
        assert!(names.iter().any(|found| found == name), "{name}");
    }
    let whole = verified(&store).unwrap();
    assert_eq!((whole.leaves, whole.covered), (70_000, 70_000));
}

#[test]
fn published_in_many_steps_or_in_one_it_is_the_same() {
    let all = leaves(600);
    let (stepwise, at_once) = (Store::new(), Store::new());
    for size in [1, 2, 3, 255, 256, 257, 511, 512, 530, 600] {
        stepwise.write(&all[..size]);
        stepwise.publish().unwrap();
        assert_eq!(verified(&stepwise).unwrap().covered, size as u64);
    }
    at_once.write(&all);
    at_once.publish().unwrap();
    assert_eq!(stepwise.checkpoint().root, at_once.checkpoint().root);
    // What is there of steps between is there as well.
    let found = files(&stepwise.tlog());
    for (name, bytes) in files(&at_once.tlog()) {
        let same = found.iter().any(|(other, content)| *other == name && *content == bytes);
        assert!(same || name.ends_with("checkpoint"), "{}", name.display());
    }
}

#[test]
fn what_is_lost_is_made_again() {
    let store = Store::with(&leaves(600));
    let before = files(&store.tlog());
    for (name, _) in &before {
        fs::remove_file(store.tlog().join(name)).unwrap();
        store.publish().unwrap();
        assert_eq!(files(&store.tlog()), before, "{}", name.display());
    }
    fs::remove_dir_all(store.tlog()).unwrap();
    store.publish().unwrap();
    assert_eq!(files(&store.tlog()), before);
}

#[test]
fn what_an_interrupted_attempt_has_left_does_not_stand_in_the_way() {
    let store = Store::with(&leaves(300));
    for name in ["checkpoint.new", "tile/0/001.new", "tile/entries/001.p/50.new"] {
        fs::write(store.tlog().join(name), b"half of somethi").unwrap();
    }
    store.write(&leaves(600));
    store.publish().unwrap();
    assert_eq!(verified(&store).unwrap().covered, 600);
}

#[test]
fn nothing_is_published_against_what_is_public() {
    let all = leaves(600);
    let store = Store::with(&all);
    for (name, bytes) in files(&store.tlog()) {
        let mut altered = bytes.clone();
        *altered.last_mut().unwrap() ^= 1;
        fs::write(store.tlog().join(&name), &altered).unwrap();
        assert!(store.publish().is_err(), "{}", name.display());
        assert!(verified(&store).is_err(), "{}", name.display());
        assert_eq!(fs::read(store.tlog().join(&name)).unwrap(), altered);
        fs::write(store.tlog().join(&name), &bytes).unwrap();
    }
    store.publish().unwrap();
    // A log that was cut, and one that was rewritten.
    store.write(&all[..599]);
    assert!(matches!(store.publish(), Err(TlogError::Shorter { leaves: 599, size: 600 })));
    let mut other = all.clone();
    other[599] = leaf(9, 599);
    store.write(&other);
    assert!(matches!(store.publish(), Err(TlogError::Rewritten { size: 600 })));
    other = all.clone();
    other[0] = leaf(9, 0);
    store.write(&other);
    assert!(matches!(store.publish(), Err(TlogError::Contradicts { .. })));
    // Another key.
    store.write(&all);
    let (log, _) = AuditLog::open(&store.log()).unwrap();
    let refused = Publisher::open(&log, store.tlog(), Store::new().key());
    assert!(matches!(refused, Err(TlogError::Checkpoint(_))));
}

#[test]
fn a_tile_that_appears_under_a_running_publisher_stops_it() {
    let store = Store::with(&leaves(100));
    let (log, _) = AuditLog::open(&store.log()).unwrap();
    let mut publisher = Publisher::open(&log, store.tlog(), store.key()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(log.append(leaf(3, 100))).unwrap();
    let path = store.tlog().join("tile/0/000.p/101");
    fs::write(&path, [7; 101 * 32]).unwrap();
    assert!(matches!(publisher.publish(), Err(TlogError::Contradicts { .. })));
    assert_eq!(store.checkpoint().size, 100);
    fs::remove_file(&path).unwrap();
    publisher.publish().unwrap();
    assert_eq!((store.checkpoint().size, publisher.published()), (101, 101));
    assert_eq!(verified(&store).unwrap().covered, 101);
}

#[test]
fn hashes_are_for_everybody_and_leaves_are_not() {
    let store = Store::with(&leaves(300));
    for (name, _) in files(&store.tlog()) {
        let mode = fs::metadata(store.tlog().join(&name)).unwrap().permissions().mode() & 0o077;
        assert!(mode == 0 || !name.starts_with("tile/entries"), "{}", name.display());
    }
}

#[test]
fn an_export_has_the_leaves_of_the_period_and_their_proofs() {
    let store = Store::with(&leaves(300));
    let (from, until) = (leaf(3, 250).time, leaf(3, 260).time);
    let mut out = Vec::new();
    let written = export(&store.tlog(), &store.verifier(), Period { from, until }, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((written, lines.len()), (10, 11));
    assert_eq!(lines[0]["checkpoint"], store.note().as_str());
    assert_eq!(lines[1]["sequence"], 250);
    assert_eq!(lines[1]["event"], "Read");
    assert_eq!(lines[1]["proof"].as_array().unwrap().len(), 9);
}
