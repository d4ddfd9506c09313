//! Does a change come in, and nothing else?

use polku_proto::v1::{ActionState, DataCategory, MeetingState, PlanPart, ReferralContent, Worker};
use polku_proto::{CategorySet, Disclose as _};

use super::any::{NOW, action, flat, goal, meeting, merge, need, part};
use crate::plan::{Merged, changes};

const ALL: CategorySet = CategorySet::ALL;

fn sample() -> PlanPart {
    let mut part = part("te");
    part.needs = vec![need("n1", "a flat"), need("n2", "money")];
    part.goals = vec![goal("g1", "a flat of one's own"), goal("g2", "work")];
    part.goals[0].needs = vec![String::from("n1")];
    part.actions = vec![action("a1", "apply"), action("a2", "visit")];
    part.actions[0].goal = String::from("g1");
    part.meetings = vec![meeting("m1", "Kauppakatu 1")];
    part.next_review = String::from("2026-03-01");
    part.background = Some(ReferralContent { reason: String::from("moves"), ..ReferralContent::default() });
    part
}

fn with(change: impl FnOnce(&mut PlanPart)) -> PlanPart {
    let mut part = sample();
    change(&mut part);
    part
}

fn paths(merged: &Merged) -> Vec<&str> {
    merged.clashes.iter().map(|clash| clash.path.as_str()).collect()
}

#[test]
fn different_fields_of_one_item_come_together() {
    let ours = with(|part| part.actions[0].provider = String::from("workshop"));
    let theirs = with(|part| part.actions[0].text = String::from("apply soon"));
    let merged = merge(&sample(), &ours, &theirs, ALL);
    assert!(merged.clashes.is_empty());
    assert_eq!(merged.part.actions[0].provider, "workshop");
    assert_eq!(merged.part.actions[0].text, "apply soon");
}

#[test]
fn one_field_changed_twice_stays_and_is_told() {
    let ours = with(|part| part.goals[1].text = String::from("work in a kitchen"));
    let theirs = with(|part| part.goals[1].text = String::from("work in a garden"));
    let merged = merge(&sample(), &ours, &theirs, ALL);
    assert!(merged.part == theirs);
    assert_eq!(paths(&merged), ["goals/g2/text"]);
    let clash = &merged.clashes[0];
    let texts = [&clash.base, &clash.ours, &clash.theirs].map(|part| part.goals[0].text.as_str());
    assert_eq!(texts, ["work", "work in a kitchen", "work in a garden"]);
    assert_eq!((clash.theirs.owner.as_str(), clash.theirs.goals.len()), ("te", 1));
    assert!(clash.theirs.actions.is_empty() && clash.theirs.next_review.is_empty());
}

#[test]
fn the_same_change_twice_is_no_clash() {
    let ours = with(|part| {
        part.next_review = String::from("2026-04-01");
        part.actions.push(action("a3", "call"));
        part.needs.retain(|need| need.id != "n2");
    });
    let merged = merge(&sample(), &ours, &ours, ALL);
    assert!(merged.part == ours && merged.clashes.is_empty());
}

#[test]
fn removed_and_changed_clash_both_ways() {
    let removed = with(|part| {
        part.actions.retain(|action| action.id != "a2");
    });
    let changed = with(|part| part.actions[1].text = String::from("visit twice"));
    let merged = merge(&sample(), &removed, &changed, ALL);
    assert!(merged.part == changed);
    assert_eq!(paths(&merged), ["actions/a2"]);
    assert!(merged.clashes[0].ours.actions.is_empty());
    let merged = merge(&sample(), &changed, &removed, ALL);
    assert!(merged.part == removed);
    assert_eq!(paths(&merged), ["actions/a2"]);
    assert!(merged.clashes[0].theirs.actions.is_empty());
}

#[test]
fn one_id_for_two_new_items_clashes() {
    let ours = with(|part| part.needs.push(need("n3", "friends")));
    let theirs = with(|part| part.needs.push(need("n3", "sleep")));
    let merged = merge(&sample(), &ours, &theirs, ALL);
    assert!(merged.part == theirs);
    assert_eq!(paths(&merged), ["needs/n3"]);
}

#[test]
fn what_is_referred_to_stays() {
    let ours = with(|part| {
        part.goals.retain(|goal| goal.id != "g2");
        part.needs.retain(|need| need.id != "n2");
    });
    let theirs = with(|part| {
        part.actions[1].goal = String::from("g2");
        part.goals[0].needs.push(String::from("n2"));
    });
    let merged = merge(&sample(), &ours, &theirs, ALL);
    assert!(merged.part == theirs);
    assert_eq!(paths(&merged), ["goals/g2", "needs/n2"]);
}

#[test]
fn a_reference_to_what_is_gone_is_left_out_and_told() {
    let ours = with(|part| {
        part.actions[1].goal = String::from("g2");
        part.goals[0].needs.push(String::from("n2"));
    });
    let theirs = with(|part| {
        part.goals.retain(|goal| goal.id != "g2");
        part.needs.retain(|need| need.id != "n2");
    });
    let merged = merge(&sample(), &ours, &theirs, ALL);
    assert_eq!(flat(&merged.part), flat(&theirs));
    assert_eq!(paths(&merged), ["actions/a2/goal", "goals/g1/needs"]);
    assert_eq!(merged.clashes[0].ours.goals[0].id, "g2", "what is referred to stands beside it");
}

#[test]
fn the_frame_is_nobodys_to_change() {
    let ours = with(|part| {
        part.plan = String::from("elsewhere");
        part.owner = String::from("kela");
        part.revision = 9;
        part.update_time = Some(prost_types::Timestamp { seconds: 1, nanos: 0 });
        part.redacted = true;
        part.consent_withdrawn = true;
        part.background.get_or_insert_default().identity_code = String::from("010594Y9032");
        part.reference = String::from("own-7");
        part.responsible_worker = Some(Worker { id: String::from("w1"), ..Worker::default() });
    });
    let merged = merge(&sample(), &ours, &sample(), ALL);
    let expected = with(|part| {
        part.reference = String::from("own-7");
        part.responsible_worker = Some(Worker { id: String::from("w1"), ..Worker::default() });
    });
    assert!(merged.part == expected);
}

#[test]
fn the_background_is_merged_field_by_field() {
    let ours = with(|part| part.background.get_or_insert_default().housing = String::from("with an aunt"));
    let theirs = with(|part| part.background.get_or_insert_default().reason = String::from("has moved"));
    let merged = merge(&sample(), &ours, &theirs, ALL);
    let background = merged.part.background.unwrap();
    assert_eq!((background.housing.as_str(), background.reason.as_str()), ("with an aunt", "has moved"));
    let gone = with(|part| part.background = None);
    let merged = merge(&sample(), &gone, &sample(), ALL);
    assert!(merged.part.background.is_none() && merged.clashes.is_empty());
    let merged = merge(&sample(), &gone, &theirs, ALL);
    assert_eq!(paths(&merged), ["background/reason"]);
}

#[test]
fn two_halves_that_do_not_fit_are_one_clash() {
    let ours = with(|part| part.actions[0].start = String::from("2026-06-01"));
    let theirs = with(|part| part.actions[0].end = String::from("2026-05-01"));
    let merged = merge(&sample(), &ours, &theirs, ALL);
    assert!(merged.part == theirs);
    assert_eq!(paths(&merged), ["actions/a1"]);
    let base = with(|part| {
        part.actions[0].state = ActionState::Agreed.into();
        part.actions[0].reason = String::from("ill");
    });
    let (mut ours, mut theirs) = (base.clone(), base.clone());
    ours.actions[0].state = ActionState::NotDone.into();
    theirs.actions[0].reason.clear();
    assert_eq!(paths(&merge(&base, &ours, &theirs, ALL)), ["actions/a1"]);
}

/// It was moved to another day, and somebody who has not read that says that it was held on the first.
#[test]
fn a_meeting_that_was_moved_was_not_held_in_the_future() {
    let time = |seconds: i64| Some(prost_types::Timestamp { seconds: NOW.as_second() + seconds, nanos: 0 });
    let base = with(|part| part.meetings[0].time = time(-60));
    let (mut ours, mut theirs) = (base.clone(), base.clone());
    ours.meetings[0].state = MeetingState::Held.into();
    ours.goals[1].text = String::from("work in a kitchen");
    theirs.meetings[0].time = time(3_600);
    for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
        let merged = merge(&base, ours, theirs, ALL);
        assert_eq!(paths(&merged), ["meetings/m1"]);
        assert_eq!(merged.part.meetings, theirs.meetings);
        assert_eq!(merged.part.goals[1].text, "work in a kitchen", "the rest comes in");
    }
    theirs.meetings[0].time = time(0);
    let merged = merge(&base, &ours, &theirs, ALL);
    assert!(merged.clashes.is_empty(), "a time that has passed fits");
    assert_eq!(merged.part.meetings[0].state(), MeetingState::Held);
}

#[test]
fn what_is_not_told_is_not_touched() {
    let told = CategorySet::of(&[DataCategory::JointPlan]);
    let theirs = with(|part| {
        part.goals[1].category = DataCategory::HealthCapacity.into();
        part.actions[1].goal = String::from("g2");
        part.worker_view = String::from("not told");
    });
    let mut base = theirs.clone();
    base.restrict(told);
    assert!(base.goals.len() == 1 && base.meetings[0].place.is_empty() && base.background.is_none());
    let mut ours = base.clone();
    ours.meetings[0].note = String::from("bring papers");
    ours.actions[1].text = String::from("visit twice");
    let merged = merge(&base, &ours, &theirs, told);
    assert!(merged.clashes.is_empty());
    let mut expected = theirs;
    expected.meetings[0].note = String::from("bring papers");
    expected.actions[1].text = String::from("visit twice");
    assert!(merged.part == expected);
}

#[test]
fn what_has_been_hidden_since_looks_removed() {
    let told = CategorySet::of(&[DataCategory::JointPlan]);
    let mut base = sample();
    base.restrict(told);
    let theirs = with(|part| part.needs[1].category = DataCategory::HealthCapacity.into());
    let mut ours = base.clone();
    ours.needs[1].text = String::from("more money");
    let merged = merge(&base, &ours, &theirs, told);
    assert!(merged.part == theirs);
    assert_eq!(paths(&merged), ["needs/n2"]);
    assert_eq!(merged.clashes[0].theirs.needs.len(), 1);
    let clash = super::any::told(&merged.clashes[0], told);
    assert!(clash.theirs.needs.is_empty());
    assert_eq!(clash.ours.needs[0].text, "more money");
}

#[test]
fn changes_are_told_by_their_place() {
    let after = with(|part| {
        part.next_review.clear();
        part.client_view = String::from("I want to paint");
        part.background.get_or_insert_default().housing = String::from("with an aunt");
        part.goals[0].due = String::from("2026-09-01");
        part.actions.remove(1);
        part.actions.push(action("a3", "call"));
        part.needs.swap(0, 1);
        part.revision = 7;
    });
    let found = changes(&sample(), &after);
    let told: Vec<_> = found
        .iter()
        .map(|change| (change.path.as_str(), change.before.is_some(), change.after.is_some()))
        .collect();
    assert_eq!(
        told,
        [
            ("client_view", false, true),
            ("next_review", true, false),
            ("background/housing", false, true),
            ("goals/g1/due", true, true),
            ("actions/a2", true, false),
            ("actions/a3", false, true),
        ]
    );
    let goal = found[3].after.as_ref().unwrap();
    assert_eq!((goal.goals[0].due.as_str(), goal.needs[0].id.as_str()), ("2026-09-01", "n1"));
    assert!(changes(&after, &after).is_empty());
}
