//! What becomes of a referral that does not reach its recipient, and who hears of it?

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polku_gateway::clock::{Clock, SystemClock};
use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{
    DataCategory, DeliveryState, RecordConsentRequest, ReferralState, WatchReferralsRequest,
};
use polku_tests::simulators::{Fault, Operation};
use polku_tests::world::{
    OHJAAMO, PAJA, PEOPLE, TE, World, WorldSettings, evidence, full_content, professional, referral_to,
    request_id, terms,
};
use tokio::time::timeout;

use super::scene::{BASIC, Scene, purpose, send};
use crate::stage::{PATIENCE, id_of};

/// The host's clock, some days on.
#[derive(Debug)]
struct DaysLater(i64);

impl Clock for DaysLater {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_hours(24 * self.0)
    }
}

/// An operator leaves the employment services' system out of the configuration; answers what was there before.
fn leave_te_out(world: &World) -> String {
    let before = std::fs::read_to_string(world.config_file()).unwrap();
    let (head, rest) = before.split_once("adapter = \"te\"\n").unwrap();
    let (_, tail) = rest.split_once("\n\n").unwrap();
    std::fs::write(world.config_file(), format!("{head}\n{tail}")).unwrap();
    before
}

/// One referral that the office certainly has not got, and one that it has got without anybody knowing.
async fn two_open_referrals(scene: &mut Scene) -> (String, String) {
    let (youth, _) = scene.consenting(PEOPLE[0], TE).await;
    scene.faults(TE).set_on(Operation::Deliver, Fault::FailAfterEffect(502));
    scene.faults(TE).set_on(Operation::Status, Fault::Status { code: 502, retry_after: None });
    let unknown = scene.send(&youth, TE).await.name;
    scene.until("the effect", |scene| scene.effects(TE, &unknown) == 1).await;
    scene.until_delivery(&unknown, DeliveryState::Sending).await;
    scene.faults(TE).set(Fault::Dead);
    let (youth, _) = scene.consenting(PEOPLE[1], TE).await;
    let waiting = scene.send(&youth, TE).await.name;
    scene.until_delivery(&waiting, DeliveryState::Retrying).await;
    (waiting, unknown)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_whose_system_is_left_out_is_waited_for() {
    let mut scene = Scene::open(&WorldSettings::default()).await;
    let (waiting, unknown) = two_open_referrals(&mut scene).await;
    let mut before = String::new();
    let mut scene = scene.restart(|world| before = leave_te_out(world)).await;
    // The queue has been gone through when others have got theirs.
    let (youth, _) = scene.consenting(PEOPLE[2], PAJA).await;
    for _ in 0..3 {
        assert_eq!(scene.deliver(&youth, PAJA).await.delivery_state(), DeliveryState::Delivered);
    }
    assert_eq!(scene.get(&waiting).await.delivery_state(), DeliveryState::Retrying);
    assert_eq!(scene.get(&unknown).await.delivery_state(), DeliveryState::Sending);
    let scene = scene
        .restart(|world| {
            std::fs::write(world.config_file(), &before).unwrap();
            world.te.faults().clear().unwrap();
        })
        .await;
    for name in [&waiting, &unknown] {
        scene.until_delivery(name, DeliveryState::Delivered).await;
        assert_eq!(scene.effects(TE, name), 1);
    }
    scene.end().await.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_whose_system_stays_away_has_refused_nothing() {
    let mut scene = Scene::open(&WorldSettings::default()).await;
    let (waiting, unknown) = two_open_referrals(&mut scene).await;
    let later = scene.restart_at(Arc::new(DaysLater(4)), |world| drop(leave_te_out(world))).await;
    later.until_delivery(&waiting, DeliveryState::Expired).await;
    later.until_delivery(&unknown, DeliveryState::InDoubt).await;
    later.end().await.check_intents();
}

/// Nobody withdraws anything: the consent runs out while the referral waits for the office.
#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_ends_while_waiting_ends_the_matter_for_watchers_too() {
    let mut scene = Scene::open(&WorldSettings::default()).await;
    let youth = scene.ohjaamo.identify(PEOPLE[0]).await.unwrap();
    let mut short = terms(OHJAAMO, TE, purpose(TE), &BASIC);
    short.valid_until.as_mut().unwrap().seconds = SystemClock.now().as_second() + 24 * 3600;
    let request = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.clone(),
        terms: Some(short),
        evidence: Some(evidence()),
        ..RecordConsentRequest::default()
    };
    scene.ohjaamo.consent.record_consent(request).await.unwrap();
    let watch = scene.ohjaamo.referral.watch_referrals(WatchReferralsRequest::default()).await;
    let mut events = watch.unwrap().into_inner();
    scene.faults(TE).set(Fault::Dead);
    let name = scene.send(&youth, TE).await.name;
    scene.until_delivery(&name, DeliveryState::Retrying).await;
    let created = timeout(PATIENCE, events.message()).await.unwrap().unwrap().unwrap();
    assert_eq!(created.kind(), Kind::Created);
    drop(events);

    let scene = scene.restart_at(Arc::new(DaysLater(2)), |_| {}).await;
    let stopped = scene.until_delivery(&name, DeliveryState::Stopped).await;
    assert_eq!(stopped.state(), ReferralState::ConsentWithdrawn);
    let request = WatchReferralsRequest { resume_token: created.resume_token };
    let mut events = scene.ohjaamo.referral.clone().watch_referrals(request).await.unwrap().into_inner();
    let mut kinds = Vec::new();
    while !kinds.contains(&Kind::StateChanged) {
        let event = timeout(PATIENCE, events.message()).await.expect("watchers hear of the state").unwrap();
        kinds.push(event.unwrap().kind());
    }
    assert_eq!(
        timeout(PATIENCE, events.message()).await.unwrap().unwrap().unwrap().kind(),
        Kind::DeliveryChanged
    );
    drop(events);
    scene.end().await.check_intents();
}

/// The office refers to the workshop over gRPC, and takes no news yet.
async fn from_te_to_paja(scene: &Scene) -> String {
    scene.faults(TE).set_on(Operation::Notify, Fault::Status { code: 503, retry_after: Some(1) });
    let actor = professional("virkailija-7", "nuorten-palvelut", "official");
    let te = scene.world.client(scene.running.bound.grpc, &scene.world.identities.te).unwrap();
    let mut te = te.acting(&actor);
    let youth = te.identify(PEOPLE[0]).await.unwrap();
    let basic = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];
    te.record_consent(&youth, TE, PAJA, purpose(PAJA), &basic).await.unwrap();
    let name = send(&mut te, referral_to(PAJA, &youth, purpose(PAJA), full_content())).await.name;
    scene.ledger(TE).note_own_referral(id_of(&name));
    name
}

/// One piece of news: the referral is where it was, and the delivery has ended so.
async fn te_is_told(scene: &Scene, name: &str, end: &str) {
    scene.faults(TE).clear().unwrap();
    scene.until("the news at te", |scene| !scene.notices(TE, name).is_empty()).await;
    let [notice] = &scene.notices(TE, name)[..] else { panic!("{end}: one notice") };
    let told = [notice.field("laji"), notice.field("tila"), notice.field("toimitus")];
    assert_eq!(told, [Some("TILA_MUUTTUNUT"), Some("PYYDETTY"), Some(end)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_with_a_system_of_its_own_is_told_there_of_a_failed_delivery() {
    let scene = Scene::open(&WorldSettings::default()).await;
    scene.faults(PAJA).once_on(Operation::Deliver, Fault::BusinessFault("EI_PALVELUALUETTA".into()));
    let refused = from_te_to_paja(&scene).await;
    te_is_told(&scene, &refused, "HYLATTY").await;
    assert!(scene.notices(PAJA, &refused).is_empty());
    scene.end().await.check_intents();

    for (is_reachable, end) in [(false, "VANHENTUNUT"), (true, "EPASELVA")] {
        let scene = Scene::open(&WorldSettings::default()).await;
        if is_reachable {
            scene.faults(PAJA).set_on(Operation::Deliver, Fault::FailAfterEffect(502));
            scene.faults(PAJA).set_on(Operation::Status, Fault::Status { code: 502, retry_after: None });
        } else {
            scene.faults(PAJA).set(Fault::Dead);
        }
        let lost = from_te_to_paja(&scene).await;
        let tried = |scene: &Scene| !is_reachable || scene.effects(PAJA, &lost) == 1;
        scene.until("the effect", tried).await;
        let scene = scene.restart_at(Arc::new(DaysLater(4)), |_| {}).await;
        te_is_told(&scene, &lost, end).await;
        scene.end().await.check_intents();
    }
}
