//! Which ages do the rules speak of?

use cedar_policy::{Entities, Entity, EvalResult, PolicySet};

use super::{Rules, RulesError, note};

/// The age from which on people decide for themselves (law 442/1999 section 2), in years.
///
/// It is the end of the age limit [`MINOR`] of the shipped rules. A gateway looks at it outside of the rules as well, where
/// records of consents end and begin: rules that say otherwise are for another gateway ([`Rules::age_limit`]).
pub const OF_AGE: i8 = 18;
/// The age limit within which guardians decide.
pub const MINOR: &str = "minor";

impl Rules {
    /// Gives an age limit that the rules speak of, in full years: the first age within it, and the first one beyond it.
    #[must_use]
    pub fn age_limit(&self, name: &str) -> Option<(i64, i64)> {
        self.limits().find(|limit| limit.uid().id().unescaped() == name).and_then(years)
    }

    /// Goes through all of them.
    pub(crate) fn age_limits(&self) -> impl Iterator<Item = (i64, i64)> {
        self.limits().filter_map(years)
    }

    fn limits(&self) -> impl Iterator<Item = &Entity> {
        self.ages.iter().filter(|entity| entity.uid().type_name().basename() == "AgeLimit")
    }
}

fn years(limit: &Entity) -> Option<(i64, i64)> {
    let years = |attribute| {
        let Some(Ok(EvalResult::Long(years))) = limit.attr(attribute) else { return None };
        Some(years)
    };
    years("from").zip(years("below"))
}

/// An age limit that is not there would make its rules fail at every question.
pub(super) fn check_ages(policies: &PolicySet, ages: &Entities) -> Result<(), RulesError> {
    for policy in policies.policies() {
        if let Some(limit) = note::age_limits(policy).find(|uid| ages.get(uid).is_none()) {
            return Err(RulesError::AgeLimitMissing {
                rule: policy.id().to_string(),
                limit: limit.id().unescaped().to_owned(),
            });
        }
    }
    Ok(())
}
