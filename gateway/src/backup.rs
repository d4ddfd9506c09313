//! How is everything that the gateway keeps copied while it runs, and brought back?
//!
//! A backup is a folder: the database, as it was at one moment; the checkpoint that was published last; the audit log,
//! which reaches at least as far as both, because it is copied last; and a manifest, which is written when all the rest
//! is on disk, so that a backup that was cut short is none. Tiles are made anew from the log. Keys are never in it.
//! Everything personal in it is sealed, as it is in the store.

mod loss;
mod manifest;
mod older;
mod restore;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use ring::digest;

use crate::audit::tlog::{self, Checkpoint, Signature, SignedNote, SigningKey, TlogError};
use crate::audit::{self, AuditError, AuditLog};
use crate::clock::{Clock, ClockBehind, ForwardClock};
use crate::config::Config;
use crate::error::Error;
use crate::seal::KeyError;
use crate::store::StoreError;
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::{self, SqliteStore};

pub use loss::{Loss, accept_loss};
pub use manifest::{CopiedDatabase, CopiedFile, CopiedLog, Manifest};
pub use older::{LostChanges, accept_older};
pub use restore::{Restored, restore};

/// The checkpoint of the published log, in a backup.
const CHECKPOINT: &str = "checkpoint";

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The folder has to be a new or an empty one.
    #[error("{} is not empty", path.display())]
    NotEmpty {
        /// Which.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no manifest, so the backup was never completed, or it is not one that this release knows.
    #[error("{} is not the manifest of a whole backup", path.display())]
    Manifest {
        /// Where it should be.
        path: PathBuf,
    },
    /// A file is not the one that was copied.
    #[error("{} is not what the manifest says", path.display())]
    Altered {
        /// Which.
        path: PathBuf,
    },
    /// The state is kept in another way now: in a file here and on a server there, or the other way round.
    #[error("the backup is of a gateway that keeps its state in another kind of database")]
    OtherDatabase,
    /// The log that has outlived its database is not one that has grown out of that in the backup.
    #[error("{} does not begin with the audit log of the backup", path.display())]
    OtherLog {
        /// Which.
        path: PathBuf,
    },
    /// The keys of the gateway are not right.
    #[error("the keys cannot be read")]
    Keys(#[source] KeyError),
    /// The database cannot be copied or opened.
    #[error("the database cannot be used")]
    Store(#[source] StoreError),
    /// The audit log cannot be copied, or is not whole.
    #[error("the audit log cannot be used")]
    Audit(#[source] AuditError),
    /// The audit log is not the one that was published.
    #[error("the audit log does not fit its checkpoint")]
    Published(#[source] TlogError),
    /// Database and audit log are not of the same gateway or moment.
    #[error("the database does not fit the audit log")]
    Misfit(#[source] Error),
    /// No loss is there to be accepted: nothing is pinned, or the log is the one that is.
    #[error("no leaf that was published is known to be lost")]
    NothingLost,
    /// The database is as new as the log.
    #[error("the database is not older than the audit log")]
    NotOlder,
    /// Under its former name the log would be a rewritten one to whoever has seen it.
    #[error("the log has this name already: it goes on under another one")]
    SameName,
    /// The time of the host is before that of the log.
    #[error("the time of the host cannot be trusted")]
    Clock(#[source] ClockBehind),
}

/// Copies all that a gateway keeps into a new or empty folder, also while it runs. Of a database on a server nothing is
/// copied: that has to be done with the server's own means, before this begins. Blocks.
///
/// # Errors
/// [`BackupError`]; the folder has no manifest then.
pub fn make(config: &Config, into: &Path, now: Timestamp) -> Result<Manifest, BackupError> {
    begin(into)?;
    let mut files = Vec::new();
    let mut keep = |name: &str| -> Result<(), BackupError> {
        files.push(CopiedFile::look(into, name)?);
        Ok(())
    };
    // In this order: what the database and the checkpoint say is in the log already.
    let database = match &config.database {
        Some(_) => CopiedDatabase::Server,
        None => {
            let copied = SqliteStore::copy(&config.store.join(sqlite::FILE), &into.join(sqlite::FILE));
            let schema = copied.map_err(BackupError::Store)?;
            keep(sqlite::FILE)?;
            CopiedDatabase::File { schema }
        }
    };
    let published = tlog::note_if_any(&config.store.join(tlog::FOLDER).join(CHECKPOINT));
    let published = published.map_err(BackupError::Published)?;
    if let Some(note) = &published {
        write(&into.join(CHECKPOINT), note.as_str().as_bytes())?;
        keep(CHECKPOINT)?;
    }
    let copied = AuditLog::copy(&config.store.join(audit::FILE), &into.join(audit::FILE));
    let copied = copied.map_err(BackupError::Audit)?;
    if let Some(note) = &published {
        expect_reach(config, note, copied.leaves)?;
    }
    keep(audit::FILE)?;
    let manifest = Manifest::new(now, database, CopiedLog::of(&copied), files);
    write(&into.join(manifest::FILE), manifest.text().as_bytes())?;
    sync(into)?;
    Ok(manifest)
}

/// A log that is damaged near its end is shorter than what was published of it: that is no backup.
fn expect_reach(config: &Config, note: &SignedNote, leaves: u64) -> Result<(), BackupError> {
    let key =
        SigningKey::load(&config.keys.join(tlog::KEY_FILE), Signature::Log).map_err(BackupError::Keys)?;
    let checkpoint = Checkpoint::open(note, key.verifier());
    let size = checkpoint.map_err(|error| BackupError::Published(error.into()))?.size;
    if leaves < size {
        return Err(BackupError::Published(TlogError::Shorter { leaves, size }));
    }
    Ok(())
}

/// Makes the folder if need be; only its owner may look into it.
fn begin(folder: &Path) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { path: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    expect_empty(folder)
}

fn expect_empty(folder: &Path) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { path: folder.to_owned(), source };
    match fs::read_dir(folder).map_err(failed)?.next() {
        None => Ok(()),
        Some(_) => Err(BackupError::NotEmpty { path: folder.to_owned() }),
    }
}

/// Where the log of all gateways is in a database on a server, it gets the leaves that the log here has more: those from
/// after the database was copied.
async fn give_leaves(config: &Config, log: &Path) -> Result<(), BackupError> {
    let Some(settings) = &config.database else { return Ok(()) };
    let store = PostgresStore::open(settings).await.map_err(BackupError::Store)?;
    AuditLog::give(log, &mut store.leaves()).await.map_err(BackupError::Audit)
}

/// The time of a leaf behind those of a log.
fn at_now(log: &AuditLog, clock: Arc<dyn Clock>) -> Result<Timestamp, BackupError> {
    let last = log.last_time().map_err(BackupError::Audit)?;
    Ok(ForwardClock::after(clock, last).map_err(BackupError::Clock)?.now())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let written = (|| {
        let mut file = new_file(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    })();
    written.map_err(|source| BackupError::File { path: path.to_owned(), source })
}

/// A file that is not there yet, for its owner only.
fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn sync(folder: &Path) -> Result<(), BackupError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| BackupError::File { path: folder.to_owned(), source })
}

/// How many bytes come out of a reader, and their SHA-256; they go into the writer.
fn copy(mut from: impl Read, mut to: impl Write) -> io::Result<(u64, digest::Digest)> {
    let mut context = digest::Context::new(&digest::SHA256);
    let (mut buffer, mut bytes) = (vec![0; 64 * 1024], 0);
    loop {
        let count = from.read(&mut buffer)?;
        let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else { break };
        context.update(piece);
        to.write_all(piece)?;
        bytes += piece.len() as u64;
    }
    Ok((bytes, context.finish()))
}
