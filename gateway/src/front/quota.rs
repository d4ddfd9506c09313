//! Has an organisation asked too much?
//!
//! The figures of the configuration are those of the installation: where several gateways work on one store, each lets
//! its part through, the figures divided by how many gateways there are. It counts them every second, by their sessions
//! at the database server. So all of them together let through no more than the figures say, but for one burst more
//! after each change (of their number, or of the figures), and for what a new gateway, or those that have not yet
//! noticed it, let through within that second. An organisation that calls one of N gateways only has an Nth.
//! One call may ask for more than such a part, as a batch of questions does: it takes all of the part then, and counts as
//! no more than that.

mod reload;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, InsufficientCapacity, Quota, RateLimiter};
use polku_proto::{AgencyId, Party};

use super::MethodClass;
use crate::config::{QuotaSettings, Rate};

pub(crate) use reload::read_anew;

/// What each organisation may still ask. Only registered organisations, operators and configured units have an entry, and
/// each of these one for each class at most: so there are few, and they need not be looked after.
pub struct Quotas {
    current: RwLock<Arc<Current>>,
    clock: DefaultClock,
}

/// The figures, and what is used up of them.
struct Current {
    settings: QuotaSettings,
    gateways: u32,
    organisations: BTreeMap<MethodClass, DefaultKeyedRateLimiter<AgencyId>>,
    operators: DefaultKeyedRateLimiter<String>,
    units: BTreeMap<Party, DefaultDirectRateLimiter>,
}

/// An organisation has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many calls of this organisation")]
pub struct RetryAfter(
    /// For how long.
    pub Duration,
);

/// Why a call that asks for much is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// The quota is used up.
    #[error(transparent)]
    ForNow(RetryAfter),
    /// The quota never lets so much through at once.
    #[error("more than the quota of this organisation lets through at once")]
    ForEver,
}

impl fmt::Debug for Quotas {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.current();
        formatter
            .debug_struct("Quotas")
            .field("settings", &current.settings)
            .field("gateways", &current.gateways)
            .finish_non_exhaustive()
    }
}

impl Quotas {
    /// Gives every organisation the same quota, all of it from this gateway.
    #[must_use]
    pub fn new(settings: QuotaSettings) -> Quotas {
        Quotas { current: RwLock::new(Arc::new(Current::new(settings, 1))), clock: DefaultClock::default() }
    }

    /// Counts one call. The party must be authenticated: every new one takes memory.
    ///
    /// # Errors
    /// [`RetryAfter`] when the quota is used up.
    pub fn check(&self, party: &Party, class: MethodClass) -> Result<(), RetryAfter> {
        match self.check_many(party, class, NonZeroU32::MIN) {
            Ok(()) => Ok(()),
            Err(Excess::ForNow(after)) => Err(after),
            // A quota lets one through at least.
            Err(Excess::ForEver) => Err(RetryAfter(Duration::from_secs(1))),
        }
    }

    /// Counts a call that asks for as much as so many calls: for the unit, if that has a quota of its own, then for the
    /// organisation. A unit that asks too much uses up nothing of its organisation's, and what it asks keeps it from no
    /// withdrawal. What is more than all that is let through here at once counts as all of it, so that a unit's quota, or
    /// the number of gateways, makes no call impossible that the organisation's own figures permit.
    ///
    /// # Errors
    /// [`Excess`] when the quota does not let it through; it counts nothing for the organisation then.
    pub fn check_many(&self, party: &Party, class: MethodClass, calls: NonZeroU32) -> Result<(), Excess> {
        let current = self.current();
        let rate = current.settings.class(class);
        if calls > rate.burst {
            return Err(Excess::ForEver);
        }
        if class != MethodClass::Withdrawals
            && let (Some(unit), Some(rate)) = (current.units.get(party), current.settings.units.get(party))
        {
            self.passed(unit.check_n(calls.min(burst(*rate, current.gateways))))?;
        }
        match current.organisations.get(&class) {
            Some(limiter) => {
                let calls = calls.min(burst(rate, current.gateways));
                self.passed(limiter.check_key_n(&party.agency, calls))
            }
            None => Ok(()),
        }
    }

    /// Counts one call of an operator.
    ///
    /// # Errors
    /// [`RetryAfter`] when the quota is used up; the call does not count then.
    pub fn check_operator(&self, operator: &str) -> Result<(), RetryAfter> {
        self.current()
            .operators
            .check_key(&operator.to_owned())
            .map_err(|not_until| RetryAfter(not_until.wait_time_from(self.clock.now())))
    }

    /// How many deliveries this gateway may send to an agency every second.
    #[must_use]
    pub fn deliveries_per_second(&self, agency: &AgencyId) -> f64 {
        let current = self.current();
        f64::from(current.settings.deliveries(agency).get()) / f64::from(current.gateways)
    }

    /// Other figures are in force from now on. Nothing is used up of them, unless they are the same.
    pub(crate) fn set(&self, settings: &QuotaSettings) {
        self.change(|current| (settings.clone(), current.gateways));
    }

    /// So many gateways share the figures.
    pub(crate) fn share(&self, gateways: u32) {
        if self.change(|current| (current.settings.clone(), gateways.max(1))) {
            tracing::info!(gateways, "so many gateways share the quotas");
        }
    }

    fn change(&self, to: impl FnOnce(&Current) -> (QuotaSettings, u32)) -> bool {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let (settings, gateways) = to(&current);
        let is_other = settings != current.settings || gateways != current.gateways;
        if is_other {
            *current = Arc::new(Current::new(settings, gateways));
        }
        is_other
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn passed(&self, checked: Checked) -> Result<(), Excess> {
        match checked {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => Err(Excess::ForNow(RetryAfter(not_until.wait_time_from(self.clock.now())))),
            Err(InsufficientCapacity(_)) => Err(Excess::ForEver),
        }
    }
}

type Checked = Result<
    Result<(), governor::NotUntil<<DefaultClock as governor::clock::Clock>::Instant>>,
    InsufficientCapacity,
>;

impl Current {
    fn new(settings: QuotaSettings, gateways: u32) -> Current {
        let class = |class| (class, RateLimiter::dashmap(part(settings.class(class), gateways)));
        let unit = |(unit, rate): (&Party, &Rate)| (unit.clone(), RateLimiter::direct(part(*rate, gateways)));
        Current {
            organisations: MethodClass::ALL.into_iter().map(class).collect(),
            operators: RateLimiter::dashmap(part(settings.class(MethodClass::Operations), gateways)),
            units: settings.units.iter().map(unit).collect(),
            settings,
            gateways,
        }
    }
}

/// What one of so many gateways lets through.
fn part(rate: Rate, gateways: u32) -> Quota {
    let burst = burst(rate, gateways);
    let period = Duration::from_secs(1) * gateways / rate.requests_per_second.get();
    Quota::with_period(period).unwrap_or(Quota::per_second(rate.requests_per_second)).allow_burst(burst)
}

/// How much of it one of so many gateways lets through at once.
fn burst(rate: Rate, gateways: u32) -> NonZeroU32 {
    NonZeroU32::new(rate.burst.get() / gateways).unwrap_or(NonZeroU32::MIN)
}
