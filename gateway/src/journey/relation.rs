//! Has an agency to do with a person?
//!
//! Whoever has the id of a person alone has nothing to do with them: ids are passed on, and guessed. An agency has to do
//! with whom it has identified itself, or who has a referral, a joint plan, an entry or a consent in force with it. To
//! every other agency a person is nobody, and what it asks about them is answered as about nobody.
//!
//! That an agency has asked makes it no party; nor has it identified anybody in the eyes of a log that was begun anew: it
//! identifies them again.

use polku_policy::Relation;
use polku_proto::YouthId;

use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::store::ReferralFilter;

impl Gateway {
    /// What the caller has to do with the person. The young person's side was checked before.
    pub(super) async fn relation_of(&self, caller: &Caller, youth: YouthId) -> Result<Relation, Error> {
        let Actor::Professional { .. } = caller.actor else { return Ok(Relation::Established) };
        // All of it is looked up for everybody, known or not: the time that it takes tells nothing.
        let is_in_journey = self.is_in_journey(caller, youth).await?;
        let is_tied = self.is_tied_otherwise(caller, youth).await?;
        Ok(if is_in_journey || is_tied { Relation::Established } else { Relation::None })
    }

    /// Whether the caller's agency has written into the person's journey, or is a party to a referral of theirs.
    pub(super) async fn is_in_journey(&self, caller: &Caller, youth: YouthId) -> Result<bool, Error> {
        let (agency, mut is_there) = (&caller.agency, false);
        // Under whichever id it looks at: who has to do with a person goes on with them under the present one.
        for youth in self.ids_seen(caller, youth) {
            let party = Some(agency.clone());
            let filter = ReferralFilter { party, youth: Some(youth), before: None, limit: 1 };
            let referred = !self.store.referrals(&filter).await?.is_empty();
            let written = self.store.has_entry_by(youth, agency).await?;
            is_there |= referred || written;
        }
        Ok(is_there)
    }

    /// Whether it has to do with the person in another way.
    pub(super) async fn is_tied_otherwise(&self, caller: &Caller, youth: YouthId) -> Result<bool, Error> {
        let (agency, mut is_tied) = (&caller.agency, false);
        for youth in self.ids_seen(caller, youth) {
            let (subject, organisation) = (self.subject_pseudonym(youth), agency.clone());
            let identified = self.in_log(move |log| log.identified(&subject, organisation.as_str())).await?;
            let planned = self.store.plans_of(youth).await?.iter().any(|row| row.parties.contains(agency));
            let named = self.index().parties_of(youth).contains(agency);
            is_tied |= identified || planned || named;
        }
        Ok(is_tied)
    }

    /// Lets only those go on who have to do with the person.
    ///
    /// # Errors
    /// [`Error::NotFound`], as about somebody whom nobody knows.
    pub(super) async fn check_relation(&self, caller: &Caller, youth: YouthId) -> Result<(), Error> {
        match self.relation_of(caller, youth).await? {
            Relation::Established => Ok(()),
            Relation::None => Err(Error::NotFound),
        }
    }
}
