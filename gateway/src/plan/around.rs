//! What is there about an item beside the item, and to which items has something come since somebody has read them?
//!
//! What goes with an item when that is removed: what the young person has said about it, what its provider stands by, the
//! record of who met, what it belongs to, and that it is the step that comes next.

use std::collections::HashSet;

use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{MeetingRecord, Plan, PlanAround, PlanConflict, PlanItem, PlanPart, PlanSection};

use super::YOUTH;
use super::item::{Item, of_list};
use super::path::{List, Path};
use super::section::section_of;

/// What goes with the item of a clash if that is removed as one side wants, as is seen: what the owner of the section tells
/// of it, and what the coordinator does.
#[must_use]
pub fn around(seen: &Plan, conflict: &PlanConflict) -> Vec<(String, PlanAround)> {
    let Some(Path::Item(list, id)) = Path::parse(&conflict.path) else { return Vec::new() };
    let is_wanted = conflict.ours.as_ref().is_some_and(|ours| of_list!(list, is_there(ours, id)));
    let Some(section) = section_of(seen, &conflict.owner).filter(|_| !is_wanted) else { return Vec::new() };
    let is_it = |item: &Option<PlanItem>| {
        item.as_ref()
            .is_some_and(|item| item.owner == conflict.owner && item.id == id && list_of(item) == Some(list))
    };
    let of_owner = PlanAround {
        commitment: section.commitments.iter().find(|one| list == List::Actions && one.action == id).cloned(),
        meeting: section.meetings.iter().find(|one| list == List::Meetings && one.meeting == id).cloned(),
        ..PlanAround::default()
    };
    let comments = seen.sections.iter().flat_map(|section| &section.comments);
    let links = seen.links.iter().filter(|link| is_it(&link.first) || is_it(&link.second));
    let of_coordinator = PlanAround {
        comments: comments.filter(|comment| is_it(&comment.item)).cloned().collect(),
        links: links.cloned().collect(),
        step: seen.step.clone().filter(|step| is_it(&Some(step.clone()))),
        ..PlanAround::default()
    };
    let both = [(conflict.owner.clone(), of_owner), (YOUTH.to_owned(), of_coordinator)];
    both.into_iter().filter(|(_, around)| *around != PlanAround::default()).collect()
}

fn is_there<I: Item>(part: &PlanPart, id: &str) -> bool {
    I::find(part, id).is_some()
}

fn list_of(item: &PlanItem) -> Option<List> {
    match item.kind() {
        Kind::Unspecified => None,
        Kind::Need => Some(List::Needs),
        Kind::Goal => Some(List::Goals),
        Kind::Action => Some(List::Actions),
        Kind::Meeting => Some(List::Meetings),
    }
}

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
        // Whether there was a questionnaire before it follows from the readings, and who was missing from whom one sees.
        let bare = |record: &MeetingRecord| {
            let missing = Vec::new();
            MeetingRecord { questionnaire_before: false, missing, ..record.clone() }
        };
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
        let Some(list) = list_of(item) else { return };
        if item.owner == owner {
            self.0.insert((list, item.id.clone()));
        }
    }
}
