//! An agency is down for hours: do the others notice, and does it get a stampede when it is back?

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use polku_gateway::audit::Event;
use polku_gateway::clock::{Clock as _, ManualClock, SystemClock};
use polku_proto::v1::DeliveryState;
use polku_tests::postgres::Cluster;
use polku_tests::simulators::Fault;
use polku_tests::world::{Database, PAJA, PEOPLE, TE, World, WorldSettings, eventually};
use rusqlite::Connection;

use super::scene::{Scene, ordinary, send};

/// How many deliveries wait for the agency.
const WAITING: usize = 300;
/// How many of them may be sent every second when it is back.
const RATE: usize = 10;
/// Six hours, ten minutes at a time.
const STEPS: usize = 36;

/// How many referrals have taken effect at the agency that was down.
fn arrived(scene: &Scene) -> usize {
    scene.ledger(TE).referrals().len()
}

/// How many there are when no more come for a while.
async fn settled(scene: &Scene) -> usize {
    let mut last = arrived(scene);
    let mut quiet = 0;
    while quiet < 8 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = arrived(scene);
        quiet = if now == last { quiet + 1 } else { 0 };
        last = now;
    }
    last
}

/// Over 6 simulated hours, each effect once, the others unaffected, and no thundering herd.
#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_was_down_for_hours_is_served_again_slowly_and_the_others_never_wait() {
    let settings = WorldSettings {
        retry_seconds: vec![5, 30, 300, 1800, 7200, 18000, 36000],
        breaker_failures: 5,
        probe_seconds: 30,
        retries_per_second: u32::try_from(RATE).unwrap(),
        // The clock stands still while a message is under way.
        answer_ms: 10_000,
        attempt_seconds: 12,
        lease_seconds: 15,
        ..WorldSettings::default()
    };
    let scene = Scene::open(&settings).await;
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let mut scene = scene.restart_at(Arc::clone(&clock) as _, |_| {}).await;
    let mut people = Vec::new();
    for hetu in &PEOPLE[..10] {
        let (youth, _) = scene.consenting(hetu, TE).await;
        scene.consenting(hetu, PAJA).await;
        people.push(youth);
    }
    scene.faults(TE).set(Fault::Dead);
    let mut names = Vec::new();
    for number in 0..WAITING {
        names.push(send(&mut scene.ohjaamo, ordinary(&people[number % people.len()], TE)).await.name);
    }
    for step in 0..STEPS {
        clock.advance(SignedDuration::from_mins(10));
        // Somebody else's referral is there in the same moment.
        let other = scene.deliver(&people[step % people.len()], PAJA).await;
        assert_eq!(other.delivery_state(), DeliveryState::Delivered, "step {step}");
    }
    assert_eq!(arrived(&scene), 0);

    scene.faults(TE).clear().unwrap();
    // The pause of the last probe is over: one delivery is tried, and what may go at once goes with it.
    clock.advance(SignedDuration::from_secs(31));
    let is_back = eventually(Duration::from_secs(15), || async { (arrived(&scene) > 0).then_some(()) });
    is_back.await.expect("the agency is not tried again");
    let first = settled(&scene).await;
    assert!(first <= 1 + RATE, "{first} at once");
    // What is new does not wait behind it.
    let fresh = scene.deliver(&people[0], TE).await;
    assert_eq!(fresh.delivery_state(), DeliveryState::Delivered);
    names.push(fresh.name);
    let mut before = settled(&scene).await;
    let mut seconds = 0;
    while before < names.len() {
        clock.advance(SignedDuration::from_secs(1));
        seconds += 1;
        before = settled(&scene).await;
        // In all, for what comes late belongs to an earlier second: the probe, what was new, and what that has earned.
        assert!(before <= 3 + RATE * (1 + seconds), "{before} within {seconds} seconds");
        assert!(seconds <= 10 * WAITING / RATE, "after {seconds} seconds {before} have arrived");
    }
    for name in &names {
        assert_eq!(scene.effects(TE, name), 1, "{name}");
        scene.until_delivery(name, DeliveryState::Delivered).await;
    }
    let remains = scene.end().await;
    remains.check_intents();
    // Ten minutes after ten minutes there was a probe, and before that what it took to find out.
    let te = remains.leaves.iter().filter(|leaf| leaf.organisation == TE);
    let attempts = te.filter(|leaf| leaf.event == Event::DeliveryIntent).count();
    assert!(attempts <= names.len() + 2 * STEPS + 32, "{attempts} attempts");
}

/// How many deliveries wait for an agency in the other test, in all.
const QUEUE: u32 = 10_000;
/// How many of them are about referrals of their own, and come first: more than are tried while the others are looked at.
const SENT: u32 = 120;
/// How many deliveries to the other agency are timed in each turn.
const TIMED: usize = 60;
/// How long the agency is left alone between two tries, in seconds.
const PROBE: u32 = 5;
/// How many are under way to one agency at most.
const AT_ONCE: u32 = 16;

/// More and more of what waits for the agency, all of it due, but not before what is there already.
fn fill(world: &World) {
    let id = if world.database().is_some() { "gen_random_uuid()" } else { "randomblob(16)" };
    let last = QUEUE - SENT;
    let sql = format!(
        "INSERT INTO delivery (message, item, item_index, item_place, referral, youth, agency, state, attempts, due,
                deadline, fence, priority)
            WITH RECURSIVE more (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM more WHERE number < {last})
            SELECT {id}, item, item_index, item_place, referral, youth, agency, 1, 0, (SELECT max(due) FROM delivery
                WHERE agency = 'te' AND attempts = 0), deadline, 0, priority
            FROM more JOIN (SELECT row_number() OVER (ORDER BY number) AS place, delivery.* FROM delivery
                WHERE agency = 'te') AS one ON one.place = 1 + more.number % {SENT}"
    );
    match world.database() {
        Some(database) => drop(Cluster::shared().unwrap().sql(database, &sql).unwrap()),
        None => drop(store(world).execute(&sql, []).unwrap()),
    }
    assert_eq!(counted(world, "count(*)"), QUEUE);
}

fn store(world: &World) -> Connection {
    Connection::open(world.folder().join("data/polku.db")).unwrap()
}

/// A number of what is there for the agency.
fn counted(world: &World, what: &str) -> u32 {
    let sql = format!("SELECT {what} FROM delivery WHERE agency = 'te'");
    match world.database() {
        Some(database) => Cluster::shared().unwrap().sql(database, &sql).unwrap().parse().unwrap(),
        None => store(world).query_row(&sql, [], |row| row.get(0)).unwrap(),
    }
}

/// How long deliveries to the other agency take from the call to the answer, shortest first.
async fn timed(scene: &mut Scene, people: &[String]) -> Vec<Duration> {
    let mut took = Vec::new();
    for number in 0..TIMED {
        let begun = Instant::now();
        let delivered = scene.deliver(&people[number % people.len()], PAJA).await;
        assert_eq!(delivered.delivery_state(), DeliveryState::Delivered);
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_that_wait_for_one_agency_are_left_alone() {
    ten_thousand_are_left_alone(Database::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_that_wait_on_a_database_server_are_left_alone() {
    ten_thousand_are_left_alone(Database::Server).await;
}

/// What it costs to pass over them is counted elsewhere (`store::postgres::doors`, and in the embedded store's own tests);
/// here, how many of them are taken up while others are served.
async fn ten_thousand_are_left_alone(database: Database) {
    let settings = WorldSettings {
        database,
        probe_seconds: PROBE,
        breaker_failures: 2,
        retry_seconds: vec![3_600],
        ..WorldSettings::default()
    };
    let mut scene = Scene::open(&settings).await;
    let mut people = Vec::new();
    for hetu in &PEOPLE[..10] {
        people.push(scene.consenting(hetu, PAJA).await.0);
    }
    let alone = timed(&mut scene, &people).await;
    let (youth, _) = scene.consenting(PEOPLE[0], TE).await;
    scene.faults(TE).set(Fault::ResetBeforeEffect);
    for _ in 0..SENT {
        scene.send(&youth, TE).await;
    }
    let begun = Instant::now();
    let (mut sent, mut leased) = (0, 0);
    scene = scene
        .restart(|world| {
            fill(world);
            leased = counted(world, "sum(fence)");
            sent = world.te.ledger().received().len();
        })
        .await;
    let beside = timed(&mut scene, &people).await;
    let leased = counted(&scene.world, "sum(fence)") - leased;
    let probes = 1 + u32::try_from(begun.elapsed().as_secs()).unwrap() / PROBE;
    // Told, and not held against anything: the machine is at work on other things as well.
    let millis = |took: &[Duration], place: usize| took[place].as_secs_f64() * 1e3;
    for (what, place) in [("median", TIMED / 2), ("the longest", TIMED - 1)] {
        let (alone, beside) = (millis(&alone, place), millis(&beside, place));
        println!("beside {QUEUE} that wait, {what}: {beside:.1} ms; alone {alone:.1} ms");
    }
    println!("{leased} of them were taken up, with {probes} probes");
    // Those of the beginning, when nothing is known of the agency, and then one at a time.
    assert!(leased <= 2 * AT_ONCE + 2 * probes, "{leased} were taken up, with {probes} probes");
    assert!(scene.ledger(TE).received().len() > sent, "nothing was tried");
    assert_eq!(counted(&scene.world, "count(*)"), QUEUE);
    scene.end().await;
}
