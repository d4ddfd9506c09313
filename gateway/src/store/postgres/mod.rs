//! How does a database server keep the state of the gateway?
//!
//! In one PostgreSQL database. One connection writes: everything that waits becomes one transaction, so that one sync
//! serves many, and what is refused falls alone. A pool of connections reads beside it. A lock of the database lets one
//! gateway in at a time.

mod connect;
mod fault;
mod readers;
mod schema;
mod session;
mod writer;

use async_trait::async_trait;

use self::connect::Connector;
use self::readers::Readers;
use self::writer::Writer;
use super::StoreError;
use super::sql::{Backend, Done, Query, Work};

pub use connect::{PostgresSettings, Server};

/// The store in one PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    readers: Readers,
    writer: Writer,
}

impl PostgresStore {
    /// Connects to the database and brings its schema up to date. Within a runtime of tokio, on which the writer goes on.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when a newer release has written it, [`StoreError::Failed`] when it cannot be reached
    /// or used, or another gateway works on it.
    pub async fn open(settings: &PostgresSettings) -> Result<PostgresStore, StoreError> {
        let connector = Connector::new(settings)?;
        let readers = Readers::new(&connector, settings.readers)?;
        Ok(PostgresStore { readers, writer: Writer::start(connector).await? })
    }
}

#[async_trait]
impl Backend for PostgresStore {
    async fn read<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        self.readers.find(&query).await
    }

    async fn write(&self, work: Work) -> Result<Done, StoreError> {
        self.writer.write(work).await
    }
}
