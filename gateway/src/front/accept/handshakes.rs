//! Who gives way when more connections come than can shake hands?
//!
//! Nothing is known of a connection in its handshake, so all of them have a pool of their own: whoever says nothing there
//! holds up nobody who is known, and is the first to go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The handshakes under way.
#[derive(Debug, Clone)]
pub(super) struct Handshakes {
    most: usize,
    under_way: Arc<Mutex<UnderWay>>,
}

#[derive(Debug, Default)]
struct UnderWay {
    next: u64,
    /// By their numbers: the oldest comes first.
    all: BTreeMap<u64, Arc<Notify>>,
}

/// One of them, until dropped.
#[derive(Debug)]
pub(super) struct Handshake {
    number: u64,
    gives_way: Arc<Notify>,
    of: Handshakes,
}

impl Handshakes {
    pub(super) fn new(most: usize) -> Handshakes {
        Handshakes { most, under_way: Arc::default() }
    }

    /// Another one. The oldest gives way, where there is no room.
    pub(super) fn begin(&self) -> Handshake {
        let gives_way = Arc::<Notify>::default();
        let mut under_way = self.under_way();
        if under_way.all.len() >= self.most
            && let Some((_, oldest)) = under_way.all.pop_first()
        {
            oldest.notify_one();
        }
        let number = under_way.next;
        under_way.next += 1;
        under_way.all.insert(number, Arc::clone(&gives_way));
        drop(under_way);
        Handshake { number, gives_way, of: self.clone() }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handshake {
    /// Waits until it has to give way.
    pub(super) async fn gives_way(&self) {
        self.gives_way.notified().await;
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        self.of.under_way().all.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn has_to_go(handshake: &Handshake) -> bool {
        timeout(Duration::from_millis(1), handshake.gives_way()).await.is_ok()
    }

    #[tokio::test]
    async fn the_oldest_gives_way_and_nothing_is_kept() {
        let handshakes = Handshakes::new(2);
        let first = handshakes.begin();
        let second = handshakes.begin();
        assert!(!has_to_go(&first).await);
        let third = handshakes.begin();
        assert!(has_to_go(&first).await && !has_to_go(&second).await && !has_to_go(&third).await);
        drop(second);
        let fourth = handshakes.begin();
        assert!(!has_to_go(&third).await && !has_to_go(&fourth).await, "there was room");
        drop((first, third, fourth));
        assert!(handshakes.under_way().all.is_empty());
    }
}
