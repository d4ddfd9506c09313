//! Why did the store not do what it was asked for?

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
    /// The database does not work.
    #[error("the database failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
