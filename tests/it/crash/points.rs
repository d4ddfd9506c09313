//! Is anything lost or doubled when the gateway is killed at a certain step of its work, or when its machine fails it there
//! once?
//!
//! It is the real binary. A library that is preloaded into it counts its calls on files and connections, and stops it at
//! the one that the seed says (`polku_tests::disk`).

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use polku_gateway::seal::Keys;
use polku_tests::disk::{Disk, Point, Stop};
use polku_tests::postgres::Cluster;
use polku_tests::simulators::Repetition;
use polku_tests::world::{Database, GatewayProcess, OHJAAMO, PAJA, PATIENCE, PEOPLE, TE, World, eventually};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{
    Acknowledged, CATEGORIES, Numbers, call, change_mind, check_consents, check_data, check_referrals,
    client, ledger, purpose, settings,
};
use crate::stage::{how_often, polku};

/// How many seeds there are for each step; `POLKU_FAULT_SEEDS` says otherwise.
const SEEDS: usize = 20;

/// The same with a database server, where a start takes longer.
const SEEDS_WITH_SERVER: usize = 3;

/// How many of them one gateway lives through: master keys have numbers up to 255.
const TOGETHER: usize = 100;

/// A step of the gateway's work.
struct Step {
    name: &'static str,
    /// Which calls it is made of, for this seed, and among how many of them the seed chooses.
    calls: fn(&World, usize) -> (Point, usize),
    while_: While,
    te_repetition: Repetition,
    database: Database,
}

impl Step {
    /// While calls are made, and the employment services say what they have.
    fn usual(name: &'static str, calls: fn(&World, usize) -> (Point, usize)) -> Step {
        let database = Database::Embedded;
        Step { name, calls, while_: While::Calls, te_repetition: Repetition::Asked, database }
    }
}

/// What goes on meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum While {
    Calls,
    /// Calls, and another master key comes into use.
    Rotation,
}

/// Tells on a panic which seed each referral is from, and how to play it again.
struct Origins {
    step: &'static str,
    made: Mutex<Vec<(String, usize, Stop)>>,
}

impl Drop for Origins {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for (name, seed, how) in self.made.lock().unwrap().iter() {
                println!("{name}: seed {seed}, {how:?}");
            }
            println!(
                "POLKU_FAULT_SEEDS=N cargo test -p polku-tests --test it -- crash::points::{}, N one more than the seed",
                self.step
            );
        }
    }
}

/// Where the office listens, or the workshop.
fn port(world: &World, seed: usize) -> u16 {
    let address = if seed.is_multiple_of(2) { world.te.address() } else { world.walmu.address() };
    address.port()
}

#[tokio::test(flavor = "multi_thread")]
async fn before_commit() {
    let calls = |_: &World, _| (Point::Write("polku.db-wal"), 60);
    holds(Step::usual("before_commit", calls)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_commit() {
    let calls = |_: &World, _| (Point::Sync("polku.db-wal"), 20);
    holds(Step::usual("after_commit", calls)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_send() {
    let calls = |world: &World, seed| (Point::Send(port(world, seed)), 12);
    holds(Step::usual("before_send", calls)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_effect_before_mark() {
    let calls = |world: &World, seed| (Point::Receive(port(world, seed)), 12);
    holds(Step::usual("after_effect_before_mark", calls)).await;
}

/// Where nobody can tell whether it has had its effect.
#[tokio::test(flavor = "multi_thread")]
async fn after_effect_in_doubt() {
    let calls = |world: &World, _| (Point::Receive(world.te.address().port()), 12);
    let te_repetition = Repetition::Neither;
    holds(Step { te_repetition, ..Step::usual("after_effect_in_doubt", calls) }).await;
}

/// Of the database, and of the audit log.
#[tokio::test(flavor = "multi_thread")]
async fn during_checkpoint() {
    let calls = |_: &World, seed: usize| match seed.is_multiple_of(2) {
        true => (Point::Write("polku.db"), 8),
        false => (Point::Rename("tlog/checkpoint"), 1),
    };
    holds(Step::usual("during_checkpoint", calls)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn during_key_rotation() {
    let calls = |_: &World, _| (Point::Write("polku.db-wal"), 60);
    holds(Step { while_: While::Rotation, ..Step::usual("during_key_rotation", calls) }).await;
}

/// Where the database server listens.
fn database_port() -> u16 {
    Cluster::shared().unwrap().port()
}

/// Anything that is said to the database server may be what it commits by.
#[tokio::test(flavor = "multi_thread")]
async fn before_commit_on_a_server() {
    let calls = |_: &World, _| (Point::Send(database_port()), 60);
    holds(Step { database: Database::Server, ..Step::usual("before_commit_on_a_server", calls) }).await;
}

/// And anything that it says, that it has.
#[tokio::test(flavor = "multi_thread")]
async fn after_commit_on_a_server() {
    let calls = |_: &World, _| (Point::Receive(database_port()), 60);
    holds(Step { database: Database::Server, ..Step::usual("after_commit_on_a_server", calls) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_effect_before_mark_on_a_server() {
    let calls = |world: &World, seed| (Point::Receive(port(world, seed)), 12);
    let name = "after_effect_before_mark_on_a_server";
    holds(Step { database: Database::Server, ..Step::usual(name, calls) }).await;
}

async fn holds(step: Step) {
    let began = Instant::now();
    let usual = match step.database {
        Database::Embedded => SEEDS,
        Database::Server => SEEDS_WITH_SERVER,
    };
    let seeds: Vec<usize> = (0..how_often("POLKU_FAULT_SEEDS", usual)).collect();
    let mut acknowledged = 0;
    for together in seeds.chunks(TOGETHER) {
        acknowledged += play(&step, together).await;
    }
    println!(
        "{}: {} seeds, killed and failed at each, {acknowledged} calls acknowledged, {} s",
        step.name,
        seeds.len(),
        began.elapsed().as_secs()
    );
}

async fn play(step: &Step, seeds: &[usize]) -> usize {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &settings(step.database, step.te_repetition)).unwrap();
    let disk = Disk::of(&folder.path().join("data"), folder.path()).unwrap();
    let (config, log, keys) = (world.config_file(), folder.path().join("log"), folder.path().join("keys"));
    let start = async || {
        GatewayProcess::start_with(disk.environment(), &config, &log).await.unwrap_or_else(|error| {
            panic!("{error:#}: {:?}", fs::read_to_string(&log).unwrap().lines().last())
        })
    };
    let mut gateway = start().await;
    let mut setting_up = client(&world, &gateway);
    let mut youths = Vec::new();
    for hetu in &PEOPLE[..6] {
        let youth = setting_up.identify(hetu).await.unwrap();
        for agency in [TE, PAJA] {
            setting_up.record_consent(&youth, OHJAAMO, agency, purpose(agency), &CATEGORIES).await.unwrap();
        }
        youths.push(youth);
    }
    let book = Arc::new(Mutex::new(Acknowledged::default()));
    let origins = Origins { step: step.name, made: Mutex::default() };
    for seed in seeds {
        for how in [Stop::Crash, Stop::Error] {
            let before = book.lock().unwrap().referrals.len();
            let over = Arc::new(AtomicBool::new(false));
            let client = client(&world, &gateway);
            let callers = [TE, PAJA].map(|agency| {
                let (over, book) = (Arc::clone(&over), Arc::clone(&book));
                tokio::spawn(call(over, client.clone(), agency, youths.clone().into_iter().cycle(), book))
            });
            let fickle = [(TE, PEOPLE[6]), (PAJA, PEOPLE[7])].map(|(agency, hetu)| {
                let ledger = ledger(&world, agency).clone();
                let (over, book) = (Arc::clone(&over), Arc::clone(&book));
                tokio::spawn(change_mind(over, client.clone(), agency, hetu, ledger, book))
            });
            let (point, among) = (step.calls)(&world, *seed);
            let count = 1 + Numbers::of(*seed as u64).below(among);
            disk.stop_at(&point, count, how).unwrap();
            if step.while_ == While::Rotation {
                Keys::rotate(&keys).unwrap();
                gateway.signal("HUP").await.unwrap();
            }
            let came = eventually(PATIENCE, || async { (!disk.waits_for_stop()).then_some(()) });
            came.await
                .unwrap_or_else(|| panic!("seed {seed}, {how:?}: call {count} of {point:?} does not come"));
            if how == Stop::Crash {
                // It is dead already; this takes note of it.
                gateway.kill().await.unwrap();
                end(&over, callers, fickle).await;
                gateway = start().await;
            } else {
                let (had, book) = (book.lock().unwrap().referrals.len(), &book);
                let goes_on = || async { (book.lock().unwrap().referrals.len() > had + 2).then_some(()) };
                let goes_on = eventually(PATIENCE, goes_on).await;
                goes_on.unwrap_or_else(|| {
                    panic!("seed {seed}: after call {count} of {point:?} nothing goes on")
                });
                end(&over, callers, fickle).await;
            }
            let made = book.lock().unwrap().referrals[before..].to_vec();
            origins.made.lock().unwrap().extend(made.into_iter().map(|(_, name)| (name, *seed, how)));
        }
    }
    gateway.kill().await.unwrap();

    let gateway = start().await;
    let client = client(&world, &gateway);
    let book = Arc::into_inner(book).unwrap().into_inner().unwrap();
    let in_doubt = check_referrals(&world, &client, &book, step.te_repetition).await;
    assert!(step.te_repetition != Repetition::Neither || in_doubt > 0, "nothing is left in doubt");
    check_consents(&world, &client, &book).await;
    let mut everybody = Vec::new();
    for hetu in &PEOPLE[..8] {
        everybody.push(client.clone().identify(hetu).await.unwrap());
    }
    if step.while_ == While::Rotation {
        let rotated = async || {
            let said = polku(&["keys".as_ref(), "status".as_ref(), "--config".as_ref(), config.as_os_str()]);
            (said.code == Some(0) && !said.out.contains("is being replaced")).then_some(())
        };
        eventually(PATIENCE, rotated).await.expect("keys are not wrapped anew");
    }
    gateway.kill().await.unwrap();
    check_data(&folder.path().join("data"), &world, &book, &everybody).await;
    if step.while_ == While::Rotation {
        let versions = world.store().await.unwrap().wrapped_versions().await.unwrap();
        let newest = u8::try_from(1 + 2 * seeds.len()).unwrap();
        assert_eq!(versions.iter().map(|(version, _)| *version).collect::<Vec<_>>(), [newest]);
    }
    assert!(book.referrals.len() >= seeds.len(), "nothing was sent");
    book.referrals.len() + book.withdrawn.len()
}

/// All end after what they are at.
async fn end(over: &AtomicBool, callers: [JoinHandle<()>; 2], fickle: [JoinHandle<()>; 2]) {
    over.store(true, Ordering::Relaxed);
    for caller in callers.into_iter().chain(fickle) {
        caller.await.unwrap();
    }
}
