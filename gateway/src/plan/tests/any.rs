//! Sections and plans to be tried, and what stands in them field by field.

use std::collections::BTreeMap;

use jiff::Timestamp;
use polku_proto::CategorySet;
use polku_proto::v1::{
    ActionState, DataCategory, GoalState, MeetingState, Plan, PlanAction, PlanGoal, PlanMeeting, PlanNeed,
    PlanPart, PlanSection, PlanState,
};

use crate::plan::{Choice, Clash, Grown, Merged, ResolveError, shown_side};

pub(super) const JOINT_PLAN: i32 = DataCategory::JointPlan as i32;

/// When everything happens.
pub(super) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// What a change comes to now, where nothing has come to the items beside it.
pub(super) fn merge(base: &PlanPart, ours: &PlanPart, theirs: &PlanPart, told: CategorySet) -> Merged {
    crate::plan::merge(base, ours, theirs, told, &Grown::default(), NOW)
}

/// What a decision comes to now.
pub(super) fn resolve(
    theirs: &PlanPart,
    clash: &Clash,
    choice: Choice<'_>,
) -> Result<PlanPart, ResolveError> {
    crate::plan::resolve(theirs, clash, choice, NOW)
}

pub(super) fn part(owner: &str) -> PlanPart {
    PlanPart { owner: owner.to_owned(), state: PlanState::Draft.into(), ..PlanPart::default() }
}

pub(super) fn need(id: &str, text: &str) -> PlanNeed {
    PlanNeed { id: id.to_owned(), category: JOINT_PLAN, text: text.to_owned(), ..PlanNeed::default() }
}

pub(super) fn goal(id: &str, text: &str) -> PlanGoal {
    PlanGoal {
        id: id.to_owned(),
        category: JOINT_PLAN,
        text: text.to_owned(),
        state: GoalState::Proposed.into(),
        ..PlanGoal::default()
    }
}

pub(super) fn action(id: &str, text: &str) -> PlanAction {
    PlanAction {
        id: id.to_owned(),
        category: JOINT_PLAN,
        text: text.to_owned(),
        state: ActionState::Agreed.into(),
        ..PlanAction::default()
    }
}

pub(super) fn meeting(id: &str, place: &str) -> PlanMeeting {
    PlanMeeting {
        id: id.to_owned(),
        category: JOINT_PLAN,
        state: MeetingState::Planned.into(),
        place: place.to_owned(),
        ..PlanMeeting::default()
    }
}

pub(super) fn plan(parts: Vec<PlanPart>) -> Plan {
    let sections =
        parts.into_iter().map(|part| PlanSection { part: Some(part), ..PlanSection::default() }).collect();
    Plan { coordinator: String::from("ohjaamo"), state: PlanState::Draft.into(), sections, ..Plan::default() }
}

/// A clash as somebody may be told of it.
pub(super) fn told(clash: &Clash, told: CategorySet) -> Clash {
    let mut clash = clash.clone();
    for part in [&mut clash.base, &mut clash.ours, &mut clash.theirs] {
        *part = shown_side(part, &clash.path, told);
    }
    clash
}

/// Every field of a section that a test changes, by its path, and each item's presence. Knows no code of the room.
pub(super) fn flat(part: &PlanPart) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut put = |path: String, value: String| {
        if !value.is_empty() {
            assert!(all.insert(path, value).is_none(), "a place stands twice");
        }
    };
    put(String::from("state"), part.state.to_string());
    put(String::from("next_review"), part.next_review.clone());
    put(String::from("client_view"), part.client_view.clone());
    put(String::from("worker_view"), part.worker_view.clone());
    if let Some(background) = &part.background {
        put(String::from("background/reason"), background.reason.clone());
    }
    for need in &part.needs {
        let path = format!("needs/{}", need.id);
        put(format!("{path}/category"), need.category.to_string());
        put(format!("{path}/text"), need.text.clone());
        put(path, String::from("there"));
    }
    for goal in &part.goals {
        let path = format!("goals/{}", goal.id);
        put(format!("{path}/category"), goal.category.to_string());
        put(format!("{path}/text"), goal.text.clone());
        put(format!("{path}/state"), goal.state.to_string());
        put(format!("{path}/needs"), goal.needs.join(" "));
        put(format!("{path}/due"), goal.due.clone());
        put(path, String::from("there"));
    }
    for action in &part.actions {
        let path = format!("actions/{}", action.id);
        put(format!("{path}/category"), action.category.to_string());
        put(format!("{path}/text"), action.text.clone());
        put(format!("{path}/state"), action.state.to_string());
        put(format!("{path}/goal"), action.goal.clone());
        put(format!("{path}/start"), action.start.clone());
        put(format!("{path}/end"), action.end.clone());
        put(format!("{path}/reason"), action.reason.clone());
        put(format!("{path}/provider"), action.provider.clone());
        put(path, String::from("there"));
    }
    for meeting in &part.meetings {
        let path = format!("meetings/{}", meeting.id);
        put(format!("{path}/category"), meeting.category.to_string());
        put(format!("{path}/note"), meeting.note.clone());
        put(format!("{path}/place"), meeting.place.clone());
        put(format!("{path}/state"), meeting.state.to_string());
        put(path, String::from("there"));
    }
    all
}
