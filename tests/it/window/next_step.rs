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
