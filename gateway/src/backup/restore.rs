//! How does a backup become a store again?
//!
//! Everything is copied into a folder within the store's and held against the manifest, the log's key and the database
//! before it takes its place; until then there is nothing with which a gateway could start.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{
    BackupError, CHECKPOINT, CopiedDatabase, CopiedLog, LostChanges, Manifest, begin, copy, expect_empty,
    give_leaves, new_file, older, sync,
};
use crate::audit::tlog::{self, Evidence, Pin, SigningKey, TlogError, Verifier};
use crate::audit::{self, AuditLog};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;
use crate::store::sqlite::{self, SqliteStore};
use crate::{serve, trail};

/// The folder within the store in which a backup is looked at.
const STAGE: &str = "restoring";

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// Why the gateway will not start all the same: leaves that were published are not in the backup.
    pub lost: Option<TlogError>,
    /// Likewise: changes that the log tells of are not in the database.
    pub lacks: LostChanges,
}

/// Restores a backup into an empty store. A database on a server has been restored before with the server's own means. A
/// log that has outlived its database takes the place of the one in the backup, out of which it has grown.
///
/// # Errors
/// [`BackupError`]; the store stays empty then. Only when files could not all take their place, the rest of them is still
/// in the folder `restoring`: the store is to be emptied before the next attempt.
pub async fn restore(
    config: &Config,
    from: &Path,
    outlived: Option<&Path>,
    clock: Arc<dyn Clock>,
) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(from)?;
    if matches!(manifest.database, CopiedDatabase::Server) != config.database.is_some() {
        return Err(BackupError::OtherDatabase);
    }
    let key = SigningKey::load(&config.keys.join(tlog::KEY_FILE), tlog::Signature::Log);
    let key = key.map_err(BackupError::Keys)?;
    // As a gateway makes it that begins: what is published in it is for others to read, and other files are not.
    fs::create_dir_all(&config.store)
        .map_err(|source| BackupError::File { path: config.store.clone(), source })?;
    expect_empty(&config.store)?;
    let stage = config.store.join(STAGE);
    let done = async {
        let store = bring(config, (from, outlived), &manifest, &stage).await?;
        let lost = look(config, &manifest, &stage, key.verifier()).await?;
        let log = stage.join(audit::FILE);
        // Of a backup alone everybody knows that what came later is not in it, and no log tells of that either.
        let is_newer = outlived.is_some() || config.database.is_some();
        let lacks =
            if is_newer { older::note(store.as_ref(), &log, clock).await? } else { LostChanges::new() };
        drop(store);
        give_leaves(config, &log).await?;
        Ok((lost, lacks))
    };
    let done: Result<_, BackupError> = done.await;
    let (lost, lacks) = match done {
        Ok(found) => found,
        Err(error) => {
            // What cannot be removed is in the way of the next attempt, which says so.
            let _ = fs::remove_dir_all(&stage);
            return Err(error);
        }
    };
    take_place(&config.store, &stage)?;
    Ok(Restored { manifest, lost, lacks })
}

/// Copies the files, each as the manifest says.
async fn bring(
    config: &Config,
    (from, outlived): (&Path, Option<&Path>),
    manifest: &Manifest,
    stage: &Path,
) -> Result<Arc<dyn Store>, BackupError> {
    begin(stage)?;
    for file in &manifest.files {
        let (source, target) = (from.join(&file.name), stage.join(&file.name));
        let copied = File::open(&source).and_then(|opened| {
            let target = new_file(&target)?;
            let copied = copy(opened, &target)?;
            target.sync_all()?;
            Ok(copied)
        });
        let failed = |error| BackupError::File { path: source.clone(), source: error };
        let (bytes, digest) = copied.map_err(failed)?;
        if !file.is(bytes, &digest) {
            return Err(BackupError::Altered { path: source });
        }
    }
    let log = AuditLog::verify(&stage.join(audit::FILE)).map_err(BackupError::Audit)?;
    if log.torn_bytes > 0 || CopiedLog::of(&log) != manifest.log {
        return Err(BackupError::Altered { path: from.join(audit::FILE) });
    }
    if let Some(outlived) = outlived {
        let target = stage.join(audit::FILE);
        fs::remove_file(&target).map_err(|source| BackupError::File { path: target.clone(), source })?;
        AuditLog::copy(outlived, &target).map_err(BackupError::Audit)?;
        let (longer, _) = AuditLog::open(&target).map_err(BackupError::Audit)?;
        let root = longer.root_of(log.leaves).map_err(BackupError::Audit)?;
        if longer.len() < log.leaves || root != log.root {
            return Err(BackupError::OtherLog { path: outlived.to_owned() });
        }
    }
    expect_database(config, stage).await
}

/// The database must not know of leaves that the log does not have.
async fn expect_database(config: &Config, stage: &Path) -> Result<Arc<dyn Store>, BackupError> {
    let store: Arc<dyn Store> = match &config.database {
        Some(_) => serve::store(config).await.map_err(BackupError::Store)?,
        None => {
            let store = SqliteStore::open(&stage.join(sqlite::FILE));
            Arc::new(store.map_err(BackupError::Store)?)
        }
    };
    let (log, _) = AuditLog::open(&stage.join(audit::FILE)).map_err(BackupError::Audit)?;
    trail::expect_log(store.as_ref(), &log).await.map_err(BackupError::Misfit)?;
    Ok(store)
}

/// The log must be the one that was published; whether it is as long as the pinned one is for the operator to know.
async fn look(
    config: &Config,
    manifest: &Manifest,
    stage: &Path,
    key: &Verifier,
) -> Result<Option<TlogError>, BackupError> {
    let log = stage.join(audit::FILE);
    if manifest.has_checkpoint() {
        let seen = [tlog::read_note(&stage.join(CHECKPOINT)).map_err(BackupError::Published)?];
        let evidence = Evidence { log: Some(&log), tiles: None, key, seen: &seen };
        tlog::verify(&evidence).map_err(BackupError::Published)?;
    }
    let Some(pin) = config.pinned_checkpoint.clone().map(Pin::at) else { return Ok(None) };
    let (log, _) = AuditLog::open(&log).map_err(BackupError::Audit)?;
    match pin.expect(&log, key) {
        Ok(_) => Ok(None),
        Err(lost @ (TlogError::Shorter { .. } | TlogError::Rewritten { .. })) => Ok(Some(lost)),
        Err(error) => Err(BackupError::Published(error)),
    }
}

/// Puts the files where a gateway looks for them. The database first: without its log it does not start.
fn take_place(store: &Path, stage: &Path) -> Result<(), BackupError> {
    let tlog = store.join(tlog::FOLDER);
    let moves: [(&str, PathBuf); 3] = [
        (sqlite::FILE, store.join(sqlite::FILE)),
        (audit::FILE, store.join(audit::FILE)),
        (CHECKPOINT, tlog.join(CHECKPOINT)),
    ];
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::File { path, source }
    };
    fs::create_dir(&tlog).map_err(failed(&tlog))?;
    for (name, target) in moves {
        let source = stage.join(name);
        if source.exists() {
            fs::rename(&source, &target).map_err(failed(&target))?;
            sync(store)?;
        }
    }
    sync(&tlog)?;
    fs::remove_dir_all(stage).map_err(failed(stage))?;
    sync(store)
}
