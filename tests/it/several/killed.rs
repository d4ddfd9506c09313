//! A gateway is killed in the middle of its work: do the others finish it when its lease ends?

use std::time::{Duration, Instant};

use polku_proto::v1::DeliveryState;
use polku_tests::simulators::Fault;
use polku_tests::world::{PATIENCE, PEOPLE, eventually};

use super::{Scene, agency, consented, identified, sent, state};

/// How many referrals are sent to the gateway that is killed.
const EACH: usize = 3;
const PERSONS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_a_killed_gateway_is_taken_over_when_its_lease_ends() {
    let mut scene = Scene::open().await;
    let sender = scene.clients[0].clone();
    let mut youths = Vec::new();
    for (number, hetu) in PEOPLE.iter().take(PERSONS).enumerate() {
        let youth = identified(&sender, hetu).await;
        let agency = agency(number);
        consented(&sender, &youth, agency).await;
        youths.push((youth, agency));
    }
    // One so slow that the gateway dies with answers on their way, and the other not there before it is dead.
    scene.world.te.faults().set(Fault::Slow(Duration::from_millis(300)));
    scene.world.walmu.faults().set(Fault::Dead);
    let mut names = Vec::new();
    for _ in 0..EACH {
        for (youth, agency) in &youths {
            names.push((*agency, sent(&sender, agency, youth).await.referral.unwrap().name));
        }
    }
    scene.gateways.remove(0).kill().await.unwrap();
    let killed = Instant::now();
    scene.world.walmu.faults().clear().unwrap();
    for (agency, name) in &names {
        let delivered = eventually(PATIENCE, || async {
            let delivered = state(&scene.clients[1], name).await? == DeliveryState::Delivered;
            (delivered && scene.effects(agency, name) == 1).then_some(())
        });
        delivered.await.unwrap_or_else(|| panic!("{name} is not delivered once"));
    }
    println!("{} referrals, all delivered {} ms after the kill", names.len(), killed.elapsed().as_millis());
    // It comes back while the others work.
    let gateway = scene.start(0).await;
    let client = scene.client(&gateway);
    let (youth, agency) = &youths[0];
    let name = sent(&client, agency, youth).await.referral.unwrap().name;
    let delivered = eventually(PATIENCE, || async {
        (state(&scene.clients[1], &name).await? == DeliveryState::Delivered).then_some(())
    });
    delivered.await.expect("it is not delivered");
}
