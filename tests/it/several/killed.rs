//! A gateway is killed in the middle of its work: do the others finish it when its lease ends?

use std::time::{Duration, Instant};

use polku_proto::v1::DeliveryState;
use polku_tests::postgres::Cluster;
use polku_tests::simulators::Fault;
use polku_tests::world::{PATIENCE, PEOPLE, eventually};

use super::{LEASE, Scene, agency, consented, identified, sent, state};

/// How many referrals are sent to the gateway that is killed.
const EACH: usize = 3;
const PERSONS: usize = 8;
/// Within how many leases the others take over: machines are slow, and whoever waits for a lease looks once in it.
const LEASES: u128 = 8;

/// What was leased at a moment, by the clock of the database.
struct Leases {
    /// Message and fence.
    held: Vec<String>,
    /// When the last one ends, in milliseconds.
    last: i64,
}

impl Leases {
    fn now(scene: &Scene) -> Leases {
        let held = "SELECT message || ' ' || fence || ' ' || leased_until FROM delivery WHERE leased_until IS NOT NULL";
        let rows = sql(scene, held);
        let last = rows.lines().map(|row| row.rsplit_once(' ').unwrap().1.parse().unwrap()).max();
        let held = rows.lines().map(|row| row.rsplit_once(' ').unwrap().0.to_owned()).collect();
        Leases { held, last: last.unwrap_or_default() }
    }

    /// Nobody holds any of them any more within a few leases after the last one has ended: others have taken them over, or
    /// have done what there was to do.
    async fn are_taken_over(&self, scene: &Scene) {
        assert!(!self.held.is_empty(), "nothing was under way at the kill");
        let gone = eventually(PATIENCE, || async {
            let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
            let now: i64 = sql(scene, now).parse().unwrap();
            let held = "SELECT message || ' ' || fence FROM delivery WHERE leased_until IS NOT NULL";
            let held = sql(scene, held);
            (!held.lines().any(|held| self.held.iter().any(|other| other == held))).then_some(now)
        });
        let gone = gone.await.expect("what the dead one had leased stays leased");
        let late = gone - self.last;
        let most = i64::try_from(LEASES.saturating_mul(LEASE.as_millis())).unwrap();
        assert!(late < most, "taken over {late} ms after the last lease had ended");
        println!("{} leases, taken over {late} ms after the last one had ended", self.held.len());
    }
}

fn sql(scene: &Scene, statement: &str) -> String {
    Cluster::shared().unwrap().sql(scene.world.database().unwrap(), statement).unwrap()
}

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
    let left = Leases::now(&scene);
    // Else what it waits for is that the agency is left alone.
    scene.world.walmu.faults().clear().unwrap();
    left.are_taken_over(&scene).await;
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
