//! Is a backup that is not whole refused, and leaves nothing behind?

use std::fs;
use std::path::Path;

use polku_tests::world::{GatewayProcess, World, WorldSettings};
use serde_json::Value;
use tempfile::TempDir;

use super::{back_up, client, consent, elsewhere, restore};

const FILES: [&str; 4] = ["polku.db", "audit.log", "checkpoint", "manifest.json"];

fn copy_of(backup: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for file in FILES {
        fs::copy(backup.join(file), copy.path().join(file)).unwrap();
    }
    copy
}

fn manifest(backup: &Path) -> Value {
    serde_json::from_slice(&fs::read(backup.join("manifest.json")).unwrap()).unwrap()
}

fn write(backup: &Path, manifest: &Value) {
    fs::write(backup.join("manifest.json"), manifest.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_not_whole_is_refused_and_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let (config, log) = (world.config_file(), folder.path().join("log"));
    let (older, newer) = (folder.path().join("older"), folder.path().join("newer"));
    for (backup, person) in [(&older, 1), (&newer, 2)] {
        let gateway = GatewayProcess::start(&config, &log).await.unwrap();
        consent(&mut client(&world, &gateway), person).await.unwrap();
        gateway.stop().await.unwrap();
        back_up(&config, backup).unwrap();
    }
    let other = elsewhere(&world, "restored");
    let refused = async |backup: &Path, why: &str| {
        let (_, said) = restore(&other, backup).expect_err(why);
        assert!(said.contains(why), "{why}: {said}");
        let left = fs::read_dir(folder.path().join("restored")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{why}: something is left behind");
    };

    for file in &FILES[..3] {
        let copy = copy_of(&newer);
        let mut bytes = fs::read(copy.path().join(file)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(copy.path().join(file), bytes).unwrap();
        refused(copy.path(), "is not what the manifest says").await;
        fs::remove_file(copy.path().join(file)).unwrap();
        refused(copy.path(), "cannot be used").await;
    }
    let copy = copy_of(&newer);
    fs::remove_file(copy.path().join("manifest.json")).unwrap();
    refused(copy.path(), "is not the manifest of a whole backup").await;
    let mut strange = manifest(&newer);
    strange["files"][0]["name"] = "../polku.db".into();
    write(copy.path(), &strange);
    refused(copy.path(), "is not the manifest of a whole backup").await;

    // The log of an older backup: the database knows of leaves that it does not have.
    let mut mixed = manifest(&newer);
    let old = manifest(&older);
    fs::copy(older.join("audit.log"), copy.path().join("audit.log")).unwrap();
    fs::copy(older.join("checkpoint"), copy.path().join("checkpoint")).unwrap();
    mixed["log"] = old["log"].clone();
    for place in [1, 2] {
        mixed["files"][place] = old["files"][place].clone();
    }
    write(copy.path(), &mixed);
    refused(copy.path(), "the audit log is shorter than the store says").await;

    // A log that is not the one that was published.
    let copy = copy_of(&newer);
    fs::copy(folder.path().join("keys/log.key"), folder.path().join("log.key")).unwrap();
    fs::remove_file(folder.path().join("keys/log.key")).unwrap();
    let other_key = folder.path().join("other-keys");
    crate::stage::polku(&["keys".as_ref(), "create".as_ref(), other_key.as_os_str()]).result().unwrap();
    fs::copy(other_key.join("log.key"), folder.path().join("keys/log.key")).unwrap();
    refused(copy.path(), "there is no signature by the key").await;
    fs::remove_file(folder.path().join("keys/log.key")).unwrap();
    fs::copy(folder.path().join("log.key"), folder.path().join("keys/log.key")).unwrap();

    restore(&other, copy.path()).unwrap();
    let gateway = GatewayProcess::start(&other, &log).await.unwrap();
    gateway.stop().await.unwrap();
    // Nothing is backed up over what is there, and without a store there is no backup.
    let (code, said) = back_up(&config, &newer).unwrap_err();
    assert!(code == Some(64) && said.contains("is not empty"), "{said}");
    let nothing = elsewhere(&world, "never-begun");
    let into = folder.path().join("nothing");
    back_up(&nothing, &into).unwrap_err();
    assert!(!into.join("manifest.json").exists());
}
