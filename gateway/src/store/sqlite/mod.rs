//! How does one machine keep the state of the gateway?
//!
//! In one SQLite file, in write-ahead mode, synced at every commit. One thread writes: it takes all changes that wait,
//! makes each in a savepoint of its own and commits them together, so that one sync serves many. A change that
//! conflicts is rolled back alone. Reads go to connections of their own.

mod copy;
mod readers;
mod schema;
mod session;
mod writer;

use std::error::Error;
use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use rusqlite::ErrorCode;

use self::readers::Readers;
use self::session::{do_work, take};
use self::writer::Writer;
use super::StoreError;
use super::sql::{Backend, Done, Query, Work, void_leases};
use crate::machine::{Blocking, Durability};

#[cfg(test)]
mod tests;

/// The first release in which two writers cannot damage the write-ahead log.
const OLDEST_SQLITE: i32 = 3_051_003;

/// The file, in the folder of the store.
pub const FILE: &str = "polku.db";

/// The extension of the file beside it that says that it has been found to be damaged.
const DAMAGED: &str = "damaged";

/// The store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped first: the last connection to close clears the write-ahead log, and only the writer can.
    readers: Readers,
    writer: Writer,
    /// A page of the file has been found to hold what no page can.
    is_damaged: AtomicBool,
    /// Says so to whoever opens the file next.
    mark: PathBuf,
}

/// Why a database cannot be used at all.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("sqlite {found} is too old")]
    Sqlite { found: &'static str },
    #[error("the database cannot use a write-ahead log")]
    NoWriteAheadLog,
    #[error("the database is damaged")]
    Damaged,
}

impl SqliteStore {
    /// Opens the database, or makes a new one in a file of mode 0600, and brings its schema up to date. Blocks.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when a newer release has written it, [`StoreError::Failed`] when it cannot be used.
    pub fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        SqliteStore::open_on(path, &Blocking::Threads, Durability::EachCommit)
    }

    /// The same, with the choice of where it is written and read, and when it is on disk.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_on(
        path: &Path,
        blocking: &Blocking,
        durability: Durability,
    ) -> Result<SqliteStore, StoreError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(failed(Unusable::Sqlite { found: rusqlite::version() }));
        }
        // SQLite gives its other files the mode of this one.
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
        file.and_then(|file| file.set_permissions(Permissions::from_mode(0o600))).map_err(failed)?;
        let mark = path.with_extension(DAMAGED);
        if mark.exists() {
            // It may have been brought back from a backup since.
            SqliteStore::look(path)?;
            fs::remove_file(&mark).map_err(failed)?;
        }
        let mut connection = schema::connect(path)?;
        schema::migrate(&mut connection)?;
        if durability == Durability::Lazy {
            connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
        }
        // Leases of a process that is gone: this one is the only one.
        take(&connection, &[void_leases()])?;
        let readers = Readers::open(path, blocking)?;
        let writer = Writer::start(connection, blocking)?;
        Ok(SqliteStore { readers, writer, is_damaged: AtomicBool::new(false), mark })
    }

    /// Looks whether a database is whole, beside a gateway that works on it. Changes nothing of what is
    /// stored. Reads all of it.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when it cannot be read, or is not whole.
    pub fn look(path: &Path) -> Result<(), StoreError> {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(path, flags).map_err(failed)?;
        let said: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
        if said == "ok" { Ok(()) } else { Err(failed(Unusable::Damaged)) }
    }

    /// Goes on only as long as the file is whole, as far as anybody has seen: to write to one that is not makes it worse, and
    /// what is read from it may be anything.
    async fn whole<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if self.is_damaged.load(Ordering::Relaxed) {
            return Err(StoreError::Damaged);
        }
        let done = work.await;
        if self.is_damaged.load(Ordering::Relaxed) {
            return Err(StoreError::Damaged);
        }
        if let Err(StoreError::Failed(error)) = &done
            && is_damage(&**error)
        {
            tracing::error!("the database is damaged: end the gateway and restore a backup");
            self.is_damaged.store(true, Ordering::Relaxed);
            if let Err(error) = File::create(&self.mark) {
                tracing::error!(%error, "the mark of a damaged database cannot be written");
            }
            return Err(StoreError::Damaged);
        }
        done
    }
}

/// Whether SQLite says so itself, of the statement or of the transaction around it.
fn is_damage(error: &(dyn Error + 'static)) -> bool {
    let of_group = error.downcast_ref::<Arc<rusqlite::Error>>().map(|error| &**error);
    let said = error.downcast_ref::<rusqlite::Error>().or(of_group);
    let code = said.and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || error.source().is_some_and(is_damage)
}

#[async_trait]
impl Backend for SqliteStore {
    async fn read<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        self.whole(self.readers.find(query)).await
    }

    async fn read_many<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        self.whole(self.readers.find_many(query)).await
    }

    async fn write(&self, work: Work) -> Result<Done, StoreError> {
        self.whole(self.writer.write(move |connection| do_work(connection, &work))).await
    }

    async fn rewrite(&self) -> Result<(), StoreError> {
        self.whole(self.writer.rewrite()).await
    }
}

fn failed(error: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::failed(error)
}
