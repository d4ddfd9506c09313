//! Through which states does a consent go?

use jiff::SignedDuration;
use polku_proto::v1::{
    Consent, ConsentState as State, ConsentTerms, DataCategory, LiftProhibitionRequest, ListConsentsRequest,
    ProhibitionTerms, prohibition,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PAJA, PEOPLE, TE, request_id, terms};
use tonic::{Code, Status};

use super::changes::{Ask, get, give, prohibit, record, refuse, renew, request, revoke, withdraw};
use crate::stage::{BASIC, Stage, TOLD, assert_refused, assert_same_refusal, fields_of, purpose_of, wire};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn to_kela(stage: &Stage) -> ConsentTerms {
    ConsentTerms {
        valid_until: Some(wire(stage.now() + HOUR)),
        ..terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC)
    }
}

async fn person(stage: &Stage) -> String {
    stage.ohjaamo().identify(PEOPLE[0]).await.unwrap()
}

async fn permits(client: &Client, youth: &str) -> bool {
    let ask = Ask { youth, from: OHJAAMO, to: KELA, purpose: purpose_of(KELA), categories: &TOLD };
    !ask.permitted(client).await.is_empty()
}

fn states(consent: &Consent) -> Vec<State> {
    consent.events.iter().map(polku_proto::v1::ConsentEvent::state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_given_renewed_and_withdrawn() {
    let stage = Stage::at_noon().await;
    let youth = person(&stage).await;
    let ohjaamo = stage.ohjaamo();
    let asked = request(&ohjaamo, &youth, to_kela(&stage)).await.unwrap();
    let consent = asked.consent.unwrap();
    assert_eq!(consent.state(), State::Requested);
    assert!(!permits(&ohjaamo, &youth).await, "a request permits nothing");

    let given = give(&ohjaamo, &consent, &consent.etag).await.unwrap();
    assert!(given.revision > asked.revision && given.receipt.is_some());
    let given = given.consent.unwrap();
    assert_eq!(
        (given.state(), given.recorder.as_str(), given.recorder_unit.as_str()),
        (State::Given, OHJAAMO, "keskusta")
    );
    assert_eq!((&given.name, given.evidence.clone()), (&consent.name, Some(polku_tests::world::evidence())));
    assert!(permits(&ohjaamo, &youth).await);

    let renewed =
        renew(&ohjaamo, &given, &given.etag, wire(stage.now() + HOUR * 3)).await.unwrap().consent.unwrap();
    assert_eq!(renewed.state(), State::Renewed);
    stage.advance(HOUR * 2);
    assert!(permits(&ohjaamo, &youth).await, "renewed before its end");

    let withdrawn = withdraw(&ohjaamo, &renewed, "").await.unwrap().consent.unwrap();
    assert_eq!(withdrawn.state(), State::Withdrawn);
    assert!(!permits(&ohjaamo, &youth).await);
    let read = get(&ohjaamo, &consent.name).await.unwrap();
    assert_eq!(states(&read), [State::Requested, State::Given, State::Renewed, State::Withdrawn]);
    assert_eq!(read.events[3].reason, "kanaria-perun");
    assert!(read.events.iter().all(|event| event.agency == OHJAAMO && event.time.is_some()));
    let etags = [&consent.etag, &given.etag, &renewed.etag, &withdrawn.etag];
    for (place, etag) in etags.iter().enumerate() {
        assert!(!etags[place + 1..].contains(etag), "every change has an etag of its own");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_needs_its_state() {
    let stage = Stage::at_noon().await;
    let youth = person(&stage).await;
    let ohjaamo = stage.ohjaamo();
    let client = &ohjaamo;
    let asked = || async { request(client, &youth, to_kela(&stage)).await.unwrap().consent.unwrap() };
    let given = || async { record(client, &youth, to_kela(&stage)).await.unwrap().consent.unwrap() };
    let until = wire(stage.now() + HOUR * 2);

    let requested = asked().await;
    let other = asked().await;
    let refused = refuse(client, &other, &other.etag).await.unwrap().consent.unwrap();
    assert_eq!((refused.state(), refused.events[1].reason.as_str()), (State::Refused, "kanaria-ei"));
    let in_force = given().await;
    let withdrawn = withdraw(client, &given().await, "").await.unwrap().consent.unwrap();
    let one = given().await;
    let revoked = revoke(client, &one, &one.etag).await.unwrap().consent.unwrap();
    assert_eq!((revoked.state(), revoked.events[1].reason.as_str()), (State::Revoked, "kanaria-virhe"));

    let denied = |result: Result<_, Status>| {
        assert_refused::<polku_proto::v1::ConsentChange>(result, Code::FailedPrecondition, "RECORD_STATE");
    };
    for consent in [&requested, &refused, &withdrawn, &revoked] {
        denied(renew(client, consent, &consent.etag, until).await);
        denied(withdraw(client, consent, "").await);
        denied(revoke(client, consent, &consent.etag).await);
    }
    for consent in [&in_force, &refused, &withdrawn, &revoked] {
        denied(give(client, consent, &consent.etag).await);
        denied(refuse(client, consent, &consent.etag).await);
    }
    for consent in [&requested, &refused, &in_force, &withdrawn, &revoked] {
        assert!(get(client, &consent.name).await.unwrap() == *consent, "a refused step changes nothing");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_another_version_is_aborted_and_a_withdrawal_is_not() {
    let stage = Stage::at_noon().await;
    let youth = person(&stage).await;
    let client = &stage.ohjaamo();
    let until = wire(stage.now() + HOUR * 2);
    let asked = request(client, &youth, to_kela(&stage)).await.unwrap().consent.unwrap();
    for etag in ["", "2", "kanaria"] {
        assert_refused(give(client, &asked, etag).await, Code::Aborted, "ETAG_MISMATCH");
    }
    let given = record(client, &youth, to_kela(&stage)).await.unwrap().consent.unwrap();
    let renewed = renew(client, &given, &given.etag, until).await.unwrap().consent.unwrap();
    assert_refused(renew(client, &given, &given.etag, until).await, Code::Aborted, "ETAG_MISMATCH");
    assert_refused(revoke(client, &given, &given.etag).await, Code::Aborted, "ETAG_MISMATCH");
    assert_refused(withdraw(client, &given, &given.etag).await, Code::Aborted, "ETAG_MISMATCH");
    assert!(get(client, &given.name).await.unwrap() == renewed);
    assert_eq!(withdraw(client, &given, "").await.unwrap().consent.unwrap().state(), State::Withdrawn);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_has_an_end_that_makes_sense() {
    let stage = Stage::at_noon().await;
    let youth = person(&stage).await;
    let client = &stage.ohjaamo();
    let now = stage.now();
    let refused = async |field: &str, terms: ConsentTerms| {
        let status = assert_refused(
            record(client, &youth, terms.clone()).await,
            Code::InvalidArgument,
            "TERMS_INVALID",
        );
        assert_eq!(fields_of(&status), [field]);
        let status =
            assert_refused(request(client, &youth, terms).await, Code::InvalidArgument, "TERMS_INVALID");
        assert_eq!(fields_of(&status), [field]);
    };
    let good = to_kela(&stage);
    refused("terms.valid_until", ConsentTerms { valid_until: None, ..good.clone() }).await;
    refused("terms.valid_until", ConsentTerms { valid_until: Some(wire(now)), ..good.clone() }).await;
    let (from, until) = (Some(wire(now + HOUR)), Some(wire(now + HOUR)));
    refused("terms.valid_until", ConsentTerms { valid_from: from, valid_until: until, ..good.clone() }).await;
    let past = ConsentTerms {
        valid_from: Some(wire(now - HOUR * 2)),
        valid_until: Some(wire(now - HOUR)),
        ..good.clone()
    };
    refused("terms.valid_until", past).await;
    let explicit = vec![DataCategory::HealthCapacity as i32];
    refused("terms.explicit_categories", ConsentTerms { explicit_categories: explicit, ..good.clone() })
        .await;
    let foreign = ConsentTerms { disclosers: vec![TE.into()], recipients: vec![PAJA.into()], ..good.clone() };
    refused("terms.disclosers", foreign).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_has_run_out_is_renewed_from_then_on() {
    let stage = Stage::at_noon().await;
    let youth = person(&stage).await;
    let client = &stage.ohjaamo();
    let given = record(client, &youth, to_kela(&stage)).await.unwrap().consent.unwrap();
    stage.advance(HOUR * 2);
    let over = get(client, &given.name).await.unwrap();
    assert_eq!((over.state(), over.etag.as_str()), (State::Expired, given.etag.as_str()));
    assert_eq!(states(&over), [State::Given, State::Expired]);
    let end = given.terms.as_ref().unwrap().valid_until;
    assert_eq!((over.events[1].time, over.events[1].agency.as_str()), (end, ""), "then, and by itself");
    assert!(!permits(client, &youth).await);
    let result = renew(client, &over, &over.etag, wire(stage.now())).await;
    assert_refused(result, Code::InvalidArgument, "TERMS_INVALID");
    let renewed = renew(client, &over, &over.etag, wire(stage.now() + HOUR)).await.unwrap().consent.unwrap();
    assert_eq!(states(&renewed), [State::Given, State::Expired, State::Renewed], "the gap stays on record");
    assert_eq!(renewed.terms.unwrap().valid_from, Some(wire(stage.now())), "not for the time in between");
    assert!(permits(client, &youth).await);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_exists_for_its_parties() {
    let stage = Stage::at_noon().await;
    let youth = person(&stage).await;
    let (ohjaamo, kela, te) = (stage.ohjaamo(), stage.kela(), stage.te());
    let consent = record(&ohjaamo, &youth, to_kela(&stage)).await.unwrap().consent.unwrap();
    let nobody = Consent { name: format!("{youth}/consents/{}", uuid::Uuid::now_v7()), ..Consent::default() };
    let until = wire(stage.now() + HOUR * 2);
    let real = [
        get(&te, &consent.name).await.map(drop),
        renew(&te, &consent, &consent.etag, until).await.map(drop),
        withdraw(&te, &consent, "").await.map(drop),
        revoke(&te, &consent, &consent.etag).await.map(drop),
    ];
    let made_up = [
        get(&te, &nobody.name).await.map(drop),
        renew(&te, &nobody, "1", until).await.map(drop),
        withdraw(&te, &nobody, "").await.map(drop),
        revoke(&te, &nobody, "1").await.map(drop),
    ];
    for (real, made_up) in real.into_iter().zip(made_up) {
        let real = assert_refused(real, Code::NotFound, "NOT_FOUND");
        assert_same_refusal(&real, &assert_refused(made_up, Code::NotFound, "NOT_FOUND"));
    }
    // The recipient learns by verification what concerns it, not who else is named.
    assert_refused(get(&kela, &consent.name).await, Code::NotFound, "NOT_FOUND");
    let listed = async |client: &Client| {
        let request = ListConsentsRequest { parent: youth.clone(), ..ListConsentsRequest::default() };
        client.clone().consent.list_consents(request).await.unwrap().into_inner().consents.len()
    };
    assert_eq!([listed(&ohjaamo).await, listed(&kela).await, listed(&te).await], [1, 0, 0]);
    assert_eq!(listed(&stage.subject(&youth)).await, 1);
    // Named in it, it may end it.
    assert_eq!(
        revoke(&kela, &consent, &consent.etag).await.unwrap().consent.unwrap().state(),
        State::Revoked
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prohibition_is_recorded_and_lifted() {
    let stage = Stage::at_noon().await;
    let youth = person(&stage).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    record(&ohjaamo, &youth, to_kela(&stage)).await.unwrap();
    let recorded = prohibit(&ohjaamo, &youth, ProhibitionTerms::default()).await.unwrap();
    let prohibition = recorded.prohibition.unwrap();
    assert_eq!((prohibition.state(), prohibition.recorder.as_str()), (prohibition::State::InForce, OHJAAMO));
    assert!(recorded.receipt.is_some() && prohibition.lift_time.is_none());
    assert!(!permits(&ohjaamo, &youth).await);

    let lift = |name: &str, etag: &str| LiftProhibitionRequest {
        request_id: request_id(),
        name: name.into(),
        etag: etag.into(),
    };
    let name = prohibition.name.as_str();
    let nobody = format!("{youth}/prohibitions/{}", uuid::Uuid::now_v7());
    for (client, name) in [(&te, name), (&te, nobody.as_str()), (&ohjaamo, nobody.as_str())] {
        let result = client.clone().consent.lift_prohibition(lift(name, &prohibition.etag)).await;
        assert_refused(result, Code::NotFound, "NOT_FOUND");
    }
    let result = ohjaamo.clone().consent.lift_prohibition(lift(name, "7")).await;
    assert_refused(result, Code::Aborted, "ETAG_MISMATCH");
    let lifted =
        ohjaamo.clone().consent.lift_prohibition(lift(name, &prohibition.etag)).await.unwrap().into_inner();
    assert!(lifted.revision > recorded.revision);
    let lifted = lifted.prohibition.unwrap();
    assert_eq!((lifted.state(), lifted.lift_time), (prohibition::State::Lifted, Some(wire(stage.now()))));
    let result = ohjaamo.clone().consent.lift_prohibition(lift(name, &lifted.etag)).await;
    assert_refused(result, Code::FailedPrecondition, "RECORD_STATE");
    assert!(permits(&ohjaamo, &youth).await, "the consent holds again");
    stage.close().await;
}
