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

/// What an agency has to do with a person, by what can be looked up with nothing of theirs opened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ties {
    /// Whether it has to do with them at all.
    pub(super) any: bool,
    /// Whether it has written into their journey, or is a party to a referral of theirs.
    pub(super) in_journey: bool,
}

impl Gateway {
    /// What the caller has to do with the person. The young person's side was checked before.
    pub(super) async fn relation_of(&self, caller: &Caller, youth: YouthId) -> Result<Relation, Error> {
        let Actor::Professional { .. } = caller.actor else { return Ok(Relation::Established) };
        Ok(if self.ties(caller, youth).await?.any { Relation::Established } else { Relation::None })
    }

    /// The same more closely, of a professional.
    pub(super) async fn ties(&self, caller: &Caller, youth: YouthId) -> Result<Ties, Error> {
        // Under whichever id it looks at: who has to do with a person goes on with them under the present one.
        let mut all = Ties::default();
        for id in self.ids_seen(caller, youth) {
            let ties = self.ties_under(&caller.agency, id).await?;
            all = Ties { any: all.any || ties.any, in_journey: all.in_journey || ties.in_journey };
        }
        Ok(all)
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

    /// What the agency has to do with the person. All of it is looked up for everybody, known or not: the time that it
    /// takes tells nothing.
    async fn ties_under(&self, agency: &AgencyId, youth: YouthId) -> Result<Ties, Error> {
        let subject = self.subject_pseudonym(youth);
        let organisation = agency.clone();
        let identified = self.in_log(move |log| log.identified(&subject, organisation.as_str())).await?;
        let party = Some(agency.clone());
        let filter = ReferralFilter { party, youth: Some(youth), before: None, limit: 1 };
        let referred = !self.store.referrals(&filter).await?.is_empty();
        let written = self.store.entries_of(youth, 1).await?.iter().any(|row| row.agency == *agency);
        let planned = self.store.plans_of(youth).await?.iter().any(|row| row.parties.contains(agency));
        let named = self.index().parties_of(youth).contains(agency);
        let in_journey = referred || written;
        Ok(Ties { any: identified || in_journey || planned || named, in_journey })
    }
}
