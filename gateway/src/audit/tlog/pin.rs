//! How does a gateway notice that an older copy of its store stands in its place?
//!
//! An older copy of database and log fit each other, and what was published fits them too. So the newest checkpoint is
//! pinned outside the store as well, and the log at hand has to have grown out of it.

use std::fs;
use std::path::{Path, PathBuf};

use super::TlogError;
use super::checkpoint::Checkpoint;
use super::note::{SignedNote, Verifier};
use super::publish::replace;
use super::tile::note_if_any;
use crate::audit::AuditLog;
use crate::audit::log::sync_folder_of;

/// A file with the newest checkpoint of a log.
#[derive(Debug, Clone)]
pub struct Pin {
    path: PathBuf,
}

impl Pin {
    /// Names the file.
    #[must_use]
    pub fn at(path: PathBuf) -> Pin {
        Pin { path }
    }

    /// Tells which file it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the checkpoint; none, if nothing is pinned yet.
    ///
    /// # Errors
    /// [`TlogError`]: a file that cannot be read, or holds no checkpoint of this log.
    pub fn read(&self, log: &Verifier) -> Result<Option<Checkpoint>, TlogError> {
        let note = note_if_any(&self.path)?;
        Ok(note.map(|note| Checkpoint::open(&note, log)).transpose()?)
    }

    /// Holds a log against what is pinned; tells whether something is. Blocks.
    ///
    /// # Errors
    /// [`TlogError::Shorter`] and [`TlogError::Rewritten`], when the log has not grown out of it; and those of
    /// [`Pin::read`].
    pub fn expect(&self, log: &AuditLog, key: &Verifier) -> Result<bool, TlogError> {
        let Some(Checkpoint { size, root, origin: _ }) = self.read(key)? else { return Ok(false) };
        let leaves = log.len();
        if leaves < size {
            return Err(TlogError::Shorter { leaves, size });
        }
        if log.root_of(size)? != root {
            return Err(TlogError::Rewritten { size });
        }
        Ok(true)
    }

    /// Pins a checkpoint in the place of the one before.
    pub(super) fn write(&self, note: &SignedNote) -> Result<(), TlogError> {
        replace(&self.path, note.as_str().as_bytes(), 0o644)
    }

    /// Pins nothing any more.
    pub(crate) fn remove(&self) -> Result<(), TlogError> {
        let removed = fs::remove_file(&self.path).and_then(|()| sync_folder_of(&self.path));
        removed.map_err(|source| TlogError::File { path: self.path.clone(), source })
    }
}
