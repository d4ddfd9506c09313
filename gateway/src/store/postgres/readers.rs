//! On which connections is it read?

use std::time::Duration;

use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};

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
        let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(connector.config().clone(), connector.clone(), settings);
        let pool = Pool::builder(manager)
            .max_size(usize::try_from(count).unwrap_or(usize::MAX))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .build()
            .map_err(StoreError::failed)?;
        Ok(Readers { pool })
    }

    /// Asks; once more on another connection when one turns out to be gone, as all of them may be.
    pub(super) async fn find<T>(&self, query: &Query<T>) -> Result<Vec<T>, StoreError> {
        let mut left = self.pool.status().max_size;
        loop {
            let client = self.client().await?;
            match find(&client, query).await {
                Err(error)
                    if left > 0 && matches!(Fault::of(&error), Some(Fault::Lost(_) | Fault::Again(_))) =>
                {
                    left -= 1;
                }
                answer => return answer,
            }
        }
    }

    async fn client(&self) -> Result<Client, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => failed(error),
            PoolError::Timeout(_) => StoreError::failed(Fault::Lost("no connection became free".to_owned())),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                StoreError::failed(Fault::Lost("there are no connections any more".to_owned()))
            }
        })
    }
}
