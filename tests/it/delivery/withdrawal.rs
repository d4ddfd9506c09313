//! What does a withdrawn consent stop, and what does the agency hear of it?

use std::time::Duration;

use polku_proto::v1::{DeliveryState, ReferralState};
use polku_tests::simulators::{Fault, Operation};
use polku_tests::world::{Database, PAJA, PEOPLE, TE, WorldSettings};

use super::scene::Scene;

const WITHDRAWN: [Option<&str>; 2] = [Some("LUPA_PERUTTU"), Some("lupa_peruttu")];

/// Whichever agency it is, the one piece of news about the referral is that the permission is gone.
async fn one_withdrawal_notice(scene: &Scene, agency: &str, name: &str) {
    scene.until("the withdrawal notice", |scene| !scene.notices(agency, name).is_empty()).await;
    let [notice] = &scene.notices(agency, name)[..] else { panic!("{agency}: more than one notice") };
    assert!(WITHDRAWN.contains(&notice.field("laji")), "{:?}", notice.field("laji"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_stopped_and_never_sent() {
    what_waits_is_never_sent(Database::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_on_a_database_server_is_stopped_and_never_sent() {
    what_waits_is_never_sent(Database::Server).await;
}

async fn what_waits_is_never_sent(database: Database) {
    for agency in [TE, PAJA] {
        let settings = WorldSettings {
            database,
            answer_ms: 20_000,
            attempt_seconds: 21,
            lease_seconds: 22,
            ..WorldSettings::default()
        };
        let mut scene = Scene::open(&settings).await;
        let (other, _) = scene.consenting(PEOPLE[1], agency).await;
        let (youth, consent) = scene.consenting(PEOPLE[2], agency).await;
        scene.faults(agency).set_on(Operation::Deliver, Fault::Slow(Duration::from_secs(6)));
        for _ in 0..16 {
            scene.send(&other, agency).await;
        }
        let hanging = |scene: &Scene| scene.ledger(agency).referrals().len() >= 16;
        scene.until("all places taken", hanging).await;
        let queued = scene.send(&youth, agency).await.name;
        let change = scene.withdraw(&consent).await;
        assert_eq!((change.stopped, change.under_way), (vec![queued.clone()], vec![]));
        scene.faults(agency).clear().unwrap();
        let seen = scene.get(&queued).await;
        assert_eq!(
            (seen.state(), seen.delivery_state()),
            (ReferralState::ConsentWithdrawn, DeliveryState::Stopped)
        );
        assert_eq!(scene.deliver(&other, agency).await.delivery_state(), DeliveryState::Delivered);
        assert_eq!((scene.effects(agency, &queued), scene.notices(agency, &queued).len()), (0, 0));
        let remains = scene.end().await;
        let [row] = &remains.deliveries(&queued).await[..] else { panic!("nothing more about it") };
        assert_eq!((row.state, row.attempts), (DeliveryState::Stopped, 0));
        remains.check_intents();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_repeated_is_stopped_and_never_sent() {
    for agency in [TE, PAJA] {
        let mut scene = Scene::open(&WorldSettings::default()).await;
        let (youth, consent) = scene.consenting(PEOPLE[0], agency).await;
        scene.faults(agency).set(Fault::Dead);
        let retrying = scene.send(&youth, agency).await.name;
        scene.until_delivery(&retrying, DeliveryState::Retrying).await;
        // The consent may go while an attempt knocks at a closed door: that attempt had begun.
        let change = scene.withdraw(&consent).await;
        let listed = [change.stopped, change.under_way].concat();
        assert_eq!(listed, std::slice::from_ref(&retrying));
        scene.faults(agency).clear().unwrap();
        scene.until_delivery(&retrying, DeliveryState::Stopped).await;
        let (other, _) = scene.consenting(PEOPLE[1], agency).await;
        assert_eq!(scene.deliver(&other, agency).await.delivery_state(), DeliveryState::Delivered);
        assert_eq!((scene.effects(agency, &retrying), scene.notices(agency, &retrying).len()), (0, 0));
        scene.end().await.check_intents();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_said_and_the_agency_is_told_once() {
    for agency in [TE, PAJA] {
        let mut scene = Scene::open(&WorldSettings::default()).await;
        let (youth, consent) = scene.consenting(PEOPLE[0], agency).await;
        scene.faults(agency).once_on(Operation::Deliver, Fault::Slow(Duration::from_secs(3)));
        let sent = scene.send(&youth, agency).await.name;
        scene.until("the effect", |scene| scene.effects(agency, &sent) == 1).await;
        let change = scene.withdraw(&consent).await;
        assert_eq!((change.stopped, change.under_way), (vec![], vec![sent.clone()]));
        one_withdrawal_notice(&scene, agency, &sent).await;
        let seen = scene.get(&sent).await;
        assert_eq!(seen.delivery_state(), DeliveryState::Delivered);
        assert_eq!(seen.state(), ReferralState::ConsentWithdrawn);
        let remains = scene.end().await;
        assert_eq!(remains.deliveries(&sent).await.len(), 2);
        remains.check_intents();
    }
}

/// The workshop is still at work on what it has not answered. When it is asked what it has, it has had its time.
#[tokio::test(flavor = "multi_thread")]
async fn what_takes_effect_late_is_not_called_stopped() {
    let settings = WorldSettings {
        retry_seconds: vec![0],
        answer_ms: 500,
        attempt_seconds: 2,
        settle_seconds: 6,
        lease_seconds: 8,
        ..WorldSettings::default()
    };
    let mut scene = Scene::open(&settings).await;
    let (youth, consent) = scene.consenting(PEOPLE[0], PAJA).await;
    scene.faults(PAJA).set_on(Operation::Deliver, Fault::LateEffect(Duration::from_millis(1_500)));
    let late = scene.send(&youth, PAJA).await.name;
    scene.until_delivery(&late, DeliveryState::Sending).await;
    let change = scene.withdraw(&consent).await;
    assert_eq!((change.stopped, change.under_way), (vec![], vec![late.clone()]));
    scene.faults(PAJA).clear().unwrap();
    one_withdrawal_notice(&scene, PAJA, &late).await;
    assert_eq!(scene.get(&late).await.delivery_state(), DeliveryState::Delivered);
    assert_eq!(scene.effects(PAJA, &late), 1);
    scene.end().await.check_intents();
}

/// The agency has the referral, every answer of it is lost, and the consent is withdrawn before anybody knows.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_not_called_stopped() {
    for agency in [TE, PAJA] {
        let mut scene = Scene::open(&WorldSettings::default()).await;
        let (youth, consent) = scene.consenting(PEOPLE[0], agency).await;
        scene.faults(agency).set_on(Operation::Deliver, Fault::FailAfterEffect(502));
        scene.faults(agency).set_on(Operation::Status, Fault::Status { code: 502, retry_after: None });
        let arrived = scene.send(&youth, agency).await.name;
        scene.until_delivery(&arrived, DeliveryState::Sending).await;
        let change = scene.withdraw(&consent).await;
        assert_eq!((change.stopped, change.under_way), (vec![], vec![arrived.clone()]), "{agency}");
        let sent = scene.requests(agency, Operation::Deliver);
        scene.faults(agency).clear().unwrap();
        one_withdrawal_notice(&scene, agency, &arrived).await;
        assert_eq!(scene.get(&arrived).await.delivery_state(), DeliveryState::Delivered);
        // An attempt may have been leaving at the very moment; after that there is none.
        assert!(scene.requests(agency, Operation::Deliver) <= sent + 1);
        assert_eq!(scene.effects(agency, &arrived), 1);

        // The same, but the referral was lost on the way: found out, and nobody is told of what they never had.
        let (youth, consent) = scene.consenting(PEOPLE[1], agency).await;
        scene.faults(agency).set_on(Operation::Deliver, Fault::ResetBeforeEffect);
        scene.faults(agency).set_on(Operation::Status, Fault::Status { code: 502, retry_after: None });
        let lost = scene.send(&youth, agency).await.name;
        scene.until_delivery(&lost, DeliveryState::Sending).await;
        let asked = scene.requests(agency, Operation::Status);
        let change = scene.withdraw(&consent).await;
        assert_eq!((change.stopped, change.under_way), (vec![], vec![lost.clone()]), "{agency}");
        // An attempt may have been leaving at the very moment. The second question after that is behind it.
        scene.until("questions", |scene| scene.requests(agency, Operation::Status) >= asked + 2).await;
        scene.faults(agency).clear().unwrap();
        scene.until_delivery(&lost, DeliveryState::Stopped).await;
        assert_eq!((scene.effects(agency, &lost), scene.notices(agency, &lost).len()), (0, 0));
        scene.end().await.check_intents();
    }
}
