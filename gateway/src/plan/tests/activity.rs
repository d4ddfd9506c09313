//! Is everything that was done told, and nothing else?

use polku_proto::v1::{
    MeetingRecord, Plan, PlanActivity, PlanCommitment, PlanItem, PlanLink, PlanState, StarReading,
    WhoqolReading, Worker, plan_activity::Kind, plan_item, plan_link,
};
use prost_types::Timestamp;

use super::any::{action, part, plan};
use crate::plan::{YOUTH, activities};

const THEN: Timestamp = Timestamp { seconds: 1_750_000_000, nanos: 0 };

fn sample() -> Plan {
    let mut te = part("te");
    te.actions = vec![action("a1", "apply")];
    let mut plan = plan(vec![part(YOUTH), te]);
    plan.parties = vec![String::from("ohjaamo"), String::from("te")];
    plan
}

fn item(id: &str) -> PlanItem {
    PlanItem { owner: String::from("te"), kind: plan_item::Kind::Action.into(), id: id.to_owned() }
}

fn link() -> PlanLink {
    PlanLink { kind: plan_link::Kind::SameAs.into(), first: Some(item("a1")), second: Some(item("a2")) }
}

/// What was done, with the section that tells of it.
fn done(edit: impl FnOnce(&mut Plan)) -> Vec<(Kind, String, PlanActivity)> {
    between(&sample(), edit)
}

fn between(before: &Plan, edit: impl FnOnce(&mut Plan)) -> Vec<(Kind, String, PlanActivity)> {
    let mut after = before.clone();
    edit(&mut after);
    let all = activities(Some(before), &after, None);
    all.into_iter().map(|one| (one.activity.kind(), one.owner, one.activity)).collect()
}

#[track_caller]
fn assert_one(done: Vec<(Kind, String, PlanActivity)>, owner: &str, activity: PlanActivity) {
    let [one] = <[_; 1]>::try_from(done).expect("one thing that was done");
    assert_eq!(one, (activity.kind(), owner.to_owned(), activity));
}

fn about(kind: Kind, agency: &str) -> PlanActivity {
    PlanActivity { kind: kind.into(), agency: agency.to_owned(), ..PlanActivity::default() }
}

#[test]
fn nothing_is_told_of_nothing() {
    assert_eq!(done(|_| {}), []);
    // What is written in a part is told field by field.
    assert_eq!(done(|plan| plan.sections[1].part.as_mut().unwrap().actions.clear()), []);
}

#[test]
fn a_plan_is_begun() {
    let worker = Some(Worker { id: String::from("ohjaaja-1"), ..Worker::default() });
    let begun = activities(None, &Plan { responsible_worker: worker.clone(), ..sample() }, None);
    let [one] = begun.as_slice() else { panic!("one thing") };
    assert_eq!(one.owner, YOUTH);
    assert_eq!(one.activity, PlanActivity { responsible_worker: worker, ..about(Kind::Begun, "ohjaamo") });
}

#[test]
fn states_and_parties_are_told() {
    let state = PlanActivity {
        former_state: PlanState::Draft.into(),
        state: PlanState::OnHold.into(),
        ..about(Kind::State, "")
    };
    assert_one(done(|plan| plan.state = PlanState::OnHold.into()), YOUTH, state);
    assert_one(done(|plan| plan.parties.push(String::from("kela"))), YOUTH, about(Kind::PartyAdded, "kela"));
    assert_one(done(|plan| plan.parties.truncate(1)), YOUTH, about(Kind::PartyRemoved, "te"));
    // To who hands it over the parties are not told any more.
    let handed_over = done(|plan| {
        plan.coordinator = String::from("te");
        plan.parties.clear();
    });
    assert_one(handed_over, YOUTH, about(Kind::Transferred, "te"));
    let responsible_worker = Some(Worker { id: String::from("ohjaaja-2"), ..Worker::default() });
    let other = PlanActivity { responsible_worker, ..about(Kind::Transferred, "ohjaamo") };
    let handed_over = done(|plan| plan.responsible_worker.clone_from(&other.responsible_worker));
    assert_one(handed_over, YOUTH, other);
}

#[test]
fn agreement_is_told() {
    let accepted = PlanActivity { time: Some(THEN), ..about(Kind::Accepted, YOUTH) };
    assert_one(done(|plan| plan.accept_time = Some(THEN)), YOUTH, accepted.clone());
    let mut before = sample();
    before.accept_time = Some(Timestamp { seconds: 1, nanos: 0 });
    before.changed_since_acceptance = true;
    let mut after = before.clone();
    after.changed_since_acceptance = false;
    assert!(activities(Some(&before), &after, None).is_empty(), "changed back, not accepted");
    assert!(activities(Some(&after), &after, Some(THEN)).is_empty(), "nothing that is seen");
    let all = activities(Some(&before), &after, Some(THEN));
    assert_eq!(all.into_iter().map(|one| one.activity).collect::<Vec<_>>(), [accepted]);

    let commitment = |time| PlanCommitment { action: String::from("a1"), acknowledge_time: time };
    before.sections[1].commitments = vec![commitment(None)];
    let acknowledged = PlanActivity { time: Some(THEN), ..about(Kind::Acknowledged, "te") };
    let stood = between(&before, |plan| plan.sections[1].commitments = vec![commitment(Some(THEN))]);
    assert_one(stood, "te", acknowledged);
    before.sections[1].commitments = vec![commitment(Some(THEN))];
    assert_eq!(between(&before, |plan| plan.sections[1].commitments = vec![commitment(None)]), []);
}

#[test]
fn the_step_and_links_are_told() {
    let flagged = |kind, id| PlanActivity { item: Some(item(id)), ..about(kind, "te") };
    assert_one(done(|plan| plan.step = Some(item("a1"))), YOUTH, flagged(Kind::StepFlagged, "a1"));
    let before = Plan { step: Some(item("a1")), links: vec![link()], ..sample() };
    assert_one(between(&before, |plan| plan.step = None), YOUTH, flagged(Kind::StepUnflagged, "a1"));
    let other = between(&before, |plan| plan.step = Some(item("a2")));
    assert_one(other, YOUTH, flagged(Kind::StepFlagged, "a2"));
    let linked = |kind| PlanActivity { link: Some(link()), ..about(kind, "") };
    assert_one(done(|plan| plan.links = vec![link()]), YOUTH, linked(Kind::Linked));
    assert_one(between(&before, |plan| plan.links.clear()), YOUTH, linked(Kind::Unlinked));
}

#[test]
fn meetings_and_measures_are_told_of_their_section() {
    let meeting = MeetingRecord { meeting: String::from("m1"), ..MeetingRecord::default() };
    let recorded = |meeting: &MeetingRecord| PlanActivity {
        meeting: Some(meeting.clone()),
        ..about(Kind::MeetingRecorded, "te")
    };
    let came = done(|plan| plan.sections[1].meetings.push(meeting.clone()));
    assert_one(came, "te", recorded(&meeting));
    let mut before = sample();
    before.sections[1].meetings = vec![meeting.clone()];
    let anew = MeetingRecord { client_attended: true, ..meeting };
    let again = between(&before, |plan| plan.sections[1].meetings = vec![anew.clone()]);
    assert_one(again, "te", recorded(&anew));

    let form = WhoqolReading { id: String::from("w1"), ..WhoqolReading::default() };
    let filled = done(|plan| plan.sections[1].questionnaires.push(form.clone()));
    assert_one(filled, "te", PlanActivity { questionnaire: Some(form), ..about(Kind::Measured, "te") });
    let star = StarReading { id: String::from("s1"), ..StarReading::default() };
    let drawn = done(|plan| plan.sections[1].stars.push(star.clone()));
    let measured = PlanActivity { star: Some(star.clone()), ..about(Kind::Measured, "te") };
    assert_one(drawn, "te", measured);
    // One that comes late changes what the others are compared with: no reading more.
    before.sections[1].stars = vec![star];
    before.sections[1].meetings.clear();
    assert_eq!(between(&before, |plan| plan.sections[1].stars[0].version = 2), []);
}
