//! How does everything learn that the gateway is to end?

use std::sync::Arc;

use tokio::sync::watch;

/// A signal that is given once and seen by every holder.
#[derive(Debug, Clone)]
pub struct Shutdown {
    sender: Arc<watch::Sender<bool>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { sender: Arc::new(watch::Sender::new(false)) }
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
        self.sender.send_replace(true);
    }

    /// Tells whether the signal has been given.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        *self.sender.borrow()
    }

    /// Waits for the signal.
    pub async fn begun(&self) {
        let mut receiver = self.sender.subscribe();
        // It fails only without a sender, and this is one.
        let _ = receiver.wait_for(|begun| *begun).await;
    }
}
