//! On which connections is it read?

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::session::find;
use super::{failed, schema};
use crate::machine::Blocking;
use crate::store::StoreError;
use crate::store::sql::Query;

/// How many read at the same time.
const READERS: usize = 4;

/// For how long a locked database is waited for, where waiting holds nobody else up.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections that only read.
#[derive(Debug)]
pub(super) struct Readers {
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
    blocking: Blocking,
}

/// A connection in use. Given back when dropped.
struct Taken {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    // The permit goes along: the caller may stop waiting, the connection is in use all the same.
    _permit: OwnedSemaphorePermit,
}

/// There are as many connections as permits: this cannot happen.
#[derive(Debug, thiserror::Error)]
#[error("no connection is free")]
struct NoConnection;

/// The thread that has read has ended.
#[derive(Debug, thiserror::Error)]
#[error("reading ended abnormally")]
struct Unfinished;

impl Readers {
    pub(super) fn open(path: &Path, blocking: &Blocking) -> Result<Readers, StoreError> {
        let idle = (0..READERS).map(|_| schema::connect_reader(path)).collect::<Result<_, _>>()?;
        let (free, idle) = (Arc::new(Semaphore::new(READERS)), Arc::new(Mutex::new(idle)));
        Ok(Readers { free, idle, blocking: blocking.clone() })
    }

    /// Asks at once, on this thread: a few rows by an index take some microseconds, a tenth of what handing the question
    /// to another thread and back takes. Writers do not stand in the way of readers here; where the database is locked
    /// all the same, by somebody else, it is waited for on another thread.
    pub(super) async fn find<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        let taken = self.take().await?;
        match taken.find(&query, Duration::ZERO) {
            Err(StoreError::Failed(error)) if is_locked(&*error) => self.wait(taken, query).await,
            found => found,
        }
    }

    /// Asks where it may block.
    pub(super) async fn find_many<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        self.wait(self.take().await?, query).await
    }

    async fn wait<T: Send + 'static>(&self, taken: Taken, query: Query<T>) -> Result<Vec<T>, StoreError> {
        let found = self.blocking.read(move || taken.find(&query, PATIENCE)).await;
        found.ok_or_else(|| failed(Unfinished))?
    }

    async fn take(&self) -> Result<Taken, StoreError> {
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(failed)?;
        let idle = Arc::clone(&self.idle);
        let connection = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(Taken { connection, idle, _permit: permit })
    }
}

impl Taken {
    fn find<T>(&self, query: &Query<T>, patience: Duration) -> Result<Vec<T>, StoreError> {
        let connection = self.connection.as_ref().ok_or_else(|| failed(NoConnection))?;
        connection.busy_timeout(patience).map_err(failed)?;
        find(connection, query)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.connection.take());
    }
}

fn is_locked(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
