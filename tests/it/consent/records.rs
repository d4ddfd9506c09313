//! Is a consent record complete, and does one that replaces another, or that never was valid, do what it says?

use jiff::SignedDuration;
use polku_proto::v1::{
    Consent, ConsentState as State, ConsentTerms, DataCategory, DeliveryState, ReferralState,
};
use polku_tests::simulators::Fault;
use polku_tests::world::{
    KELA, OHJAAMO, PEOPLE, TE, WorldSettings, eventually, full_content, referral_to, terms,
};
use tonic::Code;

use super::changes::{Ask, get, invalidate, record, refuse, renew, replace, request, revoke, withdraw};
use crate::stage::{
    BASIC, PATIENCE, Stage, TOLD, assert_refused, assert_same_refusal, fields_of, purpose_of, wire,
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn to(stage: &Stage, recipient: &str) -> ConsentTerms {
    ConsentTerms {
        valid_until: Some(wire(stage.now() + HOUR)),
        ..terms(OHJAAMO, recipient, purpose_of(recipient), &BASIC)
    }
}

async fn permits(stage: &Stage, youth: &str, to: &str) -> bool {
    let ask = Ask { youth, from: OHJAAMO, to, purpose: purpose_of(to), categories: &TOLD };
    !ask.permitted(&stage.ohjaamo()).await.is_empty()
}

fn states(consent: &Consent) -> Vec<State> {
    consent.events.iter().map(polku_proto::v1::ConsentEvent::state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_says_what_form_it_has_and_when_it_was_made() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let asked = request(&ohjaamo, &youth, to(&stage, KELA)).await.unwrap().consent.unwrap();
    let made = Some(wire(stage.now()));
    stage.advance(HOUR / 2);
    let given = super::changes::give(&ohjaamo, &asked, &asked.etag).await.unwrap().consent.unwrap();
    for consent in [&asked, &given] {
        assert_eq!((consent.schema_version.as_str(), consent.create_time), ("ISO/IEC TS 27560:2023", made));
        assert_eq!((consent.supersedes.as_str(), consent.superseded_by.as_str()), ("", ""));
    }
    stage.close().await;
}

/// consent.md 1.2: the record of what was asked for is not the record of what was given.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_stays_beside_what_was_given() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let asked = request(&ohjaamo, &youth, to(&stage, KELA)).await.unwrap().consent.unwrap();
    let narrower = ConsentTerms {
        disclosers: vec![OHJAAMO.into(), TE.into()],
        categories: vec![DataCategory::ServiceNeeds as i32],
        ..to(&stage, KELA)
    };
    let answer = Consent { terms: Some(narrower), ..asked.clone() };
    let given = super::changes::give(&ohjaamo, &answer, &asked.etag).await.unwrap().consent.unwrap();
    let until = wire(stage.now() + HOUR * 2);
    let renewed = renew(&ohjaamo, &given, &given.etag, until).await.unwrap().consent.unwrap();
    for consent in [&given, &renewed, &get(&stage.subject(&youth), &given.name).await.unwrap()] {
        assert_eq!(consent.events[0].requested_terms, asked.terms);
        assert!(consent.events.iter().skip(1).all(|event| event.requested_terms.is_none()));
        let terms = consent.terms.clone().unwrap();
        assert_eq!(terms.categories, [DataCategory::ServiceNeeds as i32]);
    }
    // An agency that was not named in what was asked for reads what was given alone.
    let read = get(&te, &given.name).await.unwrap();
    assert_eq!((read.terms, read.events[0].requested_terms.clone()), (renewed.terms, None));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_replaces_another_ends_it_in_the_same_instant() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let old = record(&ohjaamo, &youth, to(&stage, KELA)).await.unwrap().consent.unwrap();
    stage.advance(HOUR / 2);
    let new = replace(&ohjaamo, &old.name, to(&stage, TE)).await.unwrap().consent.unwrap();
    assert_eq!((new.state(), &new.supersedes), (State::Given, &old.name));
    let ended = get(&ohjaamo, &old.name).await.unwrap();
    assert_eq!((states(&ended), &ended.superseded_by), (vec![State::Given, State::Superseded], &new.name));
    assert_eq!(ended.events[1].time, new.events[0].time);
    assert_ne!(ended.etag, old.etag);
    assert!(!permits(&stage, &youth, KELA).await && permits(&stage, &youth, TE).await);

    // What is over is not replaced, nor withdrawn once more.
    let denied = [
        replace(&ohjaamo, &old.name, to(&stage, KELA)).await,
        withdraw(&ohjaamo, &ended, "").await,
        revoke(&ohjaamo, &ended, &ended.etag).await,
    ];
    for result in denied {
        assert_refused(result, Code::FailedPrecondition, "RECORD_STATE");
    }
    let asked = request(&ohjaamo, &youth, to(&stage, KELA)).await.unwrap().consent.unwrap();
    let result = replace(&ohjaamo, &asked.name, to(&stage, KELA)).await;
    assert_refused(result, Code::FailedPrecondition, "RECORD_STATE");

    // Nor is it replaced by something that begins only later, nor by somebody who is no party to it.
    let later = ConsentTerms { valid_from: Some(wire(stage.now() + HOUR / 2)), ..to(&stage, KELA) };
    let status =
        assert_refused(replace(&ohjaamo, &new.name, later).await, Code::InvalidArgument, "TERMS_INVALID");
    assert_eq!(fields_of(&status), ["terms.valid_from"]);
    let own = ConsentTerms { disclosers: vec![KELA.into()], ..to(&stage, OHJAAMO) };
    let strange = format!("{youth}/consents/{}", uuid::Uuid::now_v7());
    let refusals = [replace(&kela, &new.name, own.clone()).await, replace(&kela, &strange, own).await]
        .map(|result| assert_refused(result, Code::NotFound, "NOT_FOUND"));
    assert_same_refusal(&refusals[0], &refusals[1]);
    assert_eq!(get(&ohjaamo, &new.name).await.unwrap().state(), State::Given, "nothing has changed");
    stage.advance(HOUR);
    let result = replace(&ohjaamo, &new.name, to(&stage, KELA)).await;
    assert_refused(result, Code::FailedPrecondition, "RECORD_STATE");
    stage.close().await;
}

/// A stage with two referrals that cannot be delivered for now: one to te, and one to the workshop.
async fn waiting(stage: &Stage, youth: &str, recipient: &str) -> String {
    let request = referral_to(recipient, youth, purpose_of(recipient), full_content());
    let sent = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap();
    let (client, name) = (stage.ohjaamo(), sent.name.as_str());
    let client = &client;
    let retrying = || async move {
        let seen = crate::stage::get(client, name).await.unwrap();
        (seen.delivery_state() == DeliveryState::Retrying).then_some(())
    };
    assert!(eventually(PATIENCE, retrying).await.is_some());
    sent.name
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_new_consent_permits_as_well_goes_on_and_the_rest_is_stopped() {
    let settings = WorldSettings { retry_seconds: vec![3600], ..WorldSettings::default() };
    let stage = Stage::with(&settings, |text| text).await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    stage.world.te.faults().set(Fault::Dead);
    let old = record(&ohjaamo, &youth, to(&stage, TE)).await.unwrap().consent.unwrap();
    let name = waiting(&stage, &youth, TE).await;

    let wider = ConsentTerms { recipients: vec![TE.into(), KELA.into()], ..to(&stage, TE) };
    let answer = replace(&ohjaamo, &old.name, wider).await.unwrap();
    assert!(answer.stopped.is_empty() && answer.under_way.is_empty());
    assert_eq!(stage.state(&name).await, ReferralState::Requested, "the new one permits it too");

    let second = answer.consent.unwrap();
    let answer = replace(&ohjaamo, &second.name, to(&stage, KELA)).await.unwrap();
    assert_eq!((answer.stopped, answer.under_way), (vec![name.clone()], Vec::<String>::new()));
    assert_eq!(stage.state(&name).await, ReferralState::ConsentWithdrawn);
    assert!(stage.world.te.ledger().referrals().is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_never_was_valid_stops_like_a_withdrawn_one() {
    let settings = WorldSettings { retry_seconds: vec![3600], ..WorldSettings::default() };
    let stage = Stage::with(&settings, |text| text).await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    stage.world.te.faults().set(Fault::Dead);
    let consent = record(&ohjaamo, &youth, to(&stage, TE)).await.unwrap().consent.unwrap();
    let name = waiting(&stage, &youth, TE).await;
    let answer = invalidate(&stage.te(), &consent, &consent.etag).await.unwrap();
    assert!(answer.stopped.is_empty(), "what never reached te is none of its matters");
    assert!(answer.consent.unwrap().terms.is_none(), "nor who else is named");
    let seen = get(&ohjaamo, &consent.name).await.unwrap();
    assert_eq!((seen.state(), seen.events[1].reason.as_str()), (State::Invalidated, "kanaria-mitaton"));
    assert_eq!(seen.events[1].agency, TE);
    assert!(!permits(&stage, &youth, TE).await);
    assert_eq!(stage.state(&name).await, ReferralState::ConsentWithdrawn);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_not_refused_can_turn_out_never_to_have_been_valid() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let client = &ohjaamo;
    let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
    let asked = request(client, &youth, to(&stage, KELA)).await.unwrap().consent.unwrap();
    let given = record(client, &youth, to(&stage, KELA)).await.unwrap().consent.unwrap();
    let other = record(client, &youth, to(&stage, KELA)).await.unwrap().consent.unwrap();
    let withdrawn = withdraw(client, &other, "").await.unwrap().consent.unwrap();
    let over = record(client, &youth, to(&stage, KELA)).await.unwrap().consent.unwrap();
    let stranger = invalidate(&stage.te(), &given, &given.etag).await;
    assert_refused(stranger, Code::NotFound, "NOT_FOUND");
    assert_refused(invalidate(client, &given, "v7").await, Code::Aborted, "ETAG_MISMATCH");
    for (consent, before) in [
        (&asked, &[State::Requested][..]),
        (&given, &[State::Given]),
        (&withdrawn, &[State::Given, State::Withdrawn]),
    ] {
        let ended = invalidate(client, consent, &consent.etag).await.unwrap().consent.unwrap();
        assert_eq!(states(&ended), [before, &[State::Invalidated]].concat());
        for result in [
            invalidate(client, &ended, &ended.etag).await,
            withdraw(client, &ended, "").await,
            revoke(client, &ended, &ended.etag).await,
        ] {
            assert_refused(result, Code::FailedPrecondition, "RECORD_STATE");
        }
    }
    stage.advance(HOUR * 2);
    let ended = invalidate(&stage.kela(), &over, &over.etag).await.unwrap().consent.unwrap();
    assert_eq!(ended.state(), State::Invalidated);
    let read = get(client, &over.name).await.unwrap();
    assert_eq!(states(&read), [State::Given, State::Expired, State::Invalidated], "its end stays on record");

    let refused = request(client, &youth, to(&stage, KELA)).await.unwrap().consent.unwrap();
    let refused = refuse(client, &refused, &refused.etag).await.unwrap().consent.unwrap();
    let result = invalidate(client, &refused, &refused.etag).await;
    assert_refused(result, Code::FailedPrecondition, "RECORD_STATE");
    stage.close().await;
}
