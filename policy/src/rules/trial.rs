//! Do the rules contradict the schema of the facts, or fail on a question?

use cedar_policy::{Entities, PolicySet, Request, Schema, ValidationMode, Validator};

use super::{Rules, RulesError};

impl Rules {
    /// Evaluates every rule, in force or not, and tells whether one fails.
    pub(crate) fn fail_on(&self, request: &Request, entities: &Entities) -> bool {
        let response = self.authorizer.is_authorized(request, &self.policies, entities);
        response.diagnostics().errors().next().is_some()
    }
}

/// Holds the rules against the schema, in Cedar's strict mode; a warning is a refusal too.
pub(super) fn validate(policies: &PolicySet, schema: &Schema) -> Result<(), RulesError> {
    let result = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
    if let Some(error) = result.validation_errors().next() {
        return Err(RulesError::Contradiction(Box::new(error.clone())));
    }
    if let Some(warning) = result.validation_warnings().next() {
        return Err(RulesError::Suspicious(Box::new(warning.clone())));
    }
    Ok(())
}
