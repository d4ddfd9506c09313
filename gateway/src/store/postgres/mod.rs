//! How does a database server keep the state of the gateway?
//!
//! In one PostgreSQL database. One connection writes: everything that waits becomes one transaction, so that one sync
//! serves many, and what is refused falls alone. A pool of connections reads beside it. Several gateways may work on it:
//! whoever writes has the lock of all that write, and what they do about the same people is kept apart by holds.

mod connect;
mod fault;
mod holds;
mod leaves;
mod news;
mod readers;
mod rewrite;
mod schema;
mod session;
mod writer;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::mpsc;

use self::connect::Connector;
use self::holds::Holds;
use self::readers::Readers;
use self::writer::Writer;
use super::sql::{Backend, Done, Query, Value, Work, only_instant, only_number};
use super::{Heard, Hold, StoreError};

pub use connect::{PostgresSettings, Server};
pub use leaves::Leaves;

/// The store in one PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    readers: Readers,
    writer: Writer,
    holds: Holds,
    connector: Connector,
}

impl PostgresStore {
    /// Connects to the database and brings its schema up to date. Within a runtime of tokio, on which the writer goes on.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when a newer release has written it, [`StoreError::Failed`] when it cannot be reached
    /// or used.
    pub async fn open(settings: &PostgresSettings) -> Result<PostgresStore, StoreError> {
        let connector = Connector::new(settings)?;
        let readers = Readers::new(&connector, settings.readers)?;
        let holds = Holds::new(&connector)?;
        let writer = Writer::start(connector.clone()).await?;
        Ok(PostgresStore { readers, writer, holds, connector })
    }

    /// Connects to the server, which has to be one that can be used, and asks for its time. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when it cannot be reached or used.
    pub async fn time(settings: &PostgresSettings) -> Result<Timestamp, StoreError> {
        Connector::new(settings)?.time().await
    }

    /// The audit log in the same database.
    #[must_use]
    pub fn leaves(&self) -> Leaves {
        Leaves::new(self.connector.clone())
    }
}

#[async_trait]
impl Backend for PostgresStore {
    async fn read<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        self.readers.find(&query).await
    }

    async fn read_many<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        self.readers.find(&query).await
    }

    async fn write(&self, work: Work) -> Result<Done, StoreError> {
        self.writer.write(work).await
    }

    async fn rewrite(&self) -> Result<(), StoreError> {
        rewrite::rewrite(&self.connector).await
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint".to_owned();
        let time = Query { sql, values: Vec::new(), read: only_instant };
        Ok(self.readers.find(&time).await?.into_iter().next())
    }

    async fn hold(&self, part: u32) -> Result<Option<Hold>, StoreError> {
        self.holds.hold(part).await.map(Some)
    }

    /// By the sessions on which they hear each other: one that is gone has none.
    async fn gateways(&self) -> Result<u32, StoreError> {
        let sql = "SELECT count(DISTINCT application_name) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name <> ?1 AND starts_with(application_name, ?2)";
        let own = news::session(self.writer.id());
        let values = vec![Value::Text(own.into()), Value::Text(news::SESSION.into())];
        let others = Query { sql: sql.to_owned(), values, read: only_number };
        let others = self.readers.find(&others).await?.into_iter().next().unwrap_or_default();
        Ok(u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1))
    }

    async fn listen(&self) -> Option<mpsc::Receiver<Heard>> {
        Some(news::listen(self.connector.clone(), self.writer.id()))
    }
}
