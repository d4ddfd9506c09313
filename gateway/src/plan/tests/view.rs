//! Does a reader see what may be told, and nothing of the rest?

use polku_proto::v1::{
    DataCategory, MeetingRecord, Plan, PlanCommitment, PlanItem, PlanLink, PlanPart, StarReading,
    WhoqolReading, plan_item::Kind,
};
use polku_proto::{CategorySet, Disclose as _};
use prost_types::Timestamp;

use super::any::{action, goal, meeting, need, part, plan};
use crate::plan::{Reader, YOUTH, drop_loose_ends, view};

const JOINT: CategorySet = CategorySet::of(&[DataCategory::JointPlan]);
const THEN: Timestamp = Timestamp { seconds: 1_750_000_000, nanos: 0 };

fn item(owner: &str, kind: Kind, id: &str) -> PlanItem {
    PlanItem { owner: owner.to_owned(), kind: kind.into(), id: id.to_owned() }
}

fn commitment(action: &str, acknowledge_time: Option<Timestamp>) -> PlanCommitment {
    PlanCommitment { action: action.to_owned(), acknowledge_time }
}

fn hidden(mut part: PlanPart) -> PlanPart {
    let health: i32 = DataCategory::HealthCapacity.into();
    part.goals.iter_mut().for_each(|goal| goal.category = health);
    part
}

fn sample() -> Plan {
    let mut te = part("te");
    te.revision = 4;
    te.update_time = Some(THEN);
    te.needs = vec![need("n1", "a flat")];
    te.goals = vec![goal("g1", "rest")];
    te.actions = vec![action("a1", "apply")];
    te.actions[0].goal = String::from("g1");
    te.meetings = vec![meeting("m1", "Kauppakatu 1"), meeting("m2", "")];
    te.meetings[1].category = DataCategory::HealthCapacity.into();
    let mut social = part("social");
    social.goals = vec![goal("g1", "rest")];
    let mut plan = plan(vec![hidden(te), hidden(social), part(YOUTH)]);
    plan.parties = ["ohjaamo", "te", "social"].map(String::from).to_vec();
    plan.sections[0].commitments = vec![commitment("a1", Some(THEN))];
    for meeting in ["m1", "m2"] {
        plan.sections[0].meetings.push(MeetingRecord {
            category: DataCategory::JointPlan.into(),
            meeting: meeting.to_owned(),
            ..MeetingRecord::default()
        });
    }
    plan.sections[0].questionnaires = vec![WhoqolReading {
        category: DataCategory::QualityOfLife.into(),
        id: String::from("q1"),
        ..WhoqolReading::default()
    }];
    plan.sections[0].stars = vec![StarReading {
        category: DataCategory::OutcomeMeasures.into(),
        id: String::from("s1"),
        ..StarReading::default()
    }];
    plan.step = Some(item("te", Kind::Action, "a1"));
    for (first, second) in [
        (item("te", Kind::Goal, "g1"), item("social", Kind::Goal, "g1")),
        (item("te", Kind::Need, "n1"), item("te", Kind::Action, "a1")),
        (item("te", Kind::Need, "a1"), item("te", Kind::Action, "a1")),
    ] {
        plan.links.push(PlanLink { kind: 1, first: Some(first), second: Some(second) });
    }
    plan
}

fn owners(plan: &Plan) -> Vec<&str> {
    plan.sections.iter().map(|section| section.part.as_ref().unwrap().owner.as_str()).collect()
}

#[test]
fn everything_is_there_for_who_may_see_everything() {
    let plan = sample();
    let seen = view(&plan, |_| CategorySet::ALL, Reader::YoungPerson);
    assert_eq!(owners(&seen), [YOUTH, "social", "te"]);
    assert_eq!(seen.parties.len(), 3);
    assert_eq!(seen.links.len(), 2, "a link to what never was is not told");
    let te = &seen.sections[2];
    let part = te.part.as_ref().unwrap();
    assert_eq!((part.revision, part.update_time, part.redacted), (0, Some(THEN), false));
    assert_eq!((te.meetings.len(), te.questionnaires.len(), te.stars.len()), (2, 1, 1));
    assert_eq!(te.commitments, [commitment("a1", Some(THEN))]);
}

#[test]
fn of_what_is_not_told_nothing_shows() {
    let plan = sample();
    let seen = view(&plan, |_| JOINT, Reader::Agency("kela"));
    assert_eq!(owners(&seen), ["te"], "sections with nothing to tell are absent");
    assert!(seen.parties.is_empty());
    let te = &seen.sections[0];
    let part = te.part.as_ref().unwrap();
    assert!(part.redacted && part.update_time.is_none() && part.revision == 0);
    assert!(part.goals.is_empty() && part.actions[0].goal.is_empty());
    let records: Vec<_> = te.meetings.iter().map(|record| record.meeting.as_str()).collect();
    assert_eq!(records, ["m1"]);
    assert!(te.questionnaires.is_empty() && te.stars.is_empty());
    assert_eq!(seen.links.len(), 1);
    assert_eq!(seen.step, Some(item("te", Kind::Action, "a1")));

    let mut without = plan.clone();
    without.sections.remove(1);
    without.sections[0].part.as_mut().unwrap().goals.clear();
    without.links.remove(0);
    assert!(view(&without, |_| JOINT, Reader::Agency("kela")) == seen, "what is hidden makes no difference");
}

#[test]
fn redacted_says_only_what_the_decision_says() {
    let seen = view(&plan(vec![part("te")]), |_| JOINT, Reader::Agency("te"));
    assert!(seen.sections[0].part.as_ref().unwrap().redacted);
}

#[test]
fn an_acknowledgement_goes_with_what_was_undertaken() {
    let mut plan = sample();
    let part = plan.sections[0].part.as_mut().unwrap();
    part.actions[0].category = DataCategory::HealthCapacity.into();
    let seen = view(&plan, |_| JOINT, Reader::Agency("kela"));
    assert!(seen.sections[0].commitments.is_empty());
    assert!(seen.step.is_none());
}

#[test]
fn everyone_has_an_own_section() {
    let plan = plan(vec![part("te"), part(YOUTH)]);
    let owners = |reader| owners(&view(&plan, |_| CategorySet::ALL, reader)).join(" ");
    assert_eq!(owners(Reader::Agency("te")), "te");
    assert_eq!(owners(Reader::Agency("ohjaamo")), "youth");
    assert_eq!(owners(Reader::YoungPerson), "youth");
    assert_eq!(owners(Reader::Agency("kela")), "");
}

#[test]
fn a_view_of_a_view_is_the_same() {
    let told = |owner: &str| if owner == "te" { JOINT } else { CategorySet::ALL };
    let once = view(&sample(), told, Reader::Agency("ohjaamo"));
    assert!(view(&once, told, Reader::Agency("ohjaamo")) == once);
    let mut again = once.clone();
    again.sections.iter_mut().for_each(|section| section.restrict(CategorySet::ALL));
    assert!(again == once);
}

#[test]
fn what_leads_to_what_is_gone_goes_with_it() {
    let mut plan = sample();
    drop_loose_ends(&mut plan);
    assert_eq!((plan.links.len(), plan.step.is_some(), plan.sections[0].meetings.len()), (2, true, 2));
    let part = plan.sections[0].part.as_mut().unwrap();
    part.meetings.remove(0);
    part.actions.clear();
    drop_loose_ends(&mut plan);
    let records: Vec<_> = plan.sections[0].meetings.iter().map(|record| record.meeting.as_str()).collect();
    assert_eq!(records, ["m2"]);
    assert_eq!((plan.links.len(), plan.step), (1, None));
}
