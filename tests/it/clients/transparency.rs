//! Does a verifier that shares no code with the gateway find the audit log as the gateway's own commands do?
//!
//! A gateway serves, stops and serves again; between, a witness looks on. Then both verifiers are shown what there is, and
//! what was tampered with.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use polku_proto::v1::{AuditReceipt, Purpose};
use polku_tests::world::{OHJAAMO, PEOPLE, TE, binary, full_content, referral_to};
use tempfile::TempDir;
use tokio::process::Command;

use super::program;
use crate::stage::{BASIC, Stage};

/// What a program has said, or what it had to object.
async fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().await.unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    if output.status.success() { Ok(out) } else { Err(err) }
}

async fn polku<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<String, String> {
    said(Command::new(binary("polku").unwrap()).args(arguments)).await
}

async fn python<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<String, String> {
    said(program("transparency.py").args(arguments)).await
}

/// A young person is referred, and the receipt of it.
async fn refer(stage: &Stage, person: &str) -> AuditReceipt {
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(person).await.unwrap();
    let purpose = Purpose::EmploymentServices;
    ohjaamo.record_consent(&youth, OHJAAMO, TE, purpose, &BASIC).await.unwrap();
    let mut request = referral_to(TE, &youth, purpose, full_content());
    request.wait_for_delivery = true;
    ohjaamo.referral.send_referral(request).await.unwrap().into_inner().receipt.unwrap()
}

/// A published log, and what people hold of it.
struct Held {
    folder: TempDir,
    data: PathBuf,
    key: String,
    witness: String,
    receipts: Vec<AuditReceipt>,
}

impl Held {
    async fn make() -> Held {
        let stage = Stage::open().await;
        let first = refer(&stage, PEOPLE[0]).await;
        let folder = stage.world.folder().to_owned();
        let key = line(
            polku([OsStr::new("keys"), "verifier".as_ref(), folder.join("keys/log.key").as_ref()]).await,
        );
        let own = folder.join("witness.key");
        let witness = line(
            polku([OsStr::new("keys"), "witness".as_ref(), own.as_ref(), "witness.example/dpo".as_ref()])
                .await,
        );
        let mut begun = None;
        let stage = {
            let (folder, key) = (folder.clone(), key.clone());
            let looked = &mut begun;
            let restarted = stage.restart_after(|| {
                let arguments = look(&folder, &key, &["--begin"]);
                *looked = Some(std::process::Command::new(binary("polku").unwrap()).args(arguments).output());
            });
            restarted.await
        };
        let begun = begun.unwrap().unwrap();
        assert!(begun.status.success(), "{}", String::from_utf8_lossy(&begun.stderr));
        fs::write(folder.join("cosigned"), begun.stdout).unwrap();
        let second = refer(&stage, PEOPLE[1]).await;
        let (folder, data) = stage.stop().await;
        Held { folder, data, key, witness, receipts: vec![first, second] }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tlog(&self) -> PathBuf {
        self.data.join("tlog")
    }

    /// Whether the log is whole and the one that the witness has seen: the two verifiers agree.
    async fn whole(&self) -> bool {
        let (log, tiles, seen) = (self.data.join("audit.log"), self.tlog(), self.path("cosigned"));
        let theirs = python([
            OsStr::new("log"),
            tiles.as_ref(),
            self.key.as_ref(),
            "--seen".as_ref(),
            seen.as_ref(),
            "--witness".as_ref(),
            self.witness.as_ref(),
        ]);
        let verify = ["audit", "verify", "--key", &self.key, "--witness", &self.witness, "--seen"];
        let ours = polku(verify.iter().map(OsStr::new).chain([
            seen.as_ref(),
            "--tiles".as_ref(),
            tiles.as_ref(),
            log.as_ref(),
        ]));
        let (theirs, ours) = (theirs.await, ours.await);
        assert_eq!(theirs.is_ok(), ours.is_ok(), "{theirs:?} {ours:?}");
        if let (Ok(theirs), Ok(ours)) = (&theirs, &ours) {
            assert_eq!(theirs.lines().next(), ours.lines().next());
        }
        ours.is_ok()
    }

    /// Whether a receipt is in the log, by a proof: the two verifiers agree.
    async fn proven(&self, receipt: &AuditReceipt, proof: &Path, more: &[&str]) -> bool {
        let written = format!("{}:{}", receipt.sequence, STANDARD.encode(&receipt.leaf_hash));
        let theirs = [OsStr::new("receipt"), proof.as_ref(), self.key.as_ref(), written.as_ref()];
        let theirs = python(theirs.into_iter().chain(more.iter().map(OsStr::new))).await;
        let verify = ["audit", "verify", "--key", &self.key, "--receipt", &written, "--proof"];
        let ours = verify.iter().map(OsStr::new).chain([proof.as_ref()]).chain(more.iter().map(OsStr::new));
        let ours = polku(ours).await;
        assert_eq!(theirs.is_ok(), ours.is_ok(), "{theirs:?} {ours:?}");
        ours.is_ok()
    }
}

fn line(said: Result<String, String>) -> String {
    said.unwrap().trim_end().to_owned()
}

fn look(folder: &Path, key: &str, more: &[&str]) -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<std::ffi::OsString> = ["audit", "witness", "--log", key].map(Into::into).into();
    arguments.extend(["--key".into(), folder.join("witness.key").into()]);
    arguments.extend(["--state".into(), folder.join("witness.state").into()]);
    arguments.extend([folder.join("data/tlog").into()]);
    arguments.extend(more.iter().map(Into::into));
    arguments
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_verifier_finds_the_log_as_it_is() {
    let held = Held::make().await;
    assert!(held.whole().await);

    // Each receipt by a proof of its own; the first one under a checkpoint that the witness has cosigned.
    for (number, receipt) in held.receipts.iter().enumerate() {
        let sequence = receipt.sequence.to_string();
        let tiles = held.tlog();
        let make =
            [OsStr::new("audit"), "receipt".as_ref(), tiles.as_ref(), sequence.as_ref(), "--key".as_ref()];
        let proof = held.path(&format!("{number}.tlog-proof"));
        fs::write(&proof, polku(make.into_iter().chain([held.key.as_ref()])).await.unwrap()).unwrap();
        assert!(held.proven(receipt, &proof, &[]).await);
        assert!(!held.proven(receipt, &proof, &["--witness", &held.witness]).await);
        let other = AuditReceipt { sequence: receipt.sequence + 1, ..receipt.clone() };
        assert!(!held.proven(&other, &proof, &[]).await);
        let other = AuditReceipt { leaf_hash: vec![7; 32], ..receipt.clone() };
        assert!(!held.proven(&other, &proof, &[]).await);
    }
    let (tiles, seen, proof) = (held.tlog(), held.path("cosigned"), held.path("cosigned.tlog-proof"));
    let sequence = held.receipts[0].sequence.to_string();
    let make = ["audit", "receipt", &sequence, "--key", &held.key, "--checkpoint"];
    let made = polku(
        make[..2]
            .iter()
            .map(OsStr::new)
            .chain([tiles.as_ref()])
            .chain(make[2..].iter().map(OsStr::new))
            .chain([seen.as_ref()]),
    );
    fs::write(&proof, made.await.unwrap()).unwrap();
    assert!(held.proven(&held.receipts[0], &proof, &["--witness", &held.witness]).await);

    // An export of everything.
    let period = ["--from", "2000-01-01T00:00:00Z", "--until", "2100-01-01T00:00:00Z", "--key", &held.key];
    let export = ["audit", "export"].map(OsStr::new).into_iter().chain([tiles.as_ref()]);
    let lines = polku(export.chain(period.iter().map(OsStr::new))).await.unwrap();
    assert!(lines.lines().count() > 8, "{lines}");
    let file = held.path("export.jsonl");
    fs::write(&file, &lines).unwrap();
    let check = [OsStr::new("export"), file.as_ref(), held.key.as_ref()];
    python(check).await.unwrap();
    fs::write(&file, lines.replacen("\"organisation\":\"ohjaamo\"", "\"organisation\":\"ohjaama\"", 1))
        .unwrap();
    assert!(python(check).await.unwrap_err().contains("says another organisation"));

    // The witness goes on, and cosigns what has grown.
    let looked = polku(look(held.folder.path(), &held.key, &[])).await.unwrap();
    fs::write(held.path("cosigned"), looked).unwrap();
    assert!(held.whole().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_verifier_finds_what_was_tampered_with() {
    let held = Held::make().await;
    let checkpoint = fs::read(held.tlog().join("checkpoint")).unwrap();
    let mut tried = 0;
    for folder in ["tile/0/000.p", "tile/entries/000.p"] {
        let folder = held.tlog().join(folder);
        // The one that the newest checkpoint needs.
        let widths = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
        let newest = widths.map(|name| name.to_str().unwrap().parse::<u32>().unwrap()).max().unwrap();
        let file = folder.join(newest.to_string());
        let bytes = fs::read(&file).unwrap();
        for place in [0, 40, bytes.len() / 2, bytes.len() - 1] {
            let mut altered = bytes.clone();
            altered[place] ^= 1;
            fs::write(&file, altered).unwrap();
            assert!(!held.whole().await, "{} at {place}", file.display());
            tried += 1;
        }
        fs::write(&file, &bytes).unwrap();
    }
    assert_eq!(tried, 8);
    let text = String::from_utf8(checkpoint.clone()).unwrap();
    for (from, to) in [("polku/", "polko/"), ("\n\n", "\n"), ("=\n", "\n")] {
        fs::write(held.tlog().join("checkpoint"), text.replacen(from, to, 1)).unwrap();
        assert!(!held.whole().await, "{from:?}");
    }
    fs::write(held.tlog().join("checkpoint"), &checkpoint).unwrap();
    assert!(held.whole().await);
}
