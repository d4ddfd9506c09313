//! How does somebody outside see to it that a log is never rewritten? (C2SP tlog-cosignature)
//!
//! A witness remembers one checkpoint of a log: the last one that it has cosigned. It cosigns another one only if the
//! log has grown out of that one, as the log's own tiles show. What it remembers is on disk before its signature is
//! seen by anybody. It never goes back, and a log that shows two of its witnesses different things cannot show either of
//! them the other's checkpoint.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::TlogError;
use super::checkpoint::Checkpoint;
use super::note::{SignedNote, SigningKey, Verifier};
use super::proof::{consistency, continues};
use super::publish::replace;
use super::tile::{Tiles, read_note};

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// What was shown is wrong, or cannot be read.
    #[error(transparent)]
    Shown(#[from] TlogError),
    /// Nothing is remembered, and nobody has said that this is the beginning.
    #[error("{} is not there: what was seen of the log before is not known", path.display())]
    Forgotten {
        /// Where it should be.
        path: PathBuf,
    },
    /// Something is remembered, and somebody has said that this is the beginning.
    #[error("{} is there already: the log has been witnessed before", path.display())]
    Begun {
        /// Where it is.
        path: PathBuf,
    },
    /// What is remembered was not signed by this witness, or not by this log.
    #[error("what was seen of the log before cannot be trusted")]
    Remembered(#[source] TlogError),
    /// Another process witnesses with the same memory.
    #[error("another process is a witness with the same memory")]
    InUse,
    /// The log has become shorter.
    #[error("rollback: the log had {seen} leaves and shows {shown}")]
    Rollback {
        /// How many leaves were seen before.
        seen: u64,
        /// How many are shown now.
        shown: u64,
    },
    /// The log is not the one that was seen before.
    #[error("fork: what the log shows with {shown} leaves did not grow out of what it showed with {seen}")]
    Fork {
        /// How many leaves were seen before.
        seen: u64,
        /// How many are shown now.
        shown: u64,
    },
}

/// What a witness goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// It has cosigned before: without its memory it refuses.
    Kept,
    /// It sees the log for the first time, and takes it as it is.
    Begins,
}

/// A witness of one log.
#[derive(Debug)]
pub struct Witness {
    /// Its key.
    pub key: SigningKey,
    /// The log.
    pub log: Verifier,
    /// The file of the checkpoint that it has cosigned last.
    pub state: PathBuf,
}

impl Witness {
    /// Looks at a checkpoint and the tiles of the log, and cosigns it. The answer has the signatures of the log and of
    /// this witness. A checkpoint that is refused although the log has signed it is kept beside the memory, as
    /// `.refused`: both together prove what the log has done. Blocks.
    ///
    /// # Errors
    /// [`WitnessError`]; nothing is signed then.
    pub fn look(
        &self,
        tiles: &Path,
        shown: &SignedNote,
        memory: Memory,
        now: Timestamp,
    ) -> Result<SignedNote, WitnessError> {
        let _alone = self.lock()?;
        let new = Checkpoint::open(shown, &self.log).map_err(TlogError::from)?;
        let seen = self.seen(memory)?;
        if let Some(old) = seen
            && let Err(error) = grown(tiles, &old, &new)
        {
            if matches!(error, WitnessError::Rollback { .. } | WitnessError::Fork { .. }) {
                replace(&self.beside(".refused"), shown.as_str().as_bytes(), 0o644)?;
            }
            return Err(error);
        }
        let log_only = shown.signed_by(&[&self.log]).map_err(TlogError::from)?;
        let line = self.key.line(&log_only.text, now).map_err(TlogError::from)?;
        let cosigned = log_only.and(&line).map_err(TlogError::from)?;
        // A key that makes no cosignatures has signed nothing that counts.
        Checkpoint::cosigned(&cosigned, self.key.verifier()).map_err(TlogError::from)?;
        replace(&self.state, cosigned.as_str().as_bytes(), 0o644)?;
        Ok(cosigned)
    }

    fn seen(&self, memory: Memory) -> Result<Option<Checkpoint>, WitnessError> {
        let path = self.state.clone();
        let note = match (read_note(&path), memory) {
            (Ok(note), Memory::Kept) => note,
            (Ok(_), Memory::Begins) => return Err(WitnessError::Begun { path }),
            (Err(TlogError::File { source, .. }), _) if source.kind() == io::ErrorKind::NotFound => {
                return match memory {
                    Memory::Kept => Err(WitnessError::Forgotten { path }),
                    Memory::Begins => Ok(None),
                };
            }
            (Err(error), _) => return Err(WitnessError::Remembered(error)),
        };
        let own = Checkpoint::cosigned(&note, self.key.verifier());
        let checkpoint = own.and_then(|_| Checkpoint::open(&note, &self.log));
        checkpoint.map(Some).map_err(|error| WitnessError::Remembered(error.into()))
    }

    fn lock(&self) -> Result<File, WitnessError> {
        let path = self.beside(".lock");
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let failed = |source| TlogError::File { path: path.clone(), source };
        let file = opened.map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => WitnessError::InUse,
            TryLockError::Error(source) => failed(source).into(),
        })?;
        Ok(file)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut path = self.state.clone().into_os_string();
        path.push(ending);
        path.into()
    }
}

/// Tells whether the log has only grown.
fn grown(tiles: &Path, old: &Checkpoint, new: &Checkpoint) -> Result<(), WitnessError> {
    let (seen, shown) = (old.size, new.size);
    if shown < seen {
        return Err(WitnessError::Rollback { seen, shown });
    }
    let hashes = consistency(&mut Tiles::in_folder(tiles, shown), seen, shown)?;
    if continues(old, new, &hashes) { Ok(()) } else { Err(WitnessError::Fork { seen, shown }) }
}
