//! A consent is withdrawn at the very moment of sending: does anything slip through?

use std::collections::BTreeMap;
use std::time::Duration;

use polku_proto::v1::{Consent, ConsentChange};
use polku_tests::world::{Client, PAJA, PEOPLE, TE, WorldSettings};
use tonic::{Code, Status};

use super::scene::{Scene, ordinary, until_ended};
use crate::stage::{id_of, withdrawal};

const ROUNDS: usize = 10;

/// What one race came to.
struct Race {
    agency: &'static str,
    /// The referral, unless the withdrawal was faster.
    sent: Option<String>,
    change: ConsentChange,
    /// How often the referral had taken effect when the withdrawal was answered.
    before: usize,
}

async fn withdraw(client: &Client, consent: &Consent) -> ConsentChange {
    client.consent.clone().withdraw_consent(withdrawal(&consent.name)).await.unwrap().into_inner()
}

/// How long each of the two waits.
struct Start {
    sending: Duration,
    withdrawing: Duration,
}

async fn race(scene: &Scene, youth: &str, agency: &'static str, consent: Consent, start: Start) -> Race {
    let mut sender = scene.ohjaamo.referral.clone();
    let sending = async {
        tokio::time::sleep(start.sending).await;
        sender.send_referral(ordinary(youth, agency)).await
    };
    let withdrawing = async {
        tokio::time::sleep(start.withdrawing).await;
        let change = withdraw(&scene.ohjaamo, &consent).await;
        let effects = scene.ledger(agency).referrals();
        let count = |wanted: &str| effects.iter().filter(|effect| effect.referral_id == wanted).count();
        let before: BTreeMap<String, usize> =
            effects.iter().map(|effect| (effect.referral_id.clone(), count(&effect.referral_id))).collect();
        (change, before)
    };
    let (sent, (change, before)) = tokio::join!(sending, withdrawing);
    let sent = match sent {
        Ok(response) => Some(response.into_inner().referral.unwrap().name),
        Err(status) => {
            assert_refused(&status);
            None
        }
    };
    let before = sent.as_ref().and_then(|name| before.get(id_of(name))).copied().unwrap_or(0);
    Race { agency, sent, change, before }
}

fn assert_refused(status: &Status) {
    assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_after_a_withdrawal_is_answered() {
    let mut scene = Scene::open(&WorldSettings { retry_seconds: vec![0], ..WorldSettings::default() }).await;
    let mut races = Vec::new();
    for round in 0..ROUNDS {
        let mut running = Vec::new();
        for (number, hetu) in PEOPLE.iter().take(20).enumerate() {
            let agency = if (number + round) % 2 == 0 { TE } else { PAJA };
            running.push((agency, scene.consenting(hetu, agency).await));
        }
        // From well ahead to well behind, so that the withdrawal meets every step of a delivery.
        let steps = running.into_iter().enumerate().map(|(number, (agency, (youth, consent)))| {
            let step = |steps: usize| Duration::from_millis(3 * steps as u64);
            let start = Start {
                sending: step(4_usize.saturating_sub(number)),
                withdrawing: step(number.saturating_sub(4)),
            };
            let scene = &scene;
            async move { race(scene, &youth, agency, consent, start).await }
        });
        races.extend(join_all(steps.collect()).await);
    }
    assert_eq!(races.len(), 200);
    let names: Vec<String> = races.iter().filter_map(|race| race.sent.clone()).collect();
    until_ended(&scene, &names).await;
    // Whoever has got a referral is told that the permission is gone.
    let all_told = |scene: &Scene| {
        races.iter().all(|race| {
            let Some(name) = &race.sent else { return true };
            scene.effects(race.agency, name) == scene.notices(race.agency, name).len()
        })
    };
    scene.until("withdrawal notices", all_told).await;

    let (mut stopped, mut under_way, mut too_late, mut refused) = (0, 0, 0, 0);
    for race in &races {
        let Some(name) = &race.sent else {
            refused += 1;
            continue;
        };
        let effects = scene.effects(race.agency, name);
        let is_stopped = race.change.stopped.contains(name);
        let is_under_way = race.change.under_way.contains(name);
        assert!(effects <= 1, "{name} took effect {effects} times");
        assert!(!(is_stopped && is_under_way), "{name} is listed twice");
        assert!(!is_stopped || effects == 0, "{name} was called stopped and has arrived");
        assert!(
            race.before == effects || is_under_way,
            "{name} took effect after the withdrawal, unannounced"
        );
        match (is_stopped, is_under_way) {
            (true, _) => stopped += 1,
            (_, true) => under_way += 1,
            _ => too_late += 1,
        }
    }
    // The race has to be one: each of the ways must have been met.
    assert!(
        stopped > 0 && under_way > 0 && too_late + refused > 0,
        "{stopped} {under_way} {too_late} {refused}"
    );
    println!(
        "{} races: stopped {stopped}, under way {under_way}, delivered before {too_late}, refused {refused}",
        races.len()
    );
    let remains = scene.end().await;
    remains.check_intents();
}

async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| Some(Box::pin(future))).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        let mut waits = false;
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if let Some(running) = future {
                match running.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => {
                        *output = Some(value);
                        *future = None;
                    }
                    std::task::Poll::Pending => waits = true,
                }
            }
        }
        if waits {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(outputs.iter_mut().filter_map(Option::take).collect())
    })
    .await
}
