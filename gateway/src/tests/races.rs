//! Does anything begin after a withdrawal is answered that the answer does not name, at whichever step of a delivery the
//! withdrawal comes?
//!
//! A delivery and a withdrawal are taken forward step by step, a step being what is done until something is waited for:
//! the delivery so many, then the withdrawal so many, then both to their end. Two thousand races go through every pair of
//! steps several times; `POLKU_RACES` says another number.

use std::sync::Arc;
use std::time::{Duration, Instant};

use polku_adapters::Redelivery;
use polku_proto::v1::{Consent, ConsentChange, DataCategory, DeliveryState, WithdrawConsentRequest};
use polku_proto::{ConsentName, MessageId, ReferralName, Valid};
use tempfile::TempDir;
use uuid::Uuid;

use super::number;
use super::steps::{Steps, attempt, counted, drain, forward, forward_alone, lease};
use super::world::{KELA, Setting, TE, World, nobody};
use crate::answer::answer;
use crate::caller::{Actor, Caller};
use crate::gateway::Gateway;
use crate::outbox::has_ended;
use crate::store::{About, DeliveryItem, DeliveryRow};

/// How many races there are.
const RACES: usize = 2_000;

/// How many run beside each other.
const TOGETHER: usize = 25;

/// How many there are in one world, in which nothing is forgotten.
const IN_ONE_WORLD: usize = 2_000;

/// How many people take part.
const PEOPLE: usize = 100;

const TOLD: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];

/// The young person takes a consent back.
fn withdraw(gateway: &Arc<Gateway>, consent: &Consent) -> Steps<ConsentChange> {
    let name: ConsentName = consent.name.parse().unwrap();
    let caller = Caller { agency: KELA.parse().unwrap(), actor: Actor::Subject(name.youth) };
    let request = WithdrawConsentRequest {
        request_id: Uuid::now_v7().to_string(),
        name: consent.name.clone(),
        ..WithdrawConsentRequest::default()
    };
    let gateway = Arc::clone(gateway);
    Box::pin(async move {
        let change = gateway.withdraw_consent(&caller, Valid::check(request).unwrap()).await.unwrap();
        answer(change, &caller, gateway.now()).unwrap().into_inner()
    })
}

/// One race that is about to begin.
struct Race {
    seed: usize,
    consent: Consent,
    referral: String,
    row: DeliveryRow,
    /// How many steps of the delivery come before the withdrawal, and how many of that before the delivery goes on.
    steps: (usize, usize),
}

/// What came of it.
struct Ran {
    seed: usize,
    referral: String,
    message: MessageId,
    change: ConsentChange,
    /// Whether the agency had it when the withdrawal was answered.
    before: bool,
    /// From the call to the answer, if nothing was held up on purpose.
    took: Option<Duration>,
}

async fn run(world: &World, race: Race) -> Ran {
    let Race { seed, consent, referral, row, steps } = race;
    let message = row.message;
    let mut delivery = attempt(&world.gateway, row);
    let delivered = forward(&mut delivery, steps.0).await.is_some();
    let began = Instant::now();
    let mut withdrawal = withdraw(&world.gateway, &consent);
    // The delivery may have what it waits for.
    let early = forward_alone(&mut withdrawal, steps.1).await;
    let answered = async {
        let change = match early {
            Some(change) => change,
            None => withdrawal.await,
        };
        (change, arrived(world, message), began.elapsed())
    };
    let rest = async {
        if !delivered {
            delivery.await;
        }
    };
    let ((change, before, took), ()) = tokio::join!(answered, rest);
    Ran { seed, referral, message, change, before, took: (steps.1 == 0).then_some(took) }
}

fn arrived(world: &World, message: MessageId) -> bool {
    world.te.has(&message.to_string())
}

/// Gives a consent and sends on its ground.
async fn prepared(world: &World, youths: &[String], seeds: &[usize], steps: (usize, usize)) -> Vec<Race> {
    let mut made = Vec::new();
    for seed in seeds {
        let youth = &youths[seed % youths.len()];
        let consent = world.record(youth, KELA, TE, &TOLD).await;
        let referral = world.refer(KELA, TE, youth).await;
        made.push((*seed, consent, referral));
    }
    let rows = lease(&world.gateway).await;
    let race = |(seed, consent, referral): (usize, Consent, String)| {
        let name: ReferralName = referral.parse().unwrap();
        let about = About::Referral(name.referral);
        let row = rows.iter().find(|row| row.about == about && row.item == DeliveryItem::Handover);
        let pair = (seed % (steps.0 + 1), seed / (steps.0 + 1) % (steps.1 + 1));
        Race { seed, consent, referral, row: row.unwrap().clone(), steps: pair }
    };
    made.into_iter().map(race).collect()
}

#[derive(Debug, Default)]
struct Sum {
    stopped: usize,
    under_way: usize,
    too_late: usize,
    /// How long withdrawals took that nothing held up on purpose.
    times: Vec<Duration>,
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_step_a_withdrawal_meets_nothing_begins_after_its_answer() {
    let began = Instant::now();
    let seeds: Vec<usize> = (0..number("POLKU_RACES").unwrap_or(RACES)).collect();
    let mut sum = Sum::default();
    for seeds in seeds.chunks(IN_ONE_WORLD) {
        race_all(seeds, &mut sum).await;
    }
    let Sum { stopped, under_way, too_late, mut times } = sum;
    times.sort_unstable();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    println!(
        "{} races: stopped {stopped}, under way {under_way}, delivered before {too_late}; of {} withdrawals p99 {} ms; {} s",
        seeds.len(),
        times.len(),
        p99.as_millis(),
        began.elapsed().as_secs()
    );
    assert!(stopped > 0 && under_way > 0 && too_late > 0, "there was no race");
}

async fn race_all(seeds: &[usize], sum: &mut Sum) {
    let world = World::within(Setting::patient(Redelivery::Neither), TempDir::new().unwrap()).await;
    let world = Arc::new(world);
    let mut youths = Vec::new();
    for number in 0..PEOPLE {
        let youth = world.identify(&nobody(number)).await;
        world.meet(KELA, &youth).await;
        youths.push(youth);
    }
    // How long the way is, each alone.
    let [alone] = &prepared(&world, &youths, &[0], (0, 0)).await[..] else { panic!("one") };
    let of_delivery = counted(attempt(&world.gateway, alone.row.clone())).await;
    let withdrawal = withdraw(&world.gateway, &alone.consent);
    let of_withdrawal = counted(Box::pin(async move { drop(withdrawal.await) })).await;
    drain(&world.gateway).await;

    for together in seeds.chunks(TOGETHER) {
        let races = prepared(&world, &youths, together, (of_delivery, of_withdrawal)).await;
        let running = races.into_iter().map(|race| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { run(&world, race).await })
        });
        let mut ran = Vec::new();
        for race in running.collect::<Vec<_>>() {
            ran.push(race.await.unwrap());
        }
        drain(&world.gateway).await;
        for Ran { seed, referral, message, change, before, took } in ran {
            let again =
                format!("seed {seed}: POLKU_RACES={} cargo test -p polku-gateway --lib races", seed + 1);
            let (is_stopped, is_under_way) =
                (change.stopped.contains(&referral), change.under_way.contains(&referral));
            let arrived = arrived(&world, message);
            assert!(!(is_stopped && is_under_way), "listed twice, {again}");
            assert!(!is_stopped || !arrived, "called stopped, and has arrived, {again}");
            assert!(before == arrived || is_under_way, "went out after the answer, unannounced, {again}");
            let row = world.gateway.store.delivery(message).await.unwrap().unwrap();
            assert!(has_ended(row.state), "{:?}, {again}", row.state);
            assert_eq!(row.state == DeliveryState::Delivered, arrived, "{:?}, {again}", row.state);
            sum.times.extend(took);
            match (is_stopped, is_under_way) {
                (true, _) => sum.stopped += 1,
                (_, true) => sum.under_way += 1,
                _ => sum.too_late += 1,
            }
        }
    }
}
