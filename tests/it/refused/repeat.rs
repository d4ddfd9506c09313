//! Has a repeated call one effect and one answer?

use std::collections::BTreeSet;

use jiff::SignedDuration;
use polku_proto::v1::{
    AcceptReferralRequest, CancelReferralRequest, IdentifyYouthRequest, ListReferralsRequest,
    RecordConsentRequest, RecordProhibitionRequest, ReferralState, SendReferralResponse,
    WithdrawConsentRequest,
};
use polku_tests::world::{
    Client, KELA, OHJAAMO, PEOPLE, TE, evidence, full_content, professional, referral_to, request_id, terms,
};
use prost::Message;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use crate::stage::{BASIC, Stage, actor_bytes, assert_refused, call_raw, get, id_of, purpose_of, wire};

pub(super) const SEND: &str = "ReferralService/SendReferral";

pub(super) async fn call(client: &Client, method: &str, message: &impl Message) -> Result<Vec<u8>, Status> {
    let worker = actor_bytes(&professional("ohjaaja-1", "keskusta", "guidance_worker"));
    call_raw(&client.channel(), method, Some(&worker), message.encode_to_vec()).await
}

async fn count(stage: &Stage, youth: &str) -> usize {
    let request = ListReferralsRequest { parent: youth.into(), ..ListReferralsRequest::default() };
    stage.ohjaamo().referral.list_referrals(request).await.unwrap().into_inner().referrals.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_are_one() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let ohjaamo = stage.ohjaamo();
    for recipient in [KELA, TE] {
        let request = referral_to(recipient, &youth, purpose_of(recipient), full_content());
        let mut calls = JoinSet::new();
        for _ in 0..50 {
            let (ohjaamo, request) = (ohjaamo.clone(), request.clone());
            calls.spawn(async move { call(&ohjaamo, SEND, &request).await.unwrap() });
        }
        let answers: BTreeSet<Vec<u8>> = calls.join_all().await.into_iter().collect();
        assert_eq!(answers.len(), 1, "one answer, byte for byte");
    }
    assert_eq!(count(&stage, &youth).await, 2);
    let request = referral_to(TE, &youth, purpose_of(TE), full_content());
    let mut waiting = request.clone();
    waiting.wait_for_delivery = true;
    call(&ohjaamo, SEND, &waiting).await.unwrap();
    assert!(stage.world.te.ledger().all_effects().values().all(|effects| *effects == 1));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_new_persons_at_once_are_one() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let mut calls = JoinSet::new();
    for number in 0..50 {
        let mut ohjaamo = ohjaamo.clone();
        // Half of them repeat one call, the others are calls of their own.
        let request_id = if number % 2 == 0 { HALF.to_owned() } else { request_id() };
        let request = IdentifyYouthRequest {
            request_id,
            identity_code: PEOPLE[4].into(),
            ..IdentifyYouthRequest::default()
        };
        calls.spawn(async move { ohjaamo.journey.identify_youth(request).await.unwrap().into_inner().youth });
    }
    let ids: BTreeSet<String> = calls.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 1);
    stage.close().await;
}

const HALF: &str = "0193c5a0-0000-7000-8000-00000000000a";

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_change_answers_a_repetition_alike() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[1]).await;
    let ohjaamo = stage.ohjaamo();
    let name = stage.refer(&youth, KELA).await;
    let record = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.clone(),
        terms: Some(terms(OHJAAMO, TE, purpose_of(TE), &BASIC)),
        evidence: Some(evidence()),
        ..RecordConsentRequest::default()
    };
    let first = call(&ohjaamo, "ConsentService/RecordConsent", &record).await.unwrap();
    assert_eq!(call(&ohjaamo, "ConsentService/RecordConsent", &record).await.unwrap(), first);
    let consent = polku_proto::v1::ConsentChange::decode(first.as_slice()).unwrap().consent.unwrap();

    let withdraw = WithdrawConsentRequest {
        request_id: request_id(),
        name: consent.name,
        ..WithdrawConsentRequest::default()
    };
    let first = call(&ohjaamo, "ConsentService/WithdrawConsent", &withdraw).await.unwrap();
    assert_eq!(call(&ohjaamo, "ConsentService/WithdrawConsent", &withdraw).await.unwrap(), first);

    let cancel = CancelReferralRequest {
        request_id: request_id(),
        name: name.clone(),
        note: "peruttu".into(),
        ..CancelReferralRequest::default()
    };
    let first = call(&ohjaamo, "ReferralService/CancelReferral", &cancel).await.unwrap();
    assert_eq!(call(&ohjaamo, "ReferralService/CancelReferral", &cancel).await.unwrap(), first);
    assert_eq!(stage.state(&name).await, ReferralState::Cancelled);

    let prohibit = RecordProhibitionRequest {
        request_id: request_id(),
        youth: youth.clone(),
        terms: Some(Default::default()),
    };
    let first = call(&ohjaamo, "ConsentService/RecordProhibition", &prohibit).await.unwrap();
    assert_eq!(call(&ohjaamo, "ConsentService/RecordProhibition", &prohibit).await.unwrap(), first);

    let identify = IdentifyYouthRequest {
        request_id: request_id(),
        identity_code: PEOPLE[1].into(),
        ..IdentifyYouthRequest::default()
    };
    let first = call(&ohjaamo, "JourneyService/IdentifyYouth", &identify).await.unwrap();
    assert_eq!(call(&ohjaamo, "JourneyService/IdentifyYouth", &identify).await.unwrap(), first);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_is_answered_as_then_though_the_referral_has_moved_on() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[2]).await;
    let ohjaamo = stage.ohjaamo();
    let request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    let first = call(&ohjaamo, SEND, &request).await.unwrap();
    let name = SendReferralResponse::decode(first.as_slice()).unwrap().referral.unwrap().name;
    let accept = AcceptReferralRequest {
        request_id: request_id(),
        name: name.clone(),
        ..AcceptReferralRequest::default()
    };
    stage.kela().referral.accept_referral(accept).await.unwrap();
    assert_eq!(call(&ohjaamo, SEND, &request).await.unwrap(), first);
    assert_eq!(get(&ohjaamo, &name).await.unwrap().state(), ReferralState::Accepted);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_is_answered_as_then_though_its_dates_have_passed() {
    let stage = Stage::at_noon().await;
    let youth = stage.youth(PEOPLE[3]).await;
    let ohjaamo = stage.ohjaamo();
    let mut request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    request.respond_by = Some(wire(stage.now() + SignedDuration::from_mins(5)));
    let first = call(&ohjaamo, SEND, &request).await.unwrap();
    let mut consent_terms = terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC);
    consent_terms.valid_until = Some(wire(stage.now() + SignedDuration::from_mins(5)));
    let record = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.clone(),
        terms: Some(consent_terms),
        evidence: Some(evidence()),
        ..RecordConsentRequest::default()
    };
    call(&ohjaamo, "ConsentService/RecordConsent", &record).await.unwrap();
    stage.advance(SignedDuration::from_mins(6));
    let repeated = call(&ohjaamo, SEND, &request).await.unwrap();
    assert_eq!(repeated, first);
    call(&ohjaamo, "ConsentService/RecordConsent", &record).await.unwrap();
    // As calls of their own they make no sense any more.
    request.request_id = request_id();
    assert_refused(call(&ohjaamo, SEND, &request).await, Code::InvalidArgument, "INVALID_FIELDS");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_id_is_for_one_call() {
    let stage = Stage::open().await;
    let (youth, other) = (stage.youth(PEOPLE[5]).await, stage.youth(PEOPLE[6]).await);
    let ohjaamo = stage.ohjaamo();
    let request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    let first = call(&ohjaamo, SEND, &request).await.unwrap();

    let mut changed = request.clone();
    changed.content.as_mut().unwrap().reason.push('!');
    let mut for_another = request.clone();
    for_another.youth.clone_from(&other);
    let mut elsewhere = request.clone();
    elsewhere.recipient = TE.into();
    elsewhere.purpose = purpose_of(TE) as i32;
    for other_body in [changed, for_another, elsewhere] {
        let result = call(&ohjaamo, SEND, &other_body).await;
        assert_refused(result, Code::InvalidArgument, "REQUEST_ID_REUSED");
    }
    let identify = IdentifyYouthRequest {
        request_id: request.request_id.clone(),
        identity_code: PEOPLE[7].into(),
        ..IdentifyYouthRequest::default()
    };
    let result = call(&ohjaamo, "JourneyService/IdentifyYouth", &identify).await;
    assert_refused(result, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let name = SendReferralResponse::decode(first.as_slice()).unwrap().referral.unwrap().name;
    let cancel = CancelReferralRequest {
        request_id: request.request_id.clone(),
        name: name.clone(),
        ..CancelReferralRequest::default()
    };
    let result = call(&ohjaamo, "ReferralService/CancelReferral", &cancel).await;
    assert_refused(result, Code::InvalidArgument, "REQUEST_ID_REUSED");

    assert_eq!(stage.state(&name).await, ReferralState::Requested);
    assert_eq!((count(&stage, &youth).await, count(&stage, &other).await), (1, 0));
    assert_eq!(call(&ohjaamo, SEND, &request).await.unwrap(), first, "the first call is still known");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_choose_their_ids_on_their_own() {
    let stage = Stage::open().await;
    let mut ohjaamo = stage.ohjaamo();
    let mut kela = stage.kela();
    let shared = request_id();
    let one = IdentifyYouthRequest {
        request_id: shared.clone(),
        identity_code: PEOPLE[8].into(),
        ..IdentifyYouthRequest::default()
    };
    let other = IdentifyYouthRequest {
        request_id: shared,
        identity_code: PEOPLE[9].into(),
        ..IdentifyYouthRequest::default()
    };
    let first = ohjaamo.journey.identify_youth(one.clone()).await.unwrap().into_inner().youth;
    let second = kela.journey.identify_youth(other).await.unwrap().into_inner().youth;
    assert_ne!(first, second);
    assert_eq!(ohjaamo.journey.identify_youth(one).await.unwrap().into_inner().youth, first);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_does_not_use_its_id_up() {
    let stage = Stage::open().await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[10]).await.unwrap();
    let request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    let result = ohjaamo.referral.send_referral(request.clone()).await;
    assert_refused(result, Code::PermissionDenied, "NOT_PERMITTED");
    ohjaamo.record_consent(&youth, OHJAAMO, KELA, purpose_of(KELA), &BASIC).await.unwrap();
    let sent = ohjaamo.referral.send_referral(request).await.unwrap().into_inner().referral.unwrap();
    assert_eq!(id_of(&sent.name).len(), 36);
    stage.close().await;
}
