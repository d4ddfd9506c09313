//! Has an organisation asked too much?

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, InsufficientCapacity, Quota, RateLimiter};
use polku_proto::AgencyId;

use crate::config::QuotaSettings;

/// What each organisation may still ask. Only registered organisations have an entry, so there are few.
pub struct Quotas {
    limiter: DefaultKeyedRateLimiter<AgencyId>,
    clock: DefaultClock,
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
        formatter.debug_struct("Quotas").field("organisations", &self.limiter.len()).finish_non_exhaustive()
    }
}

impl Quotas {
    /// Gives every organisation the same quota.
    #[must_use]
    pub fn new(settings: QuotaSettings) -> Quotas {
        let quota = Quota::per_second(settings.requests_per_second).allow_burst(settings.burst);
        Quotas { limiter: RateLimiter::dashmap(quota), clock: DefaultClock::default() }
    }

    /// Counts one call. The agency must be authenticated: every new one takes memory.
    ///
    /// # Errors
    /// [`RetryAfter`] when the quota is used up; the call does not count then.
    pub fn check(&self, agency: &AgencyId) -> Result<(), RetryAfter> {
        self.limiter
            .check_key(agency)
            .map_err(|not_until| RetryAfter(not_until.wait_time_from(self.clock.now())))
    }

    /// Counts a call that asks for as much as so many calls.
    ///
    /// # Errors
    /// [`Excess`] when the quota does not let it through; none of it counts then.
    pub fn check_many(&self, agency: &AgencyId, calls: NonZeroU32) -> Result<(), Excess> {
        match self.limiter.check_key_n(agency, calls) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => Err(Excess::ForNow(RetryAfter(not_until.wait_time_from(self.clock.now())))),
            Err(InsufficientCapacity(_)) => Err(Excess::ForEver),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_organisation_does_not_use_up_the_quota_of_another() {
        let one = NonZeroU32::MIN;
        let quotas = Quotas::new(QuotaSettings { requests_per_second: one, burst: one.saturating_add(1) });
        let te: AgencyId = "te".parse().unwrap();
        let kela: AgencyId = "kela".parse().unwrap();

        assert_eq!(quotas.check(&te), Ok(()));
        assert_eq!(quotas.check(&te), Ok(()));
        let RetryAfter(pause) = quotas.check(&te).unwrap_err();
        assert!(pause > Duration::ZERO && pause <= Duration::from_secs(1), "{pause:?}");
        assert_eq!(quotas.check(&kela), Ok(()));
    }

    #[test]
    fn a_call_counts_as_much_as_it_asks_for() {
        let count = |number| NonZeroU32::new(number).unwrap();
        let quotas = Quotas::new(QuotaSettings { requests_per_second: count(1), burst: count(10) });
        let te: AgencyId = "te".parse().unwrap();

        assert_eq!(quotas.check_many(&te, count(11)), Err(Excess::ForEver));
        assert_eq!(quotas.check_many(&te, count(6)), Ok(()));
        assert!(matches!(quotas.check_many(&te, count(6)), Err(Excess::ForNow(_))));
        assert_eq!(quotas.check_many(&te, count(4)), Ok(()), "what was refused has not counted");
        assert!(quotas.check(&te).is_err());
    }
}
