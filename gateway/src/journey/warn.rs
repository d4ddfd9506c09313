//! What should a sender think of, though nothing stands against the referral?

use polku_proto::YouthId;
use polku_proto::v1::SendWarning;

use super::machine::is_final;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::store::ReferralFilter;

impl Gateway {
    /// One thing at a time: a young person who is sent to several counters at once goes to none. Only the referrals that
    /// the agency has sent or received count, those of others are not its to know of.
    pub(super) async fn warnings(&self, caller: &Caller, youth: YouthId) -> Result<Vec<i32>, Error> {
        let party = Some(caller.agency.clone());
        let mut filter = ReferralFilter { party, youth: Some(youth), before: None, limit: 100 };
        loop {
            let rows = self.store.referrals(&filter).await?;
            if rows.iter().any(|row| !is_final(row.state)) {
                return Ok(vec![SendWarning::ParallelReferral as i32]);
            }
            let Some(last) = rows.last() else { return Ok(Vec::new()) };
            filter.before = Some((last.created, last.id));
        }
    }
}
