//! Do leases and pauses hold among gateways whose clocks differ?

use std::time::Duration;

use polku_proto::v1::DeliveryState;
use polku_tests::simulators::{Fault, Operation, Repetition};
use polku_tests::world::{PATIENCE, PEOPLE, TE, WorldSettings, eventually};

use super::{Scene, consented, identified, sent, state};
use crate::stage::FakeClock;

/// How many referrals there are on their way while the clocks differ.
const REFERRALS: usize = 6;

async fn delivered(scene: &Scene, name: &str) {
    let ended = eventually(PATIENCE, || async {
        let state = state(&scene.clients[0], name).await?;
        let waits = [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying];
        (!waits.contains(&state)).then_some(state)
    });
    assert_eq!(ended.await, Some(DeliveryState::Delivered), "{name}");
    assert_eq!(scene.effects(TE, name), 1, "{name}");
}

/// To a gateway whose clock is ahead, each lease of the other one has run out: what was taken over from it in the middle of
/// a sending would be in doubt, as the agency cannot tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_ten_minutes_ahead_takes_nothing_from_the_other() {
    let settings = WorldSettings {
        te_repetition: Repetition::Neither,
        lease_seconds: 20,
        attempt_seconds: 15,
        answer_ms: 10_000,
        ..super::settings()
    };
    let mut scene = Scene::with(&settings, 1).await;
    let clock = FakeClock::in_file(&scene.folder.path().join("clock"));
    clock.set("+10m");
    let ahead = scene.start_with(1, clock.environment()).await;
    scene.clients.push(scene.client(&ahead));
    scene.gateways.push(ahead);
    scene.world.te.faults().set(Fault::Slow(Duration::from_millis(400)));
    let mut names = Vec::new();
    for (number, hetu) in PEOPLE.iter().take(REFERRALS).enumerate() {
        let youth = identified(&scene.clients[0], hetu).await;
        consented(&scene.clients[0], &youth, TE).await;
        // What the one ahead has queued is due for both.
        names.push(sent(&scene.clients[number % 2], TE, &youth).await.referral.unwrap().name);
    }
    for name in &names {
        delivered(&scene, name).await;
    }
    let requests = scene.world.te.ledger().received();
    let sendings = requests.iter().filter(|request| request.operation == Operation::Deliver).count();
    assert_eq!(sendings, REFERRALS, "something was sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_tried_again_by_a_gateway_whose_clock_was_set_back() {
    let settings = WorldSettings { retry_seconds: vec![1], ..super::settings() };
    let mut scene = Scene::with(&settings, 0).await;
    let clock = FakeClock::in_file(&scene.folder.path().join("clock"));
    let gateway = scene.start_with(0, clock.environment()).await;
    scene.clients.push(scene.client(&gateway));
    scene.gateways.push(gateway);
    let youth = identified(&scene.clients[0], PEOPLE[0]).await;
    consented(&scene.clients[0], &youth, TE).await;
    scene.world.te.faults().set(Fault::Dead);
    let name = sent(&scene.clients[0], TE, &youth).await.referral.unwrap().name;
    let tried = eventually(PATIENCE, || async {
        (state(&scene.clients[0], &name).await? == DeliveryState::Retrying).then_some(())
    });
    tried.await.expect("it is not tried");
    clock.set("-2d");
    scene.world.te.faults().clear().unwrap();
    delivered(&scene, &name).await;
}
