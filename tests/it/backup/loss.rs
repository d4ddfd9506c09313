//! Is an older copy of the store recognised, and what becomes of the receipts when its loss is accepted?

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use polku_gateway::audit::{AuditLog, Event, Leaf};
use polku_tests::world::{GatewayProcess, PATIENCE, World, WorldSettings, eventually, nobody};
use ring::digest::{SHA256, digest};
use tempfile::TempDir;

use super::{back_up, client, consent, edited, refuses_to_serve, restore};
use crate::stage::{polku, text};

struct Kept {
    folder: TempDir,
    world: World,
    /// Receipts as they are written on a command line, of every leaf that there ever was.
    receipts: Vec<String>,
    /// Of them these are in the backup.
    in_backup: usize,
}

impl Kept {
    /// A gateway that has gone on after a backup, and lost its store.
    async fn make() -> Kept {
        Kept::make_with(async |_| {}).await
    }

    /// The same, with something more that has happened since the backup.
    async fn make_with(happens: impl AsyncFnOnce(&Kept)) -> Kept {
        let folder = TempDir::new().unwrap();
        let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
        let text = fs::read_to_string(world.config_file()).unwrap();
        let pinned = "[audit]\npinned_checkpoint = \"pinned\"\n\n[keys]";
        fs::write(world.config_file(), text.replacen("[keys]", pinned, 1)).unwrap();
        let kept = Kept { folder, world, receipts: Vec::new(), in_backup: 0 };
        kept.goes_on(0..2).await;
        let backup = kept.path("backup");
        back_up(&kept.world.config_file(), &backup).unwrap();
        let in_backup = kept.leaves().len();
        kept.goes_on(2..5).await;
        happens(&kept).await;
        let receipts = kept.leaves();
        assert!(receipts.len() > in_backup);
        fs::rename(kept.path("data"), kept.path("lost")).unwrap();
        let said = restore(&kept.world.config_file(), &backup).unwrap();
        assert!(said.contains("will not start on it"), "{said}");
        Kept { receipts, in_backup, ..kept }
    }

    async fn goes_on(&self, people: std::ops::Range<usize>) {
        let config = self.world.config_file();
        let gateway = GatewayProcess::start(&config, &self.path("log")).await.unwrap();
        for person in people {
            consent(&mut client(&self.world, &gateway), person).await.unwrap();
        }
        gateway.stop().await.unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn leaves(&self) -> Vec<String> {
        let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        read(&self.path("data/audit.log"))
            .iter()
            .enumerate()
            .map(|(sequence, leaf)| format!("{sequence}:{}", hex(leaf.hash(sequence as u64))))
            .collect()
    }

    fn verifier(&self) -> String {
        let key = self.path("keys/log.key");
        polku(&["keys", "verifier", text(&key)]).result().unwrap().trim().to_owned()
    }

    fn accepts(&self, name: &str) -> Result<String, (Option<i32>, String)> {
        let config = self.world.config_file();
        polku(&["audit", "accept-loss", "--config", text(&config), "--log-name", name]).result()
    }
}

fn read(log: &Path) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let (log, _) = AuditLog::open(log).unwrap();
    log.read(0, |_, leaf| leaves.push(leaf)).unwrap();
    leaves
}

/// Whether a receipt holds in what was published in a folder.
fn holds(receipt: &str, tiles: &Path, key: &str) -> bool {
    polku(&["audit", "verify", "--receipt", receipt, "--tiles", text(tiles), "--key", key]).result().is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_is_refused_until_its_loss_is_accepted_and_every_receipt_holds() {
    let kept = Kept::make().await;
    let config = kept.world.config_file();
    let before = fs::read(kept.path("data/audit.log")).unwrap();
    let said = refuses_to_serve(&config);
    let (had, has) = (kept.receipts.len(), kept.in_backup);
    let sizes = format!("the log has {has} leaves, and a checkpoint says that it had {had}");
    assert!(said.contains("an older copy of the store") && said.contains(&sizes), "{said}");
    assert_eq!(fs::read(kept.path("data/audit.log")).unwrap(), before, "something was added to it");

    let (pinned, former) = (fs::read(kept.path("pinned")).unwrap(), kept.verifier());
    let name = former.split('+').next().unwrap();
    let (code, said) = kept.accepts(name).unwrap_err();
    assert!(code == Some(64) && said.contains("goes on under another one"), "{said}");
    let said = kept.accepts("log.example/second").unwrap();
    assert!(said.contains(&format!("ended with a checkpoint of {had} leaves")), "{said}");
    let given_up = kept.path("data/given-up-1");
    assert_eq!(fs::read(given_up.join("checkpoint")).unwrap(), pinned);
    assert_eq!(fs::read_to_string(given_up.join("verifier")).unwrap(), former);

    kept.goes_on(5..6).await;
    let leaves = read(&kept.path("data/audit.log"));
    let loss = &leaves[has];
    assert_eq!((loss.event, &loss.commitment[..]), (Event::Loss, digest(&SHA256, &pinned).as_ref()));
    let key = kept.verifier();
    assert!(key.starts_with("log.example/second+"), "{key}");
    assert!(said.contains(&key), "{said}");
    for (sequence, receipt) in kept.receipts.iter().enumerate() {
        let now = holds(receipt, &kept.path("data/tlog"), &key);
        assert_eq!(now, sequence < has, "{receipt} in the log as it goes on");
        assert!(holds(receipt, &kept.path("lost/tlog"), &former), "{receipt} in what was published");
    }
    // What was published under the former name ends with the checkpoint that was given up.
    let (lost, seen) = (kept.path("lost/tlog"), given_up.join("checkpoint"));
    let (tiles, seen) = (["--tiles", text(&lost)], ["--seen", text(&seen)]);
    polku(&[&["audit", "verify", "--key", &former][..], &tiles, &seen].concat()).result().unwrap();
    // There is nothing more to be accepted.
    let (code, said) = kept.accepts("log.example/third").unwrap_err();
    assert!(code == Some(1) && said.contains("no leaf that was published is known to be lost"), "{said}");
    assert!(!kept.path("data/given-up-2").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_has_gone_on_from_an_older_copy_is_another_one() {
    let kept = Kept::make().await;
    // Whoever takes the pin out of the configuration is found out when it is back.
    let unpinned = edited(&kept.world, "unpinned.toml", "[audit]\npinned_checkpoint = \"pinned\"\n", "");
    let gateway = GatewayProcess::start(&unpinned, &kept.path("log")).await.unwrap();
    for person in 10..16 {
        consent(&mut client(&kept.world, &gateway), person).await.unwrap();
    }
    gateway.stop().await.unwrap();
    let said = refuses_to_serve(&kept.world.config_file());
    let had = kept.receipts.len();
    assert!(said.contains(&format!("the first {had} leaves of the log are not those")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptance_that_was_cut_short_can_be_repeated() {
    let kept = Kept::make().await;
    let pinned = fs::read(kept.path("pinned")).unwrap();
    kept.accepts("log.example/second").unwrap();
    let key = kept.verifier();
    // As if it had ended before its last step.
    fs::write(kept.path("pinned"), &pinned).unwrap();
    let said = refuses_to_serve(&kept.world.config_file());
    assert!(said.contains("there is no signature by the key"), "{said}");
    let said = kept.accepts("log.example/third").unwrap();
    assert!(said.contains(&key), "{said}");
    kept.goes_on(5..6).await;
    // A pin of somebody else's is none that was given up.
    let text = String::from_utf8(pinned).unwrap().replacen("polku/", "other/", 2);
    fs::write(kept.path("pinned"), text).unwrap();
    let (code, _) = kept.accepts("log.example/fourth").unwrap_err();
    assert_eq!(code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_erased_does_not_come_back_when_a_loss_is_accepted() {
    let erased = OnceLock::new();
    let kept = Kept::make_with(async |kept| {
        let config = kept.world.config_file();
        let gateway = GatewayProcess::start(&config, &kept.path("log")).await.unwrap();
        let mut client = client(&kept.world, &gateway);
        let youth = client.identify(&nobody(0)).await.unwrap();
        let other = client.identify(&nobody(1)).await.unwrap();
        let erase = async || {
            let ran = polku(&["erase", "--config", text(&config), "--controller", "ohjaamo", &youth]);
            (!ran.err.contains("no gateway that you may speak to")).then_some(ran)
        };
        let ran = eventually(PATIENCE, erase).await.expect("the gateway does not listen to its operator");
        assert_eq!(ran.code, Some(0), "{ran:?}");
        gateway.stop().await.unwrap();
        erased.set((youth, other)).unwrap();
    })
    .await;
    let said = kept.accepts("log.example/second").unwrap();
    assert!(said.contains("erases again: 1"), "{said}");
    let config = kept.world.config_file();
    let gateway = GatewayProcess::start(&config, &kept.path("log")).await.unwrap();
    let mut client = client(&kept.world, &gateway);
    let again = client.identify(&nobody(0)).await.unwrap();
    let (youth, other) = erased.get().unwrap();
    assert_ne!(&again, youth, "somebody who was erased has come back");
    assert_eq!(&client.identify(&nobody(1)).await.unwrap(), other, "somebody else is who they were");
    gateway.stop().await.unwrap();
    let leaves = read(&kept.path("data/audit.log"));
    let erasures = leaves.iter().filter(|leaf| leaf.event == Event::PersonErasure);
    assert_eq!(erasures.count(), 1, "erased once more, and for good");
    assert!(!fs::read_to_string(kept.path("pinned.erased")).unwrap().is_empty());
}

/// The database is that of the backup, the log goes on: nothing of it is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_has_outlived_its_database_takes_its_place() {
    let kept = Kept::make().await;
    let (config, backup) = (kept.world.config_file(), kept.path("backup"));
    let restore = |log: &Path| {
        fs::remove_dir_all(kept.path("data")).unwrap();
        polku(&["restore", "--config", text(&config), "--from", text(&backup), "--log", text(log)]).result()
    };
    let other = TempDir::new().unwrap();
    let shorter = other.path().join("audit.log");
    let bytes = fs::read(kept.path("lost/audit.log")).unwrap();
    fs::write(&shorter, &bytes[..bytes.len() / 4]).unwrap();
    let (code, said) = restore(&shorter).unwrap_err();
    assert!(code == Some(1) && said.contains("does not begin with the audit log of the backup"), "{said}");
    let said = restore(&kept.path("lost/audit.log")).unwrap();
    assert!(said.contains("changes that are not in the database"), "{said}");
    polku(&["audit", "accept-older", "--config", text(&config)]).result().unwrap();
    kept.goes_on(5..6).await;
    let key = kept.verifier();
    for receipt in &kept.receipts {
        assert!(holds(receipt, &kept.path("data/tlog"), &key), "{receipt}");
    }
}
