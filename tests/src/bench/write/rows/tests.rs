//! Does a bare writer write what a gateway does?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use polku_gateway::audit;
use polku_gateway::config::Config;
use polku_gateway::store::postgres::PostgresStore;
use polku_gateway::store::sqlite;
use polku_tests::postgres::Cluster;
use polku_tests::world::{World, WorldSettings};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{ANSWER, DETAIL, FINGERPRINT, LEAF, REFERRAL, postgres, sqlite as schema};
use crate::asks::{AnsweredWhen, People, Refer};
use crate::connection::Road;
use crate::fill::fill;
use crate::load::{Ask, Load};
use crate::serve::plain;

/// How far sizes may be apart, in bytes: names and times are not always of the same length.
const NEAR: usize = 40;

type Sizes = BTreeMap<&'static str, usize>;

fn number(connection: &Connection, sql: &str) -> usize {
    connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
}

fn tables(connection: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn counts(connection: &Connection) -> BTreeMap<String, usize> {
    let count = |table: String| {
        let rows = number(connection, &format!("SELECT count(*) FROM {table}"));
        (table, rows)
    };
    tables(connection).into_iter().map(count).collect()
}

/// Indexes of the gateway in which such a row does not stand, by what it holds: it has not reached its recipient, no delivery
/// of it has ended, and it is no disclosure and no part of a plan.
const NOT_IN: [&str; 7] = [
    "referral_by_recipient",
    "referral_erasable",
    "delivery_of_disclosure",
    "delivery_of_section",
    "delivery_waiting_part",
    "delivery_queued_part",
    "delivery_by_plan",
];

fn is_in(definition: &str) -> bool {
    !NOT_IN.iter().any(|name| definition.contains(&format!(" {name} ON ")))
}

/// Statements that make the indexes of a table, but for those by which a key is unique.
fn indexes(connection: &Connection, table: &str) -> BTreeSet<String> {
    let sql = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([table], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_has_these_rows_of_these_sizes_in_these_indexes() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let config = Config::load(&world.config_file()).unwrap();
    fill(&config, 400).await.unwrap();
    let data = config.store.clone();
    // Nothing is delivered there: the referral stays in the queue.
    let opened = plain::open(config, &world.identities.ohjaamo.sha256).await.unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let road = Road::plain(listener.local_addr().unwrap());
    tokio::spawn(plain::serve(opened, listener));
    let gateway = Connection::open(data.join(sqlite::FILE)).unwrap();
    let before = counts(&gateway);
    let log = || usize::try_from(std::fs::metadata(data.join(audit::FILE)).unwrap().len()).unwrap();
    let log_before = log();
    let send: Arc<dyn Ask> = Arc::new(Refer::new(People { count: 1 }, AnsweredWhen::Durable).unwrap());
    let load = Load::new(vec![road], 1, 1);
    let pressed = load.open().await.unwrap().press(&send, Duration::ZERO).await.unwrap();
    assert_eq!((pressed.calls, pressed.first_wrong), (1, None));
    let leaf = log() - log_before;
    let grown: BTreeMap<String, usize> = counts(&gateway)
        .into_iter()
        .map(|(table, rows)| (table.clone(), rows - before[&table]))
        .filter(|(_, rows)| *rows > 0)
        .collect();

    let bare = Connection::open_in_memory().unwrap();
    bare.execute_batch(&schema()).unwrap();
    let expected: BTreeMap<String, usize> = tables(&bare).into_iter().map(|table| (table, 1)).collect();
    assert_eq!(grown, expected, "one row in each of these tables");
    for table in expected.keys() {
        let of_gateway: BTreeSet<String> =
            indexes(&gateway, table).into_iter().filter(|index| is_in(index)).collect();
        assert_eq!(indexes(&bare, table), of_gateway, "indexes of {table}");
    }

    let length = |sql: &str| number(&gateway, sql);
    let sizes = Sizes::from([
        ("answer", length("SELECT length(sealed_answer) FROM request ORDER BY time DESC LIMIT 1")),
        ("fingerprint", length("SELECT length(fingerprint) FROM request LIMIT 1")),
        (
            "detail",
            length(
                "SELECT length(sealed) FROM audit_detail WHERE sequence = (SELECT max(sequence) FROM audit_detail)",
            ),
        ),
        ("referral", length("SELECT length(sealed) FROM referral ORDER BY number DESC LIMIT 1")),
        ("leaf", leaf),
    ]);
    let stated = Sizes::from([
        ("answer", ANSWER),
        ("fingerprint", FINGERPRINT),
        ("detail", DETAIL),
        ("referral", REFERRAL),
        ("leaf", LEAF),
    ]);
    for (what, size) in &sizes {
        assert!(stated[what].abs_diff(*size) <= NEAR, "a gateway has {sizes:?}, the writers {stated:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_server_the_indexes_are_the_same() {
    let indexes = |cluster: &Cluster, database: &str| -> BTreeSet<String> {
        let sql = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()
            AND tablename IN ('request', 'audit_detail', 'referral', 'event', 'delivery')";
        let found = cluster.sql(database, sql).unwrap();
        found.lines().filter(|index| is_in(index)).map(str::to_owned).collect()
    };
    let cluster = Cluster::shared().unwrap();
    let (gateway, bare) = (cluster.database().unwrap(), cluster.database().unwrap());
    PostgresStore::open(&gateway).await.unwrap();
    cluster.sql(&bare.database, &postgres()).unwrap();
    assert_eq!(indexes(cluster, &bare.database), indexes(cluster, &gateway.database));
}
