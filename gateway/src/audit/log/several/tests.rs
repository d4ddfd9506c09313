//! Do the logs of several gateways stay copies of one, whatever fails between them?

use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tempfile::TempDir;

use crate::audit::tests::DEVICES;
use crate::audit::{AuditError, AuditLog, Head, Leaf, Make, Order, OrderError, Placed, leaf_hash};

/// The log of all gateways, in memory.
#[derive(Debug, Default, Clone)]
struct Common(Arc<Mutex<Vec<Vec<u8>>>>);

fn head(leaves: &[Vec<u8>]) -> Head {
    let last_hash = leaves.last().map_or([0; 32], |last| leaf_hash(last));
    Head { size: leaves.len() as u64, last_hash }
}

#[async_trait]
impl Order for Common {
    async fn head(&mut self) -> Result<Head, OrderError> {
        Ok(head(&self.0.lock().unwrap()))
    }

    async fn leaves(&mut self, from: u64, limit: u32) -> Result<Vec<Vec<u8>>, OrderError> {
        let leaves = self.0.lock().unwrap();
        Ok(leaves.iter().skip(usize::try_from(from).unwrap()).take(limit as usize).cloned().collect())
    }

    async fn append(&mut self, from: u64, make: Make<'_>) -> Result<Placed, OrderError> {
        // One after the other, as the transactions of a database are.
        let mut leaves = self.0.lock().unwrap();
        let head = head(&leaves);
        let made = make(head.size);
        let before = leaves.iter().skip(usize::try_from(from).unwrap()).cloned().collect();
        leaves.extend(made);
        Ok(Placed { before, head })
    }
}

fn leaf(organisation: &str) -> Leaf {
    Leaf { organisation: organisation.to_owned(), ..crate::audit::tests::leaf(0) }
}

async fn open(folder: &TempDir, name: &str, common: &Common) -> Result<AuditLog, AuditError> {
    Ok(AuditLog::open_among(&folder.path().join(name), Box::new(common.clone())).await?.0)
}

#[tokio::test]
async fn two_gateways_have_one_log_and_the_same_copy_of_it() {
    let (folder, common) = (TempDir::new().unwrap(), Common::default());
    let one = Arc::new(open(&folder, "one", &common).await.unwrap());
    let other = Arc::new(open(&folder, "other", &common).await.unwrap());
    let mut appends = Vec::new();
    for number in 0..300 {
        let log = Arc::clone(if number % 3 == 0 { &one } else { &other });
        appends
            .push(tokio::spawn(async move { log.append(leaf(&format!("agency-{number}"))).await.unwrap() }));
    }
    let mut places = Vec::new();
    for append in appends {
        places.push(append.await.unwrap().sequence);
    }
    places.sort_unstable();
    assert_eq!(places, (0..300).collect::<Vec<u64>>());
    for log in [&one, &other] {
        log.copy_others().await.unwrap();
        let mut copied = Vec::new();
        log.read(0, |sequence, leaf| copied.push(leaf.bytes(sequence))).unwrap();
        assert_eq!(copied, *common.0.lock().unwrap());
    }
    let read = |name| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("one"), read("other"));
    // A third one begins with all of it.
    let third = open(&folder, "third", &common).await.unwrap();
    assert_eq!((third.len(), read("third")), (300, read("one")));
}

#[tokio::test]
async fn a_leaf_may_refer_to_one_that_is_not_copied_yet() {
    let (folder, common) = (TempDir::new().unwrap(), Common::default());
    let one = open(&folder, "one", &common).await.unwrap();
    let other = open(&folder, "other", &common).await.unwrap();
    for _ in 0..4 {
        one.append(leaf("te")).await.unwrap();
    }
    let refers = |to| Leaf { refers_to: Some(to), ..leaf("te") };
    assert_eq!(other.append(refers(3)).await.unwrap().sequence, 4);
    assert!(matches!(other.append(refers(5)).await, Err(AuditError::Malformed(_))));
    assert_eq!(one.append(refers(4)).await.unwrap().sequence, 5);
}

#[tokio::test]
async fn a_copy_of_another_log_or_of_more_is_refused() {
    let (folder, common) = (TempDir::new().unwrap(), Common::default());
    let log = open(&folder, "one", &common).await.unwrap();
    for _ in 0..5 {
        log.append(leaf("te")).await.unwrap();
    }
    drop(log);
    // As after a backup of the database that is older.
    let last = common.0.lock().unwrap().pop().unwrap();
    assert!(matches!(open(&folder, "one", &common).await, Err(AuditError::Differs)));
    common.0.lock().unwrap().push(leaf("kela").bytes(4));
    assert!(matches!(open(&folder, "one", &common).await, Err(AuditError::Differs)));
    *common.0.lock().unwrap().last_mut().unwrap() = last;
    assert_eq!(open(&folder, "one", &common).await.unwrap().len(), 5);
}

#[tokio::test]
async fn what_is_altered_in_the_database_under_a_running_gateway_ends_all_disclosures() {
    let (folder, common) = (TempDir::new().unwrap(), Common::default());
    let log = open(&folder, "one", &common).await.unwrap();
    for _ in 0..5 {
        log.append(leaf("te")).await.unwrap();
    }
    *common.0.lock().unwrap().last_mut().unwrap() = leaf("kela").bytes(4);
    assert!(matches!(log.append(leaf("te")).await, Err(AuditError::Broken)));
    assert!(log.is_broken());
}

#[tokio::test]
async fn nothing_is_announced_to_all_by_whom_cannot_write_the_copy() {
    let (folder, common) = (TempDir::new().unwrap(), Common::default());
    let _alone = DEVICES.lock().await;
    let full = Path::new("/dev/full");
    let log = AuditLog::open_among(full, Box::new(common.clone())).await.unwrap().0;
    for _ in 0..3 {
        assert!(matches!(log.append(leaf("te")).await, Err(AuditError::Stuck(_))));
        // It was not known to be full before the first one.
        assert_eq!(common.0.lock().unwrap().len(), 1);
        assert!(matches!(log.copy_others().await, Err(AuditError::Stuck(_))));
        assert!(!log.is_broken() && log.is_empty());
    }
    // The others go on, and have what was appended.
    let other = open(&folder, "other", &common).await.unwrap();
    assert_eq!((other.len(), other.append(leaf("kela")).await.unwrap().sequence), (1, 1));
}

#[tokio::test]
async fn what_a_copy_has_more_comes_back_into_the_log() {
    let (folder, common) = (TempDir::new().unwrap(), Common::default());
    let log = open(&folder, "one", &common).await.unwrap();
    for _ in 0..5 {
        log.append(leaf("te")).await.unwrap();
    }
    drop(log);
    let whole = common.0.lock().unwrap().clone();
    let copy = folder.path().join("one");
    for left in [0, 3, 5] {
        common.0.lock().unwrap().truncate(left);
        AuditLog::give(&copy, &mut common.clone()).await.unwrap();
        assert_eq!(*common.0.lock().unwrap(), whole);
    }
    // Of a log that goes on in another way nothing is taken.
    common.0.lock().unwrap().truncate(3);
    *common.0.lock().unwrap().last_mut().unwrap() = leaf("kela").bytes(2);
    assert!(matches!(AuditLog::give(&copy, &mut common.clone()).await, Err(AuditError::Differs)));
    assert_eq!(common.0.lock().unwrap().len(), 3);
    // One that is longer stays so.
    *common.0.lock().unwrap() = [whole.clone(), vec![leaf("kela").bytes(5)]].concat();
    AuditLog::give(&copy, &mut common.clone()).await.unwrap();
    assert_eq!(open(&folder, "one", &common).await.unwrap().len(), 6);
}
