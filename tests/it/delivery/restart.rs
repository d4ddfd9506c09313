//! What goes on after the gateway has been stopped and started again?

use polku_proto::v1::{DeliveryState, ReferralEvent, WatchReferralsRequest};
use polku_tests::simulators::{Fault, Operation};
use polku_tests::world::{Database, PAJA, PEOPLE, TE, WorldSettings};
use tokio::time::timeout;

use super::scene::Scene;
use crate::stage::PATIENCE;

/// What identifies an event to a reader who does not know its token.
type Seen = (i32, String, (i64, i32));

fn seen(event: &ReferralEvent) -> Seen {
    let time = event.time.as_ref().unwrap();
    (event.kind, event.referral.as_ref().unwrap().name.clone(), (time.seconds, time.nanos))
}

/// Watches from behind the token until `count` events have come.
async fn watch(scene: &Scene, token: &str, count: usize) -> Vec<ReferralEvent> {
    let request = WatchReferralsRequest { resume_token: token.to_owned() };
    let mut stream = scene.ohjaamo.referral.clone().watch_referrals(request).await.unwrap().into_inner();
    let mut events = Vec::new();
    while events.len() < count {
        events.push(timeout(PATIENCE, stream.message()).await.unwrap().unwrap().unwrap());
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_referrals_go_out_and_watchers_go_on() {
    referrals_go_out_and_watchers_go_on(Database::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn referrals_queued_on_a_database_server_go_out_and_watchers_go_on() {
    referrals_go_out_and_watchers_go_on(Database::Server).await;
}

async fn referrals_go_out_and_watchers_go_on(database: Database) {
    let settings = WorldSettings { retry_seconds: vec![0], database, ..WorldSettings::default() };
    let mut scene = Scene::open(&settings).await;
    let watch_all = scene.ohjaamo.referral.clone().watch_referrals(WatchReferralsRequest::default()).await;
    let mut first_watch = watch_all.unwrap().into_inner();
    for agency in [TE, PAJA] {
        scene.faults(agency).set(Fault::Dead);
    }
    let mut names = Vec::new();
    for (number, hetu) in PEOPLE.iter().take(8).enumerate() {
        let agency = if number % 2 == 0 { TE } else { PAJA };
        let (youth, _) = scene.consenting(hetu, agency).await;
        names.push((agency, scene.send(&youth, agency).await.name));
    }
    let first = timeout(PATIENCE, first_watch.message()).await.unwrap().unwrap().unwrap();
    assert_eq!(first.referral.as_ref().unwrap().name, names[0].1);
    let second = timeout(PATIENCE, first_watch.message()).await.unwrap().unwrap().unwrap();
    drop(first_watch);

    let scene = scene
        .restart(|world| {
            world.te.faults().clear().unwrap();
            world.walmu.faults().clear().unwrap();
        })
        .await;
    for (agency, name) in &names {
        scene.until_delivery(name, DeliveryState::Delivered).await;
        assert_eq!(scene.effects(agency, name), 1, "{name}");
    }
    // Everything behind the first event, in one piece and event by event with a new watch each time.
    let last = |events: &[ReferralEvent]| {
        let delivered = |name: &str| {
            let mine = events.iter().filter(|event| event.referral.as_ref().unwrap().name == name);
            mine.map(|event| event.time.as_ref().map(|time| (time.seconds, time.nanos))).max()
        };
        names.iter().all(|(_, name)| delivered(name).is_some())
    };
    let total = count_behind(&scene, &first.resume_token).await;
    let whole = watch(&scene, &first.resume_token, total).await;
    assert!(last(&whole), "every referral has its events");
    assert_eq!(
        seen(whole.first().unwrap()),
        seen(&second),
        "the first event behind the token is the second one"
    );
    let mut token = first.resume_token.clone();
    let mut pieces = Vec::new();
    for _ in 0..total {
        let [event] = &watch(&scene, &token, 1).await[..] else { panic!("one event") };
        token.clone_from(&event.resume_token);
        pieces.push(seen(event));
    }
    assert_eq!(pieces, whole.iter().map(seen).collect::<Vec<_>>());
    let created = whole.iter().filter(|event| event.kind == 1).count();
    assert_eq!(created, names.len() - 1, "each referral is created once");

    let marker = watch(&scene, &token, 2).await;
    token.clone_from(&marker.last().unwrap().resume_token);

    // A watch that begins behind the last one is told of what comes next and of nothing else.
    let mut scene = scene.restart(|_| {}).await;
    let (youth, _) = scene.consenting(PEOPLE[10], TE).await;
    let next = scene.deliver(&youth, TE).await.name;
    for event in watch(&scene, &token, 2).await {
        assert_eq!(event.referral.unwrap().name, next);
    }
    assert_eq!(scene.requests(TE, Operation::Deliver), 5, "nothing was sent twice");
    scene.end().await.check_intents();
}

/// How many events there are until nothing more comes: a new referral marks the end.
async fn count_behind(scene: &Scene, token: &str) -> usize {
    let request = WatchReferralsRequest { resume_token: token.to_owned() };
    let mut stream = scene.ohjaamo.referral.clone().watch_referrals(request).await.unwrap().into_inner();
    let mut marker = scene.ohjaamo.clone();
    let youth = marker.identify(PEOPLE[9]).await.unwrap();
    let consent = marker.record_consent(
        &youth,
        polku_tests::world::OHJAAMO,
        PAJA,
        super::scene::purpose(PAJA),
        &super::scene::BASIC,
    );
    consent.await.unwrap();
    let end = super::scene::send(&mut marker, super::scene::ordinary(&youth, PAJA)).await.name;
    scene.until_delivery(&end, DeliveryState::Delivered).await;
    let mut count = 0;
    loop {
        let event = timeout(PATIENCE, stream.message()).await.unwrap().unwrap().unwrap();
        if event.referral.unwrap().name == end {
            return count;
        }
        count += 1;
    }
}
