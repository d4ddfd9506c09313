//! What do those have in common who read the same plan at the same time?
//!
//! A change wakes everybody who watches the plan, and each of them is sent what they may see of it now. The plan is
//! opened once for all of them, and what looks the same to several is put together once; each reading is decided on,
//! permitted and noted by itself. Nothing of it is kept beyond that: when the last of them has been answered, the plan
//! is closed again.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jiff::Timestamp;
use polku_proto::{AgencyId, PlanId};
use tokio::sync::OnceCell;

use super::reader::{Seen, ShownPlan, Sight};
use super::record::PlanRecord;
use super::sights::{Revised, Watcher};
use crate::caller::Caller;
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

/// A plan for as long as somebody has it in hand.
#[derive(Default)]
pub(crate) struct PlanInHand {
    record: OnceCell<PlanRecord>,
    seen: Mutex<Vec<(Sight, Arc<Seen>)>>,
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
        self.record.get_or_try_init(open).await
    }

    /// Whether this revision of the plan shows to the caller, who is told of changes as this reader.
    ///
    /// # Errors
    /// As [`Gateway::plan_view`]; what the store answers.
    pub(crate) async fn shows(
        &self,
        gateway: &Gateway,
        (caller, told_as): (&Caller, AgencyId),
        record: &PlanRecord,
        revision: u64,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let eyes = gateway.eyes(caller, record)?;
        let at_most = gateway.sees_at_most(record, &eyes, now)?;
        let sight = gateway.sight(record, &eyes, now)?;
        let revised = self.revised(gateway, record, revision).await?;
        revised.shows_to(Watcher { told_as, at_most, sight })
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

    /// The plan as the caller may see it now.
    ///
    /// # Errors
    /// As [`Gateway::plan_view`].
    pub(crate) fn view(
        &self,
        gateway: &Gateway,
        caller: &Caller,
        record: &PlanRecord,
        now: Timestamp,
    ) -> Result<ShownPlan, Error> {
        let eyes = gateway.eyes(caller, record)?;
        let sight = gateway.sight(record, &eyes, now)?;
        let seen = self.seen(sight, |sight| gateway.look(record, &eyes, sight, now))?;
        gateway.shown_plan(caller, record, &eyes, &seen, now)
    }

    /// What is seen by those who may see this: whoever comes second waits for the first.
    fn seen(
        &self,
        sight: Sight,
        look: impl FnOnce(&Sight) -> Result<Seen, Error>,
    ) -> Result<Arc<Seen>, Error> {
        let mut all: MutexGuard<'_, Vec<_>> = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, seen)) = all.iter().find(|(other, _)| *other == sight) {
            return Ok(Arc::clone(seen));
        }
        let seen = Arc::new(look(&sight)?);
        all.push((sight, Arc::clone(&seen)));
        Ok(seen)
    }
}
