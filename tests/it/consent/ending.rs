//! What does the end of a permission stop, and what does the answer say of it?

use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::{
    ConsentTerms, DataCategory as Data, DeliveryState, ProhibitionTerms, ReferralState as State,
};
use polku_tests::simulators::Fault;
use polku_tests::world::{
    KELA, OHJAAMO, PAJA, PEOPLE, TE, WorldSettings, eventually, evidence, full_content, referral_to, terms,
};
use tonic::Code;

use super::changes::{Ask, given_by, prohibit, record, replace_with, revoke, withdraw};
use super::history::renew_as;
use super::minors::able_minor;
use crate::stage::{BASIC, PATIENCE, Stage, assert_refused, fields_of, get, id_of, purpose_of, wire};

/// Sends a referral that cannot be delivered for now, and waits for the first attempt to fail.
async fn queued(stage: &Stage, youth: &str) -> String {
    stage.world.te.faults().set(Fault::Dead);
    let request = referral_to(TE, youth, purpose_of(TE), full_content());
    let sent = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap();
    let (ohjaamo, name) = (stage.ohjaamo(), sent.name.as_str());
    let ohjaamo = &ohjaamo;
    let retrying = || async move {
        (get(ohjaamo, name).await.unwrap().delivery_state() == DeliveryState::Retrying).then_some(())
    };
    assert!(eventually(PATIENCE, retrying).await.is_some());
    sent.name
}

/// A stage on which a failed delivery waits for a long time.
async fn patient() -> Stage {
    let settings = WorldSettings { retry_seconds: vec![3600], ..WorldSettings::default() };
    Stage::with(&settings, |text| text).await
}

/// Asserts that the referral has ended and never reached te, also when te is there again.
async fn assert_stopped(stage: &Stage, name: &str) {
    let seen = get(&stage.ohjaamo(), name).await.unwrap();
    assert_eq!((seen.state(), seen.delivery_state()), (State::ConsentWithdrawn, DeliveryState::Stopped));
    stage.world.te.faults().clear().unwrap();
    let other = stage.youth(PEOPLE[9]).await;
    stage.refer(&other, TE).await;
    assert!(stage.world.te.ledger().referral(id_of(name)).is_none());
    assert_eq!(stage.world.te.ledger().referrals().len(), 1);
    assert!(stage.world.te.ledger().notices().is_empty(), "who never heard of it hears of no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_stops_what_has_not_begun() {
    let stage = patient().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let consent =
        record(&ohjaamo, &youth, terms(OHJAAMO, TE, purpose_of(TE), &BASIC)).await.unwrap().consent.unwrap();
    let name = queued(&stage, &youth).await;
    let answer = withdraw(&stage.subject(&youth), &consent, "").await.unwrap();
    assert_eq!((answer.stopped, answer.under_way), (vec![name.clone()], Vec::<String>::new()));
    assert_stopped(&stage, &name).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_a_revocation() {
    let stage = patient().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let consent =
        record(&ohjaamo, &youth, terms(OHJAAMO, TE, purpose_of(TE), &BASIC)).await.unwrap().consent.unwrap();
    let name = queued(&stage, &youth).await;
    let answer = revoke(&ohjaamo, &consent, &consent.etag).await.unwrap();
    assert_eq!(answer.stopped, std::slice::from_ref(&name));
    assert_stopped(&stage, &name).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_a_prohibition() {
    let stage = patient().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let to_kela = stage.refer(&youth, KELA).await;
    let name = queued(&stage, &youth).await;
    let terms = ProhibitionTerms { recipients: vec![TE.into()], ..ProhibitionTerms::default() };
    let answer = prohibit(&stage.subject(&youth), &youth, terms).await.unwrap();
    assert_eq!((answer.stopped, answer.under_way), (vec![name.clone()], Vec::<String>::new()));
    assert_eq!(stage.state(&to_kela).await, State::Requested, "what it does not name goes on");
    assert_stopped(&stage, &name).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_consent_keeps_it_going() {
    let stage = patient().await;
    let ohjaamo = stage.ohjaamo();
    let youth = stage.youth(PEOPLE[0]).await;
    let second =
        record(&ohjaamo, &youth, terms(OHJAAMO, TE, purpose_of(TE), &BASIC)).await.unwrap().consent.unwrap();
    let name = queued(&stage, &youth).await;
    let answer = withdraw(&ohjaamo, &second, "").await.unwrap();
    assert!(answer.stopped.is_empty() && answer.under_way.is_empty());
    assert_eq!(stage.state(&name).await, State::Requested);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_it_is_told_once_that_the_permission_is_gone() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let mut consents = Vec::new();
    let mut names = Vec::new();
    for recipient in [TE, PAJA, KELA] {
        let terms = terms(OHJAAMO, recipient, purpose_of(recipient), &BASIC);
        consents.push(record(&ohjaamo, &youth, terms).await.unwrap().consent.unwrap());
        names.push(stage.refer(&youth, recipient).await);
    }
    for consent in &consents {
        let answer = withdraw(&stage.subject(&youth), consent, "").await.unwrap();
        assert!(answer.stopped.is_empty() && answer.under_way.is_empty(), "delivered is neither");
    }
    for name in &names {
        assert_eq!(stage.state(name).await, State::ConsentWithdrawn);
    }
    for (ledger, state) in
        [(stage.world.te.ledger(), "LUPA_PERUTTU"), (stage.world.walmu.ledger(), "lupa_peruttu")]
    {
        let told = eventually(PATIENCE, || async move { ledger.notices().first().cloned() }).await.unwrap();
        assert_eq!(told.field("tila"), Some(state));
        assert_eq!(ledger.notices().len(), 1);
    }
    // Who received it sees that there was a matter, its end, and nothing of its content.
    let seen = get(&stage.kela(), &names[2]).await.unwrap();
    assert_eq!(seen.state(), State::ConsentWithdrawn);
    assert!(seen.content.is_none_or(|content| content == Default::default()));
    let request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    assert_refused(
        ohjaamo.clone().referral.send_referral(request).await,
        Code::PermissionDenied,
        "NOT_PERMITTED",
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_named() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let consent =
        record(&ohjaamo, &youth, terms(OHJAAMO, TE, purpose_of(TE), &BASIC)).await.unwrap().consent.unwrap();
    stage.world.te.faults().set(Fault::Slow(std::time::Duration::from_millis(1500)));
    let request = referral_to(TE, &youth, purpose_of(TE), full_content());
    let name =
        ohjaamo.clone().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap().name;
    let ledger = stage.world.te.ledger();
    assert!(eventually(PATIENCE, || async move { ledger.referrals().first().cloned() }).await.is_some());
    let answer = withdraw(&ohjaamo, &consent, "").await.unwrap();
    assert_eq!((answer.stopped, answer.under_way), (Vec::<String>::new(), vec![name.clone()]));
    assert_eq!(stage.state(&name).await, State::ConsentWithdrawn);
    let told = eventually(PATIENCE, || async move { ledger.notices().first().cloned() }).await.unwrap();
    assert_eq!((told.referral_id.as_str(), told.field("tila")), (id_of(&name), Some("LUPA_PERUTTU")));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_lapsed_before_is_not_stopped_by_another_change() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let hour = jiff::SignedDuration::from_hours(1);
    let short = ConsentTerms {
        valid_until: Some(wire(stage.now() + hour)),
        ..terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC)
    };
    record(&ohjaamo, &youth, short).await.unwrap();
    let name = stage.refer(&youth, KELA).await;
    stage.advance(hour);
    let banned = ProhibitionTerms { recipients: vec![PAJA.into()], ..ProhibitionTerms::default() };
    let answer = prohibit(&stage.subject(&youth), &youth, banned).await.unwrap();
    assert!(answer.stopped.is_empty());
    assert_eq!(stage.state(&name).await, State::Requested, "its consent had ended by itself");
    stage.close().await;
}

/// Rule P6: what a minor who is able to decide has given is the minor's. A guardian's word in its place, whoever brings
/// it, would close what the minor has opened.
#[tokio::test(flavor = "multi_thread")]
async fn a_guardians_word_stops_nothing_that_an_able_minor_has_given() {
    let usual = "id = \"kela\"\nsector = \"benefits\"\nstanding = \"authority\"\n";
    let needs = format!("{usual}requires = [\"health_capacity\"]\n");
    let stage = Stage::with(&WorldSettings::default(), |text| {
        assert!(text.contains(usual));
        text.replace(usual, &needs)
    })
    .await;
    let youth = able_minor(&stage).await;
    let ohjaamo = stage.ohjaamo();
    let covered = [Data::IdentityContact, Data::HealthCapacity, Data::ServiceNeeds];
    let agreed = || terms(OHJAAMO, KELA, purpose_of(KELA), &covered);
    let consent = record(&ohjaamo, &youth, agreed()).await.unwrap().consent.unwrap();
    let name = stage.refer(&youth, KELA).await;
    let until = consent.terms.as_ref().unwrap().valid_until;
    let own = renew_as(&ohjaamo, &consent, until, evidence()).await.unwrap().consent.unwrap();
    let guardians = given_by(GivenBy::Guardian);
    for attempt in [
        renew_as(&ohjaamo, &own, until, guardians.clone()).await,
        replace_with(&ohjaamo, &own.name, agreed(), guardians).await,
    ] {
        let status = assert_refused(attempt, Code::InvalidArgument, "OWN_DECISION_GOVERNS");
        assert_eq!(fields_of(&status), ["evidence.given_by"]);
    }
    let read = super::changes::get(&ohjaamo, &own.name).await.unwrap();
    assert_eq!((read.etag, read.evidence), (own.etag, own.evidence), "nothing half recorded");
    assert_eq!(get(&ohjaamo, &name).await.unwrap().state(), State::Requested);
    let ask = Ask { youth: &youth, from: OHJAAMO, to: KELA, purpose: purpose_of(KELA), categories: &covered };
    assert_eq!(ask.permitted(&ohjaamo).await, covered);
    stage.close().await;
}
