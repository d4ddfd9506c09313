//! Does a part of a plan reach Kela whole?

use polku_proto::time;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    Achievement, ActionState, DataCategory, GoalState, MeetingState, PlanAction, PlanGoal, PlanMeeting,
    PlanNeed, PlanPart, PlanState, Worker,
};

use super::*;

const PLAN: &str = "0193c5a0-0000-7000-8000-000000000007";

/// A part with a value in every field.
fn part() -> PlanPart {
    let instant = |text| Some(time::to_wire(trial::instant(text)).unwrap());
    PlanPart {
        plan: format!("youths/{}/plans/{PLAN}", trial::YOUTH),
        owner: "te".into(),
        reference: "TE-77".into(),
        revision: 3,
        update_time: instant("2026-11-20T08:00:00.25Z"),
        state: PlanState::Active.into(),
        redacted: true,
        consent_withdrawn: true,
        background: Some(trial::content()),
        needs: vec![PlanNeed {
            id: "n1".into(),
            category: DataCategory::ServiceNeeds.into(),
            text: "Apua arkeen".into(),
            found_in_meeting: true,
        }],
        goals: vec![PlanGoal {
            id: "g1".into(),
            category: DataCategory::JointPlan.into(),
            text: "Työkokeilu".into(),
            state: GoalState::Active.into(),
            achievement: Achievement::Improving.into(),
            due: "2027-03-01".into(),
            needs: vec!["n1".into()],
        }],
        actions: vec![PlanAction {
            id: "a1".into(),
            category: DataCategory::JointPlan.into(),
            text: "Hakemus".into(),
            state: ActionState::Agreed.into(),
            goal: "g1".into(),
            provider: "Kela".into(),
            ptv_service: "0193c5a0-0000-7000-8000-000000000008".into(),
            start: "2026-12-01".into(),
            end: "2026-12-31".into(),
            reason: "Sairaus".into(),
        }],
        meetings: vec![PlanMeeting {
            id: "m1".into(),
            category: DataCategory::JointPlan.into(),
            time: instant("2026-12-05T10:00:00Z"),
            state: MeetingState::Planned.into(),
            place: "Ohjaamo".into(),
            participants: vec!["kela".into(), "te".into()],
            note: "Kahvia".into(),
        }],
        client_view: "Haluan töihin.".into(),
        worker_view: "Jaksaminen huolettaa.".into(),
        next_review: "2027-01-15".into(),
        responsible_worker: Some(Worker {
            id: "virkailija-1".into(),
            name: "Veera Virkailija".into(),
            unit: "nuoret".into(),
            phone: "+358 40 7654321".into(),
            email: "veera@example.invalid".into(),
        }),
        standing: trial::plan_part().standing,
    }
}

fn told(part: PlanPart) -> Message {
    message(Delivery { referral: String::new(), ..trial::delivery("kela", Item::PlanPart(part)) })
}

#[test]
fn the_whole_part() {
    let message = told(part());
    assert_eq!((message.path, message.issue.as_deref()), ("suunnitelmaosat", Some(PLAN)));
    let golden = include_bytes!("../testdata/plan-part.json");
    assert!(json(&message.body) == json(golden), "{}", String::from_utf8_lossy(&message.body));
}

#[test]
fn a_plan_of_the_owners_own() {
    let own = PlanPart { plan: String::new(), ..part() };
    let message = told(own.clone());
    assert_eq!(message.issue.as_deref(), Some("TE-77"));
    assert_eq!(json(&message.body).get("suunnitelmaTunnus"), None);
    assert_eq!(told(PlanPart { reference: String::new(), ..own }).issue, None);
}

#[test]
fn what_cannot_be_written() {
    let what = |change: fn(&mut PlanPart)| {
        let mut part = part();
        change(&mut part);
        plan::Osa::of(trial::MESSAGE, part).err().unwrap().0
    };
    assert_eq!(what(|part| part.state = 0), "state");
    assert_eq!(what(|part| part.update_time = None), "update_time");
    assert_eq!(what(|part| part.revision = 0), "revision");
    assert_eq!(what(|part| part.needs[0].category = 99), "category");
    assert_eq!(what(|part| part.goals[0].state = 0), "state");
    assert_eq!(what(|part| part.goals[0].achievement = 99), "achievement");
    assert_eq!(what(|part| part.actions[0].state = 99), "state");
    assert_eq!(what(|part| part.meetings[0].state = 0), "state");
}

#[test]
fn every_state_has_a_code_of_its_own() {
    fn codes_of<T: TryFrom<i32>>(code: fn(T) -> Option<&'static str>, states: usize) {
        let all = (0..40).filter_map(|number| T::try_from(number).ok()).filter_map(code);
        assert_eq!(all.collect::<std::collections::BTreeSet<_>>().len(), states);
    }
    codes_of(codes::plan::plan, 6);
    codes_of(codes::plan::goal, 9);
    codes_of(codes::plan::achievement, 9);
    codes_of(codes::plan::action, 6);
    codes_of(codes::plan::meeting, 3);
    // A goal that is over need not have been reached.
    assert_eq!(codes::plan::goal(GoalState::Completed), Some("PAATTYNYT"));
}
