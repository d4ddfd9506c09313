//! Who is woken by a change?
//!
//! Each watcher waits for one topic, and a commit rings the topics that it has news of: nobody else looks into the store.
//! A topic is kept for as long as somebody waits for it, so however many agencies and plans there are, the memory is that
//! of the watchers.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use polku_proto::{AgencyId, PlanId};
use tokio::sync::{Notify, OnceCell};

use crate::hex::{hex, of_hex};
use crate::store::Change;

#[cfg(test)]
mod tests;

/// What there can be news of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// The referrals of an agency.
    Referrals(AgencyId),
    /// The consents of those whom an agency may ask about: the agency's keyed hash, as its notices have it.
    Consents([u8; 32]),
    /// The tasks of an agency.
    Tasks(AgencyId),
    /// All joint plans that an agency is a party to.
    Plans(AgencyId),
    /// One of them.
    Plan(AgencyId, PlanId),
}

/// Those who wait for news.
#[derive(Debug, Default)]
pub(crate) struct News(Mutex<HashMap<Topic, Listened>>);

/// A topic that somebody waits for.
#[derive(Debug)]
struct Listened {
    bell: Arc<Bell>,
    watchers: usize,
}

/// What is rung for a topic.
#[derive(Default)]
struct Bell {
    notify: Notify,
    rings: AtomicU64,
    /// What those who were woken by one ring read behind one position.
    reading: Mutex<Option<Reading>>,
}

struct Reading {
    rings: u64,
    position: u64,
    rows: Weak<dyn Any + Send + Sync>,
}

impl fmt::Debug for Bell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bell").field("rings", &self.rings).finish_non_exhaustive()
    }
}

/// Rows with their positions, for all who read them at the same time.
pub(crate) type SharedRows<R> = Arc<OnceCell<Vec<(u64, R)>>>;

impl News {
    /// Waits for news of a topic from now on, until the watcher is dropped.
    pub(crate) fn listen(self: &Arc<Self>, topic: Topic) -> Listener {
        let mut topics = self.topics();
        let listened =
            topics.entry(topic.clone()).or_insert_with(|| Listened { bell: Arc::default(), watchers: 0 });
        listened.watchers += 1;
        let bell = Arc::clone(&listened.bell);
        Listener { news: Arc::clone(self), topic, bell }
    }

    /// Wakes whoever waits for one of these topics. To be called when the news can be read.
    pub(crate) fn ring(&self, news: &HashSet<Topic>) {
        let topics = self.topics();
        for listened in news.iter().filter_map(|topic| topics.get(topic)) {
            // Counted first: whoever has not seen this ring counted is woken by it.
            listened.bell.rings.fetch_add(1, Ordering::SeqCst);
            listened.bell.notify.notify_waiters();
        }
    }

    /// Wakes everybody: nobody knows what has been missed.
    pub(crate) fn ring_all(&self) {
        let all = self.topics().keys().cloned().collect();
        self.ring(&all);
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<Topic, Listened>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits for news of a topic.
#[derive(Debug)]
pub(crate) struct Listener {
    news: Arc<News>,
    topic: Topic,
    bell: Arc<Bell>,
}

impl Listener {
    /// What is rung for. It has to be enabled before it is looked whether anything was rung for since the store was read.
    pub(crate) fn bell(&self) -> &Notify {
        &self.bell.notify
    }

    /// How often it has been rung. To be asked before the store is read, and again before waiting.
    pub(crate) fn rings(&self) -> u64 {
        self.bell.rings.load(Ordering::SeqCst)
    }

    /// A place for what is read behind this position, or behind an earlier one, after so many rings: one for all who ask
    /// while one of them has it. Whoever fills it begins to read after those rings, so it has all that was rung for.
    pub(crate) fn shared<R: Send + Sync + 'static>(&self, rings: u64, position: u64) -> SharedRows<R> {
        let mut reading = self.bell.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let same = reading.as_ref().filter(|other| other.rings == rings && other.position <= position);
        let rows = same.and_then(|same| same.rows.upgrade()).and_then(|rows| rows.downcast().ok());
        rows.unwrap_or_else(|| {
            let rows: SharedRows<R> = Arc::default();
            let weak: Weak<dyn Any + Send + Sync> = Arc::downgrade(&rows) as _;
            *reading = Some(Reading { rings, position, rows: weak });
            rows
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut topics = self.news.topics();
        let Some(listened) = topics.get_mut(&self.topic) else { return };
        listened.watchers -= 1;
        if listened.watchers == 0 {
            topics.remove(&self.topic);
        }
    }
}

impl Topic {
    /// How other gateways are told of it, who understand it by [`Topic::of_word`].
    pub(crate) fn word(&self) -> String {
        match self {
            Topic::Referrals(agency) => format!("r {agency}"),
            Topic::Consents(hash) => format!("c {}", hex(hash)),
            Topic::Tasks(agency) => format!("t {agency}"),
            Topic::Plans(agency) => format!("p {agency}"),
            Topic::Plan(agency, plan) => format!("p {agency} {}", plan.uuid()),
        }
    }

    /// The topic with this word; nothing, if it is the word of none.
    pub(crate) fn of_word(word: &str) -> Option<Topic> {
        let mut parts = word.split(' ');
        let (kind, name, plan) = (parts.next()?, parts.next()?, parts.next());
        let agency = || name.parse::<AgencyId>().ok();
        Some(match (kind, plan) {
            ("r", None) => Topic::Referrals(agency()?),
            ("c", None) => Topic::Consents(of_hex(name)?),
            ("t", None) => Topic::Tasks(agency()?),
            ("p", None) => Topic::Plans(agency()?),
            ("p", Some(plan)) => Topic::Plan(agency()?, PlanId::from_uuid(plan.parse().ok()?)),
            _ => return None,
        })
    }
}

/// What a change has news of.
pub(crate) fn topics(change: &Change) -> HashSet<Topic> {
    let mut topics = HashSet::new();
    for event in &change.events {
        topics.insert(Topic::Referrals(event.sender.clone()));
        topics.extend(event.recipient.clone().map(Topic::Referrals));
    }
    topics.extend(change.notices.iter().map(|notice| Topic::Consents(notice.agency)));
    topics.extend(change.tasks.iter().map(|write| Topic::Tasks(write.row.agency.clone())));
    for event in &change.plan_events {
        topics.insert(Topic::Plans(event.agency.clone()));
        topics.insert(Topic::Plan(event.agency.clone(), event.plan));
    }
    topics
}
