//! What should a sender think of, though nothing stands against the referral?

use jiff::Unit;
use jiff::civil::Date;
use polku_proto::time::finnish_date;
use polku_proto::v1::SendWarning;
use polku_proto::{Party, YouthId};

use super::machine::is_final;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::store::{ReferralFilter, ReferralRow};

impl Gateway {
    /// One thing at a time: a young person who is sent to several counters at once goes to none. Only the referrals that
    /// the caller may know of count, under whichever id of the person: those that the agency has sent or that have
    /// reached it.
    ///
    /// And nobody is sent where by their age there is nothing for them: age limits are data of the directory, and no law.
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
        {
            warnings.push(SendWarning::AgeLimit as i32);
        }
        Ok(warnings)
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
