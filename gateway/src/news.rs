//! Who is woken by a change?
//!
//! Each watcher waits for one topic, and a commit rings the topics that it has news of: nobody else looks into the store.
//! A topic is kept for as long as somebody waits for it, so however many agencies and plans there are, the memory is that
//! of the watchers.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use polku_proto::{AgencyId, PlanId};
use tokio::sync::Notify;

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
    bell: Arc<Notify>,
    watchers: usize,
}

impl News {
    /// Waits for news of a topic from now on, until the watcher is dropped.
    pub(crate) fn listen(self: &Arc<Self>, topic: Topic) -> Listener {
        let mut topics = self.topics();
        let listened = topics
            .entry(topic.clone())
            .or_insert_with(|| Listened { bell: Arc::new(Notify::new()), watchers: 0 });
        listened.watchers += 1;
        let bell = Arc::clone(&listened.bell);
        Listener { news: Arc::clone(self), topic, bell }
    }

    /// Wakes whoever waits for one of these topics. To be called when the news can be read.
    pub(crate) fn ring(&self, news: &HashSet<Topic>) {
        let topics = self.topics();
        for listened in news.iter().filter_map(|topic| topics.get(topic)) {
            listened.bell.notify_waiters();
        }
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
    bell: Arc<Notify>,
}

impl Listener {
    /// What is rung for. It has to be enabled before the store is read: what is rung for after that is not missed.
    pub(crate) fn bell(&self) -> &Notify {
        &self.bell
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
