//! Is anybody told who the adult is, and what is next, when what had permitted that has ended?

use jiff::SignedDuration;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    ConsentTerms, DataCategory, GetNextStepRequest, JourneySource, MeetingState, NextStep, PlanMeeting,
    RecordConsentRequest,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, TE, evidence, request_id, terms};

use super::{add, assignment, opening};
use crate::plan::table::{self, PURPOSE, SHARED, action, create, edit, flag, item};
use crate::stage::{Stage, wire, withdrawal};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn next_step(client: &Client, youth: &str) -> NextStep {
    let request = GetNextStepRequest { youth: youth.to_owned(), purpose: PURPOSE.into() };
    client.clone().journey.get_next_step(request).await.unwrap().into_inner()
}

/// How much of it there is: the adult, the step, the meeting.
fn told(step: &NextStep) -> [bool; 3] {
    [step.worker.is_some(), step.step.is_some(), step.meeting.is_some()]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_next_is_told_as_long_as_it_may_be() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let mut consents = Vec::new();
    for (recipient, hours) in [(KELA, 1), (TE, 24)] {
        let until = Some(wire(stage.now() + HOUR * hours));
        let agreed = ConsentTerms { valid_until: until, ..terms(OHJAAMO, recipient, PURPOSE, &SHARED) };
        let request = RecordConsentRequest {
            request_id: request_id(),
            youth: youth.clone(),
            terms: Some(agreed),
            evidence: Some(evidence()),
            ..RecordConsentRequest::default()
        };
        let change = ohjaamo.clone().consent.record_consent(request).await.unwrap().into_inner();
        consents.push(change.consent.unwrap().name);
    }
    add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    add(&ohjaamo, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    for party in [KELA, TE] {
        table::add(&ohjaamo, &plan, party).await.unwrap();
    }
    edit(&ohjaamo, &plan, OHJAAMO, |part| {
        part.actions.push(action("a1", DataCategory::JointPlan, "Hakemus"));
        part.meetings.push(PlanMeeting {
            id: "m1".to_owned(),
            category: DataCategory::JointPlan as i32,
            time: Some(wire(stage.now() + HOUR * 48)),
            state: MeetingState::Planned as i32,
            ..PlanMeeting::default()
        });
    })
    .await
    .unwrap();
    flag(&ohjaamo, &plan, Some(item(OHJAAMO, Kind::Action, "a1"))).await.unwrap();

    let (kela, te) = (stage.kela(), stage.te());
    let (all, none) = ([true; 3], [false; 3]);
    let seen = async || [told(&next_step(&kela, &youth).await), told(&next_step(&te, &youth).await)];
    assert_eq!(seen().await, [all, all]);
    // By time, to the instant.
    stage.advance(HOUR - SignedDuration::from_millis(1));
    assert_eq!(seen().await, [all, all]);
    stage.advance(SignedDuration::from_millis(1));
    assert_eq!(seen().await, [none, all]);
    // By word.
    stage.subject(&youth).consent.withdraw_consent(withdrawal(&consents[1])).await.unwrap();
    assert_eq!(seen().await, [none, none]);
    // To the young person, and to the agency whose word it is, nothing has ended.
    for client in [&stage.subject(&youth), &ohjaamo] {
        assert_eq!(told(&next_step(client, &youth).await), all);
    }
    stage.close().await;
}

/// Whoever begins a plan beside another one says nothing of what is next in that one.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_plan_hides_nothing_of_another_one() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    ohjaamo.clone().record_consent(&youth, OHJAAMO, TE, PURPOSE, &SHARED).await.unwrap();
    let meeting = |hours| PlanMeeting {
        id: "m1".to_owned(),
        category: DataCategory::JointPlan as i32,
        time: Some(wire(stage.now() + HOUR * hours)),
        state: MeetingState::Planned as i32,
        ..PlanMeeting::default()
    };
    let first = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    let late = meeting(48);
    edit(&ohjaamo, &first, OHJAAMO, |part| {
        part.actions.push(action("a1", DataCategory::JointPlan, "Hakemus"));
        part.meetings.push(late);
    })
    .await
    .unwrap();
    flag(&ohjaamo, &first, Some(item(OHJAAMO, Kind::Action, "a1"))).await.unwrap();
    te.clone().identify(PEOPLE[0]).await.unwrap();
    stage.advance(SignedDuration::from_secs(1));
    let second = create(&te, &youth).await.unwrap().plan.unwrap().name;
    let subject = stage.subject(&youth);
    let next = next_step(&subject, &youth).await;
    assert_eq!(told(&next), [false, true, true]);
    assert_eq!((next.plan.as_str(), next.meeting.unwrap().plan), (first.as_str(), first.clone()));
    // The earliest meeting of all comes next; the step is the one there is.
    let early = meeting(24);
    edit(&te, &second, TE, |part| part.meetings.push(early)).await.unwrap();
    let next = next_step(&subject, &youth).await;
    assert_eq!((next.plan.as_str(), next.step.unwrap().plan), (first.as_str(), first.clone()));
    assert_eq!(next.meeting.unwrap().plan, second);
    // Who is no party to the second one sees the meeting of the first.
    assert_eq!(next_step(&ohjaamo, &youth).await.meeting.unwrap().plan, first);
    stage.close().await;
}
