//! Is there one audit log, whichever gateway has written what?

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use polku_gateway::audit::{AuditLog, Event, Leaf, Order as _, Verdict};
use polku_gateway::clock::{Clock as _, SystemClock};
use polku_gateway::config::Config;
use polku_gateway::store::postgres::PostgresStore;
use polku_gateway::store::{Change, Store as _, StoreError};
use polku_proto::v1::AuditReceipt;
use polku_tests::world::{Database, PEOPLE, World, WorldSettings};
use tempfile::TempDir;

use super::{GATEWAYS, Scene, agency, consented, identified, sent, withdrawn};
use crate::stage::{leaf, log_of, polku, text};

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_log_of_all_gateways() {
    let mut scene = Scene::open().await;
    let mut calls = Vec::new();
    for (number, hetu) in PEOPLE.iter().take(9).enumerate() {
        let client = scene.clients[number % GATEWAYS].clone();
        let other = scene.clients[(number + 1) % GATEWAYS].clone();
        calls.push(tokio::spawn(async move {
            let agency = agency(number);
            let youth = identified(&client, hetu).await;
            let consent = consented(&other, &youth, agency).await;
            let sent = sent(&client, agency, &youth).await;
            let change = withdrawn(&other, &consent).await;
            [sent.receipt.unwrap(), change.receipt.unwrap()]
        }));
    }
    let mut receipts: Vec<AuditReceipt> = Vec::new();
    for call in calls {
        receipts.extend(call.await.unwrap());
    }
    let places: BTreeSet<u64> = receipts.iter().map(|receipt| receipt.sequence).collect();
    assert_eq!(places.len(), receipts.len(), "each has a place of its own");
    // What others have written before it ends, each has copied and published when it has ended.
    while let Some(gateway) = scene.gateways.pop() {
        assert!(gateway.stop().await.unwrap().success());
    }
    let whole = scene.data(0).join("audit.log");
    let bytes = std::fs::read(&whole).unwrap();
    for number in 1..GATEWAYS {
        let part = std::fs::read(scene.data(number).join("audit.log")).unwrap();
        assert!(bytes.starts_with(&part), "gateway {number} has another log");
    }
    let key = scene.folder.path().join("keys/log.key");
    let key = polku(&["keys", "verifier", text(&key)]).result().unwrap();
    for number in 0..GATEWAYS {
        let (file, tiles) = (scene.data(number).join("audit.log"), scene.data(number).join("tlog"));
        polku(&["audit", "verify", text(&file), "--tiles", text(&tiles), "--key", key.trim()])
            .result()
            .unwrap();
        // The whole log has everything that any of them has ever published.
        let seen = tiles.join("checkpoint");
        let tiles = scene.data(0).join("tlog");
        polku(&[
            "audit",
            "verify",
            text(&whole),
            "--tiles",
            text(&tiles),
            "--key",
            key.trim(),
            "--seen",
            text(&seen),
        ])
        .result()
        .unwrap();
    }
    let (log, _) = AuditLog::open(&whole).unwrap();
    let mut found = BTreeSet::new();
    log.read(0, |sequence, leaf| {
        let hash = leaf.hash(sequence).to_vec();
        found.extend(receipts.iter().filter(|receipt| receipt.leaf_hash == hash).map(|one| one.sequence));
        assert!(leaf.event != Event::Closed, "leaf {sequence} closes what has come about");
    })
    .unwrap();
    assert_eq!(found, places, "every receipt is in the log");
}

fn announcing(time: Timestamp, sequence: u64) -> Vec<u8> {
    Leaf { time, event: Event::ConsentChange, verdict: Verdict::None, ..leaf("te") }.bytes(sequence)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_that_is_gone_has_announced_is_closed_and_what_another_one_works_on_is_not() {
    let folder = TempDir::new().unwrap();
    let settings = WorldSettings { database: Database::Server, ..WorldSettings::default() };
    let world = World::make(folder.path(), &settings).unwrap();
    world.start().await.unwrap().stop().await.unwrap();
    let config = Config::load(&world.config_file()).unwrap();
    let store = PostgresStore::open(&config.database.unwrap()).await.unwrap();
    let now = SystemClock.now();
    let mut first = 0;
    let make = &mut |size| {
        first = size;
        vec![announcing(now - SignedDuration::from_mins(5), size), announcing(now, size + 1)]
    };
    store.leaves().append(0, make).await.unwrap();
    world.start().await.unwrap().stop().await.unwrap();
    let log = log_of(&folder.path().join("data/audit.log")).await;
    let mut closed = Vec::new();
    log.read(first, |_, leaf| closed.extend(leaf.refers_to.filter(|_| leaf.event == Event::Closed))).unwrap();
    assert_eq!(closed, [first]);
    // Whoever stood still for so long comes too late, and whoever did not comes in time.
    let late = store.commit(Change::announced_by(first)).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    store.commit(Change::announced_by(first + 1)).await.unwrap();
}
