//! How does everything learn that the gateway is to end?

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// A signal that is given once and seen by every holder.
#[derive(Debug, Clone)]
pub struct Shutdown {
    sender: Arc<watch::Sender<Option<Instant>>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { sender: Arc::new(watch::Sender::new(None)) }
    }
}

impl Shutdown {
    /// Makes a signal that has not been given.
    #[must_use]
    pub fn new() -> Shutdown {
        Shutdown::default()
    }

    /// Gives the signal.
    pub fn begin(&self) {
        self.sender.send_if_modified(|begun| {
            let is_first = begun.is_none();
            begun.get_or_insert_with(Instant::now);
            is_first
        });
    }

    /// Tells whether the signal has been given.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.sender.borrow().is_some()
    }

    /// When the time to finish is over that began with the signal.
    pub(crate) fn end(&self, time: Duration) -> Instant {
        self.sender.borrow().unwrap_or_else(Instant::now) + time
    }

    /// Waits for the signal.
    pub async fn begun(&self) {
        let mut receiver = self.sender.subscribe();
        // It fails only without a sender, and this is one.
        let _ = receiver.wait_for(Option::is_some).await;
    }
}
