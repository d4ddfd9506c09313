//! Are answers read?
//!
//! A stream whose reader gives it no room stands still, and with it what it holds. Only its connection can end it. What
//! has been handed on whole is not seen any more: a connection that is at work on nothing else shall not stay for it. And
//! what stands still has its bounds by time and by number: an answer for which a connection has no room is not kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::LARGEST_ANSWER;

/// How many bytes of answers one connection may leave unread: as many as the largest answer has.
const MOST: usize = LARGEST_ANSWER;
/// An answer that is no larger has room on each stream there may be: that something was withdrawn is always said.
const SMALL: usize = 16 * 1024;

/// What stands still on one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<Mutex<Parts>>);

#[derive(Debug, Default)]
struct Parts {
    next: u64,
    since: HashMap<u64, Instant>,
    /// How many bytes of answers have not been handed on.
    held: usize,
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
    /// How many bytes of it have not been handed on.
    held: usize,
}

impl Unread {
    /// Another request, or answer.
    pub(super) fn answered(&self) -> Answered {
        let mut parts = self.parts();
        parts.next += 1;
        parts.live += 1;
        Answered { unread: self.clone(), number: parts.next, held: 0 }
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
    /// It begins with so many bytes. Says whether there is room for them beside the other answers of the connection.
    pub(super) fn begins(&mut self, bytes: usize) -> bool {
        let mut parts = self.unread.parts();
        let has_room = bytes <= SMALL || parts.held == 0 || parts.held.saturating_add(bytes) <= MOST;
        if has_room {
            parts.held = parts.held.saturating_add(bytes);
            self.held = bytes;
        }
        has_room
    }

    /// So many bytes of it are left to be handed on.
    pub(super) fn holds(&mut self, bytes: usize) {
        let mut parts = self.unread.parts();
        parts.held = parts.held.saturating_sub(self.held).saturating_add(bytes);
        self.held = bytes;
    }

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
        self.holds(0);
        let mut parts = self.unread.parts();
        parts.live = parts.live.saturating_sub(1);
        parts.ended = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_not_read_have_room_for_the_largest_and_small_ones() {
        let unread = Unread::default();
        let mut first = unread.answered();
        assert!(first.begins(MOST), "the largest one alone");
        let (mut second, mut small) = (unread.answered(), unread.answered());
        assert!(!second.begins(SMALL + 1) && small.begins(SMALL));
        first.holds(MOST / 2);
        assert!(!second.begins(MOST / 2), "the small one is there");
        drop(small);
        assert!(second.begins(MOST / 2));
        drop(first);
        second.holds(0);
        assert_eq!(unread.parts().held, 0);
    }
}
