//! Tests.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{
    AuditError, AuditLog, Event, Hash, Leaf, LeafError, Recovery, Tree, Verdict, commitment, leaf_hash,
};

/// Held by who has a log on one of the machine's devices: a log is written by one at a time.
pub(super) static DEVICES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The leaf that somebody has written as the so many-th.
pub(super) fn leaf(number: u64) -> Leaf {
    Leaf {
        time: Timestamp::from_millisecond(1_772_438_400_000).unwrap(),
        event: Event::SendReferral,
        organisation: "te".to_owned() + &"x".repeat((number % 5) as usize),
        actor: [3; 32],
        subject: [4; 32],
        purpose: 2,
        categories: 6,
        withheld: 8,
        verdict: Verdict::Permitted,
        policy: [5; 32],
        refers_to: number.checked_sub(1),
        commitment: [6; 32],
        key_epoch: 1,
    }
}

struct Folder {
    _folder: TempDir,
    path: PathBuf,
}

fn folder() -> Folder {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.log");
    Folder { _folder: folder, path }
}

/// Appends leaves one by one, and gives the bytes of the file.
fn filled(path: &Path, leaves: u64) -> Vec<u8> {
    let (log, _) = AuditLog::open(path).unwrap();
    let runtime = Runtime::new().unwrap();
    for number in 0..leaves {
        let receipt = runtime.block_on(log.append(leaf(number))).unwrap();
        assert_eq!(receipt.sequence, number);
        assert_eq!(receipt.leaf_hash, leaf(number).hash(number));
    }
    drop(log);
    fs::read(path).unwrap()
}

fn leaves(log: &AuditLog, from: u64) -> Vec<(u64, Leaf)> {
    let mut found = Vec::new();
    log.read(from, |sequence, leaf| found.push((sequence, leaf))).unwrap();
    found
}

/// The definition of RFC 6962, section 2.1, word by word.
fn merkle_tree_hash(leaves: &[Vec<u8>]) -> Hash {
    let sha256 = |bytes: &[u8]| Hash::try_from(digest(&SHA256, bytes).as_ref()).unwrap();
    match leaves {
        [] => sha256(b""),
        [only] => sha256(&[&[0], only.as_slice()].concat()),
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            let (left, right) = leaves.split_at(k);
            sha256(&[&[1][..], &merkle_tree_hash(left), &merkle_tree_hash(right)].concat())
        }
    }
}

#[test]
fn a_leaf_has_the_documented_bytes() {
    let mut leaf = leaf(0);
    leaf.refers_to = Some(0x0102);
    let bytes = leaf.bytes(0x0a0b);
    let mut expected = vec![1, 2, 1, 1];
    expected.extend([0, 0, 0, 0, 0, 0, 0x0a, 0x0b]);
    expected.extend(1_772_438_400_000_i64.to_be_bytes());
    expected.extend([0, 2, 0, 0, 0, 6, 0, 0, 0, 8]);
    expected.extend([0, 0, 0, 0, 0, 0, 1, 2]);
    for byte in 3..=6 {
        expected.extend([byte; 32]);
    }
    expected.push(1);
    expected.extend(b"te");
    assert_eq!(bytes, expected);
    assert_eq!(Leaf::parse(&bytes).unwrap(), (0x0a0b, leaf));
}

#[test]
fn only_leaves_that_can_be_written_are_read() {
    let good = leaf(3).bytes(3);
    let altered = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Leaf::parse(&bytes).unwrap_err()
    };
    assert_eq!(altered(0, 2), LeafError::Version { version: 2 });
    assert_eq!(altered(1, 0), LeafError::Value { field: "event" });
    assert_eq!(altered(1, 26), LeafError::Value { field: "event" });
    assert_eq!(altered(2, 3), LeafError::Value { field: "verdict" });
    assert_eq!(altered(3, 0), LeafError::Value { field: "refers_to" });
    assert_eq!(altered(3, 2), LeafError::Value { field: "refers_to" });
    assert_eq!(altered(37, 3), LeafError::Value { field: "refers_to" });
    assert_eq!(altered(12, 0x7f), LeafError::Value { field: "time" });
    assert_eq!(altered(167, b' '), LeafError::Value { field: "organisation" });
    assert_eq!(altered(167, 0xff), LeafError::Value { field: "organisation" });
    for length in 0..=167 {
        assert_eq!(Leaf::parse(&good[..length]).unwrap_err(), LeafError::Length, "{length}");
    }
    let long = Leaf { organisation: "x".repeat(65), ..leaf(0) };
    assert_eq!(Leaf::parse(&long.bytes(0)).unwrap_err(), LeafError::Length);
}

#[test]
fn every_event_keeps_its_number() {
    let numbers: Vec<u8> = (0..=255)
        .filter(|number| {
            let mut bytes = leaf(0).bytes(0);
            bytes[1] = *number;
            Leaf::parse(&bytes).is_ok_and(|(_, leaf)| leaf.event.number() == *number)
        })
        .collect();
    assert_eq!(numbers, (1..=25).collect::<Vec<u8>>());
}

#[test]
fn the_tree_hash_is_that_of_the_definition() {
    let leaves: Vec<Vec<u8>> = (0..130_u8).map(|number| vec![number; usize::from(number)]).collect();
    let mut tree = Tree::new();
    for size in 0..=leaves.len() {
        assert_eq!(tree.root(), merkle_tree_hash(&leaves[..size]), "{size} leaves");
        assert_eq!(tree.size(), size as u64);
        if let Some(leaf) = leaves.get(size) {
            tree.push(leaf_hash(leaf));
        }
    }
}

#[test]
fn a_commitment_depends_on_salt_and_details() {
    assert_eq!(commitment(&[1; 16], b"details"), commitment(&[1; 16], b"details"));
    assert_ne!(commitment(&[1; 16], b"details"), commitment(&[2; 16], b"details"));
    assert_ne!(commitment(&[1; 16], b"details"), commitment(&[1; 16], b"detail"));
}

#[test]
fn a_log_is_read_back_as_it_was_written() {
    let folder = folder();
    let count = 2500;
    let runtime = Runtime::new().unwrap();
    let (log, recovery) = AuditLog::open(&folder.path).unwrap();
    let empty = Recovery { leaves: 0, torn_bytes: 0, root: merkle_tree_hash(&[]) };
    assert_eq!(recovery, empty);
    assert!(log.is_empty());
    assert_eq!(fs::metadata(&folder.path).unwrap().permissions().mode() & 0o7777, 0o600);
    runtime.block_on(async {
        let log = Arc::new(log);
        let mut tasks = Vec::new();
        for _ in 0..count {
            let log = Arc::clone(&log);
            tasks.push(tokio::spawn(async move { log.append(leaf(0)).await.unwrap() }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(log.len(), count);
    });
    let all: Vec<Vec<u8>> = (0..count).map(|sequence| leaf(0).bytes(sequence)).collect();
    let (log, recovery) = AuditLog::open(&folder.path).unwrap();
    assert_eq!(recovery, Recovery { leaves: count, torn_bytes: 0, root: merkle_tree_hash(&all) });
    for from in [0, 1, 1023, 1024, 1025, 2047, 2048, 2499, 2500, 9999] {
        let found = leaves(&log, from);
        assert_eq!(found.len() as u64, count.saturating_sub(from), "from {from}");
        assert!(found.iter().zip(from..).all(|((sequence, found), at)| *sequence == at && *found == leaf(0)));
    }
    let next = runtime.block_on(log.append(leaf(1))).unwrap();
    assert_eq!(next.sequence, count);
    assert_eq!(leaves(&log, count), [(count, leaf(1))]);
    assert_eq!(AuditLog::verify(&folder.path).unwrap().leaves, count + 1);
}

#[test]
fn two_hundred_at_once_get_two_hundred_places() {
    let folder = folder();
    let (log, _) = AuditLog::open(&folder.path).unwrap();
    let log = Arc::new(log);
    let receipts = Runtime::new().unwrap().block_on(async {
        let appends: Vec<_> = (0..200)
            .map(|number| {
                let log = Arc::clone(&log);
                let mut leaf = leaf(0);
                leaf.purpose = number;
                tokio::spawn(async move { (number, log.append(leaf).await.unwrap()) })
            })
            .collect();
        let mut receipts = Vec::new();
        for append in appends {
            receipts.push(append.await.unwrap());
        }
        receipts
    });
    let mut sequences: Vec<u64> = receipts.iter().map(|(_, receipt)| receipt.sequence).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (0..200).collect::<Vec<u64>>());
    let found = leaves(&log, 0);
    for (number, receipt) in receipts {
        let (sequence, leaf) = &found[usize::try_from(receipt.sequence).unwrap()];
        assert_eq!((leaf.purpose, leaf.hash(*sequence)), (number, receipt.leaf_hash));
    }
}

#[test]
fn a_torn_tail_is_cut_at_every_byte() {
    let folder = folder();
    let whole = filled(&folder.path, 4);
    let last = whole.len() - (4 + leaf(3).bytes(3).len() + 8);
    let runtime = Runtime::new().unwrap();
    for end in last..whole.len() {
        fs::write(&folder.path, &whole[..end]).unwrap();
        assert_eq!(AuditLog::verify(&folder.path).unwrap().torn_bytes, (end - last) as u64);
        let (log, recovery) = AuditLog::open(&folder.path).unwrap();
        assert_eq!((recovery.leaves, recovery.torn_bytes), (3, (end - last) as u64), "cut at {end}");
        assert_eq!(runtime.block_on(log.append(leaf(3))).unwrap().sequence, 3);
        drop(log);
        assert_eq!(fs::read(&folder.path).unwrap(), whole, "cut at {end}");
    }
}

#[test]
fn a_tail_that_was_never_filled_is_cut() {
    let folder = folder();
    let whole = filled(&folder.path, 40);
    let record = |number: u64| 4 + leaf(number).bytes(number).len() + 8;
    for sector in (512..whole.len()).step_by(512) {
        let mut bytes = whole.clone();
        bytes[sector..].fill(0);
        fs::write(&folder.path, &bytes).unwrap();
        let intact = (0..40)
            .scan(0, |end, number| {
                *end += record(number);
                Some(*end)
            })
            .filter(|end| *end <= sector);
        let recovery = AuditLog::open(&folder.path).unwrap().1;
        assert_eq!(recovery.leaves, intact.count() as u64, "zeros from {sector}");
        assert_eq!(recovery.torn_bytes, whole.len() as u64 - fs::metadata(&folder.path).unwrap().len());
    }
    fs::write(&folder.path, [whole.as_slice(), &[0; 700]].concat()).unwrap();
    let recovery = AuditLog::open(&folder.path).unwrap().1;
    assert_eq!((recovery.leaves, recovery.torn_bytes), (40, 700));
}

#[test]
fn a_tail_with_a_sector_that_was_never_filled_is_cut_before_it() {
    let folder = folder();
    let whole = filled(&folder.path, 40);
    let ends: Vec<usize> = (0..40)
        .scan(0, |end, number| {
            *end += 4 + leaf(number).bytes(number).len() + 8;
            Some(*end)
        })
        .collect();
    for sector in (0..whole.len()).step_by(512) {
        let mut bytes = whole.clone();
        bytes[sector..whole.len().min(sector + 512)].fill(0);
        fs::write(&folder.path, &bytes).unwrap();
        let intact = ends.iter().filter(|end| **end <= sector).count();
        let recovery = AuditLog::open(&folder.path).unwrap().1;
        assert_eq!(recovery.leaves, intact as u64, "zeros from {sector}");
    }
    // Further back than what is written in one piece, nothing is left to chance.
    fs::remove_file(&folder.path).unwrap();
    let mut bytes = filled(&folder.path, 1500);
    bytes[512..1024].fill(0);
    fs::write(&folder.path, &bytes).unwrap();
    assert!(matches!(AuditLog::open(&folder.path), Err(AuditError::Corrupt { .. })));
    assert_eq!(fs::read(&folder.path).unwrap(), bytes);
}

#[test]
fn every_flipped_bit_is_found() {
    let folder = folder();
    let whole = filled(&folder.path, 4);
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            fs::write(&folder.path, &bytes).unwrap();
            let verified = AuditLog::verify(&folder.path);
            assert!(
                matches!(verified, Err(AuditError::Corrupt { .. })),
                "bit {bit} of byte {at}: {verified:?}"
            );
        }
        let opened = AuditLog::open(&folder.path);
        assert!(matches!(opened, Err(AuditError::Corrupt { .. })), "byte {at}");
        // A log that is refused is left as it is.
        assert_eq!(fs::metadata(&folder.path).unwrap().len(), whole.len() as u64);
    }
}

#[test]
fn records_cannot_be_left_out_repeated_or_exchanged() {
    let folder = folder();
    let whole = filled(&folder.path, 6);
    let length = 4 + leaf(0).bytes(0).len() + 8;
    // Leaves 0 and 5 have the same length.
    let (first, rest) = whole.split_at(length);
    let (middle, last) = rest.split_at(rest.len() - length);
    for bytes in
        [[middle, last].concat(), [first, first, middle, last].concat(), [last, middle, first].concat()]
    {
        fs::write(&folder.path, &bytes).unwrap();
        assert!(matches!(AuditLog::open(&folder.path), Err(AuditError::Corrupt { .. })));
    }
}

#[test]
fn a_change_under_a_running_log_is_found_when_it_is_read() {
    let folder = folder();
    filled(&folder.path, 4);
    let (log, _) = AuditLog::open(&folder.path).unwrap();
    let mut bytes = fs::read(&folder.path).unwrap();
    bytes[20] ^= 1;
    fs::write(&folder.path, &bytes).unwrap();
    assert!(matches!(log.read(0, |_, _| {}), Err(AuditError::Corrupt { sequence: 0, offset: 0 })));
    assert!(matches!(log.read(2, |_, _| {}), Err(AuditError::Corrupt { .. })));
    OpenOptions::new().write(true).truncate(true).open(&folder.path).unwrap().flush().unwrap();
    assert!(log.read(2, |_, _| {}).is_err());
}

#[test]
fn a_log_is_open_once() {
    let folder = folder();
    let (log, _) = AuditLog::open(&folder.path).unwrap();
    assert!(matches!(AuditLog::open(&folder.path), Err(AuditError::InUse)));
    assert!(AuditLog::verify(&folder.path).is_ok());
    drop(log);
    assert!(AuditLog::open(&folder.path).is_ok());
}

#[test]
fn a_malformed_leaf_is_refused_and_leaves_no_gap() {
    let folder = folder();
    let (log, _) = AuditLog::open(&folder.path).unwrap();
    Runtime::new().unwrap().block_on(async {
        for organisation in ["", "with space", "ä", &"x".repeat(65)] {
            let refused = log.append(Leaf { organisation: organisation.to_owned(), ..leaf(0) }).await;
            assert!(matches!(refused, Err(AuditError::Malformed(_))), "{organisation}");
        }
        let refused = log.append(Leaf { refers_to: Some(0), ..leaf(0) }).await;
        assert!(matches!(refused, Err(AuditError::Malformed(_))));
        assert_eq!(log.append(leaf(0)).await.unwrap().sequence, 0);
    });
    assert!(!log.is_broken());
}

#[test]
fn a_failed_sync_breaks_the_log() {
    let _alone = DEVICES.blocking_lock();
    let (log, _) = AuditLog::open(Path::new("/dev/null")).unwrap();
    Runtime::new().unwrap().block_on(async {
        assert!(matches!(log.append(leaf(0)).await, Err(AuditError::Broken)));
        assert!(log.is_broken() && !log.is_writable());
        for _ in 0..3 {
            assert!(matches!(log.append(leaf(0)).await, Err(AuditError::Broken)));
        }
    });
    assert_eq!(log.len(), 0);
}

#[test]
fn a_failed_write_is_refused_and_can_be_tried_again() {
    let _alone = DEVICES.blocking_lock();
    let (log, _) = AuditLog::open(Path::new("/dev/full")).unwrap();
    assert!(log.is_writable());
    Runtime::new().unwrap().block_on(async {
        for _ in 0..3 {
            assert!(matches!(log.append(leaf(0)).await, Err(AuditError::Stuck(_))));
            assert!(!log.is_broken() && !log.is_writable());
        }
    });
    assert_eq!(log.len(), 0);
}
