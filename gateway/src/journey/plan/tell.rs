//! What is a party's own system told of a section?

use jiff::Timestamp;
use polku_policy::Question;
use polku_proto::v1::{PlanPart, PlanSection, ReferralContent};
use polku_proto::{CategorySet, Party};

use super::reader::{Eyes, TELLABLE};
use super::record::{PlanRecord, empty_part};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::outbox::Mark;
use crate::person::Person;
use crate::plan;
use crate::record::wire_time;
use crate::store::{About, DeliveryItem, DeliveryRow};

/// What could be told, and how it is to be decided on.
pub(crate) struct Tellable {
    /// Already cut down, so that no reference shows what is not told; the identity code is in it.
    pub(crate) part: PlanPart,
    pub(crate) question: Question,
    /// What must be permitted, or the recipient is not told anything.
    pub(crate) required: CategorySet,
    /// What is told of the section, in short.
    pub(crate) mark: Option<Mark>,
}

impl Gateway {
    /// What the row's agency would be told now; nothing when it is no party any more, or sees nothing of the section.
    pub(crate) async fn tellable(
        &self,
        person: &Person,
        row: &DeliveryRow,
        now: Timestamp,
    ) -> Result<Option<Tellable>, Error> {
        let About::Plan { plan, owner } = &row.about else { return Ok(None) };
        let Some(plan) = self.store.plan(*plan).await? else { return Ok(None) };
        let record = PlanRecord::open(person, plan)?;
        let party = record.party(&row.agency);
        let eyes = Eyes::of_system(party.clone().unwrap_or_else(|| Party::whole(row.agency.clone())));
        let question = self.plan_question(&record, owner, &eyes, now)?;
        let frame = PlanPart {
            // The same at each attempt: nothing else about the section reaches this agency before this delivery has ended.
            revision: self.store.parts_told(record.row.id, owner, &row.agency).await? + 1,
            // Not when the plan was changed: that could have been something else.
            update_time: Some(wire_time(now)?),
            ..empty_part(&record.name().to_string(), owner)
        };
        let is_end = row.item == DeliveryItem::PlanEnded;
        let required = self.required(&row.agency);
        let told = self.permitted(&record, owner, &eyes, now)?;
        let silent = party.is_none() || told.is_subset(CategorySet::ENVELOPE);
        let (mut part, written) = if is_end && (silent || !required.intersection(TELLABLE).is_subset(told)) {
            let part = PlanPart { consent_withdrawn: true, ..frame };
            return Ok(Some(Tellable { part, question, required: CategorySet::EMPTY, mark: None }));
        } else if silent {
            return Ok(None);
        } else {
            let seen = self.seen(&record, &eyes, now)?;
            let part = match plan::told_part(&seen, owner, row.agency.as_str()) {
                Some(part) => part,
                // It could be told of, and there is nothing: its owner has emptied it.
                None if is_end => PlanPart { state: seen.state, ..empty_part("", owner) },
                None => return Ok(None),
            };
            let PlanPart { plan, revision, update_time, .. } = frame;
            // In what state the plan is says nothing of the section.
            let written = plan::part_of(&seen, owner).map_or(part.state, |part| part.state);
            (PlanPart { plan, revision, update_time, ..part }, written)
        };
        let shown = PlanPart { state: written, ..part.clone() };
        let section = PlanSection { part: Some(shown), ..PlanSection::default() };
        let mark = Some(self.section_mark(&section, &row.agency));
        let background = part.background.get_or_insert_with(ReferralContent::default);
        background.identity_code = person.identity_code_text()?;
        Ok(Some(Tellable { part, question, required, mark }))
    }
}
