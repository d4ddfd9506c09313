//! How are questions asked and steps taken on one connection?

use std::error::Error;

use bytes::BufMut as _;
use deadpool_postgres::ClientWrapper;
use futures_util::future::join_all;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::fault::failed;
use crate::store::StoreError;
use crate::store::sql::{Cell, Query, Row, Session, Step, Value};

/// A connection, as the work of the store knows it.
pub(super) struct Remote<'a>(pub(super) &'a ClientWrapper);

impl Session for Remote<'_> {
    async fn find<T>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        find(self.0, &query).await
    }

    /// All steps are sent at once: what a later one says does not count when an earlier one is refused.
    async fn take(&self, steps: &[Step<'_>]) -> Result<u64, StoreError> {
        let mut statements = Vec::with_capacity(steps.len());
        for step in steps {
            statements.push(self.0.prepare_cached(&translated(step.sql)).await.map_err(failed)?);
        }
        let taken = steps.iter().zip(&statements).map(|(step, statement)| {
            let values = step.values.iter().map(|value| value as &(dyn ToSql + Sync));
            self.0.execute_raw(statement, values.collect::<Vec<_>>())
        });
        let mut sum = 0;
        for (step, executed) in steps.iter().zip(join_all(taken).await) {
            let changed = executed.map_err(|error| match error.code() {
                Some(&SqlState::UNIQUE_VIOLATION) => step.when_taken.into(),
                Some(_) | None => failed(error),
            })?;
            sum += step.checked(changed)?;
        }
        Ok(sum)
    }
}

/// All rows that a query finds.
pub(super) async fn find<T>(client: &ClientWrapper, query: &Query<T>) -> Result<Vec<T>, StoreError> {
    let statement = client.prepare_cached(&translated(&query.sql)).await.map_err(failed)?;
    let values: Vec<_> = query.values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    let found = client.query(&statement, &values).await.map_err(failed)?;
    found.iter().map(|row| (query.read)(row)).collect()
}

/// PostgreSQL writes parameters in another way, and counts rows itself. No statement has a question mark otherwise.
fn translated(sql: &str) -> String {
    sql.replace('?', "$").replace("(SELECT max(number) + 1 FROM delivery)", "DEFAULT")
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Null => return Ok(IsNull::Yes),
            Value::Integer(number) if *kind == Type::INT8 => out.put_i64(*number),
            Value::Integer(number) if *kind == Type::INT4 => out.put_i32(i32::try_from(*number)?),
            Value::Text(text) if *kind == Type::TEXT => out.put_slice(text.as_bytes()),
            Value::Bytes(bytes) if *kind == Type::BYTEA => out.put_slice(bytes),
            Value::Id(id) if matches!(*kind, Type::UUID | Type::BYTEA) => out.put_slice(id),
            Value::Hash(hash) if *kind == Type::BYTEA => out.put_slice(hash),
            Value::Integer(_) | Value::Text(_) | Value::Bytes(_) | Value::Id(_) | Value::Hash(_) => {
                return Err(format!("a value does not fit into a column of type {kind}").into());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::INT4 | Type::TEXT | Type::BYTEA | Type::UUID)
    }

    to_sql_checked!();
}

/// A cell as it comes.
struct Raw<'a>(Cell<'a>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Raw(match *kind {
            Type::INT8 => Cell::Integer(i64::from_be_bytes(raw.try_into()?)),
            Type::TEXT => Cell::Text(std::str::from_utf8(raw)?),
            _ => Cell::Bytes(raw),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Raw(Cell::Null))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA | Type::UUID)
    }
}

impl Row for tokio_postgres::Row {
    fn cell(&self, column: usize) -> Option<Cell<'_>> {
        self.try_get::<_, Raw<'_>>(column).ok().map(|raw| raw.0)
    }
}
