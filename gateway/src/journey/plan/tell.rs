//! What is a party's own system told of a section?

use jiff::Timestamp;
use polku_policy::Question;
use polku_proto::v1::{Plan, PlanPart, PlanSection, ReferralContent};
use polku_proto::{AgencyId, CategorySet, Disclose as _, Party};

use super::reader::{Eyes, TELLABLE, frame};
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
    /// What is told of the section, in short, and with the young person's of what belongs to no section.
    pub(crate) marks: Vec<Mark>,
    /// Which revision of the plan it shows, where it is the agency's own section.
    pub(crate) own: Option<u64>,
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
        let (mut part, marks) = if is_end && (silent || !required.intersection(TELLABLE).is_subset(told)) {
            let part = PlanPart { consent_withdrawn: true, ..frame };
            let (required, marks) = (CategorySet::EMPTY, Vec::new());
            return Ok(Some(Tellable { part, question, required, marks, own: None }));
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
            let marks = self.marks_of(&seen, owner, &part, &row.agency);
            (PlanPart { plan, revision, update_time, ..part }, marks)
        };
        let background = part.background.get_or_insert_with(ReferralContent::default);
        background.identity_code = person.identity_code_text()?;
        let own = (owner == row.agency.as_str()).then_some(record.row.revision);
        Ok(Some(Tellable { part, question, required, marks, own }))
    }

    /// By what it is known again that an agency's system was told this part: by the same as what a reading shows of it,
    /// if that shows no more.
    fn marks_of(&self, seen: &Plan, owner: &str, part: &PlanPart, reader: &AgencyId) -> Vec<Mark> {
        let standing = part.standing.clone().unwrap_or_default();
        // In what state the plan is, and whose it is, says nothing of the section.
        let written = plan::part_of(seen, owner);
        let section = PlanSection {
            part: Some(written.cloned().unwrap_or_else(|| empty_part(&seen.name, owner))),
            commitments: standing.commitments,
            meetings: standing.meetings,
            ..PlanSection::default()
        };
        let is_beside = owner == plan::YOUTH && !frame(seen).categories().is_subset(CategorySet::ENVELOPE);
        let frame = is_beside.then(|| self.frame_mark(seen, reader));
        let is_alone = frame.is_none() || written.is_some();
        let section = is_alone.then(|| self.section_mark(&section, reader));
        section.into_iter().chain(frame).collect()
    }
}
