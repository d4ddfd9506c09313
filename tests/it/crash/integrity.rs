//! Is the database whole in itself, after its gateway was killed so often?

use std::path::Path;

use polku_tests::postgres::Cluster;
use polku_tests::world::World;
use rusqlite::Connection;
use tempfile::TempDir;

/// Every index of the database holds what its table does.
const INDEXES: &str = "CREATE EXTENSION IF NOT EXISTS amcheck;
    SELECT count(*) FROM (
        SELECT bt_index_check(index.indexrelid, true) FROM pg_index index
            JOIN pg_class of ON of.oid = index.indexrelid
            JOIN pg_am manner ON manner.oid = of.relam AND manner.amname = 'btree'
            JOIN pg_namespace namespace ON namespace.oid = of.relnamespace AND namespace.nspname = 'public'
        ) AS checked";

/// What is wrong with its tables.
const TABLES: &str = "SELECT count(*) FROM pg_class of
    JOIN pg_namespace namespace ON namespace.oid = of.relnamespace AND namespace.nspname = 'public',
    LATERAL verify_heapam(of.oid) WHERE of.relkind = 'r'";

/// Looks at all of it. No gateway is running.
pub(super) fn check(world: &World, data: &Path) {
    match world.database() {
        None => {
            let database = Connection::open(data.join("polku.db")).unwrap();
            let said: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(said, "ok");
            let broken = database.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
            assert!(!broken, "something refers to what is not there");
        }
        Some(database) => {
            let cluster = Cluster::shared().unwrap();
            let checked = cluster.sql(database, INDEXES).unwrap();
            assert!(checked.lines().last().unwrap().parse::<u32>().unwrap() > 20, "{checked} indexes");
            assert_eq!(cluster.sql(database, TABLES).unwrap(), "0");
            // And all that it holds can be read.
            cluster.dump(database, &TempDir::new().unwrap().path().join("dump")).unwrap();
        }
    }
}
