//! What does one rule say, and when is it in force?

use std::collections::BTreeMap;

use cedar_policy::Policy;
use serde_json::Value;

use super::Rules;

/// The annotations that say when a rule is in force.
const DATES: [&str; 2] = ["valid_from", "valid_until"];

/// One rule of a set.
#[derive(Debug, Clone, Copy)]
pub struct Rule<'a>(&'a Policy);

impl Rules {
    /// Gives every rule that is ever in force, by its id.
    #[must_use]
    pub fn by_id(&self) -> BTreeMap<&str, Rule<'_>> {
        let all = self.eras().flat_map(|(_, set)| set.policies());
        all.map(|policy| (AsRef::<str>::as_ref(policy.id()), Rule(policy))).collect()
    }
}

impl Rule<'_> {
    /// Gives from when and until when it is in force, as its annotations have it.
    #[must_use]
    pub fn dates(&self) -> [Option<&str>; 2] {
        DATES.map(|date| self.0.annotation(date))
    }

    /// Tells whether both say the same, however they are written down and whenever they are in force.
    #[must_use]
    pub fn says_the_same(&self, other: &Rule<'_>) -> bool {
        // Two that cannot be compared are not known to be the same.
        self.text().is_some_and(|text| Some(text) == other.text())
    }

    fn text(&self) -> Option<Value> {
        let mut text = self.0.to_json().ok()?;
        if let Some(annotations) = text.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.retain(|name, _| !DATES.contains(&name.as_str()));
        }
        Some(text)
    }
}
