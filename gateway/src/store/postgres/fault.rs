//! What has gone wrong with the database, in words without anything that it holds?

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::store::StoreError;

/// What has gone wrong. The server's own words are left out: they can repeat values.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The connection is gone, or the server ends it.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// Another transaction was in the way.
    #[error("the transaction has to be done again (SQLSTATE {0})")]
    Again(String),
    /// The server, or the driver, does not do what it was asked for.
    #[error("a statement was refused: {0}")]
    Refused(String),
}

impl Fault {
    /// Of an error of the store, if it comes from the database.
    pub(super) fn of(error: &StoreError) -> Option<&Fault> {
        match error {
            StoreError::Failed(source) | StoreError::NotWritten(source) | StoreError::Unknown(source) => {
                source.downcast_ref()
            }
            StoreError::Conflict
            | StoreError::RequestTaken
            | StoreError::IdentityTaken
            | StoreError::NotHeld
            | StoreError::Unreadable { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::Busy
            | StoreError::Damaged => None,
        }
    }

    /// Whether the same can be tried again on another connection: the reason lies outside of what was asked for.
    pub(super) fn is_passing(error: &StoreError) -> bool {
        matches!(Fault::of(error), Some(Fault::Lost(_) | Fault::Again(_)))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.as_db_error() {
            Some(answer) => of_answer(answer),
            // The driver itself: a value that does not fit into a column is no reason to try again.
            None => {
                let cause = error.source();
                let words = cause.map_or_else(|| error.to_string(), |cause| format!("{error} ({cause})"));
                match cause {
                    Some(cause) if !cause.is::<std::io::Error>() => Fault::Refused(words),
                    Some(_) | None => Fault::Lost(words),
                }
            }
        }
    }
}

fn of_answer(answer: &DbError) -> Fault {
    let code = answer.code().code().to_owned();
    match answer.code() {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => Fault::Again(code),
        // Shut down, crashed, starting, or tired of a connection that does nothing.
        &SqlState::ADMIN_SHUTDOWN
        | &SqlState::CRASH_SHUTDOWN
        | &SqlState::CANNOT_CONNECT_NOW
        | &SqlState::IDLE_SESSION_TIMEOUT
        | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Fault::Lost(format!("SQLSTATE {code}")),
        _ if code.starts_with("08") => Fault::Lost(format!("SQLSTATE {code}")),
        _ => Fault::Refused(format!("SQLSTATE {code}")),
    }
}

pub(super) fn failed(error: Error) -> StoreError {
    StoreError::failed(Fault::from(error))
}
