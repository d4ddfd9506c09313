//! What was expected of a case, and what came out?

use std::collections::BTreeSet;
use std::fmt;

use super::Expected;
use crate::decision::{Obligation, Reason};
use crate::explain::Explanation;

/// How a case went.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct CaseResult {
    /// The title of the case.
    pub title: String,
    /// The ids of the rules that decided, for and against, sorted.
    pub rules: Vec<String>,
    /// Where the answer is another one than expected. Empty when the case went well.
    pub differences: Vec<Difference>,
}

/// A difference between what was expected and what came out, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key of the case file that says what was expected.
    pub key: &'static str,
    /// What was expected.
    pub expected: String,
    /// What came out.
    pub came_out: String,
}

impl CaseResult {
    /// Tells whether everything came out as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Expected {
    /// Compares an answer with what is expected.
    pub(super) fn hold_against(&self, title: &str, explanation: &Explanation) -> CaseResult {
        let decision = &explanation.decision;
        let permitting = explanation.categories.iter().flat_map(|category| &category.bases);
        let forbidding = explanation.categories.iter().flat_map(|category| &category.missing);
        let rules: BTreeSet<String> = permitting
            .map(|basis| basis.rule.to_string())
            .chain(forbidding.filter_map(|missing| missing.rule.as_deref().map(str::to_owned)))
            .collect();
        let reasons: BTreeSet<Reason> = decision.reasons().iter().copied().collect();
        let obligations: BTreeSet<Obligation> = decision.obligations().iter().copied().collect();
        let mut differences = Vec::new();
        let mut compare = |key, expected: String, came_out: String| {
            if expected != came_out {
                differences.push(Difference { key, expected, came_out });
            }
        };
        let categories =
            |categories: polku_proto::CategorySet| list(categories.iter().map(polku_proto::name));
        compare("permits", categories(self.permits), categories(decision.permitted()));
        if let Some(because) = &self.because {
            compare("because", list(because), list(&rules));
        }
        if let Some(missing) = &self.missing {
            let codes = |reasons: &BTreeSet<Reason>| list(reasons.iter().map(|reason| reason.code()));
            compare("missing", codes(missing), codes(&reasons));
        }
        if let Some(expected) = &self.obligations {
            let codes = |codes: &BTreeSet<Obligation>| list(codes.iter().map(|obligation| obligation.code()));
            compare("obligations", codes(expected), codes(&obligations));
        }
        CaseResult { title: title.to_owned(), rules: rules.into_iter().collect(), differences }
    }
}

/// Writes words with commas between; no word at all is "nothing".
fn list<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> String {
    let words: Vec<W> = words.into_iter().collect();
    if words.is_empty() {
        return "nothing".to_owned();
    }
    words.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ")
}

impl fmt::Display for CaseResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.passed() {
            return write!(formatter, "ok: {}", self.title);
        }
        write!(formatter, "FAILED: {}", self.title)?;
        for difference in &self.differences {
            write!(formatter, "\n  {difference}")?;
        }
        write!(formatter, "\n  decided by: {}", list(&self.rules))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: expected {}; came out {}", self.key, self.expected, self.came_out)
    }
}
