//! Why may each category be told, or not, and what would have to be done? For people.

mod words;

use std::fmt;

use polku_proto::v1::DataCategory;
use smol_str::SmolStr;

use crate::decision::{Basis, Decision, Reason};
use crate::question::Viewer;
pub use words::{Language, UnknownLanguage};

/// A decision, and what is behind it, category by category.
///
/// It tells of consents and prohibitions: for the young person and for the audit, never for an agency.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct Explanation {
    /// What was decided.
    pub decision: Decision,
    /// One entry for each category that was asked for, in the order of the contract.
    pub categories: Vec<CategoryExplanation>,
}

/// What is behind the answer to one category.
#[derive(Clone, PartialEq, Eq)]
pub struct CategoryExplanation {
    /// The category.
    pub category: DataCategory,
    /// Whose eyes it is about.
    pub viewer: Viewer,
    /// Whether it may be seen.
    pub permitted: bool,
    /// What it is permitted on. Empty for what is withheld, and for the envelope.
    pub bases: Vec<Basis>,
    /// What stands against it, each rule once, and the lack of a ground. Empty for what is permitted.
    pub missing: Vec<Missing>,
}

/// One thing that stands against a category, or the lack of anything that permits it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// What it is.
    pub reason: Reason,
    /// The id of the rule that forbids. None where the engine itself says no, and where nothing permits.
    pub rule: Option<SmolStr>,
    /// The section of law that the rule rests on.
    pub statute: Option<SmolStr>,
}

impl CategoryExplanation {
    /// Says to the young person whether these data may be told, why, and by which law.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        words::explanation(self, language)
    }
}

impl Missing {
    /// Something that no rule stands behind.
    pub(crate) fn of(reason: Reason) -> Missing {
        Missing { reason, rule: None, statute: None }
    }

    /// Says to the young person what would have to be done, by themselves or by somebody else.
    #[must_use]
    pub fn remedy(&self, language: Language) -> &'static str {
        words::remedy(self.reason, language)
    }
}

// Grounds and reasons tell about a person: that there is a consent, or a prohibition.
impl fmt::Debug for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Explanation(redacted)")
    }
}

impl fmt::Debug for CategoryExplanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CategoryExplanation(redacted)")
    }
}

impl fmt::Debug for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Missing(redacted)")
    }
}
