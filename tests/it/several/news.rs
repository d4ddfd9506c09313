//! Does what happens at one gateway show at the others: to who asks, at once, and to who watches, soon?

use std::time::Duration;

use polku_proto::v1::{
    Decision, VerifyConsentRequest, WatchConsentsRequest, WatchReferralsRequest, referral_event,
};
use polku_tests::world::{Client, OHJAAMO, PEOPLE, TE};

use super::{CATEGORIES, GATEWAYS, Scene, purpose, referral, withdrawal};

/// Sooner than a watcher would look by itself.
const SOON: Duration = Duration::from_secs(5);

pub(super) async fn decision(client: &Client, youth: &str, min_revision: u64) -> Decision {
    let request = VerifyConsentRequest {
        youth: youth.to_owned(),
        discloser: OHJAAMO.to_owned(),
        recipient: TE.to_owned(),
        purpose: purpose(TE) as i32,
        categories: CATEGORIES.iter().map(|category| *category as i32).collect(),
        min_revision,
        ..VerifyConsentRequest::default()
    };
    let answer = client.consent.clone().verify_consent(request).await.unwrap();
    answer.into_inner().decision.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_given_at_one_gateway_counts_at_all_of_them_at_once() {
    let scene = Scene::open().await;
    let youth = scene.clients[0].clone().identify(PEOPLE[0]).await.unwrap();
    for round in 0..20 {
        let (mut giver, mut taker) =
            (scene.clients[round % GATEWAYS].clone(), scene.clients[(round + 1) % GATEWAYS].clone());
        let consent = giver.record_consent(&youth, OHJAAMO, TE, purpose(TE), &CATEGORIES).await.unwrap();
        for client in &scene.clients {
            let decision = decision(client, &youth, 0).await;
            assert_eq!(decision.permitted.len(), CATEGORIES.len(), "round {round}");
        }
        let change = taker.consent.withdraw_consent(withdrawal(&consent.name)).await.unwrap().into_inner();
        for client in &scene.clients {
            let decision = decision(client, &youth, change.revision).await;
            assert_eq!(decision.permitted, Vec::<i32>::new(), "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watchers_hear_what_happens_at_another_gateway() {
    let mut scene = Scene::open().await;
    let watcher = scene.clients[1].clone();
    let watch = watcher.referral.clone().watch_referrals(WatchReferralsRequest::default()).await;
    let mut referrals = watch.unwrap().into_inner();
    let watch = watcher.consent.clone().watch_consents(WatchConsentsRequest::default()).await;
    let mut consents = watch.unwrap().into_inner();
    // Both have begun, and look by themselves only after 10 s.
    tokio::time::sleep(Duration::from_millis(500)).await;

    let mut client = scene.clients[0].clone();
    let youth = client.identify(PEOPLE[1]).await.unwrap();
    client.record_consent(&youth, OHJAAMO, TE, purpose(TE), &CATEGORIES).await.unwrap();
    let notice = tokio::time::timeout(SOON, consents.message()).await.expect("no notice comes");
    assert_eq!(notice.unwrap().unwrap().youth, youth);
    // Whoever has heard of it is answered by it.
    assert_eq!(decision(&watcher, &youth, 0).await.permitted.len(), CATEGORIES.len());

    let sent = client.referral.send_referral(referral(TE, &youth)).await.unwrap().into_inner();
    let name = sent.referral.unwrap().name;
    let event = tokio::time::timeout(SOON, referrals.message()).await.expect("no event comes");
    let event = event.unwrap().unwrap();
    assert_eq!(event.referral.as_ref().unwrap().name, name);

    // A gateway that stood still, and has missed much, goes on without gap.
    scene.gateways[1].signal("STOP").await.unwrap();
    let mut expected = Vec::new();
    for _ in 0..5 {
        let sent = client.referral.send_referral(referral(TE, &youth)).await.unwrap().into_inner();
        expected.push(sent.referral.unwrap().name);
    }
    tokio::time::sleep(Duration::from_secs(7)).await;
    scene.gateways[1].signal("CONT").await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < expected.len() {
        let event = tokio::time::timeout(SOON, referrals.message()).await.expect("events are missing");
        let event = event.unwrap().unwrap();
        let name = event.referral.as_ref().unwrap().name.clone();
        if event.kind() == referral_event::Kind::Created && expected.contains(&name) && !heard.contains(&name)
        {
            heard.push(name);
        }
    }
    assert_eq!(heard, expected);
    while let Some(gateway) = scene.gateways.pop() {
        assert!(gateway.stop().await.unwrap().success());
    }
}
