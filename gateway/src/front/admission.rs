//! Is there room for a call, and time?
//!
//! Of each kind of call so many are at work, and so many wait for them. What finds no room to wait is refused at once, and
//! so is what could not be answered before its deadline by how long such calls take now: work that nobody waits for any
//! more is not begun, so that what is begun is worth it. Health checks are of no kind, nor are withdrawals: for them there
//! is always room.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use polku_proto::CallerRoles;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Limits, MethodClass};

#[cfg(test)]
mod tests;

/// Methods that wait for an agency's system as long as their caller does: how long they take says little about the next
/// one. They have rooms of their own, and share these: an agency that is slow may hold up other calls that wait for an
/// agency, but none that does not.
const PATIENT: [&str; 4] = ["GetJourney", "SendReferral", "RerouteReferral", "ImportPlan"];

/// What the quickest of them takes at most, as far as is known: an agency that was slow may be quick again.
const QUICK: Duration = Duration::from_millis(100);

/// When to come back at the soonest.
pub(super) const SOONEST: Duration = Duration::from_millis(100);

/// The rooms of all kinds of calls.
#[derive(Debug, Clone)]
pub(super) struct Admission {
    rooms: Arc<BTreeMap<(MethodClass, bool), Arc<Room>>>,
}

/// The room of one kind of calls.
#[derive(Debug)]
pub(super) struct Room {
    at_work: u32,
    queue: u32,
    places: Arc<Semaphore>,
    pace: Mutex<Pace>,
}

#[derive(Debug, Default)]
struct Pace {
    waiting: u32,
    /// How long calls take, on average.
    mean: Duration,
    /// By their paths, of which there are as many as the contract has.
    methods: HashMap<String, Method>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Method {
    at_work: u32,
    /// How long the quickest calls take. It falls at once and rises slowly.
    quickest: Duration,
}

/// A call that is at work. The place is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    room: Arc<Room>,
    method: String,
    begun: Instant,
    permit: Option<OwnedSemaphorePermit>,
}

/// There is no room, or no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full {
    /// When to come back.
    pub(super) after: Duration,
}

/// One more that waits, until dropped.
struct Waiting<'a>(&'a Room);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut pace = self.0.pace();
        pace.waiting = pace.waiting.saturating_sub(1);
    }
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Admission {
        let classes = MethodClass::ALL.into_iter().filter(|class| *class != MethodClass::Withdrawals);
        let kinds = classes.flat_map(|class| [(class, false), (class, true)]);
        Admission { rooms: Arc::new(kinds.map(|kind| (kind, Room::new(limits))).collect()) }
    }

    /// The room that calls of this method need. None, for what is never held up.
    pub(super) fn room(&self, path: &str) -> Option<Arc<Room>> {
        if CallerRoles::of_method(path) == CallerRoles::NONE {
            return None;
        }
        self.rooms.get(&(MethodClass::of_method(path), is_patient(path))).cloned()
    }
}

fn is_patient(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(_, method)| PATIENT.contains(&method))
}

impl Room {
    /// A room of its own. As many find room in it as in that of one kind of calls.
    pub(super) fn new(limits: &Limits) -> Arc<Room> {
        let places = Arc::new(Semaphore::new(usize::try_from(limits.at_work).unwrap_or(usize::MAX >> 3)));
        let (at_work, queue) = (limits.at_work, limits.queue);
        Arc::new(Room { at_work, queue, places, pace: Mutex::default() })
    }

    /// Waits for a place, no longer than makes sense.
    ///
    /// # Errors
    /// [`Full`] when there is no room, or not the time.
    pub(super) async fn enter(self: Arc<Self>, method: String, until: Instant) -> Result<Place, Full> {
        let waiting = {
            let mut pace = self.pace();
            let wait = self.wait(&pace);
            let is_full = self.places.available_permits() == 0 && pace.waiting >= self.queue;
            if is_full || pace.is_too_late(&method, wait, until) {
                return Err(Full { after: wait.max(SOONEST) });
            }
            pace.waiting += 1;
            Waiting(&self)
        };
        let permit = Arc::clone(&self.places).acquire_owned().await;
        drop(waiting);
        let mut pace = self.pace();
        if pace.is_too_late(&method, Duration::ZERO, until) {
            return Err(Full { after: self.wait(&pace).max(SOONEST) });
        }
        pace.methods.entry(method.clone()).or_default().at_work += 1;
        drop(pace);
        // It is never closed.
        Ok(Place { room: Arc::clone(&self), method, begun: Instant::now(), permit: permit.ok() })
    }

    /// How long the next one waits for its place, about.
    fn wait(&self, pace: &Pace) -> Duration {
        if self.places.available_permits() > 0 {
            return Duration::ZERO;
        }
        pace.mean.saturating_mul(pace.waiting.saturating_add(1)) / self.at_work.max(1)
    }

    /// Whether it is known how long such calls take.
    #[cfg(test)]
    pub(super) fn is_known(&self, method: &str) -> bool {
        self.pace().methods.get(method).is_some_and(|known| !known.quickest.is_zero())
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    /// Whether the quickest of such calls would come too late. One is always tried: how would it be known otherwise that
    /// they are quick again?
    fn is_too_late(&self, method: &str, wait: Duration, until: Instant) -> bool {
        if until <= Instant::now() {
            return true;
        }
        let Some(known) = self.methods.get(method).filter(|known| known.at_work > 0) else {
            return wait > until.saturating_duration_since(Instant::now()) && self.waiting > 0;
        };
        wait.saturating_add(known.quickest) > until.saturating_duration_since(Instant::now())
    }
}

impl Place {
    /// It has been answered: so long did it take.
    pub(super) fn answered(&self) {
        let took = self.begun.elapsed();
        let mut pace = self.room.pace();
        pace.mean = if pace.mean.is_zero() { took } else { (pace.mean * 15 + took) / 16 };
        let method = pace.methods.entry(self.method.clone()).or_default();
        let is_first = method.quickest.is_zero();
        let known =
            if is_first || took < method.quickest { took } else { (method.quickest * 15 + took) / 16 };
        method.quickest = if is_patient(&self.method) { known.min(QUICK) } else { known };
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut pace = self.room.pace();
        if let Some(method) = pace.methods.get_mut(&self.method) {
            method.at_work = method.at_work.saturating_sub(1);
        }
        drop(pace);
        drop(self.permit.take());
    }
}
