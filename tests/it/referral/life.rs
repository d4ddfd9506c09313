//! How does a referral live over gRPC, from the first word to the outcome?

use polku_proto::v1::{
    CompleteReferralRequest, DeliveryState, Outcome, ProvideInformationRequest, ReferralContent,
    ReferralState as State, RejectReferralRequest, RejectionReason, RequestInformationRequest,
    RerouteReferralRequest, SendWarning,
};
use polku_tests::world::{
    Client, Database, KELA, OHJAAMO, PAJA, PEOPLE, TE, WorldSettings, full_content, referral_to, request_id,
};
use tonic::Code;

use super::steps::{Step, take, take_at};
use crate::stage::{BASIC, Stage, assert_refused, get, id_of, purpose_of};

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_word_to_the_outcome() {
    first_word_to_outcome(Database::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_database_server_from_the_first_word_to_the_outcome() {
    first_word_to_outcome(Database::Server).await;
}

async fn first_word_to_outcome(database: Database) {
    let stage = Stage::with(&WorldSettings { database, ..WorldSettings::default() }, |text| text).await;
    let youth = stage.youth(PEOPLE[0]).await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    let sent = ohjaamo.clone().referral.send_referral(request).await.unwrap().into_inner();
    let (mine, decision) = (sent.referral.unwrap(), sent.decision.unwrap());
    assert_eq!((mine.state(), mine.delivery_state()), (State::Requested, DeliveryState::Delivered));
    assert_eq!((mine.sender.as_str(), mine.recipient.as_str()), (OHJAAMO, KELA));
    assert!(mine.content.as_ref() == Some(&full_content()), "the sender sees what it has told");
    assert!(mine.name.starts_with(&format!("{youth}/referrals/")));
    assert_eq!(decision.bases.len(), 1);
    assert!(decision.bases[0].consent.starts_with(&format!("{youth}/consents/")));
    assert!(sent.receipt.is_some());
    let name = mine.name;

    let ask = RequestInformationRequest {
        request_id: request_id(),
        name: name.clone(),
        etag: mine.etag.clone(),
        question: "Mikä koulutus kiinnostaa?".into(),
    };
    kela.clone().referral.request_information(ask).await.unwrap();
    let asked = get(&ohjaamo, &name).await.unwrap();
    assert_eq!(asked.state(), State::InfoRequested);
    assert_eq!(asked.information.len(), 1);
    assert_eq!(asked.information[0].question, "Mikä koulutus kiinnostaa?");
    assert!(asked.information[0].answer.is_none() && asked.information[0].ask_time.is_some());

    let answer = ReferralContent {
        reason: "Lähihoitaja.".into(),
        housing: "kanaria-asunto".into(),
        ..Default::default()
    };
    let provide = ProvideInformationRequest {
        request_id: request_id(),
        name: name.clone(),
        etag: asked.etag,
        answer: Some(answer.clone()),
        origin: None,
    };
    let provided =
        ohjaamo.clone().referral.provide_information(provide).await.unwrap().into_inner().referral.unwrap();
    assert_eq!(provided.state(), State::Requested);
    assert!(provided.information[0].answer.as_ref() == Some(&answer));
    let seen = get(&kela, &name).await.unwrap().information.remove(0);
    let told = seen.answer.unwrap();
    assert_eq!(
        (told.reason.as_str(), told.housing.as_str()),
        ("Lähihoitaja.", ""),
        "the answer is cut down as well"
    );

    for (step, state) in [
        (Step::Accept, State::Accepted),
        (Step::Start, State::InProgress),
        (Step::Hold, State::OnHold),
        (Step::Start, State::InProgress),
    ] {
        assert_eq!(take(&kela, step, &name).await.unwrap().state(), state);
        let seen = get(&ohjaamo, &name).await.unwrap();
        assert_eq!((seen.state(), seen.status_note), (state, format!("kanaria-{step:?}")));
    }
    let complete = CompleteReferralRequest {
        request_id: request_id(),
        name: name.clone(),
        etag: String::new(),
        outcome: Outcome::ReferredElsewhere as i32,
        note: "Valmis.".into(),
    };
    kela.clone().referral.complete_referral(complete).await.unwrap();
    let ended = get(&ohjaamo, &name).await.unwrap();
    assert_eq!((ended.state(), ended.outcome()), (State::Completed, Outcome::ReferredElsewhere));
    assert_eq!(ended.status_note, "Valmis.");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_decided_on_like_the_referral() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, KELA).await;
    take(&stage.kela(), Step::Ask, &name).await.unwrap();
    let before = get(&stage.ohjaamo(), &name).await.unwrap();
    for answer in [
        ReferralContent { health_capacity: "kanaria-terveys".into(), ..Default::default() },
        ReferralContent::default(),
    ] {
        let provide = ProvideInformationRequest {
            request_id: request_id(),
            name: name.clone(),
            etag: String::new(),
            answer: Some(answer),
            origin: None,
        };
        let result = stage.ohjaamo().referral.provide_information(provide).await;
        assert_refused(result, Code::PermissionDenied, "NOT_PERMITTED");
    }
    let with_code =
        ReferralContent { identity_code: PEOPLE[0].into(), reason: "a".into(), ..Default::default() };
    let provide = ProvideInformationRequest {
        request_id: request_id(),
        name: name.clone(),
        etag: String::new(),
        answer: Some(with_code),
        origin: None,
    };
    let result = stage.ohjaamo().referral.provide_information(provide).await;
    assert_refused(result, Code::InvalidArgument, "INVALID_FIELDS");
    assert!(get(&stage.ohjaamo(), &name).await.unwrap() == before, "nothing has changed");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_begun_is_not_cancelled_silently() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, KELA).await;
    let (ohjaamo, kela, subject) = (stage.ohjaamo(), stage.kela(), stage.subject(&youth));
    take(&kela, Step::Accept, &name).await.unwrap();
    assert_eq!(take(&subject, Step::Cancel, &name).await.unwrap().state(), State::CancelRequested);
    // Asked once, not twice; and it is the recipient that confirms.
    for (client, step) in [(&ohjaamo, Step::Cancel), (&ohjaamo, Step::Confirm), (&subject, Step::Cancel)] {
        let again = take(client, step, &name).await;
        assert_refused(again, Code::FailedPrecondition, "TRANSITION_NOT_ALLOWED");
    }
    let confirmed = take(&subject, Step::Confirm, &name).await;
    assert_refused(confirmed, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    let seen = get(&kela, &name).await.unwrap();
    assert_eq!((seen.state(), seen.sender_note.as_str()), (State::CancelRequested, "kanaria-Cancel"));
    assert_eq!(take(&kela, Step::Confirm, &name).await.unwrap().state(), State::Cancelled);
    assert_eq!(get(&ohjaamo, &name).await.unwrap().status_note, "kanaria-Confirm");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_stays_as_a_tombstone() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, KELA).await;
    take(&stage.ohjaamo(), Step::MarkError, &name).await.unwrap();
    for client in [stage.ohjaamo(), stage.kela(), stage.subject(&youth)] {
        assert_eq!(get(&client, &name).await.unwrap().state(), State::EnteredInError);
    }
    let again = take(&stage.ohjaamo(), Step::MarkError, &name).await;
    assert_refused(again, Code::FailedPrecondition, "TRANSITION_NOT_ALLOWED");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerouted_referral_is_linked_in_both_directions() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let old = stage.refer(&youth, KELA).await;
    let reject = RejectReferralRequest {
        request_id: request_id(),
        name: old.clone(),
        etag: String::new(),
        reason: RejectionReason::NoCapacity as i32,
        note: String::new(),
    };
    kela.clone().referral.reject_referral(reject).await.unwrap();
    assert_eq!(get(&ohjaamo, &old).await.unwrap().rejection_reason(), RejectionReason::NoCapacity);
    let reroute = RerouteReferralRequest {
        request_id: request_id(),
        name: old.clone(),
        recipient: PAJA.into(),
        purpose: purpose_of(PAJA) as i32,
        wait_for_delivery: true,
        ..RerouteReferralRequest::default()
    };
    let answered = ohjaamo.clone().referral.reroute_referral(reroute.clone()).await.unwrap().into_inner();
    let new = answered.referral.unwrap();
    assert_eq!((new.state(), new.delivery_state()), (State::Requested, DeliveryState::Delivered));
    assert_eq!((new.replaces.as_str(), new.recipient.as_str()), (old.as_str(), PAJA));
    assert!(new.content == Some(full_content()), "the old content goes on");
    assert!(stage.world.walmu.ledger().referral(id_of(&new.name)).is_some());
    let old_now = get(&ohjaamo, &old).await.unwrap();
    assert_eq!((old_now.state(), old_now.replaced_by.as_str()), (State::Rejected, new.name.as_str()));

    // Repeated: the same referral. As a call of its own: there is no second one.
    let repeated = ohjaamo.clone().referral.reroute_referral(reroute.clone()).await.unwrap().into_inner();
    assert_eq!(repeated.referral.unwrap().name, new.name);
    let again = RerouteReferralRequest { request_id: request_id(), ..reroute };
    let result = ohjaamo.clone().referral.reroute_referral(again).await;
    assert_refused(result, Code::FailedPrecondition, "TRANSITION_NOT_ALLOWED");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reroute_needs_a_permission_of_its_own() {
    let stage = Stage::open().await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[0]).await.unwrap();
    ohjaamo.record_consent(&youth, OHJAAMO, KELA, purpose_of(KELA), &BASIC).await.unwrap();
    let old = stage.refer(&youth, KELA).await;
    take(&ohjaamo, Step::Cancel, &old).await.unwrap();
    assert_refused(take(&ohjaamo, Step::Reroute, &old).await, Code::PermissionDenied, "NOT_PERMITTED");
    assert_eq!(get(&ohjaamo, &old).await.unwrap().replaced_by, "");
    assert!(stage.world.te.ledger().received().is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_another_version_is_aborted() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, KELA).await;
    let kela = stage.kela();
    let read = get(&kela, &name).await.unwrap();
    let accepted = take_at(&kela, Step::Accept, &name, &read.etag).await.unwrap();
    assert_ne!(accepted.etag, read.etag);
    for etag in [read.etag.as_str(), "1", "kanaria", "999"] {
        let result = take_at(&kela, Step::Start, &name, etag).await;
        assert_refused(result, Code::Aborted, "ETAG_MISMATCH");
    }
    assert_eq!(stage.state(&name).await, State::Accepted);
    let started = take_at(&kela, Step::Start, &name, &accepted.etag).await.unwrap();
    assert_eq!(started.state(), State::InProgress);
    stage.close().await;
}

/// domain.md 5: "yksi asia nuoren kanssa sovittuna kerrallaan vs. luukuttaminen".
#[tokio::test(flavor = "multi_thread")]
async fn one_thing_at_a_time_is_said_to_the_agency_that_sends_several() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[2]).await;
    let send = async |client: Client, recipient: &str| {
        let request = referral_to(recipient, &youth, purpose_of(recipient), full_content());
        client.clone().referral.send_referral(request).await.unwrap().into_inner()
    };
    let first = send(stage.ohjaamo(), KELA).await;
    assert!(first.warnings.is_empty());
    let second = send(stage.ohjaamo(), PAJA).await;
    assert_eq!(second.warnings().collect::<Vec<_>>(), [SendWarning::ParallelReferral]);
    // What others have sent is not for an agency to know.
    let (te, back) = (TE, OHJAAMO);
    stage.ohjaamo().record_consent(&youth, te, back, purpose_of(te), &BASIC).await.unwrap();
    let request = referral_to(back, &youth, purpose_of(te), full_content());
    let third = stage.te().referral.send_referral(request).await.unwrap().into_inner();
    assert!(third.warnings.is_empty());
    stage.close().await;
}
