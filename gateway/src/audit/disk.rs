//! What is on disk after a write has failed, and when can it be written again?
//!
//! A write that fails (the disk is full or read-only) was never synced: its bytes are cut off, and when there is room it
//! goes on as before. After a failed sync nobody knows what is on disk, because the operating system may report a lost
//! page once only: nothing more is written until the log has been opened and read anew.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use super::AuditError;

/// How much room there has to be before it is tried again.
const ROOM_BYTES: usize = 64 * 1024;

const WELL: u8 = 0;
const STUCK: u8 = 1;
const BROKEN: u8 = 2;

/// The file of a log, with what is known of its end.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) file: File,
    state: AtomicU8,
    writing: Mutex<()>,
}

impl Disk {
    pub(super) fn new(file: File) -> Disk {
        Disk { file, state: AtomicU8::new(WELL), writing: Mutex::new(()) }
    }

    /// Whether nothing is written any more.
    pub(super) fn is_broken(&self) -> bool {
        self.state.load(Ordering::Acquire) == BROKEN
    }

    /// Whether the last write has failed.
    pub(super) fn is_stuck(&self) -> bool {
        self.state.load(Ordering::Acquire) == STUCK
    }

    /// Writes nothing any more.
    pub(super) fn distrust(&self) {
        self.state.store(BROKEN, Ordering::Release);
    }

    /// Writes bytes behind the end of what is on disk. They are there when this returns.
    ///
    /// # Errors
    /// [`AuditError::Stuck`], when nothing of it is there and it can be tried again; [`AuditError::Broken`].
    pub(super) fn write(&self, end: u64, bytes: &[u8]) -> Result<(), AuditError> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_broken() {
            return Err(AuditError::Broken);
        }
        if self.is_stuck() {
            self.cut(end)?;
        }
        (&self.file).write_all(bytes).map_err(|error| self.stuck(end, error))?;
        self.file.sync_data().map_err(|error| self.broken(&error))?;
        self.recovered();
        Ok(())
    }

    /// Tries whether it could be written again, after it could not. Zeros behind the end are no record.
    pub(super) fn try_again(&self, end: impl FnOnce() -> u64) -> Result<(), AuditError> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_stuck() {
            return Ok(());
        }
        let end = end();
        self.cut(end)?;
        (&self.file).write_all(&[0; ROOM_BYTES]).map_err(|error| self.stuck(end, error))?;
        self.cut(end)?;
        self.recovered();
        Ok(())
    }

    /// Takes off what a failed write has left, before anything comes in its place.
    fn cut(&self, end: u64) -> Result<(), AuditError> {
        self.file.set_len(end).map_err(|error| self.stuck(end, error))?;
        self.file.sync_all().map_err(|error| self.broken(&error))
    }

    fn stuck(&self, end: u64, error: io::Error) -> AuditError {
        // Room for others; if not now, it is done before the next write.
        let _ = self.file.set_len(end);
        let before = self.state.compare_exchange(WELL, STUCK, Ordering::AcqRel, Ordering::Acquire);
        if before == Ok(WELL) {
            tracing::error!(%error, "the audit log cannot be written: nothing is disclosed until it can");
        }
        AuditError::Stuck(error)
    }

    fn broken(&self, error: &io::Error) -> AuditError {
        self.distrust();
        tracing::error!(%error, "the audit log cannot be synced, nothing is disclosed any more");
        AuditError::Broken
    }

    fn recovered(&self) {
        let before = self.state.compare_exchange(STUCK, WELL, Ordering::AcqRel, Ordering::Acquire);
        if before == Ok(STUCK) {
            tracing::info!("the audit log can be written again");
        }
    }
}
