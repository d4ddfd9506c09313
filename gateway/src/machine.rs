//! What does a gateway take from the machine that it runs on, beside time and files?
//!
//! Random numbers of the system, threads for what blocks, and the network. A simulation gives all three itself, so that
//! the same seed gives the same run.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use polku_adapters::transport::http::Network;
use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};

/// What a gateway takes from its machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// For ids and for spreading retries. Keys and nonces are always the system's.
    pub random: Arc<dyn Random>,
    /// Where is done what blocks.
    pub blocking: Blocking,
    /// Through what agencies are reached.
    pub network: Network,
    /// When an embedded database is on disk.
    pub durability: Durability,
}

impl Default for Machine {
    /// The machine as it is.
    fn default() -> Self {
        Self {
            random: Arc::new(SystemRandom::new()),
            blocking: Blocking::default(),
            network: Network::default(),
            durability: Durability::default(),
        }
    }
}

/// A source of random numbers.
pub trait Random: Debug + Send + Sync {
    /// Fills the bytes with random ones.
    ///
    /// # Errors
    /// When there are none.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unspecified>;
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unspecified> {
        SecureRandom::fill(self, bytes)
    }
}

/// When an embedded database waits for the disk. No configuration chooses it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// Before anything is acknowledged.
    #[default]
    EachCommit,
    /// When it is convenient: what was acknowledged is lost with the power. For tests that have to find that out.
    Lazy,
}

/// Where is done what blocks.
#[derive(Debug, Clone, Default)]
pub enum Blocking {
    /// On threads of its own; who writes takes many requests in one go.
    #[default]
    Threads,
    /// Where it is asked for, each piece when it is its turn.
    InTurn(Arc<dyn Turn>),
}

/// Whoever says when it is whose turn.
#[async_trait]
pub trait Turn: Debug + Send + Sync {
    /// Waits for a turn: before something is written, and before it is told that it was.
    async fn wait(&self);
}

impl Blocking {
    /// Does what only reads. Nothing: it ended abnormally.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        match self {
            Self::Threads => tokio::task::spawn_blocking(work).await.ok(),
            Self::InTurn(_) => Some(work()),
        }
    }
}
