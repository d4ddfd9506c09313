//! Tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::audit::tests::{DEVICES, leaf};
use crate::audit::{AuditError, AuditLog};

/// Longer than any test: nothing is written for its time.
const LONG: Duration = Duration::from_secs(3600);

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.log");
    (folder, path)
}

fn opened(path: &Path, longest: Duration) -> AuditLog {
    AuditLog::open_buffered(path, longest).unwrap().0
}

#[tokio::test]
async fn what_was_answered_before_is_on_disk_with_what_somebody_waits_for() {
    let (_folder, path) = folder();
    let log = opened(&path, LONG);
    for number in 0..3 {
        let receipt = log.append_buffered(leaf(number)).await.unwrap();
        assert_eq!((receipt.sequence, receipt.leaf_hash), (number, leaf(number).hash(number)));
    }
    assert_eq!((log.len(), fs::metadata(&path).unwrap().len()), (0, 0), "nothing is on disk yet");
    let receipt = log.append(leaf(3)).await.unwrap();
    assert_eq!((receipt.sequence, log.len()), (3, 4));
    assert_eq!(AuditLog::verify(&path).unwrap().leaves, 4);
    assert_eq!(log.append_buffered(leaf(4)).await.unwrap().sequence, 4);
    drop(log);
    // The same bytes as without a buffer.
    let (_other, plain) = folder();
    let (unbuffered, _) = AuditLog::open(&plain).unwrap();
    for number in 0..5 {
        unbuffered.append_buffered(leaf(number)).await.unwrap();
        assert_eq!(unbuffered.len(), number + 1, "without a buffer nothing is answered early");
    }
    assert_eq!(fs::read(&path).unwrap(), fs::read(&plain).unwrap());
}

#[tokio::test]
async fn it_is_on_disk_soon_without_anything_else() {
    let (_folder, path) = folder();
    let log = opened(&path, Duration::from_millis(5));
    for number in 0..3 {
        log.append_buffered(leaf(number)).await.unwrap();
        log.reaches(number + 1).await;
        assert_eq!(AuditLog::verify(&path).unwrap().leaves, number + 1);
    }
}

#[tokio::test]
async fn no_more_is_held_than_may_wait() {
    let (_folder, path) = folder();
    let log = opened(&path, LONG);
    let most = super::QUEUE_LEAVES as u64;
    for number in 0..most {
        log.append_buffered(leaf(number)).await.unwrap();
    }
    assert_eq!(log.len(), 0);
    log.append_buffered(leaf(most)).await.unwrap();
    assert_eq!(log.len(), most);
}

#[tokio::test]
async fn the_end_writes_what_is_held() {
    let (_folder, path) = folder();
    let log = opened(&path, LONG);
    for number in 0..3 {
        log.append_buffered(leaf(number)).await.unwrap();
    }
    drop(log);
    assert_eq!(AuditLog::verify(&path).unwrap().leaves, 3);
}

#[tokio::test]
async fn nobody_is_answered_early_by_a_disk_that_has_failed() {
    let _alone = DEVICES.lock().await;
    let full = opened(Path::new("/dev/full"), LONG);
    assert_eq!(full.append_buffered(leaf(0)).await.unwrap().sequence, 0);
    for _ in 0..2 {
        assert!(matches!(full.append(leaf(1)).await, Err(AuditError::Stuck(_))));
        assert!(matches!(full.append_buffered(leaf(1)).await, Err(AuditError::Stuck(_))));
        assert!(!full.is_writable());
    }
    let lost = opened(Path::new("/dev/null"), Duration::from_millis(5));
    assert_eq!(lost.append_buffered(leaf(0)).await.unwrap().sequence, 0);
    while !lost.is_broken() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(lost.append_buffered(leaf(0)).await, Err(AuditError::Broken)));
    // Nor is who has come in time for the queue, and too late for the disk.
    let (answer, receipt) = tokio::sync::oneshot::channel();
    lost.hand_in(vec![super::Job::Buffer { leaf: leaf(0), answer }]).await.unwrap();
    assert!(matches!(receipt.await.unwrap(), Err(AuditError::Broken)));
    assert_eq!((full.len(), lost.len()), (0, 0));
}
