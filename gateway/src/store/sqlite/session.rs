//! How are questions asked and steps taken on one connection?

use futures_util::FutureExt as _;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, ffi, params_from_iter};

use super::failed;
use crate::store::StoreError;
use crate::store::sql::{Cell, Done, Query, Row, Session, Step, Value, Work};

/// SQLite answers at once: this cannot happen.
#[derive(Debug, thiserror::Error)]
#[error("the work waits for something")]
struct Waits;

/// A connection, as the work of the store knows it.
struct Direct<'a>(&'a Connection);

impl Session for Direct<'_> {
    async fn find<T>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        find(self.0, &query)
    }

    async fn take(&self, steps: &[Step<'_>]) -> Result<u64, StoreError> {
        take(self.0, steps)
    }
}

/// Does a piece of work, within the savepoint of the writer.
pub(super) fn do_work(connection: &Connection, work: &Work) -> Result<Done, StoreError> {
    work.run(&Direct(connection)).now_or_never().unwrap_or_else(|| Err(failed(Waits)))
}

/// All rows that a query finds.
pub(super) fn find<T>(connection: &Connection, query: &Query<T>) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(&query.sql).map_err(failed)?;
    let mut found = statement.query(params_from_iter(&query.values)).map_err(failed)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        rows.push((query.read)(row)?);
    }
    Ok(rows)
}

/// Takes steps, until one is refused.
pub(super) fn take(connection: &Connection, steps: &[Step<'_>]) -> Result<u64, StoreError> {
    let mut sum = 0;
    for step in steps {
        let executed = connection
            .prepare_cached(step.sql)
            .and_then(|mut statement| statement.execute(params_from_iter(&step.values)));
        let changed =
            executed.map_err(|error| match error.sqlite_error().map(|error| error.extended_code) {
                Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                    step.when_taken.into()
                }
                Some(_) | None => failed(error),
            })?;
        sum += step.checked(changed as u64)?;
    }
    Ok(sum)
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::Id(id) => ValueRef::Blob(id),
            Value::Hash(hash) => ValueRef::Blob(hash),
        }))
    }
}

impl Row for rusqlite::Row<'_> {
    fn cell(&self, column: usize) -> Option<Cell<'_>> {
        match self.get_ref(column).ok()? {
            ValueRef::Null => Some(Cell::Null),
            ValueRef::Integer(number) => Some(Cell::Integer(number)),
            ValueRef::Real(_) => None,
            ValueRef::Text(text) => std::str::from_utf8(text).ok().map(Cell::Text),
            ValueRef::Blob(bytes) => Some(Cell::Bytes(bytes)),
        }
    }
}
