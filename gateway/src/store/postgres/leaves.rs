//! How do several gateways write one audit log in the database?
//!
//! Whoever appends locks the head of the log, so leaves get their places one group after the other, and commits before
//! anybody is told of a place. When a connection is lost while a commit is under way, the group is looked for by its own
//! number once the head is free: it is there or it never will be.

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use tokio::time::sleep;

use super::connect::Connector;
use super::fault::{Fault, failed};
use crate::audit::{Hash, Head, Make, Order, OrderError, Placed, leaf_hash};
use crate::store::StoreError;

/// How often appending is begun anew, and how long it is waited before the second time; before each other one as much
/// more.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(100);

/// The audit log of all gateways on one database.
#[derive(Debug)]
pub struct Leaves {
    connector: Connector,
    client: Option<ClientWrapper>,
}

/// The number of a group.
type Batch = [u8; 16];

/// Leaves from a place on, each with the group that it came with.
type Rows = Vec<(Vec<u8>, Vec<u8>)>;

impl Leaves {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, client: None }
    }

    async fn client(&mut self) -> Result<ClientWrapper, StoreError> {
        match self.client.take() {
            Some(client) if !client.is_closed() => Ok(client),
            Some(_) | None => self.connector.open().await,
        }
    }

    /// A connection on which anything has gone wrong is not used again.
    async fn try_append(&mut self, batch: Batch, from: u64, make: Make<'_>) -> Result<Placed, StoreError> {
        let client = self.client().await?;
        let placed = append(&client, batch, from, make).await?;
        self.client = Some(client);
        Ok(placed)
    }

    async fn try_head(&mut self) -> Result<Head, StoreError> {
        let client = self.client().await?;
        let head = head(&client, "SELECT size, last_hash FROM audit_head").await?;
        self.client = Some(client);
        Ok(head)
    }

    async fn try_leaves(&mut self, from: u64, limit: u32) -> Result<Rows, StoreError> {
        let client = self.client().await?;
        let rows = rows(&client, from, limit).await?;
        self.client = Some(client);
        Ok(rows)
    }
}

#[async_trait]
impl Order for Leaves {
    async fn head(&mut self) -> Result<Head, OrderError> {
        // That an idle connection was lost shows with the first question.
        match self.try_head().await {
            Err(error) if Fault::is_passing(&error) => self.try_head().await,
            answer => answer,
        }
        .map_err(|error| OrderError::of(&error))
    }

    async fn leaves(&mut self, from: u64, limit: u32) -> Result<Vec<Vec<u8>>, OrderError> {
        let found = match self.try_leaves(from, limit).await {
            Err(error) if Fault::is_passing(&error) => self.try_leaves(from, limit).await,
            answer => answer,
        };
        let found = found.map_err(|error| OrderError::of(&error))?;
        Ok(found.into_iter().map(|(bytes, _)| bytes).collect())
    }

    async fn append(&mut self, from: u64, make: Make<'_>) -> Result<Placed, OrderError> {
        let batch: Batch = crate::seal::random_bytes().map_err(|error| OrderError::of(&error))?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.try_append(batch, from, make).await {
                Ok(placed) => return Ok(placed),
                Err(error) => error,
            };
            if attempt == ATTEMPTS || !Fault::is_passing(&error) {
                return Err(OrderError::of(&error));
            }
            sleep(PAUSE * attempt).await;
        }
    }
}

async fn append(
    client: &ClientWrapper,
    batch: Batch,
    from: u64,
    make: Make<'_>,
) -> Result<Placed, StoreError> {
    client.batch_execute("BEGIN").await.map_err(failed)?;
    let head = head(client, "SELECT size, last_hash FROM audit_head FOR UPDATE").await?;
    let found = if head.size > from { rows(client, from, u32::MAX).await? } else { Rows::new() };
    if let Some(own) = found.iter().position(|(_, of)| *of == batch) {
        // An earlier attempt has come about, and others may have come behind it.
        client.batch_execute("ROLLBACK").await.map_err(failed)?;
        let size = from + own as u64;
        let before: Vec<Vec<u8>> = found.into_iter().take(own).map(|(bytes, _)| bytes).collect();
        let last_hash = match before.last() {
            Some(last) => leaf_hash(last),
            None => hash_before(client, from).await?,
        };
        return Ok(Placed { before, head: Head { size, last_hash } });
    }
    let before = found.into_iter().map(|(bytes, _)| bytes).collect();
    let leaves = make(head.size);
    let Some(last) = leaves.last() else {
        client.batch_execute("ROLLBACK").await.map_err(failed)?;
        return Ok(Placed { before, head });
    };
    let last_hash = leaf_hash(last);
    let first = number(head.size)?;
    let count = i64::try_from(leaves.len()).map_err(StoreError::failed)?;
    let add = "INSERT INTO audit_leaf (sequence, bytes, batch)
        SELECT $1 + place - 1, leaf, $3 FROM unnest($2::bytea[]) WITH ORDINALITY AS made (leaf, place)";
    let add = client.prepare_cached(add).await.map_err(failed)?;
    client.execute(&add, &[&first, &leaves, &batch.as_slice()]).await.map_err(failed)?;
    let grow = client.prepare_cached("UPDATE audit_head SET size = $1, last_hash = $2").await;
    let grow = grow.map_err(failed)?;
    client.execute(&grow, &[&(first + count), &last_hash.as_slice()]).await.map_err(failed)?;
    client.batch_execute("COMMIT").await.map_err(failed)?;
    Ok(Placed { before, head })
}

async fn head(client: &ClientWrapper, sql: &str) -> Result<Head, StoreError> {
    const UNREADABLE: StoreError = StoreError::Unreadable { table: "audit_head" };
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_one(&statement, &[]).await.map_err(failed)?;
    let size: i64 = row.try_get(0).map_err(failed)?;
    let last_hash: Vec<u8> = row.try_get(1).map_err(failed)?;
    Ok(Head {
        size: u64::try_from(size).map_err(|_| UNREADABLE)?,
        last_hash: Hash::try_from(last_hash.as_slice()).map_err(|_| UNREADABLE)?,
    })
}

async fn rows(client: &ClientWrapper, from: u64, limit: u32) -> Result<Rows, StoreError> {
    let sql = "SELECT bytes, batch FROM audit_leaf WHERE sequence >= $1 ORDER BY sequence LIMIT $2";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let found = client.query(&statement, &[&number(from)?, &i64::from(limit)]).await.map_err(failed)?;
    let row = |row: tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
    found.into_iter().map(row).collect::<Result<_, _>>().map_err(failed)
}

/// The hash of the leaf before a place.
async fn hash_before(client: &ClientWrapper, place: u64) -> Result<Hash, StoreError> {
    let Some(last) = place.checked_sub(1) else { return Ok([0; 32]) };
    let found = rows(client, last, 1).await?;
    let (bytes, _) = found.first().ok_or(StoreError::Unreadable { table: "audit_leaf" })?;
    Ok(leaf_hash(bytes))
}

fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(StoreError::failed)
}
