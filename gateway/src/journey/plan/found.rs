//! In which meeting did a need come to light?

use jiff::Timestamp;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{MeetingRecord, MeetingState, PlanItem, PlanLink, PlanPart, plan_link};

use super::record::PlanRecord;
use super::step::has_item;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::plan::{self, EditError, Fault};
use crate::record::instant;

/// The needs that are said to be found in a meeting, and were not before.
pub(super) fn newly_found(base: &PlanPart, ours: &PlanPart) -> Vec<PlanItem> {
    let was = |id: &str| base.needs.iter().any(|need| need.id == id && need.found_in_meeting);
    let new = ours.needs.iter().filter(|need| need.found_in_meeting && !was(&need.id));
    let owner = ours.owner.clone();
    new.map(|need| PlanItem { owner: owner.clone(), kind: Kind::Need as i32, id: need.id.clone() }).collect()
}

impl Gateway {
    /// A need that somebody says to have come to light in a meeting of several agencies names one that was held, not one
    /// that was called off or is still to come, and that is recorded, with them and another agency there. What an
    /// agency's own system says of its own meetings is its word.
    pub(super) fn check_found(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        found: &[PlanItem],
        found_in: Option<&PlanItem>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(new) = found.first() else { return Ok(()) };
        let refusal = Error::Plan(EditError {
            fault: Fault::Invalid,
            path: format!("sections[{}].needs[{}].found_in_meeting", new.owner, new.id),
            expected: "in found_in a meeting of several agencies that was held, is recorded, and that the editor attended",
        });
        let Some(meeting) = found_in.filter(|item| item.kind() == Kind::Meeting) else { return Err(refusal) };
        let seen = self.seen(record, &self.eyes(caller, record)?, now)?;
        let Some(section) = plan::section_of(&seen, &meeting.owner) else { return Err(refusal) };
        let mut meetings = section.part.iter().flat_map(|part| &part.meetings);
        let was_held = meetings.any(|other| {
            let time = other.time.as_ref().and_then(|time| instant(time).ok());
            let is_over = time.is_some_and(|time| time <= now);
            other.id == meeting.id && other.state() == MeetingState::Held && is_over
        });
        let was_there = |record: &MeetingRecord| match caller.actor {
            Actor::Professional { .. } => record.attended.iter().any(|id| id == caller.agency.as_str()),
            Actor::Subject(_) | Actor::Representative { .. } => record.client_attended,
        };
        let mut records = section.meetings.iter().filter(|record| record.meeting == meeting.id);
        if was_held && records.any(|record| record.attended.len() > 1 && was_there(record)) {
            return Ok(());
        }
        Err(refusal)
    }

    /// Links the needs that came in with the meeting in which they came to light.
    pub(super) fn note_found(
        &self,
        caller: &Caller,
        record: &mut PlanRecord,
        found: Vec<PlanItem>,
        found_in: Option<&PlanItem>,
    ) -> Result<(), Error> {
        for need in found {
            if !has_item(record.plan()?, &need) {
                continue;
            }
            let kind = plan_link::Kind::FoundIn as i32;
            let link = PlanLink { kind, first: Some(need), second: found_in.cloned() };
            self.add_link(caller, record, link)?;
        }
        Ok(())
    }
}
