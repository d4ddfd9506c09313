//! How do queued deliveries get to the agencies?
//!
//! The queue holds ids. A worker leases what is due, loads the record, decides again at this instant, writes the intent
//! to the audit log, and only then sends. What came of it is written down in the same way.

mod attempt;
mod backoff;
mod breaker;
mod budget;
mod end;
mod haste;
mod message;
mod pace;
mod permission;
mod pieces;
mod plan;
mod prepare;
mod reading;
mod referral;
mod rerun;
mod settle;
mod stop;
mod told;
mod waiters;
mod within;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polku_proto::v1::DeliveryState;
use polku_proto::{AgencyId, MessageId, YouthId};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

pub use crate::config::DeliverySettings;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::services::status;
use crate::store::{About, DeliveryItem, DeliveryRow, LeaseRequest, Priority};

pub(crate) use end::has_ended;
pub(crate) use haste::hurried;
pub(crate) use message::words;
pub(crate) use pace::Pace;
pub(crate) use prepare::{DISCLOSURE_NOTICE, Whose};
pub(crate) use reading::{Lock, Reading, Seen, Shown};
pub(crate) use rerun::{NoMore, Word};
pub(crate) use stop::after;
pub(crate) use told::{Mark, TOLD, Telling, Told};
pub(crate) use waiters::Waiters;

/// How many deliveries to one agency are under way at the same time: a silent agency must not use up all workers.
const PER_AGENCY: u32 = 16;
/// How soon a delivery that waits for another one is looked at again, at the soonest.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How soon a delivery is looked at again whose agency is without its system, by an operator's mistake.
const LOOK_FOR_ADAPTER: Duration = Duration::from_secs(60);
/// How soon a delivery is looked at again that waits for the person to have an identity code, if nobody links one.
const LOOK_FOR_IDENTITY: SignedDuration = SignedDuration::from_hours(1);
/// The deadline of what is never given up: the discloser's register has to hold every disclosure (law 703/2023), however
/// long its system is down. The year 9999, which every store can hold.
pub(crate) const NO_DEADLINE: Timestamp = Timestamp::constant(253_370_764_800, 0);

/// What is under way to each agency.
pub(crate) type UnderWay = Arc<Mutex<HashMap<AgencyId, HashSet<MessageId>>>>;

/// Works until told to stop, then finishes what is under way. It is told until when: nothing works any more behind that.
pub async fn run(gateway: Arc<Gateway>, mut stop: watch::Receiver<Option<Instant>>) {
    let mut tasks = JoinSet::new();
    let under_way = UnderWay::default();
    let mut next_sweep = Instant::now();
    while stop.borrow().is_none() {
        if Instant::now() >= next_sweep {
            next_sweep += gateway.delivery.look_again;
            if let Err(error) = gateway.sweep().await {
                status::log(&error);
            }
        }
        match gateway.lease(tasks.len(), &under_way).await {
            Ok(rows) => {
                for row in rows {
                    let gateway = Arc::clone(&gateway);
                    // Due again before its worker was through, or a clock that jumps has made the lease run out under our
                    // own hands: one at a time all the same.
                    let Some(slot) = Slot::taken(&under_way, &row) else {
                        let later = gateway.timer() + LOOK_AGAIN;
                        if let Err(error) = gateway.store.release(row.message, row.fence, later).await {
                            status::log(&error.into());
                        }
                        continue;
                    };
                    tasks.spawn(async move {
                        gateway.work(row).await;
                        drop(slot);
                    });
                }
            }
            Err(error) => status::log(&error),
        }
        let pause = gateway.pause(tasks.len(), &under_way).await;
        tokio::select! {
            // What is done next is always the same. Whoever has ended comes first: until then it takes up a place, and as
            // long as something new is queued all the time nobody else would be looked at.
            biased;
            Some(_) = tasks.join_next() => {}
            () = gateway.queued.notified() => {}
            () = tokio::time::sleep(pause) => {}
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
    let end = *stop.borrow();
    let finished = async { while tasks.join_next().await.is_some() {} };
    let Some(end) = end else { return finished.await };
    if timeout_at(end, finished).await.is_err() {
        tracing::warn!(
            "deliveries were still under way when the time to finish was over: their ends are found out later"
        );
        tasks.shutdown().await;
        // What they have handed to the store comes before this.
        if let Err(error) = gateway.store.try_writing().await {
            status::log(&error.into());
        }
    }
}

/// One delivery's place among those under way. Given back when dropped.
struct Slot {
    under_way: UnderWay,
    agency: AgencyId,
    message: MessageId,
}

impl Slot {
    /// Nothing when the delivery is under way already.
    fn taken(under_way: &UnderWay, row: &DeliveryRow) -> Option<Self> {
        let is_new = lock(under_way).entry(row.agency.clone()).or_default().insert(row.message);
        is_new.then(|| Self {
            under_way: Arc::clone(under_way),
            agency: row.agency.clone(),
            message: row.message,
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(messages) = lock(&self.under_way).get_mut(&self.agency) {
            messages.remove(&self.message);
        }
    }
}

fn lock(under_way: &UnderWay) -> std::sync::MutexGuard<'_, HashMap<AgencyId, HashSet<MessageId>>> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gateway {
    /// A delivery for the queue: ids only.
    pub(crate) fn queued_delivery(
        &self,
        about: About,
        youth: YouthId,
        item: DeliveryItem,
        agency: AgencyId,
        now: Timestamp,
    ) -> Result<DeliveryRow, Error> {
        Ok(DeliveryRow {
            message: MessageId::from_uuid(self.new_id(now)?),
            item,
            about,
            youth,
            agency,
            priority: Priority::Ordinary,
            state: DeliveryState::Queued,
            attempts: 0,
            due: self.on_timer(now),
            deadline: self.deadline_of(item, now),
            fence: 0,
            leased_until: None,
            intent: None,
            reference: None,
        })
    }

    /// Until when it is tried. A notice that is owed is tried until it arrives.
    fn deadline_of(&self, item: DeliveryItem, now: Timestamp) -> Timestamp {
        match item {
            DeliveryItem::DisclosureNotice { .. } => NO_DEADLINE,
            DeliveryItem::Handover
            | DeliveryItem::StateChange
            | DeliveryItem::Information(_)
            | DeliveryItem::ConsentWithdrawn
            | DeliveryItem::PlanPart
            | DeliveryItem::PlanEnded => now + self.delivery.give_up_after,
        }
    }

    async fn lease(&self, busy: usize, under_way: &UnderWay) -> Result<Vec<DeliveryRow>, Error> {
        let limit = self.delivery.concurrency.saturating_sub(u32::try_from(busy).unwrap_or(u32::MAX));
        if limit == 0 {
            return Ok(Vec::new());
        }
        let under_way: Vec<(AgencyId, u32)> = lock(under_way)
            .iter()
            .map(|(agency, messages)| (agency.clone(), u32::try_from(messages.len()).unwrap_or(u32::MAX)))
            .collect();
        self.common_time.read(self.store.as_ref()).await?;
        let now = self.timer();
        let until = now + self.delivery.lease;
        let more = |(agency, most): (AgencyId, u32)| {
            let busy = under_way.iter().find(|(other, _)| *other == agency).map_or(0, |(_, count)| *count);
            (agency, most.saturating_sub(busy))
        };
        let held = self.pace.held(now).into_iter().map(more).collect();
        let lease =
            LeaseRequest { now, time: self.now(), until, limit, per_agency: PER_AGENCY, under_way, held };
        Ok(self.store.lease_due(&lease).await?)
    }

    /// How long nothing will be due that could be taken. What waits for an agency that is left alone is looked at no more
    /// often than anything, and so is what waits until others have ended: they are heard of.
    pub(crate) async fn pause(&self, busy: usize, under_way: &UnderWay) -> Duration {
        let now = self.timer();
        if busy >= usize::try_from(self.delivery.concurrency).unwrap_or(usize::MAX) {
            return self.delivery.look_again;
        }
        let mut held: Vec<AgencyId> = self.pace.held(now).into_iter().map(|(agency, _)| agency).collect();
        let most = usize::try_from(PER_AGENCY).unwrap_or(usize::MAX);
        let full = |(agency, messages): (&AgencyId, &HashSet<MessageId>)| {
            (messages.len() >= most).then(|| agency.clone())
        };
        held.extend(lock(under_way).iter().filter_map(full));
        match self.store.next_due(&held).await {
            Ok(Some(due)) => until(now, due).min(self.delivery.look_again),
            Ok(None) | Err(_) => self.delivery.look_again,
        }
    }

    /// Works on one leased delivery. Errors of our own leave it leased: it is due again when the lease runs out.
    async fn work(&self, row: DeliveryRow) {
        let message = row.message;
        if let Err(error) = self.attempt(row).await {
            status::log(&error);
            tracing::warn!(delivery = %message, "delivery left for a later attempt");
        }
    }
}

/// At least a few milliseconds, so that a queue that cannot be worked on does not spin.
fn until(now: Timestamp, due: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO).max(Duration::from_millis(5))
}
