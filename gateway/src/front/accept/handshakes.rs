//! Who gives way when more connections come than can shake hands?
//!
//! Nothing is known of a connection in its handshake, so all of them have a pool of their own: whoever is there holds up
//! nobody who is known. One that has said nothing goes before any that has, for an honest client speaks as soon as it is
//! connected. Among equals it is chance: if the oldest had to go, a flood that is quicker than a round trip would leave
//! none that is honest; so it leaves some of them.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The handshakes under way.
#[derive(Debug, Clone)]
pub(super) struct Handshakes {
    most: usize,
    under_way: Arc<Mutex<UnderWay>>,
}

/// By their numbers.
type Pool = BTreeMap<u64, Arc<Notify>>;

#[derive(Debug, Default)]
struct UnderWay {
    next: u64,
    chance: RandomState,
    silent: Pool,
    speaking: Pool,
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

    /// Another one. Where there is no room one gives way.
    pub(super) fn begin(&self) -> Handshake {
        let gives_way = Arc::<Notify>::default();
        let mut under_way = self.under_way();
        let number = under_way.next;
        if under_way.silent.len() + under_way.speaking.len() >= self.most
            && let Some(other) = under_way.any()
        {
            other.notify_one();
        }
        under_way.next += 1;
        under_way.silent.insert(number, Arc::clone(&gives_way));
        drop(under_way);
        Handshake { number, gives_way, of: self.clone() }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    /// Takes one out.
    fn any(&mut self) -> Option<Arc<Notify>> {
        let pool = if self.silent.is_empty() { &mut self.speaking } else { &mut self.silent };
        let count = u64::try_from(pool.len()).ok()?;
        // Nobody outside knows the keys of this hash.
        let chosen = self.chance.hash_one(self.next).checked_rem(count)?;
        let number = *pool.keys().nth(usize::try_from(chosen).ok()?)?;
        pool.remove(&number)
    }
}

impl Handshake {
    /// It has begun to speak.
    pub(super) fn speaks(&self) {
        let mut under_way = self.of.under_way();
        // Not there any more: it has to give way.
        if let Some(gives_way) = under_way.silent.remove(&self.number) {
            under_way.speaking.insert(self.number, gives_way);
        }
    }

    /// Waits until it has to give way.
    pub(super) async fn gives_way(&self) {
        self.gives_way.notified().await;
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let mut under_way = self.of.under_way();
        under_way.silent.remove(&self.number);
        under_way.speaking.remove(&self.number);
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
    async fn the_silent_give_way_first_and_nothing_is_kept() {
        let handshakes = Handshakes::new(2);
        let first = handshakes.begin();
        first.speaks();
        let second = handshakes.begin();
        let third = handshakes.begin();
        assert!(!has_to_go(&first).await && has_to_go(&second).await && !has_to_go(&third).await);
        second.speaks();
        third.speaks();
        let fourth = handshakes.begin();
        assert!(has_to_go(&first).await ^ has_to_go(&third).await && !has_to_go(&fourth).await);
        drop(fourth);
        let fifth = handshakes.begin();
        assert!(!has_to_go(&fifth).await, "there was room");
        drop((first, second, third, fifth));
        let under_way = handshakes.under_way();
        assert!(under_way.silent.is_empty() && under_way.speaking.is_empty());
    }

    /// Each flood is one that would have had every older one go.
    #[tokio::test]
    async fn a_flood_leaves_some_of_those_that_are_honest() {
        let (mut stay, floods) = (0, 200);
        for _ in 0..floods {
            let handshakes = Handshakes::new(16);
            let honest = handshakes.begin();
            let flood: Vec<Handshake> = (0..32).map(|_| handshakes.begin()).collect();
            stay += usize::from(handshakes.under_way().silent.contains_key(&honest.number));
            drop(flood);
        }
        assert!(stay > 0 && stay < floods, "{stay}");
    }
}
