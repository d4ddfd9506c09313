//! What do several gateways on one store learn of each other?
//!
//! Each has the consents of everybody in memory. What another one changes about a person has a position in one order, in
//! the same transaction: before anything is decided here it is looked whether there are newer ones than are known, and
//! those people are read anew. That others have committed something is told by the store as well, so that watchers hear of
//! it and deliveries begin; who has missed that looks.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polku_proto::YouthId;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{Mutex, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::error::Error;
use crate::gateway::Gateway;
use crate::news::Topic;
use crate::services::status;
use crate::store::{Change, Heard, Known, Store, StoreError};
use crate::trail;

#[cfg(test)]
mod tests;

/// How many people are read anew at once.
const PAGE_ROWS: u32 = 256;

/// How many pseudonyms are made before others have their turn.
const PSEUDONYMS: usize = 4096;

/// How often it is looked what others have done, whether or not they have told.
const LOOK: Duration = Duration::from_secs(1);

/// How often what gateways that are gone have left open in the audit log is closed.
const CLOSE: Duration = Duration::from_secs(60);

/// The word for deliveries in the queue, and the one for something else that is known of somebody.
const QUEUED: &str = "d";
const KNOWN: &str = "k";

/// What this gateway has learned of what is known of everybody.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    position: AtomicU64,
    one_at_a_time: Mutex<()>,
}

impl Learned {
    /// Everything up to a position is in the index.
    pub(crate) fn reach(&self, position: u64) {
        self.position.fetch_max(position, Ordering::AcqRel);
    }

    fn reached(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }
}

/// How long the store may take to tell its time. Whoever has stood still between the answer and reading it would be behind.
const TELLING: Duration = Duration::from_millis(250);

/// How often it is asked at first, if it takes longer.
const QUESTIONS: u32 = 8;

/// The time of the store, which is one for all gateways on it: what it was last, and how long ago. A gateway whose own clock
/// is wrong takes no delivery from another one that is at work on it, and waits no longer than the others would.
#[derive(Debug)]
pub(crate) struct CommonTime {
    /// What the store has told, and when since the host was started.
    told: std::sync::Mutex<Option<(Timestamp, Duration)>>,
    since_start: fn() -> Duration,
}

impl CommonTime {
    pub(crate) async fn of(store: &dyn Store) -> Result<Self, StoreError> {
        let time = Self { told: std::sync::Mutex::default(), since_start };
        for _ in 0..QUESTIONS {
            if time.read(store).await? {
                break;
            }
        }
        Ok(time)
    }

    /// Asks for it again; no, if what was told came late. It is never ahead of what the store would say, unless the store's
    /// clock was set back.
    pub(crate) async fn read(&self, store: &dyn Store) -> Result<bool, StoreError> {
        let asked = (self.since_start)();
        let told = store.time().await?;
        Ok(told.is_none_or(|time| self.hear(time, asked)))
    }

    /// What was told before holds on, counted by the host, until something better comes.
    fn hear(&self, time: Timestamp, asked: Duration) -> bool {
        let now = (self.since_start)();
        let is_fresh = now.saturating_sub(asked) <= TELLING;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // What comes late and is later than what was counted is nearer to it all the same.
        let is_behind = told.is_none_or(|counted| counted_on(counted, now) < time);
        if is_fresh || is_behind {
            *told = Some((time, now));
        }
        is_fresh
    }

    /// Nothing, where there are no other gateways.
    pub(crate) fn now(&self) -> Option<Timestamp> {
        let told = (*self.told.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(counted_on(told, (self.since_start)()))
    }
}

/// What the store's clock shows now by what was told when so much had passed.
fn counted_on((time, heard): (Timestamp, Duration), now: Duration) -> Timestamp {
    let since = now.saturating_sub(heard);
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    time.saturating_add(SignedDuration::from_millis(millis)).unwrap_or(Timestamp::MAX)
}

/// How long ago the host was started, with the time that it has slept: other gateways have gone on meanwhile, and a lease
/// of this one is over. [`std::time::Instant`] leaves that out. Of a virtual machine that its host has stopped neither knows.
fn since_start() -> Duration {
    let since = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(since.tv_sec), u32::try_from(since.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}

impl Gateway {
    /// Sees to it that the index has everything that any gateway had made durable before this call.
    ///
    /// # Errors
    /// Fails when that cannot be known: then nothing may be decided.
    pub(crate) async fn learn(&self) -> Result<(), Error> {
        if !self.store.is_shared() {
            return Ok(());
        }
        let newest = self.store.newest_known().await?;
        if self.learned.reached() >= newest {
            return Ok(());
        }
        let _one = self.learned.one_at_a_time.lock().await;
        while self.learned.reached() < newest {
            let people = self.store.known_after(self.learned.reached(), PAGE_ROWS).await?;
            let Some((_, last)) = people.last() else { break };
            let last = *last;
            let mut erased = HashSet::new();
            for (known, _) in people {
                match known {
                    Known::Person(row) => self.read_anew(row).await?,
                    Known::Erased(subject) => drop(erased.insert(subject)),
                }
            }
            self.forget_erased(&erased).await;
            self.learned.reach(last);
        }
        Ok(())
    }

    /// Whoever was erased is in the index by ids that only their pseudonyms are known of.
    async fn forget_erased(&self, erased: &HashSet<[u8; 32]>) {
        if erased.is_empty() {
            return;
        }
        let known: Vec<YouthId> = self.index().known_ids().collect();
        for ids in known.chunks(PSEUDONYMS) {
            let is_erased = |id: &YouthId| erased.contains(&self.subject_pseudonym(*id));
            let gone: Vec<YouthId> = ids.iter().copied().filter(is_erased).collect();
            self.forget(&gone);
            yield_now().await;
        }
    }

    /// What the other gateways are told with a change.
    pub(crate) fn news_of(&self, change: &Change, topics: &HashSet<Topic>) -> BTreeSet<String> {
        if !self.store.is_shared() {
            return BTreeSet::new();
        }
        let mut news: BTreeSet<String> = topics.iter().map(Topic::word).collect();
        if !change.enqueue.is_empty() || !change.deliveries.is_empty() {
            news.insert(QUEUED.to_owned());
        }
        if !change.instruments.is_empty() || !change.tied.is_empty() || change.youth.is_some() {
            news.insert(KNOWN.to_owned());
        }
        news
    }

    async fn hear(&self, words: &[String]) -> Result<(), Error> {
        let told = |word: &str| words.iter().any(|other| other == word);
        if told(KNOWN) {
            self.learn().await?;
        }
        self.news.ring(&words.iter().filter_map(|word| Topic::of_word(word)).collect());
        if told(QUEUED) {
            self.queued.notify_one();
        }
        Ok(())
    }

    async fn hear_anything(&self) -> Result<(), Error> {
        self.learn().await?;
        self.news.ring_all();
        self.queued.notify_one();
        Ok(())
    }

    async fn look_at_others(&self) -> Result<(), Error> {
        self.learn().await?;
        self.audit.copy_others().await?;
        self.quotas.share(self.store.gateways().await?);
        Ok(())
    }
}

/// Follows what other gateways on the same store do, if there can be any, until told to stop.
pub(crate) async fn follow(gateway: Arc<Gateway>, mut stop: watch::Receiver<bool>) {
    let Some(mut heard) = gateway.store.listen().await else { return };
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut closing, mut looked) = (Instant::now() + CLOSE, 0);
    while !*stop.borrow() {
        let done = tokio::select! {
            told = heard.recv() => match told {
                Some(Heard::News(words)) => gateway.hear(&words).await,
                Some(Heard::Missed) => gateway.hear_anything().await,
                None => return,
            },
            _ = looks.tick() => gateway.look_at_others().await,
            changed = stop.changed() => if changed.is_err() { return } else { Ok(()) },
        };
        if let Err(error) = done {
            status::log(&error);
        }
        if Instant::now() >= closing {
            closing = Instant::now() + CLOSE;
            match trail::close_old(&gateway, looked).await {
                Ok(until) => looked = until,
                Err(error) => status::log(&error),
            }
        }
    }
}
