//! What happens when leaves that were published are lost for good?
//!
//! The log does not start again under its name: whoever has seen it would find it rewritten. An operator says that the
//! loss is accepted. Then the checkpoint that was given up is kept, a leaf commits to its bytes, and the log goes on
//! under a new name and key, with all leaves that it still has in their places: their receipts hold in both. The
//! receipts of the lost ones hold in what was published under the former name.
//!
//! Whoever was erased by a lost leaf is erased by a new one: the next start carries it out before anything is read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{BackupError, at_now, begin, sync, write};
use crate::audit::tlog::{self, Checkpoint, Pin, Signature, SigningKey, TlogError, Verifier};
use crate::audit::{self, AuditError, AuditLog, sha256};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::postgres::PostgresStore;
use crate::{serve, trail};

/// The checkpoint that was given up and the key that has signed it, in a folder of their own.
const GIVEN_UP: &str = "checkpoint";
const VERIFIER: &str = "verifier";

/// What was accepted.
#[derive(Debug)]
pub struct Loss {
    /// What the log had been.
    pub had: Checkpoint,
    /// The key under which the log goes on.
    pub verifier: Verifier,
    /// Where the checkpoint that was given up is kept.
    pub kept: PathBuf,
    /// How many erasures were among what is lost, and are made again; nothing where that is not known, or was told by an
    /// attempt that was cut short.
    pub erased: Option<usize>,
}

/// Writes down that leaves are lost, and lets the log go on under a new name. The gateway is not running.
///
/// # Errors
/// [`BackupError::NothingLost`], when the log is the one that is pinned; and what cannot be read or written. An attempt
/// that was cut short can be repeated.
pub async fn accept_loss(config: &Config, name: &str, clock: Arc<dyn Clock>) -> Result<Loss, BackupError> {
    let pin = Pin::at(config.pinned_checkpoint.clone().ok_or(BackupError::NothingLost)?);
    let key_file = config.keys.join(tlog::KEY_FILE);
    let key = SigningKey::load(&key_file, Signature::Log).map_err(BackupError::Keys)?;
    let log = open(config).await?;
    let had = match pin.expect(&log, key.verifier()) {
        Ok(_) => return Err(BackupError::NothingLost),
        Err(TlogError::Shorter { .. } | TlogError::Rewritten { .. }) => pin.read(key.verifier()),
        Err(error) => {
            return cut_short(config, &pin, key.verifier()).unwrap_or(Err(BackupError::Published(error)));
        }
    };
    let had = had.map_err(BackupError::Published)?.ok_or(BackupError::NothingLost)?;
    if name == key.verifier().name() {
        return Err(BackupError::SameName);
    }
    let given_up = fs::read(pin.path()).map_err(failed(pin.path()))?;
    let erased = pin.erasures_lost_by(&log).map_err(BackupError::Published)?;
    // Before anything is written down: the name may be none that a key can have.
    let (next, verifier) = next_key(&key_file, name)?;
    let (kept, former_key) = free_place(config);
    begin(&kept)?;
    write(&kept.join(GIVEN_UP), &given_up)?;
    write(&kept.join(VERIFIER), key.verifier().to_string().as_bytes())?;
    sync(&kept)?;
    sync(&config.store)?;
    let now = at_now(&log, clock)?;
    let leaf = trail::loss(sha256(&[&given_up]), now);
    log.append(leaf).await.map_err(BackupError::Audit)?;
    for subject in erased.iter().flatten() {
        log.append(trail::erased_before(*subject, now)).await.map_err(BackupError::Audit)?;
    }
    // As long as the pin is there the gateway does not start: it goes last.
    let published = config.store.join(tlog::FOLDER);
    if published.exists() {
        let aside = kept.join(tlog::FOLDER);
        fs::rename(&published, &aside).map_err(failed(&aside))?;
    }
    exchange(&next, &key_file, &former_key)?;
    pin.remove().map_err(BackupError::Published)?;
    Ok(Loss { had, verifier, kept, erased: erased.map(|erased| erased.len()) })
}

/// The log as a gateway opens it: the loss has its place behind what is in the log of all gateways.
pub(super) async fn open(config: &Config) -> Result<AuditLog, BackupError> {
    let path = config.store.join(audit::FILE);
    let opened: Result<_, AuditError> = match &config.database {
        Some(settings) => {
            let store = PostgresStore::open(settings).await.map_err(BackupError::Store)?;
            serve::log_among(&path, &store).await
        }
        None => AuditLog::open(&path),
    };
    opened.map(|(log, _)| log).map_err(BackupError::Audit)
}

/// An attempt that has come as far as to the new key: what is pinned was given up.
fn cut_short(config: &Config, pin: &Pin, verifier: &Verifier) -> Option<Result<Loss, BackupError>> {
    let pinned = tlog::read_note(pin.path()).ok()?;
    let kept = (1..).map(|number| place(config, number).0).take_while(|kept| kept.exists());
    let (kept, had) = kept.into_iter().find_map(|kept| {
        let former = Verifier::parse(&fs::read_to_string(kept.join(VERIFIER)).ok()?).ok()?;
        let given_up = tlog::read_note(&kept.join(GIVEN_UP)).ok()?;
        let had = Checkpoint::open(&given_up, &former).ok()?;
        (given_up == pinned && former != *verifier).then_some((kept, had))
    })?;
    let removed = pin.remove().map_err(BackupError::Published);
    Some(removed.map(|()| Loss { had, verifier: verifier.clone(), kept, erased: None }))
}

/// Makes a new key beside the log's.
fn next_key(key_file: &Path, name: &str) -> Result<(PathBuf, Verifier), BackupError> {
    let next = key_file.with_extension("next");
    if next.exists() {
        fs::remove_file(&next).map_err(failed(&next))?;
    }
    let key = SigningKey::create(&next, name, Signature::Log).map_err(BackupError::Keys)?;
    Ok((next, key.verifier().clone()))
}

/// Puts it in the place of the log's. The former one is kept beside it.
fn exchange(next: &Path, key_file: &Path, former: &Path) -> Result<(), BackupError> {
    fs::hard_link(key_file, former).map_err(failed(former))?;
    fs::rename(next, key_file).map_err(failed(key_file))?;
    sync(key_file.parent().unwrap_or(Path::new(".")))
}

/// Where nothing has been given up yet.
fn free_place(config: &Config) -> (PathBuf, PathBuf) {
    let mut number = 1;
    loop {
        let (kept, former_key) = place(config, number);
        if !kept.exists() && !former_key.exists() {
            return (kept, former_key);
        }
        number += 1;
    }
}

/// The folder of what is given up, and the file of the former key.
fn place(config: &Config, number: u64) -> (PathBuf, PathBuf) {
    let kept = config.store.join(format!("given-up-{number}"));
    (kept, config.keys.join(format!("{}.{number}", tlog::KEY_FILE)))
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}
