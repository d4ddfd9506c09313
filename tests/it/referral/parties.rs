//! Who may know of a referral, when, and how much of it?

use polku_proto::v1::{DeliveryState, ReferralState as State};
use polku_tests::simulators::Fault;
use polku_tests::world::{
    Client, KELA, PAJA, PEOPLE, TE, eventually, full_content, professional, referral_to, request_id,
};
use tonic::{Code, Status};

use super::steps::{STEPS, Step, take};
use crate::stage::{PATIENCE, Stage, assert_refused, assert_same_refusal, get, purpose_of};

/// A name that nobody has, of the same form and about the same person.
fn unknown_like(name: &str) -> String {
    let (youth, _) = name.split_once("/referrals/").unwrap();
    format!("{youth}/referrals/{}", uuid::Uuid::now_v7())
}

async fn not_found(client: &Client, name: &str, steps: &[Step]) -> Vec<Status> {
    let mut refusals = vec![assert_refused(get(client, name).await, Code::NotFound, "NOT_FOUND")];
    for step in steps {
        refusals.push(assert_refused(take(client, *step, name).await, Code::NotFound, "NOT_FOUND"));
    }
    refusals
}

/// Asserts that to this professional the referral is like one that does not exist.
async fn assert_does_not_exist(client: &Client, name: &str) {
    assert_does_not_exist_for(client, name, &STEPS).await;
}

/// The same of who may take these steps.
async fn assert_does_not_exist_for(client: &Client, name: &str, steps: &[Step]) {
    let real = not_found(client, name, steps).await;
    let nobody = format!("youths/{}/referrals/{}", uuid::Uuid::now_v7(), uuid::Uuid::now_v7());
    for made_up in [unknown_like(name), nobody] {
        for (one, other) in real.iter().zip(not_found(client, &made_up, steps).await) {
            assert_same_refusal(one, &other);
        }
    }
}

/// domain.md 5: "GDPR-tietoturvavaatimukset täyttävä … nuorten antamalla luvalla".
#[tokio::test(flavor = "multi_thread")]
async fn the_recipient_sees_what_is_permitted_and_nothing_else() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, KELA).await;
    let seen = get(&stage.kela(), &name).await.unwrap();
    let all = full_content();
    let content = seen.content.unwrap();
    let mut expected = polku_proto::v1::ReferralContent {
        identity_code: PEOPLE[0].into(),
        given_names: all.given_names,
        family_name: all.family_name,
        contact_language: all.contact_language,
        reason: all.reason,
        service_needs: all.service_needs,
        education_work: all.education_work,
        correspondence_address: all.correspondence_address,
        ..Default::default()
    };
    assert!(content == expected, "more or less than the consent covers");
    // The young person sees everything but the code, which the gateway keeps for recipients.
    expected = full_content();
    assert!(get(&stage.subject(&youth), &name).await.unwrap().content == Some(expected));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_third_agencies_it_does_not_exist() {
    let stage = Stage::open().await;
    let (youth, other) = (stage.youth(PEOPLE[0]).await, stage.youth(PEOPLE[1]).await);
    let name = stage.refer(&youth, KELA).await;
    assert_does_not_exist(&stage.te(), &name).await;
    for client in [stage.subject(&other), stage.guardian(&other)] {
        assert_does_not_exist_for(&client, &name, &[Step::Cancel]).await;
    }
    // Nor under another person's id.
    let (_, id) = name.split_once("/referrals/").unwrap();
    assert_does_not_exist(&stage.ohjaamo(), &format!("{other}/referrals/{id}")).await;
    assert_eq!(stage.state(&name).await, State::Requested);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_known_before_it_has_arrived() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    stage.world.te.faults().set(Fault::Dead);
    let request = referral_to(TE, &youth, purpose_of(TE), full_content());
    let sent = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap();
    assert_ne!(sent.delivery_state(), DeliveryState::Delivered);
    assert_does_not_exist(&stage.te(), &sent.name).await;

    stage.world.te.faults().clear().unwrap();
    let te = stage.te();
    let (te, name) = (&te, sent.name.as_str());
    let seen = eventually(PATIENCE, || async move { get(te, name).await.ok() }).await.unwrap();
    assert_eq!(seen.delivery_state(), DeliveryState::Delivered);
    assert_eq!(seen.content.unwrap().identity_code, PEOPLE[0]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_arrived_stays_unknown() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    stage.world.te.faults().set(Fault::Dead);
    let request = referral_to(TE, &youth, purpose_of(TE), full_content());
    let sent = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap();
    let cancelled = take(&stage.ohjaamo(), Step::Cancel, &sent.name).await.unwrap();
    assert_eq!(cancelled.state(), State::Cancelled);
    stage.world.te.faults().clear().unwrap();
    let (ohjaamo, name) = (stage.ohjaamo(), sent.name.as_str());
    let ohjaamo = &ohjaamo;
    let stopped = async || get(ohjaamo, name).await.unwrap().delivery_state() == DeliveryState::Stopped;
    assert!(stopped().await || stage.world.te.ledger().referrals().is_empty());
    // A later referral arrives; the cancelled one does not come after all.
    stage.refer(&youth, TE).await;
    assert_eq!(stage.world.te.ledger().referrals().len(), 1);
    assert_does_not_exist(&stage.te(), name).await;
    stage.close().await;
}

/// domain.md 5: "vertaisohjauksen … työnhakutuutori".
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_worker_sees_no_data() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, KELA).await;
    let mut peer =
        stage.caller(&stage.world.identities.ohjaamo, &professional("vertainen-1", "keskusta", "peer"));
    assert_refused(get(&peer, &name).await, Code::NotFound, "NOT_FOUND");
    let request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    assert_refused(peer.referral.send_referral(request).await, Code::PermissionDenied, "NOT_PERMITTED");
    stage.close().await;
}

/// domain.md 5: "Määrittelevät yhteisen toiminnan puitteet", "ei kirjallisia sopimuksia".
#[tokio::test(flavor = "multi_thread")]
async fn no_agreement_means_no_disclosure() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    // kela has an agreement with ohjaamo only, whatever the young person consents to.
    let mut kela = stage.kela();
    let basic = crate::stage::BASIC;
    for recipient in [TE, PAJA] {
        kela.record_consent(&youth, KELA, recipient, purpose_of(recipient), &basic).await.unwrap();
        let mut request = referral_to(recipient, &youth, purpose_of(recipient), full_content());
        request.request_id = request_id();
        assert_refused(kela.referral.send_referral(request).await, Code::PermissionDenied, "NOT_PERMITTED");
    }
    stage.close().await;
}
