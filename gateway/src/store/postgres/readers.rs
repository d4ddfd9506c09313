//! On which connections is it read?

use std::time::Duration;

use deadpool_postgres::{Client, Pool, PoolError};

use super::connect::Connector;
use super::fault::{Fault, failed};
use super::session::find;
use crate::store::StoreError;
use crate::store::sql::Query;

/// How long a question waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// The connections that only read.
#[derive(Debug)]
pub(super) struct Readers {
    pool: Pool,
}

impl Readers {
    pub(super) fn new(connector: &Connector, count: u32) -> Result<Readers, StoreError> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(Readers { pool: connector.clone().pool(count, PATIENCE)? })
    }

    /// Asks; once more on another connection when one turns out to be gone, as all of them may be.
    pub(super) async fn find<T>(&self, query: &Query<T>) -> Result<Vec<T>, StoreError> {
        let mut left = self.pool.status().max_size;
        loop {
            let client = taken(&self.pool).await?;
            match find(&client, query).await {
                Err(error) if left > 0 && Fault::is_passing(&error) => left -= 1,
                answer => return answer,
            }
        }
    }
}

/// A connection of a pool, as soon as there is one.
pub(super) async fn taken(pool: &Pool) -> Result<Client, StoreError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => failed(error),
        PoolError::Timeout(_) => StoreError::failed(Fault::Lost("no connection became free".to_owned())),
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            StoreError::failed(Fault::Lost("there are no connections any more".to_owned()))
        }
    })
}
