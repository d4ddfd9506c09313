//! Is all that was acknowledged on disk, when the power fails at any moment?
//!
//! The real gateway runs under load, and every write and sync of its files is written down (`polku_tests::disk`). Then the
//! power is cut after many a step of it: what was synced is there; of what was not, any sectors of 512 bytes are. On what
//! is left store and audit log are opened and looked at. `kill -9` cannot show this: it leaves what was written.

mod medium;
mod recording;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use polku_gateway::audit::tlog::{self, Evidence, Signature, SigningKey};
use polku_gateway::audit::{AuditLog, Event};
use polku_gateway::store::Store as _;
use polku_gateway::store::sqlite::SqliteStore;
use polku_tests::checks::is_there;
use polku_tests::numbers::Numbers;
use polku_tests::world::GatewayProcess;
use tempfile::TempDir;

use self::medium::Medium;
use self::recording::{Book, Recording};
use crate::stage::{Again, how_often};

/// How many cuts there are; `POLKU_POWER_CUTS` says otherwise.
const CUTS: usize = 1_000;

/// After how many of them the gateway is started.
const STARTS: usize = 12;

/// How many threads look at what is left.
const THREADS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn power_cuts_lose_nothing_that_was_acknowledged_and_a_lazy_sync_would_be_found_out() {
    let folder = TempDir::new().unwrap();
    let (strict, lazy) = (folder.path().join("strict"), folder.path().join("lazy"));
    let recording = Recording::make(&strict, "polku").await;
    let lazy_recording = Recording::make(&lazy, "polku-lazy").await;
    let acknowledged = recording.book.acknowledged.len();
    let cuts = how_often("POLKU_POWER_CUTS", CUTS);
    let _again = Again(format!("POLKU_POWER_CUTS={cuts} cargo test -p polku-tests --test it -- power::"));
    let began = Instant::now();
    let (found, lazy) = tokio::task::block_in_place(|| {
        (
            violations(&recording, &strict.join("keys"), cuts),
            violations(&lazy_recording, &lazy.join("keys"), cuts / 5),
        )
    });
    println!(
        "{cuts} cuts through {} steps and {acknowledged} acknowledged calls in {} s; {} of {} found lazy syncs out",
        recording.steps.len(),
        began.elapsed().as_secs(),
        lazy.len(),
        cuts / 5
    );
    assert!(
        found.is_empty(),
        "{} of {cuts} cuts: {:#?}",
        found.len(),
        found.iter().take(5).collect::<Vec<_>>()
    );
    let lost = lazy.values().filter(|said| said.contains("was acknowledged")).count();
    assert!(lost > 0, "synchronous=NORMAL is not found out: {lazy:?}");
    starts_on_what_is_left(&recording, &strict).await;
}

/// The gateway itself starts after so many cuts, from the first step to the last one.
async fn starts_on_what_is_left(recording: &Recording, world: &Path) {
    let text = fs::read_to_string(recording.config()).unwrap();
    assert!(text.contains("directory = \"data\""));
    let (mut medium, steps) = (Medium::new(&recording.steps), recording.steps.len());
    for number in 1..=STARTS {
        medium.play_until(number * steps / STARTS);
        let store = format!("left-{number}");
        let place = world.join(&store);
        medium.lay_out(&place, &mut Numbers::of(number as u64));
        let config = world.join(format!("{store}.toml"));
        let own = format!("directory = {store:?}");
        fs::write(&config, text.replace("directory = \"data\"", &own)).unwrap();
        let gateway = GatewayProcess::start(&config, &world.join("log")).await;
        let gateway = gateway.unwrap_or_else(|error| panic!("after step {}: {error:#}", medium.played()));
        gateway.kill().await.unwrap();
    }
}

/// Cuts the power so many times; what is wrong then, by the seed of the cut.
fn violations(recording: &Recording, keys: &Path, cuts: usize) -> BTreeMap<usize, String> {
    let (next, steps) = (AtomicUsize::new(0), recording.steps.len());
    let cut_all = || {
        let mut medium = Medium::new(&recording.steps);
        // What is looked at need not outlive the test.
        let memory = Path::new("/dev/shm");
        let scratch = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut found = BTreeMap::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= cuts {
                return found;
            }
            // In order, so that nothing is played twice.
            medium.play_until((seed + 1) * steps / cuts);
            let place = scratch.path().join(seed.to_string());
            medium.lay_out(&place, &mut Numbers::of(seed as u64));
            let looked = runtime.block_on(look(&place, keys, &recording.book, medium.position()));
            if let Err(said) = looked {
                found.insert(seed, format!("after step {}: {said}", medium.played()));
            }
            fs::remove_dir_all(&place).unwrap();
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(cut_all)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// What was acknowledged before the cut is in log and store, with what is to be delivered; the log is whole, it
/// is the one that was published, and it is ahead of the store and of the agencies.
async fn look(place: &Path, keys: &Path, book: &Book, position: u64) -> Result<(), String> {
    let file = place.join("audit.log");
    let (log, _) = AuditLog::open(&file).map_err(|error| format!("the log does not open: {error}"))?;
    let (mut hashes, mut intents) = (Vec::new(), 0);
    let read = log.read(0, |sequence, leaf| {
        hashes.push(leaf.hash(sequence));
        intents += usize::from(leaf.event == Event::DeliveryIntent);
    });
    read.map_err(|error| format!("the log cannot be read: {error}"))?;
    let store = SqliteStore::open(&place.join("polku.db"));
    let store = store.map_err(|error| format!("the store does not open: {error}"))?;
    let failed = |error: polku_gateway::store::StoreError| format!("the store cannot be read: {error}");
    for call in book.acknowledged.iter().filter(|call| call.position <= position) {
        is_there(&call.what, &hashes, &store).await?;
    }
    let committed = store.committed_leaves(0).await.map_err(failed)?;
    let ahead = committed.last().is_some_and(|last| *last >= log.len());
    if ahead || store.reconciled().await.map_err(failed)?.until > log.len() {
        return Err("the store is ahead of the log".to_owned());
    }
    let arrived = book.arrived.iter().filter(|(at, _)| *at <= position).map(|(_, count)| *count).max();
    if intents < arrived.unwrap_or(0) {
        return Err(format!("{intents} intents, and {arrived:?} messages have arrived"));
    }
    let tiles = place.join(tlog::FOLDER);
    if tiles.join("checkpoint").exists() {
        let key = SigningKey::load(&keys.join(tlog::KEY_FILE), Signature::Log).unwrap();
        let evidence = Evidence { log: Some(&file), tiles: Some(&tiles), key: key.verifier(), seen: &[] };
        tlog::verify(&evidence).map_err(|error| format!("what was published: {error}"))?;
    }
    Ok(())
}
