//! Do several gateways on one database keep out of each other's way, and hear of each other?

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use polku_gateway::audit::{Order as _, leaf_hash};
use polku_gateway::store::postgres::{PostgresSettings, PostgresStore};
use polku_gateway::store::{
    Among, Change, ContentErasure, Erased, Heard, PersonErasure, Several as _, Store as _, StoreError,
    Upkeep as _,
};
use polku_tests::postgres::Cluster;
use polku_tests::world::PATIENCE;
use tokio::sync::mpsc::Receiver;

use crate::stage::leaf;

async fn two() -> (PostgresSettings, PostgresStore, PostgresStore) {
    let settings = Cluster::shared().unwrap().database().unwrap();
    let one = PostgresStore::open(&settings).await.unwrap();
    let other = PostgresStore::open(&settings).await.unwrap();
    (settings, one, other)
}

#[tokio::test]
async fn what_one_gateway_has_committed_the_others_read() {
    let (_, one, other) = two().await;
    one.commit(Change::announced_by(7)).await.unwrap();
    other.commit(Change::announced_by(8)).await.unwrap();
    assert_eq!(one.committed_leaves(0).await.unwrap(), [7, 8]);
    assert_eq!(other.committed_leaves(0).await.unwrap(), [7, 8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_held_by_one_at_a_time() {
    let (_, one, other) = two().await;
    let stores = [Arc::new(one), Arc::new(other)];
    let inside = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let mut tasks = Vec::new();
    for number in 0..8 {
        let (store, inside) = (Arc::clone(&stores[number % 2]), Arc::clone(&inside));
        tasks.push(tokio::spawn(async move {
            for turn in 0..5 {
                // Nobody's turn is kept for them.
                let held = loop {
                    match store.hold(9).await {
                        Ok(held) => break held.unwrap(),
                        Err(error) => assert!(matches!(error, StoreError::Busy), "{error:?}"),
                    }
                };
                assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0, "two hold it");
                tokio::time::sleep(Duration::from_millis(2)).await;
                let mut among = Among::default();
                among.fences.push(held.fence());
                let leaf = (5 * number + turn) as u64;
                store.commit_among(Change::announced_by(leaf), among).await.unwrap();
                inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(stores[0].committed_leaves(0).await.unwrap().len(), 40);
    // Other parts are not waited for.
    let _held = stores[0].hold(1).await.unwrap();
    let began = Instant::now();
    drop(stores[1].hold(2).await.unwrap());
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn what_rests_on_a_hold_that_another_one_has_taken_over_is_refused() {
    let (settings, one, other) = two().await;
    let stood_still = one.hold(3).await.unwrap().unwrap();
    let began = Instant::now();
    let taken_over = other.hold(3).await.unwrap().unwrap();
    let waited = began.elapsed();
    assert!(waited > Duration::from_secs(3), "{waited:?}");
    let resting_on = |fence| Among { fences: vec![fence], ..Among::default() };
    let late = one.commit_among(Change::announced_by(1), resting_on(stood_still.fence())).await;
    assert!(matches!(late, Err(StoreError::NotHeld)), "{late:?}");
    let (leaves, fences) = (vec![Erased { leaf: 5, subject: [9; 32] }], vec![stood_still.fence()]);
    let late = one.erase_people(PersonErasure { leaves, youths: Vec::new(), fences: fences.clone() }).await;
    assert!(matches!(late, Err(StoreError::NotHeld)), "{late:?}");
    let contents = ContentErasure {
        leaf: 6,
        detail: None,
        fences,
        referrals: Vec::new(),
        tasks: Vec::new(),
        plans: Vec::new(),
        entries: Vec::new(),
        instruments: Vec::new(),
    };
    let late = one.erase_contents(contents).await;
    assert!(matches!(late, Err(StoreError::NotHeld)), "{late:?}");
    other.commit_among(Change::announced_by(2), resting_on(taken_over.fence())).await.unwrap();
    // What is given back late takes nothing away.
    drop(stood_still);
    tokio::time::sleep(Duration::from_millis(200)).await;
    other.commit_among(Change::announced_by(3), resting_on(taken_over.fence())).await.unwrap();
    // With the memory of the server all holds are gone, and what rests on them.
    Cluster::shared().unwrap().sql(&settings.database, "TRUNCATE hold").unwrap();
    let lost = other.commit_among(Change::announced_by(4), resting_on(taken_over.fence())).await;
    assert!(matches!(lost, Err(StoreError::NotHeld)), "{lost:?}");
    assert_eq!(one.committed_leaves(0).await.unwrap(), [2, 3]);
}

async fn next(heard: &mut Receiver<Heard>) -> Heard {
    let next = tokio::time::timeout(PATIENCE, heard.recv()).await;
    next.expect("nothing is heard").expect("nobody listens")
}

#[tokio::test]
async fn a_commit_is_told_to_the_other_gateways() {
    let (settings, one, other) = two().await;
    let mut heard = other.listen().await.unwrap();
    let mut own = one.listen().await.unwrap();
    assert_eq!(next(&mut heard).await, Heard::Missed, "what was before");
    assert_eq!(next(&mut own).await, Heard::Missed);
    let telling = |words: &[&str]| {
        let news: BTreeSet<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Among { news, ..Among::default() }
    };
    one.commit_among(Change::announced_by(1), telling(&["r te", "d"])).await.unwrap();
    assert_eq!(next(&mut heard).await, Heard::News(vec!["d".to_owned(), "r te".to_owned()]));
    // What is refused is not told.
    one.commit_among(Change::announced_by(1), telling(&["r kela"])).await.unwrap_err();
    one.commit_among(Change::announced_by(2), telling(&["r paja"])).await.unwrap();
    assert_eq!(next(&mut heard).await, Heard::News(vec!["r paja".to_owned()]));
    // Whoever was cut off hears that something may be missing, and goes on.
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'polku gateway %'";
    assert_ne!(Cluster::shared().unwrap().sql(&settings.database, cut).unwrap(), "0");
    assert_eq!(next(&mut heard).await, Heard::Missed);
    assert_eq!(next(&mut heard).await, Heard::Missed);
    one.commit_among(Change::announced_by(3), telling(&["r te"])).await.unwrap();
    assert_eq!(next(&mut heard).await, Heard::News(vec!["r te".to_owned()]));
    assert_eq!(next(&mut own).await, Heard::Missed, "one's own word is no news");
}

#[tokio::test(flavor = "multi_thread")]
async fn leaves_of_several_gateways_have_one_order_without_gap() {
    let (settings, one, other) = two().await;
    let mut tasks = Vec::new();
    for mut leaves in [one.leaves(), other.leaves(), one.leaves()] {
        tasks.push(tokio::spawn(async move {
            let mut places = Vec::new();
            for group in 1..20_u64 {
                let mut first = 0;
                let make = &mut |size| {
                    first = size;
                    (size..size + group).map(|place| leaf("te").bytes(place)).collect()
                };
                let placed = leaves.append(0, make).await.unwrap();
                assert_eq!(placed.before.len() as u64, placed.head.size);
                assert_eq!(placed.head.size, first);
                places.extend(first..first + group);
            }
            places
        }));
    }
    // Connections that are lost at any moment neither lose a leaf nor double one.
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE '%audit_%' AND pid <> pg_backend_pid()";
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(15)).await;
        Cluster::shared().unwrap().sql(&settings.database, cut).unwrap();
    }
    let mut places = Vec::new();
    for task in tasks {
        places.extend(task.await.unwrap());
    }
    places.sort_unstable();
    let all = 3 * (1..20).sum::<u64>();
    assert_eq!(places, (0..all).collect::<Vec<u64>>());
    let mut leaves = one.leaves();
    let kept = leaves.leaves(0, u32::MAX).await.unwrap();
    assert_eq!(kept, (0..all).map(|place| leaf("te").bytes(place)).collect::<Vec<_>>());
    let head = leaves.head().await.unwrap();
    assert_eq!((head.size, head.last_hash), (all, leaf_hash(kept.last().unwrap())));
}
