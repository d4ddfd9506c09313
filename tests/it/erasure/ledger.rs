//! Does somebody who was erased come back with a backup, or after a crash?

use std::path::Path;

use polku_gateway::control::Answer;
use polku_tests::world::{PEOPLE, TE, eventually};
use tempfile::TempDir;

use super::{PATIENCE, erase, found, known};
use crate::stage::{Stage, polku, text};

const DATABASE: [&str; 3] = ["polku.db", "polku.db-wal", "polku.db-shm"];

/// Puts copies of the files of the database into another folder; of those that are not there, nothing stays there.
fn copy(from: &Path, to: &Path) {
    for file in DATABASE {
        let _ = std::fs::remove_file(to.join(file));
        if from.join(file).exists() {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_erases_whoever_was_erased_since() {
    let stage = Stage::open().await;
    let youth = known(&stage.ohjaamo(), PEOPLE[6]).await;
    let other = known(&stage.ohjaamo(), PEOPLE[7]).await;
    let (data, backup) = (stage.world.folder().join("data"), TempDir::new().unwrap());
    let stage = stage.restart_after(|| copy(&data, backup.path())).await;
    assert!(matches!(erase(&stage.world, &youth).await, Answer::Done(_)));
    // Something happens after it, so the store that is brought back is older in two ways.
    stage.refer(&other, TE).await;
    let config = stage.world.config_file();
    let bring_back = || {
        copy(backup.path(), &data);
        polku(&["audit", "accept-older", "--config", text(&config)]).result().unwrap();
    };
    let stage = stage.restart_after(bring_back).await;
    let id = uuid::Uuid::parse_str(youth.strip_prefix("youths/").unwrap()).unwrap();
    let gone = || async { found(&data, id.as_bytes()).is_empty().then_some(()) };
    eventually(PATIENCE, gone).await.expect("their bytes are back");
    assert_ne!(stage.ohjaamo().identify(PEOPLE[6]).await.unwrap(), youth);
    assert_eq!(stage.ohjaamo().identify(PEOPLE[7]).await.unwrap(), other);
    // It has been done: another start has nothing to do.
    let stage = stage.restart().await;
    assert_eq!(stage.ohjaamo().identify(PEOPLE[7]).await.unwrap(), other);
    stage.close().await;
}

/// The leaf is durable before anything is erased: a store that is as it was before is brought up to it, as after a crash
/// between the two.
#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_was_announced_is_carried_out_at_the_next_start() {
    let stage = Stage::open().await;
    let youth = known(&stage.ohjaamo(), PEOPLE[8]).await;
    let (data, before) = (stage.world.folder().join("data"), TempDir::new().unwrap());
    let stage = stage.restart_after(|| copy(&data, before.path())).await;
    assert!(matches!(erase(&stage.world, &youth).await, Answer::Done(_)));
    let stage = stage.restart_after(|| copy(before.path(), &data)).await;
    let again = erase(&stage.world, &youth).await;
    assert_eq!(again, Answer::Refused(vec!["nobody is known by this".into()]));
    stage.close().await;
}
