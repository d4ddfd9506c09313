//! A consent is withdrawn at one gateway while others stand still at any moment: does anything slip through?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use polku_proto::v1::{ConsentChange, ConsentState, DeliveryState};
use polku_tests::numbers::Numbers;
use polku_tests::postgres::Cluster;
use polku_tests::simulators::Fault;
use polku_tests::world::{Client, PATIENCE, PEOPLE, TE, eventually};
use tokio::sync::oneshot;
use tonic::Code;

use super::{
    GATEWAYS, Scene, again, agency, answered, consented, identified, referral, state, withdrawal, withdrawn,
};
use crate::stage::{Again, id_of};

const ROUNDS: usize = 4;

/// So many, if some of them have to be waited for: that a delivery is stopped, or met under way, is chance.
const MOST_ROUNDS: usize = 40;

/// How many of each kind there have to be.
const MEETINGS: usize = 3;

/// How many change their minds at the same time.
const PERSONS: usize = 12;

/// What one race came to.
struct Race {
    agency: &'static str,
    sent: Option<String>,
    change: ConsentChange,
    /// How often the referral had taken effect when the withdrawal was answered.
    before: usize,
}

impl Race {
    fn is_stopped(&self) -> bool {
        self.sent.as_ref().is_some_and(|name| self.change.stopped.contains(name))
    }

    fn is_under_way(&self) -> bool {
        self.sent.as_ref().is_some_and(|name| self.change.under_way.contains(name))
    }
}

/// Whether withdrawals have met deliveries before and on their way.
fn have_met(races: &[Race]) -> bool {
    let stopped = races.iter().filter(|race| race.is_stopped()).count();
    let under_way = races.iter().filter(|race| race.is_under_way()).count();
    stopped >= MEETINGS && under_way >= MEETINGS
}

/// When somebody changes their mind.
#[derive(Clone, Copy)]
enum Start {
    /// At the moment of sending.
    Together,
    /// So long after it was acknowledged.
    Behind(Duration),
}

/// Somebody gives a consent, is referred on its ground at one gateway, and takes it back at another.
async fn race(scene: Arc<Scene>, number: usize, start: Start) -> Race {
    let agency = agency(number);
    let mut sender = scene.clients[number % (GATEWAYS - 1)].clone();
    // The last one never stands still.
    let withdrawer = &scene.clients[GATEWAYS - 1];
    let youth = identified(withdrawer, PEOPLE[number]).await;
    let consent = consented(withdrawer, &youth, agency).await;
    let (acknowledged, is_sent) = oneshot::channel::<()>();
    let sending = async {
        let request = referral(agency, &youth);
        let sent = loop {
            match sender.referral.send_referral(request.clone()).await {
                Ok(answer) => break Some(answer.into_inner().referral.unwrap().name),
                Err(status) if status.code() == Code::PermissionDenied => break None,
                Err(status) => assert!(again(&status), "{status:?}"),
            }
        };
        drop(acknowledged);
        sent
    };
    let withdrawing = async {
        match start {
            Start::Together => {}
            Start::Behind(later) => {
                drop(is_sent.await);
                tokio::time::sleep(later).await;
            }
        }
        let change = withdrawn(withdrawer, &consent).await;
        (change, scene.world.te.ledger().referrals(), scene.world.walmu.ledger().referrals())
    };
    let (sent, (change, te, walmu)) = tokio::join!(sending, withdrawing);
    let id = sent.as_ref().map(|name| id_of(name).to_owned());
    let before = te.iter().chain(&walmu).filter(|taken| Some(&taken.referral_id) == id.as_ref()).count();
    Race { agency, sent, change, before }
}

/// Lets one gateway after the other stand still, all but the last one, for a moment or for longer than anything may be held.
async fn pause_at_random(scene: &Scene, over: Arc<AtomicBool>) -> usize {
    let mut numbers = Numbers::of(2026);
    let mut pauses = 0;
    while !over.load(Ordering::SeqCst) {
        let gateway = &scene.gateways[numbers.below(GATEWAYS - 1)];
        let still = if pauses % 10 == 9 { 6_500 } else { 5 + numbers.below(400) as u64 };
        gateway.signal("STOP").await.unwrap();
        tokio::time::sleep(Duration::from_millis(still)).await;
        gateway.signal("CONT").await.unwrap();
        tokio::time::sleep(Duration::from_millis(numbers.below(60) as u64)).await;
        pauses += 1;
    }
    pauses
}

/// A gateway stands still on its way to a commit, and another one has taken over whom it is about.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_too_late_is_refused_and_can_be_repeated() {
    let scene = Scene::open().await;
    let cluster = Cluster::shared().unwrap();
    let database = scene.world.database().unwrap().to_owned();
    let client = scene.clients[0].clone();
    let youth = identified(&client, PEOPLE[0]).await;
    let consent = consented(&client, &youth, TE).await;
    let holding = std::thread::spawn({
        let database = database.clone();
        // The lock of the transactions that write, until this is ended below.
        move || cluster.sql(&database, "SELECT pg_advisory_lock(1886350443, 2), pg_sleep(600)")
    });
    let holders = |what: &str| {
        let of = "FROM pg_locks JOIN pg_stat_activity USING (pid) \
                  WHERE locktype = 'advisory' AND granted AND query LIKE '%pg_sleep(600)%'";
        cluster.sql(&database, &format!("SELECT count({what}) {of}")).unwrap()
    };
    let locked = eventually(PATIENCE, || async { (holders("*") != "0").then_some(()) });
    locked.await.expect("nobody has the lock");
    let request = withdrawal(&consent.name);
    let withdrawing = tokio::spawn({
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.consent.withdraw_consent(request).await }
    });
    let taken = eventually(PATIENCE, || async {
        let held = "SELECT count(*) FROM hold WHERE until > clock_timestamp()";
        (cluster.sql(&database, held).unwrap() != "0").then_some(())
    });
    taken.await.expect("nobody is held");
    tokio::time::sleep(Duration::from_millis(500)).await;
    // As if its time had run out and another gateway had come first.
    let take_over = "UPDATE hold SET holder = gen_random_uuid(), until = clock_timestamp()";
    cluster.sql(&database, take_over).unwrap();
    assert_ne!(holders("pg_terminate_backend(pid)"), "0");
    let late = withdrawing.await.unwrap().unwrap_err();
    assert_eq!(late.code(), Code::Unavailable, "{late:?}");
    // It was ended.
    holding.join().unwrap().unwrap_err();
    let withdraw = || async { client.consent.clone().withdraw_consent(request.clone()).await };
    let change = answered(withdraw).await.into_inner();
    assert_eq!(change.consent.unwrap().state(), ConsentState::Withdrawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_anywhere_after_a_withdrawal_is_answered() {
    let _again = Again("cargo test -p polku-tests --test it -- several::paused".to_owned());
    let scene = Arc::new(Scene::open().await);
    for fault in [scene.world.te.faults(), scene.world.walmu.faults()] {
        fault.set(Fault::Slow(Duration::from_millis(40)));
    }
    let over = Arc::new(AtomicBool::new(false));
    let racing = async {
        let mut races = Vec::new();
        for round in 0..MOST_ROUNDS {
            if round >= ROUNDS && have_met(&races) {
                break;
            }
            // From beside to behind, so that the withdrawal meets every step of a delivery.
            let start = |number: usize| match (number + round) % 6 {
                0 => Start::Together,
                later => Start::Behind(Duration::from_millis(
                    18 * (later as u64 - 1) + 5 * (round % ROUNDS) as u64,
                )),
            };
            let race = |number| tokio::spawn(race(Arc::clone(&scene), number, start(number)));
            for race in (0..PERSONS).map(race).collect::<Vec<_>>() {
                races.push(race.await.unwrap());
            }
        }
        over.store(true, Ordering::SeqCst);
        races
    };
    let (races, pauses) = tokio::join!(racing, pause_at_random(&scene, Arc::clone(&over)));
    let client: &Client = &scene.clients[GATEWAYS - 1];
    let (mut stopped, mut under_way, mut too_late) = (0, 0, 0);
    for race in &races {
        let Some(name) = &race.sent else { continue };
        let ended = eventually(PATIENCE, || async {
            let state = state(client, name).await?;
            let waits =
                matches!(state, DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Retrying);
            (!waits).then_some(state)
        });
        let state = ended.await.unwrap_or_else(|| panic!("the delivery of {name} does not end"));
        let effects = scene.effects(race.agency, name);
        let (is_stopped, is_under_way) = (race.is_stopped(), race.is_under_way());
        assert!(effects <= 1, "{name} took effect {effects} times");
        assert!(!is_stopped || effects == 0, "{name} was called stopped and has arrived");
        assert!(race.before == effects || is_under_way, "{name} began after the withdrawal: {state:?}");
        match (is_stopped, is_under_way) {
            (true, _) => stopped += 1,
            (false, true) => under_way += 1,
            (false, false) => too_late += 1,
        }
    }
    println!(
        "{} races, {pauses} pauses: {stopped} stopped, {under_way} under way, {too_late} neither",
        races.len()
    );
    assert!(pauses > 10, "{pauses}");
    assert!(have_met(&races), "{stopped} stopped, {under_way} under way: the races never met");
}
