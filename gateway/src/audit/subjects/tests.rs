//! Tests.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::audit::{AuditLog, Event, Leaf, Verdict};

const PEOPLE: u8 = 5;

fn person(number: u64) -> [u8; 32] {
    let mut subject = [0; 32];
    subject[0] = u8::try_from(number % u64::from(PEOPLE)).unwrap() + 1;
    subject
}

/// The leaf with this number is about one of five people; every tenth is about nobody, and every fifteenth says what
/// became of the one ten before it.
fn leaf(number: u64) -> Leaf {
    Leaf {
        time: Timestamp::from_millisecond(1_772_438_400_000).unwrap(),
        event: if number % 15 == 14 { Event::DeliveryOutcome } else { Event::JourneyEntry },
        organisation: if (number / 3).is_multiple_of(2) {
            "te".to_owned()
        } else {
            "tyollisyys-ja-kasvu".to_owned()
        },
        actor: [3; 32],
        subject: if number % 10 == 9 { [0; 32] } else { person(number) },
        purpose: 2,
        categories: 6,
        withheld: 8,
        verdict: Verdict::Permitted,
        policy: [5; 32],
        refers_to: (number % 15 == 14).then(|| number - 10),
        commitment: [6; 32],
        key_epoch: 1,
    }
}

fn append(log: &AuditLog, leaves: std::ops::Range<u64>) {
    let runtime = Runtime::new().unwrap();
    for number in leaves {
        runtime.block_on(log.append(leaf(number))).unwrap();
    }
}

/// What a plain scan says: leaves of the person and those of the others, newest first.
fn scanned(log: &AuditLog, subject: &[u8; 32], shared: &[u64]) -> Vec<u64> {
    let mut found = Vec::new();
    log.read(0, |sequence, leaf| {
        if leaf.subject == *subject || shared.contains(&sequence) {
            found.push(sequence);
        }
    })
    .unwrap();
    found.reverse();
    found
}

fn indexed(log: &AuditLog, subject: &[u8; 32], shared: &[u64], limit: usize) -> Vec<u64> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let entries = log.subjects().about(subject, shared, before, limit).unwrap();
        for entry in &entries.entries {
            assert_eq!(entry.leaf, leaf(entry.sequence));
            assert_eq!(entry.hash, entry.leaf.hash(entry.sequence));
            let later: Vec<u64> = entry.later.iter().map(|later| later.sequence).collect();
            let outcome = entry.sequence + 10;
            let has_outcome = outcome % 15 == 14 && outcome < log.len();
            assert_eq!(later, if has_outcome { vec![outcome] } else { vec![] });
        }
        found.extend(entries.entries.iter().map(|entry| entry.sequence));
        before = entries.next;
        if before.is_none() {
            return found;
        }
    }
}

fn agrees(log: &AuditLog) {
    for number in 0..u64::from(PEOPLE) {
        for (shared, limit) in [(&[][..], 1000), (&[19, 49, 99], 7), (&[9], 1)] {
            let subject = person(number);
            assert_eq!(indexed(log, &subject, shared, limit), scanned(log, &subject, shared));
            assert!(log.subjects().knows(&subject, "tyollisyys-ja-kasvu").unwrap());
            assert!(!log.subjects().knows(&subject, "kela").unwrap());
        }
    }
    assert!(indexed(log, &[9; 32], &[], 10).is_empty());
    assert!(!log.subjects().knows(&[9; 32], "te").unwrap());
}

#[test]
fn it_says_what_a_scan_says_while_the_log_grows_and_after_every_opening() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.log");
    let mut leaves = 0;
    for grown in [1, 2, 130, 131, 400] {
        let (log, _) = AuditLog::open(&path).unwrap();
        append(&log, leaves..grown);
        leaves = grown;
        if grown > 130 {
            agrees(&log);
        } else {
            log.subjects().catch_up().unwrap();
        }
    }
}

#[test]
fn who_has_asked_has_nothing_to_do_with_anybody() {
    let folder = TempDir::new().unwrap();
    let (log, _) = AuditLog::open(&folder.path().join("audit.log")).unwrap();
    let runtime = Runtime::new().unwrap();
    let note = |event, organisation: &str| {
        let leaf = Leaf { event, organisation: organisation.into(), subject: person(0), ..leaf(1) };
        runtime.block_on(log.append(leaf)).unwrap();
    };
    let identified = |who, organisation| log.subjects().identified(&person(who), organisation).unwrap();
    let knows = |who, organisation| log.subjects().knows(&person(who), organisation).unwrap();
    for event in [Event::VerifyConsent, Event::Refusal, Event::Read] {
        note(event, "te");
        assert!(!identified(0, "te") && !knows(0, "te"));
    }
    note(Event::JourneyEntry, "te");
    assert!(!identified(0, "te") && knows(0, "te") && !knows(1, "te"));
    note(Event::IdentifyYouth, "te");
    assert!(identified(0, "te") && !identified(0, "kela") && !identified(1, "te"));
    note(Event::VerifyConsent, "te");
    assert!(identified(0, "te"), "once and for all");
}

#[test]
fn two_people_with_eight_bytes_in_common_are_kept_apart() {
    let folder = TempDir::new().unwrap();
    let (log, _) = AuditLog::open(&folder.path().join("audit.log")).unwrap();
    let mut other = person(0);
    other[31] = 1;
    let runtime = Runtime::new().unwrap();
    for subject in [person(0), other, person(0)] {
        runtime.block_on(log.append(Leaf { subject, ..leaf(1) })).unwrap();
    }
    let found = log.subjects().about(&other, &[], None, 1).unwrap();
    assert!(found.entries.is_empty() && found.next == Some(2));
    let found = log.subjects().about(&other, &[], found.next, 1).unwrap();
    assert_eq!(found.entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [1]);
}

#[test]
fn an_index_that_is_damaged_or_of_another_log_is_made_anew() {
    type Damage = fn(&Path);
    fn sql(path: &Path, sql: &str) {
        assert!(Connection::open(path).unwrap().execute(sql, []).unwrap() > 0);
    }
    let damages: [Damage; 8] = [
        |index| std::fs::remove_file(index).unwrap(),
        |index| std::fs::write(index, vec![7; 10_000]).unwrap(),
        |index| sql(index, "DELETE FROM about WHERE sequence = 3"),
        |index| sql(index, "UPDATE about SET subject = subject + 1"),
        |index| sql(index, "UPDATE about SET place = place + 1"),
        |index| sql(index, "UPDATE reach SET leaves = leaves + 1"),
        |index| sql(index, "UPDATE reach SET last_hash = x'00'"),
        |index| sql(index, "UPDATE later SET earlier = earlier + 5"),
    ];
    for (number, damage) in damages.iter().enumerate() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("audit.log");
        {
            let (log, _) = AuditLog::open(&path).unwrap();
            append(&log, 0..200);
            agrees(&log);
        }
        damage(&path.with_extension("index"));
        println!("damage {number}");
        let (log, _) = AuditLog::open(&path).unwrap();
        agrees(&log);
        append(&log, 200..260);
        agrees(&log);
    }
    // The index of another log.
    let folder = TempDir::new().unwrap();
    let (one, other) = (folder.path().join("one.log"), folder.path().join("other.log"));
    for (path, leaves) in [(&one, 300), (&other, 200)] {
        let (log, _) = AuditLog::open(path).unwrap();
        append(&log, 0..leaves);
        log.subjects().catch_up().unwrap();
    }
    std::fs::rename(one.with_extension("index"), other.with_extension("index")).unwrap();
    let (log, _) = AuditLog::open(&other).unwrap();
    agrees(&log);
}

fn someone(number: u64) -> [u8; 32] {
    crate::audit::sha256(&[&number.to_be_bytes()])
}

/// Prints what the index costs; only that it is not out of all proportion is held.
#[test]
fn what_a_leaf_costs() {
    const LEAVES: u64 = 100_000;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.log");
    {
        let (log, _) = AuditLog::open(&path).unwrap();
        let log = Arc::new(log);
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async {
            let mut appending = JoinSet::new();
            for number in 0..LEAVES {
                let (log, subject) = (Arc::clone(&log), someone(number * 7919 % 2_000));
                let leaf = Leaf { subject, refers_to: None, event: Event::Read, ..leaf(number) };
                appending.spawn(async move { log.append(leaf).await.unwrap() });
            }
            appending.join_all().await;
        });
        let begun = Instant::now();
        log.subjects().catch_up().unwrap();
        let took = begun.elapsed();
        let subject = someone(7);
        let begun = Instant::now();
        let found = log.subjects().about(&subject, &[], None, 50).unwrap();
        println!(
            "100,000 leaves taken in within {took:?}; a page of {} within {:?}",
            found.entries.len(),
            begun.elapsed()
        );
        assert!(took < Duration::from_secs(60));
    }
    let bytes = std::fs::metadata(path.with_extension("index")).unwrap().len();
    println!("{} bytes a leaf", bytes / LEAVES);
    assert!(bytes / LEAVES < 100);
}
