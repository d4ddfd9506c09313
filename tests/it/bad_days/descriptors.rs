//! What if the gateway may open no more files?

use std::time::Duration;

use polku_proto::v1::{DeliveryState, GetReferralRequest};
use polku_tests::world::{GatewayProcess, PEOPLE, TE, eventually, full_content, referral_to};
use tokio::net::TcpStream;

use super::{Machine, PURPOSE, consenting, record};

#[tokio::test(flavor = "multi_thread")]
async fn without_descriptors_who_is_connected_is_served_and_others_wait() {
    let mut machine = Machine::make();
    let config = machine.world.config_file();
    let gateway = GatewayProcess::start_within("ulimit -n 64", &config, &machine.log()).await.unwrap();
    let client = machine.client(&gateway);
    machine.works(&client).await;
    let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
    let mut crowd = Vec::new();
    for _ in 0..200 {
        crowd.push(TcpStream::connect(gateway.bound.grpc).await.unwrap());
    }
    let log = machine.log();
    let full = || async {
        let said = std::fs::read_to_string(&log).unwrap();
        said.contains("a connection cannot be accepted").then_some(())
    };
    eventually(Duration::from_secs(10), full).await.expect("there are descriptors left");
    // What is acknowledged is done; the agency cannot be reached now.
    machine.acknowledged.push(record(&client, &consenting(&youth)).await.unwrap().name);
    let sent = client.clone().referral.send_referral(referral_to(TE, &youth, PURPOSE, full_content())).await;
    let name = sent.unwrap().into_inner().referral.unwrap().name;
    drop(crowd);
    let delivered = eventually(Duration::from_secs(30), || async {
        let referral = client.clone().referral.get_referral(GetReferralRequest { name: name.clone() }).await;
        (referral.ok()?.into_inner().delivery_state() == DeliveryState::Delivered).then_some(())
    });
    delivered.await.expect("it is not delivered");
    assert!(machine.world.te.ledger().all_effects().values().all(|count| *count == 1));
    let other = machine.client(&gateway);
    machine.works(&other).await;
    machine.holds_all(gateway).await;
}
