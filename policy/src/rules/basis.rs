//! Would something permit it, if nothing stood against it?

use cedar_policy::{Decision, Effect, Entities, PolicySet, Request};

use super::{Action, Failed, Rules};

impl Rules {
    /// Tells whether something would permit it, if nothing stood against it.
    pub(crate) fn has_basis(
        &self,
        action: Action,
        request: &Request,
        entities: &Entities,
        era: u8,
    ) -> Result<bool, Failed> {
        let permits = self.concerned(action, era)?.policies().filter(|rule| rule.effect() == Effect::Permit);
        let permits = PolicySet::from_policies(permits.cloned()).map_err(|_| Failed)?;
        let response = self.authorizer.is_authorized(request, &permits, entities);
        if response.diagnostics().errors().next().is_some() {
            return Err(Failed);
        }
        Ok(response.decision() == Decision::Allow)
    }
}
