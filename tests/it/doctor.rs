//! Does `polku doctor` say what is wrong with the machine, the certificates, the store and the agencies?

#![cfg(test)]

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use jiff::SignedDuration;
use polku_gateway::clock::{Clock as _, SystemClock};
use polku_tests::simulators::Fault;
use polku_tests::world::{Database, GatewayProcess, World, WorldSettings};
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::{Ran, polku, text};

/// What it has found, by what was looked at: state and words.
fn found(ran: &Ran) -> Vec<(String, String, String)> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
    let lines = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (text(&line, "what"), text(&line, "state"), text(&line, "found"))).collect()
}

fn look(world: &World) -> Ran {
    polku(&["doctor", "--json", "--config", text(&world.config_file())])
}

/// What is bad.
fn bad(ran: &Ran) -> Vec<String> {
    let bad = found(ran).into_iter().filter(|(_, state, _)| state == "bad");
    bad.map(|(what, _, found)| format!("{what}: {found}")).collect()
}

async fn is_well_before_and_while_it_runs(database: Database) {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings { database, ..WorldSettings::default() }).unwrap();
    let ran = look(&world);
    assert_eq!((ran.code, bad(&ran)), (Some(0), Vec::new()), "{}", ran.err);
    for part in [
        "gateway",
        "listen.grpc",
        "listen.inbound",
        "clock",
        "keys",
        "store",
        "disk of",
        "certificate",
        "agency te at",
    ] {
        assert!(found(&ran).iter().any(|(what, _, _)| what.starts_with(part)), "{part}: {}", ran.out);
    }
    let gateway = GatewayProcess::start(&world.config_file(), &folder.path().join("log")).await.unwrap();
    let ran = look(&world);
    assert_eq!((ran.code, bad(&ran)), (Some(0), Vec::new()), "{}", ran.err);
    assert!(found(&ran).contains(&("gateway".into(), "good".into(), "runs".into())), "{}", ran.out);
    gateway.kill().await.unwrap();
    let ran = look(&world);
    assert!(found(&ran).contains(&("gateway".into(), "good".into(), "does not run".into())), "{}", ran.out);
    assert_eq!((ran.code, bad(&ran)), (Some(0), Vec::new()), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_gateway_is_well() {
    is_well_before_and_while_it_runs(Database::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_gateway_on_a_database_server_is_well() {
    is_well_before_and_while_it_runs(Database::Server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings =
        WorldSettings { grpc: taken.local_addr().unwrap().to_string(), ..WorldSettings::default() };
    let world = World::make(folder.path(), &settings).unwrap();
    world.te.faults().set(Fault::WrongCertificate);
    let key = std::fs::read_dir(folder.path().join("keys")).unwrap().next().unwrap().unwrap().path();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::create_dir_all(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/polku.db"), "no database at all").unwrap();
    let log = std::fs::File::create(folder.path().join("data/audit.log")).unwrap();
    let ahead = SystemClock.now() + SignedDuration::from_hours(1);
    log.set_modified(ahead.into()).unwrap();

    let ran = look(&world);
    assert_eq!(ran.code, Some(1));
    let bad = bad(&ran);
    for part in ["listen.grpc: ", "clock: ", "keys: ", "store: ", "agency te at "] {
        assert!(bad.iter().any(|line| line.starts_with(part)), "{part}: {bad:?}");
    }
    assert_eq!(bad.len(), 5, "{bad:?}");
    // For people the same stands in a table.
    let table = polku(&["doctor", "--config", text(&world.config_file())]);
    assert_eq!(table.code, Some(1));
    assert_eq!(table.out.lines().filter(|line| line.starts_with("bad ")).count(), 5, "{}", table.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_or_soon_will_is_named() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let expired = world.authority().issue_expired_server(&["localhost"]).unwrap();
    std::fs::write(folder.path().join("gateway.crt.pem"), &expired.certificate_pem).unwrap();
    std::fs::write(folder.path().join("gateway.key.pem"), &expired.key_pem).unwrap();
    // Most of its life is over: nobody is let in any more when all of it is.
    let next_year = i32::from(SystemClock.now().to_zoned(jiff::tz::TimeZone::UTC).year()) + 1;
    let list = world.authority().revocation_list(&[], next_year).unwrap();
    std::fs::write(folder.path().join("ca.crl.pem"), list).unwrap();

    let ran = look(&world);
    assert_eq!(ran.code, Some(1));
    let file = |name: &str| folder.path().join(name).display().to_string();
    assert_eq!(bad(&ran), [format!("certificate {}: has expired", file("gateway.crt.pem"))]);
    let list = format!("revocation list {}", file("ca.crl.pem"));
    let found = found(&ran).into_iter().find(|(what, _, _)| *what == list).unwrap();
    assert!(found.1 == "warning" && found.2.ends_with(" days left"), "{found:?}");
}
