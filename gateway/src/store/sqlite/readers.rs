//! On which connections is it read?

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::{failed, schema};
use crate::store::StoreError;

/// How many read at the same time.
const READERS: usize = 4;

/// The connections that only read.
#[derive(Debug)]
pub(super) struct Readers {
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

/// There are as many connections as permits: this cannot happen.
#[derive(Debug, thiserror::Error)]
#[error("no connection is free")]
struct NoConnection;

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Readers, StoreError> {
        let idle = (0..READERS).map(|_| schema::connect_reader(path)).collect::<Result<_, _>>()?;
        Ok(Readers { free: Arc::new(Semaphore::new(READERS)), idle: Arc::new(Mutex::new(idle)) })
    }

    /// Runs a query where it may block.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // The permit goes along: the caller may stop waiting, the connection is in use all the same.
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(failed)?;
        let idle = Arc::clone(&self.idle);
        let answered = spawn_blocking(move || {
            let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = taken.ok_or_else(|| failed(NoConnection))?;
            let answer = query(&connection);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(permit);
            answer
        });
        answered.await.map_err(failed)?
    }
}
