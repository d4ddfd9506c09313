//! Does what was accepted and acknowledged stand for that alone?

use polku_proto::CategorySet;
use polku_proto::v1::{ActionState, DataCategory, GoalState, Plan, PlanPart, PlanState};
use prost_types::Timestamp;

use super::any::{action, goal, meeting, need, part, plan};
use crate::plan::{YOUTH, accept, acknowledge, commit, derive_state, mark_changes, terms};

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

/// A plan to which employment services have committed one action.
fn sample() -> Plan {
    let mut te = part("te");
    te.needs = vec![need("n1", "a flat")];
    te.goals = vec![goal("g1", "a flat of one's own")];
    te.goals[0].needs = vec![String::from("n1")];
    te.actions = vec![action("a1", "apply")];
    let mut youth = part(YOUTH);
    youth.actions = vec![action("a1", "call the office")];
    let mut plan = plan(vec![youth, te]);
    commit(None, &mut plan);
    plan
}

fn te(plan: &mut Plan) -> &mut PlanPart {
    plan.sections[1].part.as_mut().unwrap()
}

fn change(plan: &mut Plan, change: impl FnOnce(&mut PlanPart)) {
    let before = plan.clone();
    change(te(plan));
    commit(Some(&before), plan);
}

fn stand(plan: &mut Plan, time: i64) {
    let actions = te(plan).actions.clone();
    acknowledge(&mut plan.sections[1], &actions, at(time));
}

/// Ids of what is acknowledged, with when, and of what is waited for.
fn commitments(plan: &Plan) -> Vec<(&str, Option<i64>, bool)> {
    let all = plan.sections[1].commitments.iter();
    all.map(|one| (one.action.as_str(), one.acknowledge_time.map(|time| time.seconds), one.awaited)).collect()
}

#[test]
fn a_plan_is_active_when_what_its_draft_held_is_agreed() {
    let mut plan = sample();
    assert_eq!(commitments(&plan), [("a1", None, false)]);
    assert!(plan.sections[0].commitments.is_empty(), "the young person accepts what is their own");
    accept(&mut plan, at(1));
    assert_eq!((derive_state(&plan), commitments(&plan)), (PlanState::Draft, vec![("a1", None, true)]));
    // Another text is not another undertaking.
    change(&mut plan, |part| part.actions[0].text.push('!'));
    assert_eq!(commitments(&plan), [("a1", None, true)]);
    stand(&mut plan, 2);
    assert_eq!((derive_state(&plan), commitments(&plan)), (PlanState::Active, vec![("a1", Some(2), false)]));
}

#[test]
fn what_is_undertaken_later_is_acknowledged_by_itself_and_stops_nothing() {
    let mut plan = sample();
    stand(&mut plan, 1);
    accept(&mut plan, at(2));
    change(&mut plan, |part| part.actions.push(action("a2", "visit")));
    let both = vec![("a1", Some(1), false), ("a2", None, false)];
    assert_eq!((derive_state(&plan), commitments(&plan)), (PlanState::Active, both.clone()));
    // Accepting what has changed neither moves the acceptance nor makes the plan wait.
    accept(&mut plan, at(3));
    assert_eq!((plan.accept_time, derive_state(&plan)), (Some(at(2)), PlanState::Active));
    assert_eq!(commitments(&plan), both);
    stand(&mut plan, 4);
    assert_eq!(commitments(&plan), [("a1", Some(1), false), ("a2", Some(4), false)]);
}

#[test]
fn what_was_changed_since_is_to_be_acknowledged_again() {
    let acknowledged = |edit: fn(&mut PlanPart)| {
        let mut plan = sample();
        stand(&mut plan, 1);
        accept(&mut plan, at(2));
        change(&mut plan, edit);
        assert_eq!(derive_state(&plan), PlanState::Active);
        commitments(&plan).first().map(|(_, time, _)| time.is_some())
    };
    for edit in [
        (|part| part.actions[0].text.push('!')) as fn(&mut PlanPart),
        |part| part.actions[0].provider.push('!'),
        |part| part.actions[0].ptv_service.push('!'),
        |part| part.actions[0].start = String::from("2027-01-01"),
        |part| part.actions[0].category = DataCategory::Housing.into(),
    ] {
        assert_eq!(acknowledged(edit), Some(false));
    }
    for edit in [
        (|part| part.actions[0].goal = String::from("g1")) as fn(&mut PlanPart),
        |part| {
            part.actions[0].state = ActionState::InProgress.into();
            part.actions[0].start = String::from("2027-01-01");
        },
        |part| part.goals.clear(),
    ] {
        assert_eq!(acknowledged(edit), Some(true));
    }
    assert_eq!(acknowledged(|part| part.actions[0].state = ActionState::Dropped.into()), None);
    assert_eq!(acknowledged(|part| part.actions.clear()), None);
    // Back to what it was is a change as well.
    let mut plan = sample();
    stand(&mut plan, 1);
    change(&mut plan, |part| part.actions[0].text.push('!'));
    change(&mut plan, |part| part.actions[0].text = String::from("apply"));
    accept(&mut plan, at(2));
    assert_eq!((derive_state(&plan), commitments(&plan)), (PlanState::Draft, vec![("a1", None, true)]));
}

#[test]
fn only_what_was_seen_is_acknowledged() {
    let mut plan = sample();
    change(&mut plan, |part| part.actions.push(action("a2", "visit")));
    acknowledge(&mut plan.sections[1], &[action("a2", "visit")], at(1));
    assert_eq!(commitments(&plan), [("a1", None, false), ("a2", Some(1), false)]);
}

/// What a reader who may be told this sees changed after the edit: of the plan, of the section.
fn marked(told: CategorySet, edit: impl FnOnce(&mut PlanPart)) -> (bool, bool) {
    let mut plan = sample();
    let accepted = terms(&plan);
    plan.accept_time = Some(at(1));
    edit(te(&mut plan));
    let mut seen = crate::plan::view(&plan, |_| told, crate::plan::Reader::Agency("te"));
    mark_changes(&mut seen, &accepted, |_| told);
    let section = seen.sections.iter().find(|section| section.part.as_ref().unwrap().owner == "te");
    (seen.changed_since_acceptance, section.is_some_and(|section| section.changed_since_acceptance))
}

#[test]
fn what_is_other_than_what_was_accepted_is_marked() {
    for edit in [
        (|part| part.needs[0].text.push('!')) as fn(&mut PlanPart),
        |part| part.goals[0].due = String::from("2027-01-01"),
        |part| part.goals[0].needs.clear(),
        |part| part.goals[0].state = GoalState::Cancelled.into(),
        |part| part.goals.push(goal("g2", "a car")),
        |part| part.actions.push(action("a2", "visit")),
        |part| part.actions[0].text.push('!'),
        |part| part.actions[0].goal = String::from("g1"),
        |part| part.actions[0].state = ActionState::Dropped.into(),
        |part| part.actions.clear(),
        |part| part.client_view.push('!'),
        |part| part.worker_view.push('!'),
        |part| part.next_review = String::from("2027-01-01"),
        |part| part.background.get_or_insert_default().reason.push('!'),
    ] {
        assert_eq!(marked(CategorySet::ALL, edit), (true, true));
    }
    for edit in [
        (|_| {}) as fn(&mut PlanPart),
        |part| part.goals[0].state = GoalState::Active.into(),
        |part| part.goals[0].achievement = 5,
        |part| {
            part.actions[0].state = ActionState::NotDone.into();
            part.actions[0].reason = String::from("ill");
            part.actions[0].end = String::from("2027-01-01");
        },
        |part| part.meetings.push(meeting("m1", "")),
        |part| part.reference.push('!'),
    ] {
        assert_eq!(marked(CategorySet::ALL, edit), (false, false));
    }
}

#[test]
fn what_is_not_told_marks_nothing() {
    let joint = CategorySet::of(&[DataCategory::JointPlan]);
    let housing = |part: &mut PlanPart| {
        part.needs.push(need("n2", "a flat"));
        part.needs[1].category = DataCategory::Housing.into();
        part.goals[0].needs.push(String::from("n2"));
        part.worker_view.push('!');
    };
    assert_eq!(marked(joint, housing), (false, false));
    assert_eq!(marked(CategorySet::ALL, housing), (true, true));
    // A section of which all is gone is a change as well.
    assert_eq!(marked(joint, |part| *part = super::any::part("te")), (true, true));
    let mut plan = sample();
    let accepted = terms(&plan);
    plan.accept_time = Some(at(1));
    plan.sections.remove(1);
    mark_changes(&mut plan, &accepted, |_| CategorySet::ALL);
    assert!(plan.changed_since_acceptance && !plan.sections[0].changed_since_acceptance);
    plan.accept_time = None;
    mark_changes(&mut plan, &accepted, |_| CategorySet::ALL);
    assert!(!plan.changed_since_acceptance, "nothing was accepted");
}
