//! Is an audit log that was cut or exchanged behind the gateway's back refused?

use polku_proto::v1::Purpose;
use polku_tests::world::{
    OHJAAMO, PEOPLE, TE, World, WorldSettings, eventually, full_content, professional, referral_to,
};
use tempfile::TempDir;
use tonic::{Code, Status};

use crate::stage::{BASIC, PATIENCE, Stage, assert_refused};

/// Lets a gateway write some leaves and stop, and gives its world.
async fn used(folder: &TempDir) -> World {
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    goes_on(&world, &PEOPLE[..3]).await;
    world
}

/// Lets the gateway of a world write a leaf about each of these people, and stop.
async fn goes_on(world: &World, people: &[&str]) {
    let running = world.start().await.unwrap();
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let mut ohjaamo = world.client(running.bound.grpc, &world.identities.ohjaamo).unwrap().acting(&worker);
    for person in people {
        ohjaamo.identify(person).await.unwrap();
    }
    running.stop().await.unwrap();
}

async fn refuses(world: &World, why: &str) {
    let error = world.start().await.map(drop).unwrap_err();
    assert!(format!("{error:#}").contains(why), "{error:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_is_refused() {
    let folder = TempDir::new().unwrap();
    let world = used(&folder).await;
    world.start().await.unwrap().stop().await.unwrap();
    std::fs::write(folder.path().join("data/audit.log"), b"").unwrap();
    refuses(&world, "the audit log is shorter than the store says").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_the_same_length_with_other_leaves_is_refused() {
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let world = used(&one).await;
    drop(used(&other).await);
    std::fs::copy(other.path().join("data/audit.log"), one.path().join("data/audit.log")).unwrap();
    refuses(&world, "the audit log is not the one that the store has seen").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_of_the_log_does_not_change() {
    let folder = TempDir::new().unwrap();
    let world = used(&folder).await;
    let tlog = folder.path().join("data/tlog");
    let hashes = std::fs::read_dir(tlog.join("tile/0/000.p")).unwrap().next().unwrap().unwrap().path();
    let (bytes, checkpoint) =
        (std::fs::read(&hashes).unwrap(), std::fs::read(tlog.join("checkpoint")).unwrap());
    std::fs::write(&hashes, vec![7; bytes.len()]).unwrap();
    refuses(&world, "does not say what the log says").await;
    std::fs::write(&hashes, &bytes).unwrap();
    std::fs::write(tlog.join("checkpoint"), b"nothing\n\n").unwrap();
    refuses(&world, "this is no signed note").await;
    std::fs::write(tlog.join("checkpoint"), checkpoint).unwrap();
    world.start().await.unwrap().stop().await.unwrap();
    // Deleted, it is made again.
    std::fs::remove_dir_all(&tlog).unwrap();
    world.start().await.unwrap().stop().await.unwrap();
    assert!(tlog.join("checkpoint").exists());
}

/// Store and log are copies of the same moment, and fit each other.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_of_the_store_does_not_stand_in_for_a_log_that_went_on() {
    let folder = TempDir::new().unwrap();
    let world = used(&folder).await;
    let (data, copy) = (folder.path().join("data"), TempDir::new().unwrap());
    let files = ["polku.db", "polku.db-wal", "audit.log"];
    for file in files.into_iter().filter(|file| data.join(file).exists()) {
        std::fs::copy(data.join(file), copy.path().join(file)).unwrap();
    }
    goes_on(&world, &PEOPLE[3..]).await;
    for file in files.into_iter().chain(["polku.db-shm"]).filter(|file| data.join(file).exists()) {
        std::fs::remove_file(data.join(file)).unwrap();
    }
    for file in files.into_iter().filter(|file| copy.path().join(file).exists()) {
        std::fs::copy(copy.path().join(file), data.join(file)).unwrap();
    }
    refuses(&world, "and a checkpoint says that it had").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaf_is_public_within_seconds() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let running = world.start().await.unwrap();
    let size = || {
        let text = std::fs::read_to_string(folder.path().join("data/tlog/checkpoint")).ok()?;
        text.lines().nth(1)?.parse::<u64>().ok()
    };
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let mut ohjaamo = world.client(running.bound.grpc, &world.identities.ohjaamo).unwrap().acting(&worker);
    assert_eq!(size(), None);
    ohjaamo.identify(PEOPLE[0]).await.unwrap();
    let found = eventually(PATIENCE, || async { size().filter(|size| *size > 0) }).await;
    assert!(found.is_some(), "the leaf is not public");
    running.stop().await.unwrap();
}

/// From the moment on at which what is public contradicts the log, the gateway is as if it could not write it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_disclosed_any_more_when_the_log_cannot_be_trusted() {
    let stage = Stage::open().await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[0]).await.unwrap();
    let purpose = Purpose::EmploymentServices;
    ohjaamo.record_consent(&youth, OHJAAMO, TE, purpose, &BASIC).await.unwrap();
    let hashes = stage.world.folder().join("data/tlog/tile/0/000.p");
    std::fs::create_dir_all(&hashes).unwrap();
    for width in 1..256 {
        std::fs::write(hashes.join(width.to_string()), vec![7; width * 32]).unwrap();
    }
    std::fs::write(hashes.with_file_name("000"), [7; 256 * 32]).unwrap();
    let refused = || async {
        let mut caller = stage.ohjaamo();
        caller.identify(PEOPLE[1]).await.err().filter(|status: &Status| status.code() == Code::Unavailable)
    };
    let refused = eventually(PATIENCE, refused).await.expect("it is still written");
    assert_refused::<String>(Err(refused), Code::Unavailable, "AUDIT_UNAVAILABLE");
    let request = referral_to(TE, &youth, purpose, full_content());
    let refused = ohjaamo.referral.send_referral(request).await;
    assert_refused(refused, Code::Unavailable, "AUDIT_UNAVAILABLE");
    assert!(stage.world.te.ledger().received().is_empty());
    stage.close().await;
}
