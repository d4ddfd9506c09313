//! Case files, explanations and replays: what people write, read and compare of the engine's answers.

mod explained;
mod recorded;
mod shipped;
mod strict;

use polku_policy::{RuleSource, Rules};

/// The shipped rules with one passage exchanged, which has to be there once.
fn rules_with(found: &str, replacement: &str) -> Rules {
    let RuleSource { rules, schema, ages } = RuleSource::SHIPPED;
    assert_eq!(rules.matches(found).count(), 1, "the passage is not there once: {found}");
    let rules = rules.replacen(found, replacement, 1);
    Rules::parse(RuleSource { rules: &rules, schema, ages }).unwrap()
}
