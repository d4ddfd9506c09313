//! What does a long queue for one agency cost whoever works on the others? Counted, not timed.

use std::cell::Cell;

use futures_util::FutureExt as _;
use polku_proto::AgencyId;
use rusqlite::{Connection, StatementStatus, params_from_iter};

use super::super::session::take;
use super::super::{SqliteStore, failed};
use super::folder;
use crate::store::sql::{Done, Query, Session, Step, Work};
use crate::store::{LeaseRequest, StoreError};

/// A connection that counts the instructions of SQLite's machine: what it reads and passes over is in it.
struct Counting<'a> {
    connection: &'a Connection,
    instructions: Cell<i64>,
}

impl Session for Counting<'_> {
    async fn find<T>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare(&query.sql).map_err(failed)?;
        let mut found = statement.query(params_from_iter(&query.values)).map_err(failed)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(failed)? {
            rows.push((query.read)(row)?);
        }
        drop(found);
        let more = i64::from(statement.get_status(StatementStatus::VmStep));
        self.instructions.set(self.instructions.get() + more);
        Ok(rows)
    }

    async fn take(&self, steps: &[Step<'_>]) -> Result<u64, StoreError> {
        take(self.connection, steps)
    }
}

/// How many deliveries are leased, and by how many instructions, when so many wait for `te` and one for `paja`.
fn cost(waiting: u32, under_way: &[(&str, u32)], held: &[(&str, u32)]) -> (usize, i64) {
    let (_folder, path) = folder();
    drop(SqliteStore::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    let fill = "WITH RECURSIVE more (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM more WHERE number < ?1)
        INSERT INTO delivery (message, item, item_index, referral, youth, agency, state, attempts, due, deadline, fence,
                priority)
            SELECT randomblob(16), 1, 0, randomblob(16), randomblob(16), ?2, 1, 0, number % 900, 1000000, 0, 2 FROM more";
    assert_eq!(connection.execute(fill, (waiting, "te")).unwrap(), usize::try_from(waiting).unwrap());
    connection.execute(fill, (1, "paja")).unwrap();
    let named = |all: &[(&str, u32)]| -> Vec<(AgencyId, u32)> {
        all.iter().map(|(agency, count)| (agency.parse().unwrap(), *count)).collect()
    };
    let at = |millis| jiff::Timestamp::from_millisecond(millis).unwrap();
    let lease = LeaseRequest {
        now: at(1_000),
        time: at(1_000),
        until: at(60_000),
        limit: 64,
        per_agency: 16,
        under_way: named(under_way),
        held: named(held),
    };
    let session = Counting { connection: &connection, instructions: Cell::new(0) };
    let done = Work::Lease(lease).run(&session).now_or_never().unwrap().unwrap();
    let Done::Leased(rows) = done else { panic!("{done:?}") };
    assert!(rows.iter().any(|row| row.agency.as_str() == "paja"), "it waits behind the others");
    (rows.len(), session.instructions.get())
}

#[test]
fn ten_thousand_that_wait_cost_no_more_than_twenty() {
    // Nothing is known of the agency yet.
    costs_the_same(&[], &[], 17);
    // It is silent, and as many wait for its answer as may.
    costs_the_same(&[("te", 16)], &[], 1);
    // It is left alone, and then tried by one.
    costs_the_same(&[], &[("te", 0)], 1);
    costs_the_same(&[], &[("te", 1)], 2);
    costs_the_same(&[("te", 1)], &[("te", 0)], 1);
}

fn costs_the_same(under_way: &[(&str, u32)], held: &[(&str, u32)], leased: usize) {
    let (few, many) = (cost(20, under_way, held), cost(10_000, under_way, held));
    assert_eq!(few.0, leased, "{under_way:?}, {held:?}");
    assert_eq!(many, few, "{under_way:?}, {held:?}");
}
