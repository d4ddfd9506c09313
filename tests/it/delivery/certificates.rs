//! Do other roots of the way to an agency come into force while the gateway runs?

use std::path::PathBuf;
use std::time::{Duration, Instant};

use polku_proto::v1::DeliveryState;
use polku_tests::pki::Pki;
use polku_tests::world::{PATIENCE, PEOPLE, TE, WorldSettings, eventually, full_content, referral_to};

use crate::stage::{Stage, get, purpose_of};

/// Sends a referral and waits for what becomes of its first attempt.
async fn tried(stage: &Stage, youth: &str) -> DeliveryState {
    let request = referral_to(TE, youth, purpose_of(TE), full_content());
    let sent = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner();
    let (client, name) = (stage.ohjaamo(), sent.referral.unwrap().name);
    let state = || async {
        let now = get(&client, &name).await.unwrap().delivery_state();
        [DeliveryState::Delivered, DeliveryState::Retrying].contains(&now).then_some(now)
    };
    eventually(PATIENCE, state).await.expect("nothing becomes of it")
}

/// Sends referrals until what becomes of one shows that the files have been read.
async fn until(stage: &Stage, youth: &str, state: DeliveryState) {
    let begun = Instant::now();
    while tried(stage, youth).await != state {
        assert!(begun.elapsed() < PATIENCE, "{state:?} is not reached");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_of_a_connection_are_read_anew() {
    let mut roots = PathBuf::new();
    // What fails is tried again after an hour, and nothing is left alone.
    let settings =
        WorldSettings { retry_seconds: vec![3600], breaker_failures: 1_000, ..WorldSettings::default() };
    let stage = Stage::with(&settings, |text| {
        let own = text.split('"').find(|part| part.ends_with("/ca.crt.pem")).unwrap().to_owned();
        roots = PathBuf::from(own.replace("ca.crt.pem", "roots.pem"));
        std::fs::copy(&own, &roots).unwrap();
        text.replace(&own, roots.to_str().unwrap())
    })
    .await;
    let youth = stage.youth(PEOPLE[4]).await;
    assert_eq!(tried(&stage, &youth).await, DeliveryState::Delivered);

    // What cannot be used changes nothing, when it has been looked at twice.
    let good = std::fs::read(&roots).unwrap();
    std::fs::write(&roots, "no PEM").unwrap();
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(tried(&stage, &youth).await, DeliveryState::Delivered);

    std::fs::write(&roots, Pki::new().unwrap().authority_pem()).unwrap();
    until(&stage, &youth, DeliveryState::Retrying).await;

    std::fs::write(&roots, good).unwrap();
    until(&stage, &youth, DeliveryState::Delivered).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_elsewhere_is_not_followed() {
    let settings = WorldSettings { retry_seconds: vec![3600], ..WorldSettings::default() };
    // "localhost" leads to this machine, which is in neither network.
    let stage = Stage::with(&settings, |text| {
        text.replace("connection = { ", "connection = { addresses = [\"192.0.2.0/24\", \"2001:db8::/32\"], ")
    })
    .await;
    let youth = stage.youth(PEOPLE[4]).await;
    assert_eq!(tried(&stage, &youth).await, DeliveryState::Retrying);
    assert!(stage.world.te.ledger().referrals().is_empty());
    stage.close().await;
}
