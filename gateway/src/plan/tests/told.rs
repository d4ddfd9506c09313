//! Is an agency's system told where a section stands, each thing with the section whose it is?

use polku_proto::v1::{
    MeetingRecord, Plan, PlanCommitment, PlanItem, PlanLink, PlanSection, PlanStanding, plan_item, plan_link,
};
use prost_types::Timestamp;

use super::any::{action, goal, part, plan};
use crate::plan::{YOUTH, told_part};

const THEN: Timestamp = Timestamp { seconds: 1_750_000_000, nanos: 0 };

fn item(owner: &str, kind: plan_item::Kind, id: &str) -> Option<PlanItem> {
    Some(PlanItem { owner: owner.to_owned(), kind: kind.into(), id: id.to_owned() })
}

fn seen() -> Plan {
    let mut te = part("te");
    te.actions = vec![action("a1", "apply"), action("a2", "work")];
    te.goals = vec![goal("g1", "rest")];
    plan(vec![part(YOUTH), te])
}

/// Something stands in the section of the office.
fn stand(plan: &mut Plan) {
    let is_its = |section: &&mut PlanSection| section.part.as_ref().is_some_and(|part| part.owner == "te");
    let section = plan.sections.iter_mut().find(is_its).unwrap();
    section.changed_since_acceptance = true;
    let commitment =
        |action: &str, acknowledge_time| PlanCommitment { action: action.to_owned(), acknowledge_time };
    section.commitments = vec![commitment("a1", Some(THEN)), commitment("a2", None)];
    section.meetings = vec![MeetingRecord { meeting: "m1".to_owned(), ..MeetingRecord::default() }];
}

#[test]
fn what_stands_in_a_section_goes_with_it() {
    let mut plan = seen();
    assert_eq!(told_part(&plan, "te", "kela").unwrap().standing, None);
    stand(&mut plan);
    let standing = told_part(&plan, "te", "kela").unwrap().standing.unwrap();
    let actions: Vec<_> = standing.commitments.iter().map(|one| one.action.as_str()).collect();
    assert_eq!(actions, ["a1"], "one that is not acknowledged is an action, and nothing more");
    assert!(standing.changed_since_acceptance);
    assert_eq!(standing.meetings.len(), 1);
    assert_eq!(told_part(&plan, YOUTH, "kela").unwrap().standing, None, "it is the office's");
    assert_eq!(told_part(&plan, "te", "te").unwrap().standing, Some(standing), "its own system hears it too");
}

#[test]
fn what_belongs_to_no_section_goes_with_the_young_persons() {
    let mut plan = seen();
    plan.accept_time = Some(THEN);
    plan.step = item("te", plan_item::Kind::Action, "a1");
    plan.links = vec![PlanLink {
        kind: plan_link::Kind::SameAs.into(),
        first: item("te", plan_item::Kind::Goal, "g1"),
        second: item(YOUTH, plan_item::Kind::Goal, "g1"),
    }];
    let expected = PlanStanding {
        accept_time: plan.accept_time,
        step: plan.step.clone(),
        links: plan.links.clone(),
        ..PlanStanding::default()
    };
    assert_eq!(told_part(&plan, YOUTH, "te").unwrap().standing, Some(expected));
    assert_eq!(told_part(&plan, "te", "kela").unwrap().standing, None);
}

#[test]
fn a_draft_in_which_nothing_is_written_for_the_young_person_is_told_when_there_is_something_to_say() {
    let mut plan = seen();
    plan.sections.retain(|section| section.part.as_ref().is_some_and(|part| part.owner != YOUTH));
    assert_eq!(told_part(&plan, YOUTH, "te"), None);
    plan.step = item("te", plan_item::Kind::Action, "a1");
    let told = told_part(&plan, YOUTH, "te").unwrap();
    assert_eq!(told.standing.unwrap().step, plan.step);
}
