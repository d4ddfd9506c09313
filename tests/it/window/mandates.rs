//! Does what the young person lets the one adult do hold for that adult, for as long as it may, and no longer?

use jiff::SignedDuration;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::journey_leaving::Reason as LeavingReason;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    CurrentWorker, GetNextStepRequest, JourneyLeaving, JourneySource, Mandate, Purpose, mandate,
};
use polku_tests::world::{Client, nobody_born};
use tonic::Code;

use super::{add, assignment, encounter, journey, opening};
use crate::stage::{Stage, assert_refused, fields_of};

fn may(scopes: &[mandate::Scope]) -> Matter {
    let scopes = scopes.iter().map(|scope| *scope as i32).collect();
    Matter::Mandate(Mandate { scopes, reference: "arkisto 7".into(), ..Mandate::default() })
}

/// A professional who lets themselves act says where the proof of it is; who writes down that it has ended needs none.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_lets_themselves_act_without_proof() {
    let stage = Stage::at_noon().await;
    let youth = beside(&stage, "020594X902N").await;
    let wrote = |scopes: &[mandate::Scope], reference: &str| {
        let scopes = scopes.iter().map(|scope| *scope as i32).collect();
        Matter::Mandate(Mandate { scopes, reference: reference.into(), ..Mandate::default() })
    };
    let follow = [mandate::Scope::Follow];
    for reference in ["", "010594Y9032"] {
        let refused = add(&stage.ohjaamo(), &youth, wrote(&follow, reference)).await;
        let status = assert_refused(refused, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(fields_of(&status), ["entry.mandate.reference"]);
    }
    let let_act = async || worker(&stage.ohjaamo(), &youth).await.unwrap().mandate.len();
    add(&stage.ohjaamo(), &youth, wrote(&follow, "arkisto 7")).await.unwrap();
    assert_eq!(let_act().await, 1);
    add(&stage.ohjaamo(), &youth, wrote(&[], "")).await.unwrap();
    assert_eq!(let_act().await, 0);
    add(&stage.subject(&youth), &youth, wrote(&follow, "")).await.unwrap();
    assert_eq!(let_act().await, 1);
    stage.close().await;
}

/// Somebody who has an adult at the guidance point since noon.
async fn beside(stage: &Stage, identity_code: &str) -> String {
    let youth = stage.ohjaamo().identify(identity_code).await.unwrap();
    add(&stage.ohjaamo(), &youth, opening(JourneySource::Self_)).await.unwrap();
    add(&stage.ohjaamo(), &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    youth
}

/// The adult, as a look at the whole journey says and a look at the next step.
async fn worker(client: &Client, youth: &str) -> Option<CurrentWorker> {
    let request = GetNextStepRequest { youth: youth.to_owned(), ..GetNextStepRequest::default() };
    let next = client.clone().journey.get_next_step(request).await.unwrap().into_inner().worker;
    assert_eq!(journey(client, youth, Purpose::Unspecified).await.unwrap().worker, next);
    next
}

/// domain.md 5: "ei vaadi lähetettä ja se on asiakkaalle vapaaehtoista": who has left has no adult, and lets nobody act.
#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_ends_the_adult_and_the_mandate_and_may_come_back_to_the_same() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = beside(&stage, "020594X902N").await;
    let subject = stage.subject(&youth);
    add(&subject, &youth, may(&[mandate::Scope::Follow])).await.unwrap();
    stage.advance(SignedDuration::from_hours(24 * 10));
    assert_eq!(worker(&ohjaamo, &youth).await.unwrap().days, 10);
    let leaves = Matter::Leaving(JourneyLeaving { reason: LeavingReason::OwnWish.into() });
    add(&subject, &youth, leaves).await.unwrap();
    for client in [&ohjaamo, &subject] {
        assert_eq!(worker(client, &youth).await, None);
    }
    let over = add(&subject, &youth, may(&[mandate::Scope::Follow])).await;
    assert_refused(over, Code::FailedPrecondition, "RECORD_STATE");
    // Who comes back, to whomever, has a first adult again.
    stage.advance(SignedDuration::from_hours(24));
    add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    add(&ohjaamo, &youth, encounter()).await.unwrap();
    assert_eq!(worker(&ohjaamo, &youth).await, None);
    add(&ohjaamo, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    stage.advance(SignedDuration::from_hours(24 * 2));
    let again = worker(&ohjaamo, &youth).await.unwrap();
    assert_eq!((again.days, again.predecessors, again.mandate), (2, 1, Vec::new()));
    stage.close().await;
}

/// domain.md 5: "yhden aikuisen, joka toimii, auttaa ja tukee": it is the young person who lets them, and lets that one.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_over_the_young_persons_mandate_nor_inherits_it() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = beside(&stage, "020594X902N").await;
    let subject = stage.subject(&youth);
    // On paper, as the professional has written it down.
    add(&ohjaamo, &youth, may(&[mandate::Scope::Follow])).await.unwrap();
    add(&ohjaamo, &youth, may(&[mandate::Scope::Follow, mandate::Scope::Attend])).await.unwrap();
    assert_eq!(worker(&ohjaamo, &youth).await.unwrap().mandate.len(), 2);
    add(&subject, &youth, may(&[mandate::Scope::Follow])).await.unwrap();
    let wider = may(&[mandate::Scope::Request, mandate::Scope::Follow]);
    let over = add(&ohjaamo, &youth, wider.clone()).await;
    assert_refused(over, Code::FailedPrecondition, "RECORD_STATE");
    assert_eq!(worker(&ohjaamo, &youth).await.unwrap().mandate, [mandate::Scope::Follow as i32]);
    // Whoever comes next has none, until it is given to them.
    add(&ohjaamo, &youth, assignment("ohjaaja-2", Reason::WorkerLeaves)).await.unwrap();
    assert!(worker(&ohjaamo, &youth).await.unwrap().mandate.is_empty());
    add(&ohjaamo, &youth, wider).await.unwrap();
    assert_eq!(worker(&ohjaamo, &youth).await.unwrap().mandate.len(), 2);
    stage.close().await;
}

/// domain.md 5: "yhden aikuisen, joka toimii, auttaa ja tukee": for an adult nobody else lets them.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_guardian_lets_do_ends_on_the_eighteenth_birthday() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    // On 2 March 2026: of age in ten days.
    let youth = beside(&stage, &nobody_born((12, 3, 2008), 1)).await;
    let guardian = stage.guardian(&youth);
    let said = add(&guardian, &youth, may(&[mandate::Scope::Follow])).await.unwrap().entry.unwrap();
    assert_eq!((said.represented_by(), said.professional.as_str()), (Capacity::Guardian, ""));
    stage.advance(SignedDuration::from_hours(24 * 9));
    assert_eq!(worker(&ohjaamo, &youth).await.unwrap().mandate.len(), 1);
    stage.advance(SignedDuration::from_hours(24));
    assert!(worker(&ohjaamo, &youth).await.unwrap().mandate.is_empty());
    add(&stage.subject(&youth), &youth, may(&[mandate::Scope::Attend])).await.unwrap();
    stage.advance(SignedDuration::from_hours(24));
    assert_eq!(worker(&ohjaamo, &youth).await.unwrap().mandate, [mandate::Scope::Attend as i32]);
    stage.close().await;
}
