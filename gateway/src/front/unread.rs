//! Are answers read?
//!
//! A stream whose reader gives it no room stands still, and with it what it holds. Only its connection can end it. What
//! has been handed on whole is not seen any more: a connection that is at work on nothing else shall not stay for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What stands still on one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<Mutex<Parts>>);

#[derive(Debug, Default)]
struct Parts {
    next: u64,
    since: HashMap<u64, Instant>,
    /// Requests at work, and answers that have not been handed on whole.
    live: usize,
    /// When the last of them ended.
    ended: Option<Instant>,
}

/// One request at work, or one answer to it.
#[derive(Debug)]
pub(super) struct Answered {
    unread: Unread,
    number: u64,
}

impl Unread {
    /// Another request, or answer.
    pub(super) fn answered(&self) -> Answered {
        let mut parts = self.parts();
        parts.next += 1;
        parts.live += 1;
        Answered { unread: self.clone(), number: parts.next }
    }

    /// Waits until something has been left unread for so long.
    pub(super) async fn too_long(&self, limit: Duration) {
        loop {
            tokio::time::sleep(limit / 4).await;
            if self.parts().since.values().any(|since| since.elapsed() >= limit) {
                return;
            }
        }
    }

    /// Waits until for so long nothing has been asked for, and nothing has been at work. It has begun with a request.
    pub(super) async fn quiet(&self, limit: Duration) {
        loop {
            tokio::time::sleep(limit / 4).await;
            let parts = self.parts();
            if parts.live == 0 && parts.ended.is_some_and(|ended| ended.elapsed() >= limit) {
                return;
            }
        }
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answered {
    /// A part of it is given to be sent.
    pub(super) fn given(&self) {
        self.unread.parts().since.insert(self.number, Instant::now());
    }

    /// There is room for another one: the last one is on its way.
    pub(super) fn asked(&self) {
        self.unread.parts().since.remove(&self.number);
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.asked();
        let mut parts = self.unread.parts();
        parts.live = parts.live.saturating_sub(1);
        parts.ended = Some(Instant::now());
    }
}
