//! Does another master key come into use while the gateway runs, and is a wrong or missing one told from the right one?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use polku_gateway::audit::{AuditLog, Event};
use polku_tests::world::{GatewayProcess, PEOPLE, World, WorldSettings, eventually};
use tempfile::TempDir;

use super::{PATIENCE, known, row_of, worker};
use crate::stage::{Ran, polku, refused_start, text};

fn status(config: &Path) -> Ran {
    polku(&["keys", "status", "--config", text(config)])
}

async fn says(config: &Path, words: &str) -> String {
    let said = || async { Some(status(config).out).filter(|out| out.contains(words)) };
    eventually(PATIENCE, said)
        .await
        .unwrap_or_else(|| panic!("{words:?} is never said: {:?}", status(config)))
}

fn logged(log: &Path, words: &str) -> usize {
    fs::read_to_string(log).unwrap().matches(words).count()
}

fn spoil(file: &Path, digit: char) {
    let _ = fs::remove_file(file);
    fs::write(file, digit.to_string().repeat(64)).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o400)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn master_keys_are_rotated_without_a_stop() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let (config, keys, log) = (world.config_file(), folder.path().join("keys"), folder.path().join("log"));
    let nobody = status(&config);
    assert_eq!(nobody.code, Some(2), "{nobody:?}");
    assert!(nobody.err.contains("no gateway that you may speak to runs on this store"), "{nobody:?}");
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    world.connect_agencies(gateway.bound);
    let youth = known(&worker(&world, &gateway), PEOPLE[0]).await;
    let one = says(&config, "wraps new keys; keys of people wrapped by it: 1").await;
    assert_eq!(one.lines().count(), 1, "{one}");

    let made = polku(&["keys", "rotate", text(&keys)]);
    assert!(made.code == Some(0) && made.out.contains("master key 2 (check value "), "{made:?}");
    // Until it is told so, the gateway goes on with the one that it has.
    assert_eq!(says(&config, "wrapped by it: 1").await, one);
    gateway.signal("HUP").await.unwrap();
    let done = says(&config, "no row needs it any more, its file may be removed").await;
    assert!(done.contains("wraps new keys; keys of people wrapped by it: 1"), "{done}");
    assert_eq!(worker(&world, &gateway).identify(PEOPLE[0]).await.unwrap(), youth);
    known(&worker(&world, &gateway), PEOPLE[1]).await;

    // What is not right is refused, and those in use stay.
    fs::remove_file(keys.join("master.key")).unwrap();
    let second = fs::read(keys.join("master-2.key")).unwrap();
    spoil(&keys.join("master-2.key"), '7');
    gateway.signal("HUP").await.unwrap();
    let refused = || async { (logged(&log, "master keys refused") == 1).then_some(()) };
    eventually(PATIENCE, refused).await.expect("another key under the same number is taken");
    known(&worker(&world, &gateway), PEOPLE[2]).await;
    assert!(gateway.stop().await.unwrap().success());

    // At start as well, by number and check value.
    let check = made.out.split("check value ").nth(1).unwrap().split(')').next().unwrap();
    let serve = || refused_start(&config, []);
    let wrong = serve();
    assert_eq!(wrong.code, Some(64), "{wrong:?}");
    assert!(wrong.err.contains("master key 2 is the wrong one"), "{wrong:?}");
    assert!(wrong.err.contains(&format!("that of the right one is {check}")), "{wrong:?}");
    fs::remove_file(keys.join("master-2.key")).unwrap();
    spoil(&keys.join("master.key"), '8');
    let missing = serve();
    assert_eq!(missing.code, Some(64), "{missing:?}");
    let words = format!("master key 2 (check value {check}) is not here; keys of people wrapped by it: 3");
    assert!(missing.err.contains(&words), "{missing:?}");
    fs::remove_file(keys.join("master.key")).unwrap();
    fs::write(keys.join("master-2.key"), second).unwrap();
    fs::set_permissions(keys.join("master-2.key"), fs::Permissions::from_mode(0o400)).unwrap();

    // Without the file of the first one everything opens.
    let gateway = GatewayProcess::start(&config, &log).await.unwrap();
    world.connect_agencies(gateway.bound);
    assert_eq!(worker(&world, &gateway).identify(PEOPLE[0]).await.unwrap(), youth);
    assert_eq!(says(&config, "wrapped by it: 3").await.lines().count(), 1);
    assert!(gateway.stop().await.unwrap().success());
    assert_eq!(row_of(&world, PEOPLE[1]).await.unwrap().key.master_version(), 2);
    let (audit, _) = AuditLog::open(&folder.path().join("data/audit.log")).unwrap();
    let mut rotations = 0;
    audit.read(0, |_, leaf| rotations += usize::from(leaf.event == Event::MasterKey)).unwrap();
    assert_eq!(rotations, 1, "one leaf for one rotation");
}

/// As systemd hands credentials over: a folder in the environment, and files that the service's group may read.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_taken_from_the_credentials_of_the_service() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let (config, log) = (world.config_file(), folder.path().join("log"));
    let written = fs::read_to_string(&config).unwrap();
    assert!(written.contains("directory = \"keys\""));
    fs::write(&config, written.replace("directory = \"keys\"", "")).unwrap();
    let credentials = folder.path().join("credentials");
    fs::rename(folder.path().join("keys"), &credentials).unwrap();
    for file in fs::read_dir(&credentials).unwrap().map(Result::unwrap) {
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o440)).unwrap();
    }
    let environment = || vec![("CREDENTIALS_DIRECTORY".into(), credentials.clone().into_os_string())];
    let mut known = Vec::new();
    for _ in 0..2 {
        let gateway = GatewayProcess::start_with(environment(), &config, &log).await.unwrap();
        known.push(worker(&world, &gateway).identify(PEOPLE[0]).await.unwrap());
        assert!(gateway.stop().await.unwrap().success());
    }
    assert_eq!(known[0], known[1]);
    // Without them, or with one that everybody may read, it does not start.
    let without = refused_start(&config, []);
    assert!(without.code == Some(64) && without.err.contains("keys.directory"), "{without:?}");
    let master = credentials.join("master.key");
    fs::set_permissions(&master, fs::Permissions::from_mode(0o444)).unwrap();
    let exposed = GatewayProcess::start_with(environment(), &config, &log).await;
    assert!(exposed.is_err(), "it takes a key that everybody may read");
    assert!(fs::read_to_string(&log).unwrap().contains("others have access"));
}
