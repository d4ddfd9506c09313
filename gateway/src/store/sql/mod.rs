//! Which words do both databases understand, and what does each have to do with them?
//!
//! Almost every statement of the store is the same text for SQLite and PostgreSQL, so it is written once, here: what is
//! asked for is a [`Query`], what is changed is a list of [`Step`]s, and a back end says how such are run, on which
//! connection and in which transaction. Parameters are written `?1`. What differs stays with its back end: the tables,
//! how they are made, how connections are opened, who writes, and what a failure means.

mod changes;
mod deliveries;
mod identities;
mod journeys;
mod plans;
mod read;
mod rows;
mod several;
mod store;
mod tallies;
mod tasks;
mod upkeep;
mod value;
mod work;

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{Heard, Hold, StoreError};

pub(in crate::store) use deliveries::void_leases;
pub(in crate::store) use rows::{only_instant, only_number};
pub(in crate::store) use value::{Cell, Row, Value};
pub(in crate::store) use work::{Done, Work};

/// A question, and how a row of its answer is read.
#[derive(Debug)]
pub(in crate::store) struct Query<T> {
    /// The text.
    pub(in crate::store) sql: String,
    /// Its parameters.
    pub(in crate::store) values: Vec<Value<'static>>,
    /// How a row is read.
    pub(in crate::store) read: fn(&dyn Row) -> Result<T, StoreError>,
}

/// A statement that changes something, and what it means when it does not.
#[derive(Debug)]
pub(in crate::store) struct Step<'a> {
    /// The text.
    pub(in crate::store) sql: &'static str,
    /// Its parameters.
    pub(in crate::store) values: Vec<Value<'a>>,
    /// What it means that another number of rows than one was changed. `None`: nothing.
    pub(in crate::store) unless_one: Option<Refusal>,
    /// What it means that a row with such a key is there already.
    pub(in crate::store) when_taken: Refusal,
}

/// Why a change is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Refusal {
    Conflict,
    RequestTaken,
    IdentityTaken,
    NotHeld,
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflict => StoreError::Conflict,
            Refusal::RequestTaken => StoreError::RequestTaken,
            Refusal::IdentityTaken => StoreError::IdentityTaken,
            Refusal::NotHeld => StoreError::NotHeld,
        }
    }
}

impl<'a> Step<'a> {
    /// Changes as many rows as there are.
    fn any(sql: &'static str, values: Vec<Value<'a>>) -> Self {
        Self { sql, values, unless_one: None, when_taken: Refusal::Conflict }
    }

    /// Changes one row, or else there is a conflict.
    fn one(sql: &'static str, values: Vec<Value<'a>>) -> Self {
        Self { unless_one: Some(Refusal::Conflict), ..Self::any(sql, values) }
    }

    /// What the number of rows that it has changed means.
    pub(in crate::store) fn checked(&self, changed: u64) -> Result<u64, StoreError> {
        match self.unless_one {
            Some(refusal) if changed != 1 => Err(refusal.into()),
            Some(_) | None => Ok(changed),
        }
    }
}

/// A connection within a transaction.
pub(in crate::store) trait Session {
    /// All rows that a query finds.
    async fn find<T>(&self, query: Query<T>) -> Result<Vec<T>, StoreError>;

    /// Takes the steps in their order, and answers how many rows they have changed. The first one that is refused is the
    /// answer; whoever has begun the transaction then takes back all of them.
    async fn take(&self, steps: &[Step<'_>]) -> Result<u64, StoreError>;

    /// The first row that a query finds.
    async fn first<T>(&self, query: Query<T>) -> Result<Option<T>, StoreError> {
        Ok(self.find(query).await?.into_iter().next())
    }
}

/// A database: whatever is one is a [`super::Store`].
#[async_trait]
pub(in crate::store) trait Backend: Debug + Send + Sync {
    /// All rows that a query finds, as of some instant after the call.
    async fn read<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError>;

    /// The same, where there are thousands of them: it may take longer to begin, and holds nobody else up.
    async fn read_many<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError>;

    /// Does a piece of work, all of it or nothing, and answers when it is on disk.
    async fn write(&self, work: Work) -> Result<Done, StoreError>;

    /// Writes anew what may hold bytes of rows that are gone, as [`super::Upkeep::scrub`] says.
    async fn rewrite(&self) -> Result<(), StoreError>;

    /// See [`super::Several::is_shared`].
    fn is_shared(&self) -> bool {
        false
    }

    /// See [`super::Several::time`].
    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    /// See [`super::Several::hold`].
    async fn hold(&self, _part: u32) -> Result<Option<Hold>, StoreError> {
        Ok(None)
    }

    /// See [`super::Several::gateways`].
    async fn gateways(&self) -> Result<u32, StoreError> {
        Ok(1)
    }

    /// See [`super::Several::listen`].
    async fn listen(&self) -> Option<mpsc::Receiver<Heard>> {
        None
    }
}
