//! What is a party's own system told of a section?

use jiff::Timestamp;
use polku_policy::Question;
use polku_proto::v1::{PlanPart, ReferralContent};
use polku_proto::{AgencyId, CategorySet, PlanId};

use super::reader::Eyes;
use super::record::{PlanRecord, is_of};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::record::wire_time;

/// What could be told, and how it is to be decided on.
pub(crate) struct Tellable {
    /// Already cut down, so that no reference shows what is not told; the identity code is in it.
    pub(crate) part: PlanPart,
    pub(crate) question: Question,
    /// What must be permitted, or the recipient is not told anything.
    pub(crate) required: CategorySet,
}

impl Gateway {
    /// The section as it is now, for this recipient; nothing when it is no party any more, or sees nothing of it.
    pub(crate) async fn tellable(
        &self,
        person: &Person,
        (plan, owner): (PlanId, &str),
        recipient: &AgencyId,
        now: Timestamp,
    ) -> Result<Option<Tellable>, Error> {
        let Some(row) = self.store.plan(plan).await? else { return Ok(None) };
        let record = PlanRecord::open(person, row)?;
        let Some(party) = record.party(recipient) else { return Ok(None) };
        let eyes = Eyes::of_system(party);
        let seen = self.seen(&record, &eyes, now)?;
        let section = seen.sections.into_iter().find(|section| is_of(section, owner));
        let Some(mut part) = section.and_then(|section| section.part) else { return Ok(None) };
        part.plan = record.name().to_string();
        part.revision = told(&record, owner, recipient);
        // Not when the plan was changed: that could have been something else.
        part.update_time = Some(wire_time(now)?);
        let background = part.background.get_or_insert_with(ReferralContent::default);
        background.identity_code = person.identity()?.expose().to_owned();
        let question = self.plan_question(&record, owner, &eyes, now)?;
        Ok(Some(Tellable { part, question, required: self.required(recipient) }))
    }
}

fn told(record: &PlanRecord, owner: &str, recipient: &AgencyId) -> u64 {
    let mut told = record.kept.told.iter();
    let told = told.find(|told| told.owner == owner && told.recipient == recipient.as_str());
    told.map_or(1, |told| told.count)
}
