//! Why did the store not do what it was asked for?

use std::error::Error;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row has moved on since it was read.
    #[error("the record has changed in between")]
    Conflict,
    /// The request id has been used.
    #[error("the request id has been used")]
    RequestTaken,
    /// The identity belongs to another row.
    #[error("the identity is already registered")]
    IdentityTaken,
    /// What the change rests on was held for too long, and is another gateway's now. Nothing was made.
    #[error("another gateway has taken over in between")]
    NotHeld,
    /// The database holds something that this release cannot read.
    #[error("unreadable record in table {table}")]
    Unreadable {
        /// Which table.
        table: &'static str,
    },
    /// The database was written by a newer release.
    #[error("schema version {found} is newer than this release knows ({known})")]
    NewerSchema {
        /// What the file says.
        found: u32,
        /// What this release knows.
        known: u32,
    },
    /// The queue to the writer is full.
    #[error("too many changes are waiting to be written")]
    Busy,
    /// The database does not work. Of a change it is not certain whether it was made.
    #[error("the database failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// The database does not work, and of the change nothing was made.
    #[error("the database did not take the change")]
    NotWritten(#[source] Box<dyn Error + Send + Sync>),
    /// The database has been found to be damaged, by this call or an earlier one: nothing is read from it or written to it
    /// any more. Of a change it is not certain whether it was made.
    #[error("the database is damaged: it has to be restored from a backup")]
    Damaged,
    /// The connection was lost while a change was being made durable, and the database could not be asked since whether
    /// it is there.
    #[error("it could not be found out whether the change was made")]
    Unknown(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    pub(super) fn failed(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed(Box::new(error))
    }
}
