//! What if a file of the gateway is damaged, or a key is missing or wrong?

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use polku_tests::disk::{Disk, Fault};
use polku_tests::world::{PEOPLE, TE, full_content, referral_to};
use rusqlite::Connection;

use super::{Machine, PURPOSE, assert_comes_back, look};
use crate::stage::{Health, expect_health, refused_start};

/// How a gateway that must not start ended, and the last that it said.
fn refused(machine: &Machine, disk: Option<&Disk>) -> (Option<i32>, String) {
    let environment = disk.map(Disk::environment).unwrap_or_default();
    let ran = refused_start(&machine.world.config_file(), environment);
    (ran.code, ran.err.lines().last().unwrap_or_default().to_owned())
}

/// A gateway that has acknowledged something and has stopped; every change to a file is undone, and all is there.
async fn with(spoil: impl FnOnce(&Machine, &Path)) {
    let mut machine = Machine::make();
    let gateway = machine.start().await;
    let client = machine.client(&gateway);
    machine.works(&client).await;
    gateway.stop().await.unwrap();
    let copy = machine.folder.path().join("copy");
    for folder in ["data", "keys"] {
        fs::create_dir_all(copy.join(folder)).unwrap();
        for file in fs::read_dir(machine.folder.path().join(folder)).unwrap().map(Result::unwrap) {
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), copy.join(folder).join(file.file_name())).unwrap();
            }
        }
    }
    spoil(&machine, machine.folder.path());
    for folder in ["data", "keys"] {
        for file in fs::read_dir(copy.join(folder)).unwrap().map(Result::unwrap) {
            let place = machine.folder.path().join(folder).join(file.file_name());
            let _ = fs::remove_file(&place);
            fs::copy(file.path(), place).unwrap();
        }
    }
    let gateway = machine.start().await;
    let client = machine.client(&gateway);
    look(&client, &machine.acknowledged[0]).await.unwrap();
    machine.holds_all(gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_audit_log_is_named_with_its_place() {
    with(|machine, folder| {
        let log = folder.join("data/audit.log");
        let mut bytes = fs::read(&log).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&log, bytes).unwrap();
        let (code, said) = refused(machine, None);
        assert!(code == Some(1) && said.contains("the audit log is corrupt at byte"), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_refused() {
    with(|machine, folder| {
        let database = folder.join("data/polku.db");
        let good = fs::read(&database).unwrap();
        let mut bytes = good.clone();
        bytes[..100].fill(7);
        fs::write(&database, bytes).unwrap();
        let (code, said) = refused(machine, None);
        assert!(code == Some(1) && said.contains("file is not a database"), "{said}");
        let mut bytes = good;
        bytes[4096..].fill(7);
        fs::write(&database, bytes).unwrap();
        let (code, said) = refused(machine, None);
        assert!(code == Some(1) && said.contains("database disk image is malformed"), "{said}");
    })
    .await;
}

/// One page, which nothing reads at the start: whoever meets it is told, and the gateway does not go on by what else is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_turns_out_to_be_damaged_is_served_from_no_more() {
    let mut machine = Machine::make();
    let gateway = machine.start().await;
    let client = machine.client(&gateway);
    machine.works(&client).await;
    gateway.stop().await.unwrap();
    let database = machine.data().join("polku.db");
    let good = fs::read(&database).unwrap();
    fs::write(&database, spoiled(&database, "referral_by_sender", good.clone())).unwrap();

    let gateway = machine.start().await;
    let client = machine.client(&gateway);
    expect_health(&client.channel(), Health::Serving).await;
    // What lies elsewhere in the file can be read until somebody meets the page.
    look(&client, &machine.acknowledged[0]).await.unwrap();
    let youth = client.clone().identify(PEOPLE[0]).await.unwrap();
    let request = referral_to(TE, &youth, PURPOSE, full_content());
    let sent = client.referral.clone().send_referral(request).await;
    assert_comes_back(sent, "STORE_DAMAGED");
    assert_comes_back(look(&client, &machine.acknowledged[0]).await, "STORE_DAMAGED");
    expect_health(&client.channel(), Health::NotServing).await;
    gateway.kill().await.unwrap();
    let said = fs::read_to_string(machine.log()).unwrap();
    assert!(said.contains("the database is damaged: end the gateway and restore a backup"), "{said}");

    // Nor by whoever starts it again, be it by itself.
    let (code, said) = refused(&machine, None);
    assert!(code == Some(1) && said.contains("the database is damaged"), "{said}");

    // As from a backup.
    for rest in ["polku.db-wal", "polku.db-shm"] {
        let _ = fs::remove_file(machine.data().join(rest));
    }
    fs::write(&database, good).unwrap();
    let gateway = machine.start().await;
    expect_health(&machine.client(&gateway).channel(), Health::Serving).await;
    machine.holds_all(gateway).await;
}

/// The file with the first page of an index filled with what no page is.
fn spoiled(database: &Path, index: &str, mut file: Vec<u8>) -> Vec<u8> {
    let connection = Connection::open(database).unwrap();
    let page: u32 = connection
        .query_row("SELECT rootpage FROM sqlite_master WHERE name = ?1", [index], |row| row.get(0))
        .unwrap();
    let page = usize::try_from(page).unwrap();
    file[(page - 1) * 4096..page * 4096].fill(7);
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_is_named_and_a_wrong_one_opens_nothing() {
    with(|machine, folder| {
        let key = folder.join("keys/master.key");
        fs::remove_file(&key).unwrap();
        let (code, said) = refused(machine, None);
        assert!(code == Some(64) && said.contains("master.key"), "{said}");
        fs::write(&key, "5a".repeat(32)).unwrap();
        fs::set_permissions(&key, Permissions::from_mode(0o400)).unwrap();
        let (code, said) = refused(machine, None);
        assert!(code.is_some_and(|code| code != 0), "it starts with a key that is not its own");
        assert!(!said.contains("5a5a"), "it shows the key");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_nothing_is_said_to_at_the_start() {
    with(|machine, folder| {
        let disk = Disk::of(&folder.join("data"), folder).unwrap();
        disk.fail(Fault::ReadOnly).unwrap();
        let (code, said) = refused(machine, Some(&disk));
        assert!(code == Some(1) && said.contains("Read-only file system"), "{said}");
    })
    .await;
}
