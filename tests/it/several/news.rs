//! Does what happens at one gateway show at the others: to who asks, at once, and to who watches, soon?

use std::time::Duration;

use polku_proto::v1::{
    Decision, VerifyConsentRequest, WatchConsentsRequest, WatchReferralsRequest, referral_event,
};
use polku_tests::world::{Client, OHJAAMO, PATIENCE, PEOPLE, TE, professional};

use super::{CATEGORIES, GATEWAYS, Scene, answered, consented, identified, purpose, sent, withdrawn};

/// Sooner than a watcher would look by itself.
const SOON: Duration = Duration::from_secs(9);

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
    let verify = || async { client.consent.clone().verify_consent(request.clone()).await };
    answered(verify).await.into_inner().decision.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_given_at_one_gateway_counts_at_all_of_them_at_once() {
    let scene = Scene::open().await;
    let official = professional("virkailija-7", "nuorten-palvelut", "official");
    let named: Vec<Client> = scene
        .gateways
        .iter()
        .map(|gateway| {
            scene.world.client(gateway.bound.grpc, &scene.world.identities.te).unwrap().acting(&official)
        })
        .collect();
    for (round, who) in PEOPLE.iter().cycle().take(20).enumerate() {
        let youth = identified(&scene.clients[0], who).await;
        let (giver, taker) = (&scene.clients[round % GATEWAYS], &scene.clients[(round + 1) % GATEWAYS]);
        let consent = consented(giver, &youth, TE).await;
        for (client, named) in scene.clients.iter().zip(&named) {
            let decision = decision(client, &youth, 0).await;
            assert_eq!(decision.permitted.len(), CATEGORIES.len(), "round {round}");
            // Whoever has to do with the person by this consent alone.
            let decision = self::decision(named, &youth, 0).await;
            assert_eq!(decision.permitted.len(), CATEGORIES.len(), "round {round}");
        }
        let change = withdrawn(taker, &consent).await;
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
    let watch = || async { watcher.referral.clone().watch_referrals(WatchReferralsRequest::default()).await };
    let mut referrals = answered(watch).await.into_inner();
    let watch = || async { watcher.consent.clone().watch_consents(WatchConsentsRequest::default()).await };
    let mut consents = answered(watch).await.into_inner();
    // Both have begun, and look by themselves only after 10 s.
    tokio::time::sleep(Duration::from_millis(500)).await;

    let client = scene.clients[0].clone();
    let youth = identified(&client, PEOPLE[1]).await;
    consented(&client, &youth, TE).await;
    let notice = tokio::time::timeout(SOON, consents.message()).await.expect("no notice comes");
    assert_eq!(notice.unwrap().unwrap().youth, youth);
    // Whoever has heard of it is answered by it.
    assert_eq!(decision(&watcher, &youth, 0).await.permitted.len(), CATEGORIES.len());

    let name = sent(&client, TE, &youth).await.referral.unwrap().name;
    let event = tokio::time::timeout(SOON, referrals.message()).await.expect("no event comes");
    let event = event.unwrap().unwrap();
    assert_eq!(event.referral.as_ref().unwrap().name, name);

    // A gateway that stood still, and has missed much, goes on without gap.
    scene.gateways[1].signal("STOP").await.unwrap();
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(sent(&client, TE, &youth).await.referral.unwrap().name);
    }
    tokio::time::sleep(Duration::from_secs(7)).await;
    scene.gateways[1].signal("CONT").await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < expected.len() {
        let event = tokio::time::timeout(PATIENCE, referrals.message()).await.expect("events are missing");
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
