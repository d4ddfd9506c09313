//! Has an agency to do with a person?
//!
//! Whoever has the id of a person alone has nothing to do with them: ids are passed on, and guessed. An agency has to do
//! with whom it has identified itself, or who has a referral, a joint plan, an entry or a consent in force with it. To
//! every other agency a person is nobody, and what it asks about them is answered as about nobody.
//!
//! That an agency has asked makes it no party; nor has it identified anybody in the eyes of a log that was begun anew: it
//! identifies them again.

use polku_policy::Relation;
use polku_proto::{AgencyId, YouthId};

use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::store::ReferralFilter;

impl Gateway {
    /// What the caller has to do with the person. The young person's side was checked before.
    pub(super) async fn relation_of(&self, caller: &Caller, youth: YouthId) -> Result<Relation, Error> {
        let Actor::Professional { .. } = caller.actor else { return Ok(Relation::Established) };
        // Under whichever id it looks at: who has to do with a person goes on with them under the present one.
        let mut is_tied = false;
        for id in self.ids_seen(caller, youth) {
            is_tied |= self.is_tied(&caller.agency, id).await?;
        }
        Ok(if is_tied { Relation::Established } else { Relation::None })
    }

    /// Whether the caller's agency has written into the person's journey, or is a party to a referral of theirs.
    pub(super) async fn is_in_journey(&self, caller: &Caller, youth: YouthId) -> Result<bool, Error> {
        let mut is_there = false;
        for id in self.ids_seen(caller, youth) {
            is_there |= self.is_in_journey_of(&caller.agency, id).await?;
        }
        Ok(is_there)
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

    /// Whether the agency has to do with the person. All of it is looked up for everybody, known or not: the time that it
    /// takes tells nothing.
    async fn is_tied(&self, agency: &AgencyId, youth: YouthId) -> Result<bool, Error> {
        let subject = self.subject_pseudonym(youth);
        let organisation = agency.clone();
        let identified = self.in_log(move |log| log.identified(&subject, organisation.as_str())).await?;
        let in_journey = self.is_in_journey_of(agency, youth).await?;
        let planned = self.store.plans_of(youth).await?.iter().any(|row| row.parties.contains(agency));
        let named = self.index().parties_of(youth).contains(agency);
        Ok(identified || in_journey || planned || named)
    }

    async fn is_in_journey_of(&self, agency: &AgencyId, youth: YouthId) -> Result<bool, Error> {
        let party = Some(agency.clone());
        let filter = ReferralFilter { party, youth: Some(youth), before: None, limit: 1 };
        let referred = !self.store.referrals(&filter).await?.is_empty();
        let written = self.store.entries_of(youth, 1).await?.iter().any(|row| row.agency == *agency);
        Ok(referred || written)
    }
}
