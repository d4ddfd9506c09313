//! Is an audit log that was cut or exchanged behind the gateway's back refused?

use polku_tests::world::{PEOPLE, World, WorldSettings, professional};
use tempfile::TempDir;

/// Lets a gateway write some leaves and stop, and gives its world.
async fn used(folder: &TempDir) -> World {
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let running = world.start().await.unwrap();
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let mut ohjaamo = world.client(running.bound.grpc, &world.identities.ohjaamo).unwrap().acting(&worker);
    for person in &PEOPLE[..3] {
        ohjaamo.identify(person).await.unwrap();
    }
    running.stop().await.unwrap();
    world
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
