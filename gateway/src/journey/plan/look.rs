//! When is it looked again what agencies' systems have been told of a plan?
//!
//! Whoever takes a permission back has it looked at at once. A permission that ends by time has nobody who calls: each
//! plan says when time alone may next have changed something, and a sweep looks then. It also does what a crash has left.

use jiff::Timestamp;
use polku_proto::{AgencyId, YouthId};

use super::reader::{Eyes, TELLABLE};
use super::record::PlanRecord;
use crate::error::Error;
use crate::gateway::Gateway;

impl Gateway {
    /// Tells the systems of the parties what is left to them of a person's plans, or that they hear no more.
    pub(in crate::journey) async fn look_at_plans(&self, youth: YouthId) -> Result<(), Error> {
        let _alone = self.alone_with(youth).await?;
        let person = self.person(youth).await?;
        self.end_parts(&person, self.now()).await
    }

    /// From when on what has been told, and counts, may be more or less than what may be told, though nobody changes
    /// anything.
    pub(super) fn look_again(&self, record: &PlanRecord, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let mut next: Option<Timestamp> = None;
        for told in record.kept.told.iter().filter(|told| !told.ended) {
            let recipient: Option<AgencyId> = told.recipient.parse().ok();
            let Some(party) = recipient.and_then(|recipient| record.party(&recipient)) else { continue };
            let question = self.plan_question(record, &told.owner, &Eyes::of_system(party), now)?;
            let until = self.engine().decide(&self.index(), TELLABLE, &question).valid_until();
            next = next.into_iter().chain(until).min();
        }
        Ok(next)
    }
}
