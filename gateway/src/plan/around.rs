//! Which items of a section has something come to since somebody has read it?
//!
//! What goes with an item when that is removed: what the young person has said about it, what its provider stands by, the
//! record of who met, what it belongs to, and that it is the step that comes next.

use std::collections::HashSet;

use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{MeetingRecord, Plan, PlanItem, PlanSection};

use super::path::List;
use super::section::section_of;

/// Items that a removal would take more from than its editor has read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grown(HashSet<(List, String)>);

impl Grown {
    /// Those of the section of this owner, of which the one has read the plan and sees it now like this.
    #[must_use]
    pub fn since(read: &Plan, seen: &Plan, owner: &str) -> Grown {
        let mut grown = Grown::default();
        let nothing = PlanSection::default();
        for section in &seen.sections {
            let was =
                section.part.as_ref().and_then(|part| section_of(read, &part.owner)).unwrap_or(&nothing);
            let new = section.comments.iter().filter(|comment| !was.comments.contains(comment));
            new.filter_map(|comment| comment.item.as_ref()).for_each(|item| grown.add(item, owner));
        }
        for link in seen.links.iter().filter(|link| !read.links.contains(link)) {
            [&link.first, &link.second].into_iter().flatten().for_each(|item| grown.add(item, owner));
        }
        if seen.step != read.step {
            seen.step.iter().for_each(|item| grown.add(item, owner));
        }
        let Some(section) = section_of(seen, owner) else { return grown };
        let was = section_of(read, owner).unwrap_or(&nothing);
        let acknowledged = section.commitments.iter().filter(|one| one.acknowledge_time.is_some());
        for one in acknowledged.filter(|one| !was.commitments.contains(one)) {
            grown.0.insert((List::Actions, one.action.clone()));
        }
        // Whether there was a questionnaire before it follows from the readings.
        let bare = |record: &MeetingRecord| MeetingRecord { questionnaire_before: false, ..record.clone() };
        let known: Vec<MeetingRecord> = was.meetings.iter().map(bare).collect();
        for record in section.meetings.iter().filter(|record| !known.contains(&bare(record))) {
            grown.0.insert((List::Meetings, record.meeting.clone()));
        }
        grown
    }

    pub(super) fn has(&self, list: List, id: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&(list, id.to_owned()))
    }

    fn add(&mut self, item: &PlanItem, owner: &str) {
        let list = match item.kind() {
            Kind::Unspecified => return,
            Kind::Need => List::Needs,
            Kind::Goal => List::Goals,
            Kind::Action => List::Actions,
            Kind::Meeting => List::Meetings,
        };
        if item.owner == owner {
            self.0.insert((list, item.id.clone()));
        }
    }
}
