//! Whose task is a referral without an answer, when the adult beside the young person changes?

use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::task::State;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    AcceptReferralRequest, CancelReferralRequest, ConfirmCancellationRequest, ConsentTerms, DataCategory,
    JourneySource, ProhibitionTerms, Purpose, ReferralState, Task, WorkerAssignment,
};
use polku_tests::world::{
    Client, KELA, OHJAAMO, TE, eventually, full_content, referral_to, request_id, terms,
};

use super::{
    Retained, SHARED, WHO, add, assignment, comes_up, days, done, encounter, nothing_comes_up, opening,
    resolve, tasks,
};
use crate::consent::changes::{prohibit, record};
use crate::stage::{PATIENCE, Stage, wire, withdrawal};

/// Somebody whose adult is this one, and whose referral to Kela nobody has answered in time.
async fn unanswered(stage: &Stage, at: &Client, adult: &str) -> (String, String) {
    let youth = stage.youth(WHO).await;
    add(at, &youth, opening(JourneySource::Self_)).await.unwrap();
    add(at, &youth, assignment(adult, Reason::First)).await.unwrap();
    let mut request = referral_to(KELA, &youth, Purpose::Rehabilitation, full_content());
    request.wait_for_delivery = true;
    request.respond_by = Some(wire(stage.now() + days(7)));
    let sent = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner();
    (youth, sent.referral.unwrap().name)
}

async fn expires(stage: &Stage, referral: &str) {
    stage.advance(days(7));
    stage.reaches(referral, ReferralState::Expired).await;
}

/// domain.md 5: "välittävää aikuista, joka ei vaihdu koko ajan": what the former adult has left over is the next one's.
#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_referral_passes_on_to_the_next_adult() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let (youth, referral) = unanswered(&stage, &ohjaamo, "ohjaaja-1").await;
    ohjaamo.clone().record_consent(&youth, OHJAAMO, KELA, Purpose::Guidance, &SHARED).await.unwrap();
    expires(&stage, &referral).await;
    let first = comes_up(&ohjaamo, Kind::ReferralUnanswered, &referral, "ohjaaja-1").await;
    add(&ohjaamo, &youth, assignment("", Reason::WorkerLeaves)).await.unwrap();
    comes_up(&ohjaamo, Kind::ReferralUnanswered, &referral, "").await;
    add(&ohjaamo, &youth, assignment("ohjaaja-2", Reason::First)).await.unwrap();
    let next = comes_up(&ohjaamo, Kind::ReferralUnanswered, &referral, "ohjaaja-2").await;
    assert_eq!(next.name, first.name);
    // Whoever takes over in another agency is a party to it, too.
    let hand_over = Matter::Worker(WorkerAssignment {
        successor: KELA.into(),
        reason: Reason::ServiceChanges.into(),
        ..WorkerAssignment::default()
    });
    add(&ohjaamo, &youth, hand_over).await.unwrap();
    comes_up(&kela, Kind::ReferralUnanswered, &referral, "").await;
    assert_eq!(tasks(&ohjaamo, false).await, []);
    add(&kela, &youth, assignment("kelan-virkailija", Reason::ServiceChanges)).await.unwrap();
    let last = comes_up(&kela, Kind::ReferralUnanswered, &referral, "kelan-virkailija").await;
    assert_eq!(last.name, first.name);
    resolve(&kela, done(&last, Retained::Unspecified)).await.unwrap();
    stage.close().await;
}

/// domain.md 5: "ehkäisevät palveluista tippumista": a cancellation that nobody confirms is no end, and somebody looks.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_nobody_confirms_becomes_a_task() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let (youth, name) = unanswered(&stage, &ohjaamo, "ohjaaja-1").await;
    let accept = AcceptReferralRequest { request_id: request_id(), name: name.clone(), ..Default::default() };
    kela.clone().referral.accept_referral(accept).await.unwrap();
    let cancel = CancelReferralRequest { request_id: request_id(), name: name.clone(), ..Default::default() };
    ohjaamo.clone().referral.cancel_referral(cancel).await.unwrap();
    stage.reaches(&name, ReferralState::CancelRequested).await;
    stage.advance(days(20));
    add(&ohjaamo, &youth, encounter()).await.unwrap();
    stage.advance(days(9));
    nothing_comes_up(&[&ohjaamo, &kela]).await;
    stage.advance(days(1));
    comes_up(&ohjaamo, Kind::ReferralUnanswered, &name, "ohjaaja-1").await;
    let confirm =
        ConfirmCancellationRequest { request_id: request_id(), name: name.clone(), ..Default::default() };
    kela.clone().referral.confirm_cancellation(confirm).await.unwrap();
    assert_eq!(tasks(&ohjaamo, false).await, []);
    stage.close().await;
}

/// domain.md 5: "tieto toimijoiden kesken ei kulje": the adult's agency is told of it where it may be told of it, party to
/// the referral or not.
#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_referral_is_the_adults_where_it_may_be_told() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let (youth, referral) = unanswered(&stage, &te, "virkailija-7").await;
    let told = [DataCategory::ServiceAttendance, DataCategory::ReferralStatus];
    ohjaamo.clone().record_consent(&youth, OHJAAMO, TE, Purpose::Guidance, &told).await.unwrap();
    expires(&stage, &referral).await;
    let task = comes_up(&te, Kind::ReferralUnanswered, &referral, "virkailija-7").await;
    assert_eq!(tasks(&ohjaamo, true).await, []);
    resolve(&te, done(&task, Retained::Unspecified)).await.unwrap();
    assert_eq!(tasks(&te, false).await, []);
    stage.close().await;
}

/// domain.md 5: "ehkäisevät palveluista tippumista": with the permission the task goes back, and is nobody's at no time.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_adult_may_not_be_told_any_more_is_the_senders_task_again() {
    for is_withdrawn in [true, false] {
        let stage = Stage::at_noon().await;
        let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
        let (youth, referral) = unanswered(&stage, &te, "virkailija-7").await;
        let told = [DataCategory::ServiceAttendance, DataCategory::ReferralStatus];
        let valid_until = Some(wire(stage.now() + days(9)));
        let terms = ConsentTerms { valid_until, ..terms(OHJAAMO, TE, Purpose::Guidance, &told) };
        let consent = record(&ohjaamo, &youth, terms).await.unwrap().consent.unwrap();
        expires(&stage, &referral).await;
        let first = comes_up(&te, Kind::ReferralUnanswered, &referral, "virkailija-7").await;
        if is_withdrawn {
            ohjaamo.clone().consent.withdraw_consent(withdrawal(&consent.name)).await.unwrap();
        } else {
            stage.advance(days(3));
        }
        let back = comes_up(&ohjaamo, Kind::ReferralUnanswered, &referral, "").await;
        assert_eq!(back.name, first.name);
        assert_eq!(tasks(&te, true).await, []);
        resolve(&ohjaamo, done(&back, Retained::Unspecified)).await.unwrap();
        stage.close().await;
    }
}

/// Where nothing permits the referral any more, nobody has to confirm that it is cancelled.
#[tokio::test(flavor = "multi_thread")]
async fn a_referral_that_is_stopped_needs_no_confirmation() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let (youth, name) = unanswered(&stage, &ohjaamo, "ohjaaja-1").await;
    let accept = AcceptReferralRequest { request_id: request_id(), name: name.clone(), ..Default::default() };
    kela.clone().referral.accept_referral(accept).await.unwrap();
    let cancel = CancelReferralRequest { request_id: request_id(), name: name.clone(), ..Default::default() };
    ohjaamo.clone().referral.cancel_referral(cancel).await.unwrap();
    stage.advance(days(29));
    add(&ohjaamo, &youth, encounter()).await.unwrap();
    stage.advance(days(1));
    comes_up(&ohjaamo, Kind::ReferralUnanswered, &name, "ohjaaja-1").await;
    prohibit(&stage.subject(&youth), &youth, ProhibitionTerms::default()).await.unwrap();
    stage.reaches(&name, ReferralState::ConsentWithdrawn).await;
    let closed = || async { tasks(&ohjaamo, false).await.is_empty().then_some(()) };
    eventually(PATIENCE, closed).await.expect("the task stays open");
    assert_eq!(tasks(&ohjaamo, true).await.iter().map(Task::state).collect::<Vec<_>>(), [State::Obsolete]);
    stage.close().await;
}
