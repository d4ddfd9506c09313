//! Where do the leaves of several gateways get their one order?
//!
//! In a place that all of them write, which is then the authority: a leaf counts when it is durable there. What each
//! gateway has in its file is a copy, leaf by leaf, and all that is read, indexed and published is read from the copy.

use std::error::Error;
use std::fmt::Debug;

use async_trait::async_trait;

use super::Hash;
use crate::causes::told;

/// The log that several gateways write.
#[async_trait]
pub trait Order: Debug + Send {
    /// How far it goes.
    ///
    /// # Errors
    /// [`OrderError`].
    async fn head(&mut self) -> Result<Head, OrderError>;

    /// The bytes of leaves from a place on, in order, at most `limit`.
    ///
    /// # Errors
    /// [`OrderError`].
    async fn leaves(&mut self, from: u64, limit: u32) -> Result<Vec<Vec<u8>>, OrderError>;

    /// Appends leaves in one piece, and answers when they are durable. They are made when it is known how many come
    /// before; asked more than once, they are to be made in the same way. What has come in from `from` on before them is
    /// answered with them.
    ///
    /// # Errors
    /// [`OrderError`]; then it may not be known whether they are there.
    async fn append(&mut self, from: u64, make: Make<'_>) -> Result<Placed, OrderError>;
}

/// Makes leaves, the first of which has this place.
pub type Make<'a> = &'a mut (dyn FnMut(u64) -> Vec<Vec<u8>> + Send);

/// How far the log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many leaves there are.
    pub size: u64,
    /// Hash of the last one; zeros before the first.
    pub last_hash: Hash,
}

/// Where leaves have been appended.
#[derive(Debug)]
pub struct Placed {
    /// What had come in before them.
    pub before: Vec<Vec<u8>>,
    /// How far the log went then.
    pub head: Head,
}

/// The log of all gateways does not do what it was asked for.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct OrderError(String);

impl OrderError {
    /// In the words of an error that names nobody.
    pub fn of(error: &dyn Error) -> Self {
        Self(told(error))
    }
}
