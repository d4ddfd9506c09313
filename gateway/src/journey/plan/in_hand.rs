//! What do those have in common who read the same plan at the same time?
//!
//! A change wakes everybody who watches the plan, and each of them is sent what they may see of it now. The plan is
//! opened once for all of them, and what looks the same to several is put together once; each reading is decided on,
//! permitted and noted by itself. Nothing of it is kept beyond that: when the last of them has been answered, the plan
//! is closed again.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use jiff::Timestamp;
use polku_proto::{AgencyId, PlanId};
use tokio::sync::OnceCell;

use super::reader::{Seen, ShownPlan, Sight};
use super::record::PlanRecord;
use super::sights::{Revised, Watcher};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;

#[cfg(test)]
mod tests;

/// Of so many revisions is it remembered, while a plan is in hand, to whom they show: of as many as a slow watcher is
/// sent at once.
const MOST_REVISED: usize = 16;

/// The plans that somebody has in hand, each at a revision.
#[derive(Debug, Default)]
pub(crate) struct PlansInHand(Mutex<HashMap<(PlanId, u64), Weak<PlanInHand>>>);

/// What a sight shows, put together once.
type SeenOnce = Arc<OnceCell<Arc<Seen>>>;

/// A plan for as long as somebody has it in hand.
#[derive(Default)]
pub(crate) struct PlanInHand {
    record: OnceCell<PlanRecord>,
    seen: Mutex<Vec<(Sight, SeenOnce)>>,
    revised: tokio::sync::Mutex<HashMap<u64, Arc<Revised>>>,
}

impl fmt::Debug for PlanInHand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PlanInHand(redacted)")
    }
}

impl PlansInHand {
    /// The plan at this revision or a later one, with whoever else has it in hand.
    pub(crate) fn take(&self, plan: PlanId, revision: u64) -> Arc<PlanInHand> {
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.get(&(plan, revision)).and_then(Weak::upgrade) {
            return plan;
        }
        plans.retain(|_, plan| plan.strong_count() > 0);
        let taken = Arc::new(PlanInHand::default());
        plans.insert((plan, revision), Arc::downgrade(&taken));
        taken
    }
}

impl PlanInHand {
    /// How often it was put together what somebody sees, and how many revisions were opened beside it.
    #[cfg(test)]
    pub(crate) async fn work(&self) -> (usize, usize) {
        let looks = self.seen.lock().unwrap().len();
        (looks, self.revised.lock().await.len())
    }

    /// The plan, opened by whoever comes first.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not there; what the store answers.
    pub(crate) async fn record(&self, gateway: &Gateway, plan: PlanId) -> Result<&PlanRecord, Error> {
        let open = || async {
            let row = gateway.store.plan(plan).await?.ok_or(Error::NotFound)?;
            let person = gateway.person(row.youth).await?;
            PlanRecord::open(&person, row)
        };
        // Whoever finds it opened decides by what is known now all the same.
        gateway.learn().await?;
        self.record.get_or_try_init(open).await
    }

    /// The plan as the caller, who is told of changes as this reader, may see it now; nothing where this revision of it
    /// does not show to them.
    ///
    /// # Errors
    /// As [`Gateway::plan_view`]; what the store answers.
    pub(crate) async fn shown(
        &self,
        gateway: &Gateway,
        (caller, told_as): (&Caller, AgencyId),
        record: &PlanRecord,
        revision: u64,
        now: Timestamp,
    ) -> Result<Option<ShownPlan>, Error> {
        let eyes = gateway.eyes(caller, record)?;
        let at_most = gateway.sees_at_most(record, &eyes, now)?;
        let sight = gateway.sight(record, &eyes, now)?;
        let watcher = Watcher { told_as, at_most, sight };
        let sight = watcher.sight.clone();
        if !self.shows(gateway, record, revision, watcher).await? {
            return Ok(None);
        }
        let seen = self.seen(sight, |sight| gateway.look(record, &eyes, sight, now)).await?;
        gateway.shown_plan(caller, record, &eyes, &seen, now).map(Some)
    }

    /// Whether the caller's agency has left the plan with this revision, and is no party to it now. A professional in a role
    /// without access is told nothing of that either.
    ///
    /// # Errors
    /// What the store answers.
    pub(crate) async fn is_end_for(
        &self,
        gateway: &Gateway,
        caller: &Caller,
        record: &PlanRecord,
        revision: u64,
    ) -> Result<bool, Error> {
        let Actor::Professional { .. } = caller.actor else { return Ok(false) };
        if record.party(&caller.agency).is_some() || gateway.check_reader(caller, record.row.youth).is_err() {
            return Ok(false);
        }
        Ok(self.revised(gateway, record, revision).await?.is_end_for(&caller.agency))
    }

    /// Whether a revision shows to somebody who is told of it. Its readers are told exactly when it looks different to
    /// them: so it does to whoever sees all that the reader does. The others are asked about.
    async fn shows(
        &self,
        gateway: &Gateway,
        record: &PlanRecord,
        revision: u64,
        watcher: Watcher,
    ) -> Result<bool, Error> {
        if revision == record.row.revision && watcher.sees_all_of(record) {
            return Ok(true);
        }
        let revised = self.revised(gateway, record, revision).await?;
        revised.shows_to(watcher)
    }

    /// The revision and the one before it, opened by whoever comes first.
    async fn revised(
        &self,
        gateway: &Gateway,
        record: &PlanRecord,
        revision: u64,
    ) -> Result<Arc<Revised>, Error> {
        let mut all = self.revised.lock().await;
        if let Some(known) = all.get(&revision) {
            return Ok(Arc::clone(known));
        }
        let revised = Arc::new(Revised::open(gateway, record, revision).await?);
        if all.len() >= MOST_REVISED {
            all.clear();
        }
        all.insert(revision, Arc::clone(&revised));
        Ok(revised)
    }

    /// What is seen by those who may see this: whoever comes second waits for the first, and nobody for those who see
    /// something else.
    async fn seen(
        &self,
        sight: Sight,
        look: impl FnOnce(&Sight) -> Result<Seen, Error>,
    ) -> Result<Arc<Seen>, Error> {
        let cell = {
            let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, cell)) = all.iter().find(|(other, _)| *other == sight) {
                Arc::clone(cell)
            } else {
                let cell = Arc::new(OnceCell::new());
                all.push((sight.clone(), Arc::clone(&cell)));
                cell
            }
        };
        cell.get_or_try_init(|| async { look(&sight).map(Arc::new) }).await.cloned()
    }
}
