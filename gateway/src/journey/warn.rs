//! What should a sender think of, though nothing stands against the referral?

use jiff::Unit;
use jiff::civil::Date;
use polku_proto::time::finnish_date;
use polku_proto::v1::{DataCategory, Purpose, SendWarning};
use polku_proto::{CategorySet, Party, YouthId};

use super::machine::is_final;
use super::view::own_record;
use crate::caller::{Actor, Caller};
use crate::error::{Error, check_decided};
use crate::gateway::Gateway;
use crate::person::Person;
use crate::store::{ReferralFilter, ReferralRow};

/// With the identity code, and the date of birth in it.
const IDENTITY: CategorySet = CategorySet::of(&[DataCategory::IdentityContact]);

impl Gateway {
    /// One thing at a time: a young person who is sent to several counters at once goes to none. Only the referrals that
    /// the caller may know of count, under whichever id of the person: those that the agency has sent or that have
    /// reached it.
    ///
    /// And nobody is sent where by their age there is nothing for them: age limits are data of the directory, and no law. Who
    /// has not identified the young person is not told their age by that either.
    pub(super) async fn warnings(
        &self,
        caller: &Caller,
        (youth, person): (YouthId, Option<&Person>),
        recipient: &Party,
    ) -> Result<Vec<i32>, Error> {
        let mut warnings = Vec::new();
        if self.is_parallel(caller, youth).await? {
            warnings.push(SendWarning::ParallelReferral as i32);
        }
        let born = person.map(Person::birth_date).transpose()?.flatten();
        if let Some(age) = born.and_then(|born| full_years(born, finnish_date(self.now())))
            && self.service_directory().is_without_services_for(recipient, age)
            && self.may_know_age(caller, youth).await?
        {
            warnings.push(SendWarning::AgeLimit as i32);
        }
        Ok(warnings)
    }

    /// Whether the caller knows when the young person was born, and may: it has identified them, and by the identity that
    /// tells it.
    async fn may_know_age(&self, caller: &Caller, youth: YouthId) -> Result<bool, Error> {
        let Actor::Professional { .. } = caller.actor else { return Ok(true) };
        let subject = self.subject_pseudonym(youth);
        let agency = caller.agency.clone();
        if !self.in_log(move |log| log.identified(&subject, agency.as_str())).await? {
            return Ok(false);
        }
        // Another agency may have linked the identity code to whoever this one knows by another identity.
        let links = self.store.identity_links(youth).await?;
        if !links.is_empty() && links.iter().all(|link| link.agency != caller.agency) {
            return Ok(false);
        }
        let question = own_record(caller, youth, Purpose::Unspecified, self.now());
        let decision = self.engine().decide(&self.index(), IDENTITY, &question);
        check_decided(&decision)?;
        Ok(decision.permitted() == IDENTITY)
    }

    async fn is_parallel(&self, caller: &Caller, youth: YouthId) -> Result<bool, Error> {
        let party = Some(caller.agency.clone());
        let mut filter = ReferralFilter { party, youth: Some(youth), before: None, limit: 100 };
        let ids = self.ids_seen(caller, youth);
        loop {
            let rows = self.referrals_of(&filter, &ids).await?;
            let is_known = |row: &ReferralRow| self.viewer(caller, row).is_ok();
            if rows.iter().any(|row| !is_final(row.state) && is_known(row)) {
                return Ok(true);
            }
            let Some(last) = rows.last() else { return Ok(false) };
            filter.before = Some((last.created, last.id));
        }
    }
}

fn full_years(born: Date, today: Date) -> Option<i32> {
    born.until((Unit::Year, today)).ok().map(|age| i32::from(age.get_years()))
}
