//! How fast may each agency be sent to, as it answers?
//!
//! One breaker, one budget for what has waited and one quota for everything for each agency, in memory: after a start
//! nothing is known of anybody, and what waits from before it comes back as slowly as after an outage.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use polku_proto::AgencyId;

use super::breaker::{Breaker, Patience, Turned};
use super::budget::{Allowance, Budget};
use crate::config::DeliverySettings;

/// The pace of all agencies.
#[derive(Debug)]
pub(crate) struct Pace {
    patience: Patience,
    allowance: Allowance,
    begun: Timestamp,
    agencies: Mutex<HashMap<AgencyId, Paced>>,
}

#[derive(Debug)]
struct Paced {
    breaker: Breaker,
    budget: Budget,
    quota: Budget,
    /// What of the quota questions may take.
    questions: Budget,
    /// What the quota is reckoned by: so many a second.
    rate: f64,
    /// What came into the queue before has waited for the agency.
    open_since: Timestamp,
}

/// What is known of a delivery before it is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Waited {
    /// It has been sent before, or may have been.
    Tried,
    /// It has not, and came into the queue at this instant.
    Since(Timestamp),
}

/// What came of asking the agency's system for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// An answer, be it a refusal.
    Answer,
    /// None, or that it wants to be left alone.
    Nothing,
}

impl Pace {
    pub(crate) fn new(settings: &DeliverySettings, begun: Timestamp) -> Self {
        Self {
            patience: Patience {
                failures: NonZeroU32::new(settings.breaker_failures).unwrap_or(NonZeroU32::MIN),
                probe_after: settings.probe_after,
            },
            allowance: Allowance {
                percent: settings.retry_percent,
                per_second: f64::from(settings.retries_per_second),
            },
            begun,
            agencies: Mutex::default(),
        }
    }

    /// The agencies that are left alone at this instant, each with how many deliveries may be under way to it all the same.
    pub(super) fn held(&self, now: Timestamp) -> Vec<(AgencyId, u32)> {
        let agencies = self.agencies();
        let held = agencies.iter().filter_map(|(id, paced)| Some((id.clone(), paced.breaker.limit(now)?)));
        held.collect()
    }

    /// Whether a delivery may go to the agency now, of which there may be so many a second.
    ///
    /// # Errors
    /// When it may come back, if not.
    pub(super) fn admit(
        &self,
        agency: &AgencyId,
        waited: Waited,
        quota: f64,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let mut agencies = self.agencies();
        let paced = self.paced(&mut agencies, agency, quota, now);
        // Looked at first, and spent last: what the agency's answers hold back uses up nothing.
        paced.quota.look(of_all(quota), now)?;
        match (paced.breaker, waited) {
            // What was on its way here before it opened.
            (Breaker::Open { probe_at }, _) if probe_at > now => Err(probe_at),
            // The probe: only one is let through to here.
            (Breaker::Open { .. }, _) => Ok(()),
            (Breaker::Closed { .. }, Waited::Since(queued)) if queued >= paced.open_since => {
                paced.budget.earn(self.allowance);
                Ok(())
            }
            (Breaker::Closed { .. }, Waited::Since(_) | Waited::Tried) => {
                paced.budget.take(self.allowance, now)
            }
        }?;
        paced.quota.count_one();
        Ok(())
    }

    /// Whether the agency may be asked something now, of which and of deliveries there may be so many a second. It counts
    /// then. Questions take half of that at most: whoever reads without end keeps no delivery from going.
    pub(crate) fn may_ask(&self, agency: &AgencyId, quota: f64, now: Timestamp) -> bool {
        let mut agencies = self.agencies();
        let paced = self.paced(&mut agencies, agency, quota, now);
        let may_ask =
            paced.questions.has_one(of_questions(quota), now) && paced.quota.has_one(of_all(quota), now);
        if may_ask {
            paced.questions.count_one();
            paced.quota.count_one();
        }
        may_ask
    }

    fn paced<'a>(
        &self,
        agencies: &'a mut HashMap<AgencyId, Paced>,
        agency: &AgencyId,
        quota: f64,
        now: Timestamp,
    ) -> &'a mut Paced {
        let paced = agencies.entry(agency.clone()).or_insert_with(|| Paced::new(self, quota, now));
        if paced.rate.total_cmp(&quota).is_ne() {
            // Nobody waits for a turn that was given out by another figure.
            (paced.quota, paced.rate) = (Budget::new(of_all(quota), now), quota);
            paced.questions = Budget::new(of_questions(quota), now);
        }
        paced
    }

    /// Learns from what came of an attempt.
    pub(super) fn note(&self, agency: &AgencyId, heard: Heard, now: Timestamp) {
        let mut agencies = self.agencies();
        let paced = agencies.entry(agency.clone()).or_insert_with(|| Paced::new(self, 1.0, now));
        let turned = match heard {
            Heard::Answer => paced.breaker.answered(),
            Heard::Nothing => paced.breaker.failed(self.patience, now),
        };
        match turned {
            Turned::Opened => {
                tracing::warn!(
                    %agency,
                    failures = self.patience.failures,
                    probe_seconds = self.patience.probe_after.as_secs(),
                    "the agency's system does not answer: its deliveries wait, and one at a time is tried"
                );
            }
            Turned::Closed => {
                paced.open_since = now;
                paced.budget = Budget::new(self.allowance, now);
                tracing::info!(%agency, "the agency's system answers again: its deliveries go on");
            }
            Turned::Not => {}
        }
    }

    fn agencies(&self) -> MutexGuard<'_, HashMap<AgencyId, Paced>> {
        self.agencies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Paced {
    fn new(pace: &Pace, rate: f64, now: Timestamp) -> Self {
        let budget = Budget::new(pace.allowance, now);
        let quota = Budget::new(of_all(rate), now);
        let questions = Budget::new(of_questions(rate), now);
        Self { breaker: Breaker::NEW, budget, quota, questions, rate, open_since: pace.begun }
    }
}

/// What is allowed of all deliveries, fresh or not.
fn of_all(per_second: f64) -> Allowance {
    Allowance { percent: 0, per_second }
}

/// What of it may be questions.
fn of_questions(per_second: f64) -> Allowance {
    of_all(per_second / 2.0)
}

#[cfg(test)]
mod tests;
