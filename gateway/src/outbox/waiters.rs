//! Who waits for the end of which delivery?

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use polku_proto::MessageId;
use tokio::sync::oneshot;

/// Callers that want the agency's answer in the same call. Only a convenience: whoever is not told looks again.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Mutex<HashMap<MessageId, Vec<oneshot::Sender<()>>>>);

impl Waiters {
    /// Told once when the delivery has come to an end. Callers that go away are forgotten with the next change.
    pub(crate) fn wait_for(&self, message: MessageId) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
        waiting.entry(message).or_default().push(sender);
        receiver
    }

    pub(super) fn ended(&self, message: MessageId) {
        let senders = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&message);
        for sender in senders.into_iter().flatten() {
            // The caller may have gone away: nothing is lost by that.
            let _ = sender.send(());
        }
    }
}
