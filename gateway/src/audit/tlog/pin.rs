//! How does a gateway notice that an older copy of its store stands in its place?
//!
//! An older copy of database and log fit each other, and what was published fits them too. So the newest checkpoint is
//! pinned outside the store as well, and the log at hand has to have grown out of it.
//!
//! Beside it stands who had been erased by then, as the log names them: none of them comes back with an older copy.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::TlogError;
use super::checkpoint::Checkpoint;
use super::note::{SignedNote, Verifier};
use super::publish::replace;
use super::tile::note_if_any;
use crate::audit::log::sync_folder_of;
use crate::audit::{AuditLog, Event, Hash};
use crate::hex::{hex, of_hex};

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

    /// Writes beside it who was erased, by these leaves.
    pub(super) fn write_erased(&self, erased: &BTreeMap<u64, Hash>) -> Result<(), TlogError> {
        let mut lines = String::new();
        for (leaf, subject) in erased {
            // Writing to a `String` cannot fail.
            let _ = writeln!(lines, "{leaf} {}", hex(subject));
        }
        replace(&self.erased(), lines.as_bytes(), 0o600)
    }

    /// Whom a log does not tell of any more that has lost leaves, though they were erased; none, if the file that knows it
    /// is not there. Blocks.
    ///
    /// # Errors
    /// [`TlogError::File`], when the file beside the pin cannot be read; and those of reading the log.
    pub(crate) fn erasures_lost_by(&self, log: &AuditLog) -> Result<Option<Vec<Hash>>, TlogError> {
        let beside = self.erased();
        let failed = |source| TlogError::File { path: beside.clone(), source };
        let text = match fs::read_to_string(&beside) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(failed)?,
        };
        let pinned: Option<BTreeMap<u64, Hash>> = text.lines().map(line).collect();
        let mut lost = pinned.ok_or_else(|| failed(io::ErrorKind::InvalidData.into()))?;
        log.read(0, |sequence, leaf| {
            if leaf.event == Event::PersonErasure && lost.get(&sequence) == Some(&leaf.subject) {
                lost.remove(&sequence);
            }
        })?;
        Ok(Some(lost.into_values().collect()))
    }

    fn erased(&self) -> PathBuf {
        let mut beside = self.path.as_os_str().to_owned();
        beside.push(".erased");
        beside.into()
    }

    /// Pins nothing any more.
    pub(crate) fn remove(&self) -> Result<(), TlogError> {
        let removed = fs::remove_file(&self.path).and_then(|()| sync_folder_of(&self.path));
        removed.map_err(|source| TlogError::File { path: self.path.clone(), source })
    }
}

/// A leaf and whom it names.
fn line(line: &str) -> Option<(u64, Hash)> {
    let (leaf, subject) = line.split_once(' ')?;
    Some((leaf.parse().ok()?, of_hex(subject)?))
}
