//! What does a store do for several gateways that work on it at the same time?
//!
//! A store with one gateway does none of it, and says so.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Change, StoreError, YouthRow};

/// How the gateways on one store keep out of each other's way, and hear of each other.
#[async_trait]
pub trait Several {
    /// Whether other gateways may work on the same store.
    fn is_shared(&self) -> bool;

    /// The time that all gateways on the same store count leases and pauses by, whatever their clocks show. Nothing, where
    /// there are no other gateways.
    async fn time(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Takes a part of all people, by its number, for whoever asks: no other gateway has it until what is answered is
    /// dropped. It can be lost all the same, by whoever stands still for too long or with the server's memory: then what is
    /// committed with its [`Fence`] is refused. Nothing, where there are no other gateways.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another gateway has had it for too long.
    async fn hold(&self, part: u32) -> Result<Option<Hold>, StoreError>;

    /// [`super::Store::commit`], as one among several gateways.
    ///
    /// # Errors
    /// Those of [`super::Store::commit`], and [`StoreError::NotHeld`] when a hold has been lost.
    async fn commit_among(&self, change: Change, among: Among) -> Result<(), StoreError>;

    /// Sees to it that nothing is ever committed of what this audit leaf has announced. Answers no if it is there already.
    async fn close_leaf(&self, leaf: u64) -> Result<bool, StoreError>;

    /// The position of the newest change of what is known of anybody for deciding: consents, prohibitions, legal
    /// statuses, ages, and which ids are one person's. 0 if there is none.
    async fn newest_known(&self) -> Result<u64, StoreError>;

    /// The people of whom something else is known since a position, and those who were erased since, each with the
    /// position of the last change, in order, at most `limit`.
    async fn known_after(&self, position: u64, limit: u32) -> Result<Vec<(Known, u64)>, StoreError>;

    /// How many gateways work on the same store at the moment, this one among them: those that hear what others tell.
    async fn gateways(&self) -> Result<u32, StoreError>;

    /// What the other gateways tell from now on. Nothing, where there are none.
    async fn listen(&self) -> Option<mpsc::Receiver<Heard>>;
}

/// Of whom something else is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Of this person.
    Person(YouthRow),
    /// Of whoever has this pseudonym in the audit log: they were erased.
    Erased([u8; 32]),
}

/// That a part of all people is this gateway's alone. Given back when dropped.
pub struct Hold {
    fence: Fence,
    give_back: Option<Box<dyn FnOnce(Fence) + Send + Sync>>,
}

/// What tells a hold from every other one of the same part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    /// The part.
    pub part: u32,
    /// Made for this hold.
    pub holder: Uuid,
}

/// What a commit needs, and tells, among several gateways.
#[derive(Debug, Default)]
pub struct Among {
    /// The holds that it rests on.
    pub fences: Vec<Fence>,
    /// What the other gateways are told when it is durable: words of letters, digits, hyphens and spaces.
    pub news: BTreeSet<String>,
}

/// What is heard of other gateways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// What they have told with a commit.
    News(Vec<String>),
    /// Something may have been missed: anything can have happened.
    Missed,
}

impl Hold {
    pub(super) fn new(fence: Fence, give_back: impl FnOnce(Fence) + Send + Sync + 'static) -> Self {
        Self { fence, give_back: Some(Box::new(give_back)) }
    }

    /// What is to be committed with it.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Hold").field(&self.fence).finish()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(give_back) = self.give_back.take() {
            give_back(self.fence);
        }
    }
}
