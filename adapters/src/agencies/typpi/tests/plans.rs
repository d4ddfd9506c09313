//! How does a plan, or a question, stand on the wire?

use polku_proto::v1::{ActionState, DataCategory, FactsQuery, PlanState};

use super::*;

#[test]
fn full_plan() {
    same(&written(part_of(trial::plan_part())), include_str!("../testdata/plan-full.xml"));
}

#[test]
fn where_it_stands_arrives_whole() {
    trial::try_every_standing(|part| {
        let body = round_trip::body(part_of(part), &DECISION);
        trial::standing_in_xml(
            body.child("suunnitelma").and_then(|plan| plan.child("yhteinenTilanne")).unwrap(),
        )
    });
}

#[test]
fn plan_that_may_not_be_told_any_more() {
    let part = PlanPart {
        plan: trial::plan_part().plan,
        owner: "ohjaamo".into(),
        state: PlanState::Active.into(),
        consent_withdrawn: true,
        ..PlanPart::default()
    };
    let message = message(part_of(part.clone()), &DECISION);
    assert_eq!(message.head().issue, Some(trial::PLAN));
    same(&written(part_of(part)), include_str!("../testdata/plan-withdrawn.xml"));
}

#[test]
fn dates_of_services_are_planned_until_they_are_realised() {
    let told = |state: ActionState| {
        let mut part = trial::plan_part();
        part.actions[0].state = state.into();
        text_of(&message(part_of(part), &DECISION))
    };
    let dates = "<tns:alkaa>2026-12-01</tns:alkaa><tns:paattyy>2027-02-28</tns:paattyy>";
    for state in [ActionState::Proposed, ActionState::Agreed, ActionState::NotDone, ActionState::Dropped] {
        assert!(told(state).contains(&format!("<tns:suunniteltu>{dates}</tns:suunniteltu>")), "{state:?}");
    }
    for state in [ActionState::InProgress, ActionState::Done] {
        assert!(told(state).contains(&format!("<tns:toteutunut>{dates}</tns:toteutunut>")), "{state:?}");
    }
}

#[test]
fn question() {
    let asked = trial::facts_query(&[DataCategory::EducationWork, DataCategory::ServiceNeeds]);
    let (message, _) = Message::question(asked).unwrap();
    assert_eq!(message.head().id, trial::QUERY);
    same(&text_of(&message), include_str!("../testdata/question.xml"));
}

#[test]
fn plans_that_cannot_be_written() {
    let what = |change: &dyn Fn(&mut PlanPart)| {
        let mut part = trial::plan_part();
        change(&mut part);
        let message = Message::of(part_of(part), &trial::agency("typpi"), &DECISION);
        message.err().map(|unwritable| unwritable.0)
    };
    assert_eq!(what(&|_| ()), None);
    // A plan of an agency's own has no name in Polku.
    assert_eq!(what(&|part| part.plan = String::new()), None);
    assert_eq!(what(&|part| part.plan = "plans/1".into()), Some("plan"));
    assert_eq!(what(&|part| part.plan = format!("youths/1/plans/{}", trial::PLAN)), Some("plan"));
    assert_eq!(what(&|part| part.plan = format!("youths/{}/plans/1", trial::YOUTH)), Some("plan"));
    assert_eq!(what(&|part| part.state = 0), Some("state"));
    assert_eq!(what(&|part| part.needs[0].category = 0), Some("category"));
    assert_eq!(what(&|part| part.needs[0].category = 1), Some("category"));
    assert_eq!(what(&|part| part.goals[0].state = 99), Some("goal_state"));
    assert_eq!(what(&|part| part.goals[0].achievement = 99), Some("achievement"));
    assert_eq!(what(&|part| part.actions[0].state = 0), Some("action_state"));
    assert_eq!(what(&|part| part.meetings[0].state = 0), Some("meeting_state"));
    assert_eq!(what(&|part| part.meetings[0].time.as_mut().unwrap().nanos = -1), Some("meeting_time"));
    assert_eq!(what(&|part| part.update_time.as_mut().unwrap().nanos = -1), Some("update_time"));
}

#[test]
fn questions_that_cannot_be_written() {
    let what = |change: &dyn Fn(&mut FactsQuery)| {
        let mut query = trial::facts_query(&[DataCategory::EducationWork]);
        change(&mut query);
        Message::question(query).err().map(|unwritable| unwritable.0)
    };
    assert_eq!(what(&|_| ()), None);
    assert_eq!(what(&|query| query.identity_code = String::new()), Some("identity_code"));
    assert_eq!(what(&|query| query.query_id = "1".into()), Some("query_id"));
    assert_eq!(what(&|query| query.requester = "Ohjaamo".into()), Some("requester"));
    assert_eq!(what(&|query| query.purpose = 0), Some("purpose"));
    assert_eq!(what(&|query| query.categories = vec![1, 15]), Some("categories"));
    assert_eq!(what(&|query| query.categories = vec![5, 99]), Some("categories"));
}

#[tokio::test]
async fn permit_to_ask_another_agency_or_too_old() {
    let query = || trial::facts_query(&[DataCategory::EducationWork]);
    let error = register().fetch(trial::query_permit("walmu", query()), trial::now()).await.unwrap_err();
    assert_eq!(error.kind, AdapterErrorKind::PermitMismatch);
    let late = trial::instant("2027-11-01T00:00:00Z");
    let error = register().fetch(trial::query_permit("typpi", query()), late).await.unwrap_err();
    assert_eq!(error.kind, AdapterErrorKind::PermitMismatch);
}

#[test]
fn whoever_speaks_stands_in_the_headers() {
    let delivery = Delivery { professional: "ohjaaja-7".into(), ..part_of(trial::plan_part()) };
    let told = message(delivery, &DECISION);
    assert_eq!(told.head().sender.map(AgencyId::as_str), Some("ohjaamo"));
    assert!(text_of(&told).contains("<xroad:userId>FIohjaaja-7</xroad:userId>"));
    let nobody = text_of(&message(part_of(trial::plan_part()), &DECISION));
    assert!(nobody.contains("<xroad:userId>FIpolku</xroad:userId>"));
    // Nothing of the person, by name or by id of Polku's, is in the headers.
    let (headers, _) = nobody.split_once("</SOAP-ENV:Header>").unwrap();
    assert!(!headers.contains(trial::YOUTH) && !headers.contains("010594"));
}
