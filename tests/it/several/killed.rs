//! A gateway is killed in the middle of its work: do the others finish it within its lease?

use std::time::{Duration, Instant};

use polku_proto::v1::DeliveryState;
use polku_tests::simulators::Fault;
use polku_tests::world::{OHJAAMO, PEOPLE, eventually};

use super::{CATEGORIES, LEASE, Scene, agency, purpose, referral, state};

/// How many referrals are sent to the gateway that is killed.
const EACH: usize = 3;
const PERSONS: usize = 8;

/// What the others need, beside the lease, to make every delivery on a machine that is busy.
const ROOM: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_a_killed_gateway_is_taken_over_within_its_lease() {
    let mut scene = Scene::open().await;
    let mut sender = scene.clients[0].clone();
    let mut youths = Vec::new();
    for (number, hetu) in PEOPLE.iter().take(PERSONS).enumerate() {
        let youth = sender.identify(hetu).await.unwrap();
        let agency = agency(number);
        sender.record_consent(&youth, OHJAAMO, agency, purpose(agency), &CATEGORIES).await.unwrap();
        youths.push((youth, agency));
    }
    // So slow that the gateway dies with many of them in its hands.
    for fault in [scene.world.te.faults(), scene.world.walmu.faults()] {
        fault.set(Fault::Slow(Duration::from_millis(300)));
    }
    let mut sent = Vec::new();
    for _ in 0..EACH {
        for (youth, agency) in &youths {
            let answer = sender.referral.send_referral(referral(agency, youth)).await.unwrap().into_inner();
            sent.push((*agency, answer.referral.unwrap().name));
        }
    }
    let done: usize = sent.iter().map(|(agency, name)| scene.effects(agency, name)).sum();
    assert!(done < sent.len(), "the gateway that is killed has nothing left to do");
    scene.gateways.remove(0).kill().await.unwrap();
    let killed = Instant::now();
    for (agency, name) in &sent {
        let delivered = eventually(LEASE + ROOM, || async {
            let delivered = state(&scene.clients[1], name).await? == DeliveryState::Delivered;
            (delivered && scene.effects(agency, name) == 1).then_some(())
        });
        delivered.await.unwrap_or_else(|| panic!("{name} is not delivered once"));
    }
    let taken = killed.elapsed();
    println!("{} referrals, all delivered {} ms after the kill", sent.len(), taken.as_millis());
    assert!(taken < LEASE + ROOM, "{taken:?}");
    // It comes back while the others work.
    let gateway = scene.start(0).await;
    let mut client = scene.client(&gateway);
    let (youth, agency) = &youths[0];
    let name = client.referral.send_referral(referral(agency, youth)).await.unwrap().into_inner();
    let name = name.referral.unwrap().name;
    let delivered = eventually(ROOM, || async {
        (state(&scene.clients[1], &name).await? == DeliveryState::Delivered).then_some(())
    });
    delivered.await.expect("it is not delivered");
}
