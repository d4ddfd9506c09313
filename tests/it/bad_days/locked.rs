//! What if another program holds the database?

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use polku_tests::postgres::Cluster;
use polku_tests::world::{Database, PEOPLE};
use rusqlite::Connection;
use tokio::time::{Instant, sleep};

use super::{Machine, assert_comes_back, consenting, record};
use crate::stage::{Health, expect_health};

/// How large the write-ahead log may be once nobody hinders it any more: `journal_size_limit` of the store.
const WAL_BYTES: u64 = 64 * 1024 * 1024;

fn other(machine: &Machine) -> Connection {
    Connection::open(machine.data().join("polku.db")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_locked_for_a_second_is_waited_for() {
    let mut machine = Machine::make();
    let gateway = machine.start().await;
    let client = machine.client(&gateway);
    machine.works(&client).await;
    let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
    let other = other(&machine);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let is_released = AtomicBool::new(false);
    let release = async {
        sleep(Duration::from_secs(1)).await;
        is_released.store(true, Ordering::SeqCst);
        other.execute_batch("ROLLBACK").unwrap();
    };
    let waiting = consenting(&youth);
    let wait = async {
        let consent = record(&client, &waiting).await.unwrap();
        assert!(is_released.load(Ordering::SeqCst), "acknowledged while it was locked");
        consent.name
    };
    let (name, ()) = tokio::join!(wait, release);
    machine.acknowledged.push(name);
    machine.works(&client).await;
    machine.holds_all(gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_locked_for_long_is_said_to_be_and_taken_back() {
    let mut machine = Machine::make();
    let gateway = machine.start().await;
    let client = machine.client(&gateway);
    machine.works(&client).await;
    let youth = client.clone().identify(PEOPLE[1]).await.unwrap();
    let other = other(&machine);
    for seconds in [10, 60] {
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let locked = Instant::now();
        let waiting = consenting(&youth);
        assert_comes_back(record(&client, &waiting).await, "STORE_UNAVAILABLE");
        expect_health(&client.channel(), Health::NotServing).await;
        sleep(Duration::from_secs(seconds).saturating_sub(locked.elapsed())).await;
        other.execute_batch("ROLLBACK").unwrap();
        expect_health(&client.channel(), Health::Serving).await;
        machine.acknowledged.push(record(&client, &waiting).await.unwrap().name);
        machine.works(&client).await;
    }
    machine.holds_all(gateway).await;
}

/// A reader that stays holds the write-ahead log; it is used again from its beginning when the reader has gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_reader_delays_nobody_and_the_write_ahead_log_stays_bounded() {
    let mut machine = Machine::make();
    let gateway = machine.start().await;
    let client = machine.client(&gateway);
    machine.works(&client).await;
    let wal = machine.data().join("polku.db-wal");
    let size = || std::fs::metadata(&wal).unwrap().len();
    let other = other(&machine);
    other.execute_batch("BEGIN").unwrap();
    other.query_row("SELECT count(*) FROM youth", [], |_| Ok(())).unwrap();
    // Far more than the 1,000 pages after which the log is emptied otherwise.
    let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
    while size() < 8 * 1024 * 1024 {
        machine.acknowledged.push(record(&client, &consenting(&youth)).await.unwrap().name);
    }
    other.execute_batch("ROLLBACK").unwrap();
    let peak = size();
    for _ in 0..machine.acknowledged.len() {
        machine.acknowledged.push(record(&client, &consenting(&youth)).await.unwrap().name);
    }
    assert!(size() <= peak.max(WAL_BYTES) && size() < 2 * peak, "{peak} bytes, and then {}", size());
    machine.holds_all(gateway).await;
}

/// Another session holds the consents for so many seconds: they can be read, and nobody else can change one. Begun when
/// this returns.
async fn hold(machine: &Machine, seconds: u32) -> std::thread::JoinHandle<()> {
    let database = machine.world.database().unwrap().to_owned();
    let sql = format!("BEGIN; LOCK TABLE instrument IN EXCLUSIVE MODE; SELECT pg_sleep({seconds}); COMMIT");
    let holding = std::thread::spawn(move || drop(Cluster::shared().unwrap().sql(&database, &sql).unwrap()));
    while !is_held(machine) {
        assert!(!holding.is_finished(), "it was over before it was seen");
        sleep(Duration::from_millis(10)).await;
    }
    holding
}

fn is_held(machine: &Machine) -> bool {
    let sql =
        "SELECT count(*) FROM pg_locks WHERE relation = 'instrument'::regclass AND mode = 'ExclusiveLock'
        AND granted";
    Cluster::shared().unwrap().sql(machine.world.database().unwrap(), sql).unwrap() != "0"
}

/// A lock of a table on a server: waited for as well, and nothing is acknowledged that is not done.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_locked_on_a_server_is_waited_for() {
    let mut machine = Machine::with(Database::Server);
    let gateway = machine.start().await;
    let client = machine.client(&gateway);
    machine.works(&client).await;
    let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
    for seconds in [1, 5] {
        let waiting = consenting(&youth);
        let holding = hold(&machine, seconds).await;
        machine.acknowledged.push(record(&client, &waiting).await.unwrap().name);
        assert!(!is_held(&machine), "acknowledged while it was locked");
        holding.join().unwrap();
        machine.works(&client).await;
    }
    machine.holds_all(gateway).await;
}
