//! How do tiles and checkpoints come out of the audit log?
//!
//! The log is the authority: what is published is made of it alone, and could be deleted and made again. It is only
//! ever added to. A tile or checkpoint that is there already and says something else means that the log or what was
//! published of it was altered, and nothing is published over it.
//!
//! Tiles are on disk before the checkpoint that needs them; a checkpoint covers nothing but what the log has on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::TlogError;
use super::checkpoint::Checkpoint;
use super::edge::{Edge, Filled};
use super::note::{SignedNote, SigningKey};
use super::pin::Pin;
use super::tile::{CHECKPOINT, Kind, TileId, note_if_any};
use crate::audit::log::{Reach, Shared, sync_folder_of};
use crate::audit::{AuditLog, Event, Hash};

/// After how many leaves what they fill is written: about 16 MiB of memory.
const STEP_LEAVES: u64 = 32_768;

/// Publishes one log into one folder.
#[derive(Debug)]
pub struct Publisher {
    log: Arc<Shared>,
    key: SigningKey,
    folder: PathBuf,
    edge: Edge,
    reach: Reach,
    published: u64,
    pin: Option<Pin>,
    /// Who was erased, by the leaf that says so, and whether that stands beside the pin.
    erased: BTreeMap<u64, Hash>,
    is_beside: bool,
}

impl Publisher {
    /// Looks at what has been published and publishes what is missing. Everything is held against the log. Blocks.
    ///
    /// # Errors
    /// [`TlogError`]: what has been published is of another log or key, or says something else than the log; the log is
    /// shorter than what was published; files that cannot be read or written.
    pub fn open(log: &AuditLog, folder: PathBuf, key: SigningKey) -> Result<Publisher, TlogError> {
        let log = log.shared();
        let start = Reach::START;
        let mut publisher = Publisher {
            log,
            key,
            folder,
            edge: Edge::default(),
            reach: start,
            published: 0,
            pin: None,
            erased: BTreeMap::new(),
            is_beside: false,
        };
        publisher.make_folder()?;
        if let Some(note) = publisher.newest()? {
            let checkpoint = Checkpoint::open(&note, publisher.key.verifier())?;
            let reach = publisher.log.reach();
            if checkpoint.size > reach.leaves {
                return Err(TlogError::Shorter { leaves: reach.leaves, size: checkpoint.size });
            }
            publisher.advance(&reach, checkpoint.size)?;
            if publisher.edge.root() != checkpoint.root {
                return Err(TlogError::Rewritten { size: checkpoint.size });
            }
            publisher.write(publisher.edge.partial())?;
            publisher.published = checkpoint.size;
        }
        publisher.publish()?;
        Ok(publisher)
    }

    /// Pins every checkpoint from the newest one on.
    ///
    /// # Errors
    /// [`TlogError::File`], when it cannot be pinned.
    pub fn pinned(mut self, pin: Pin) -> Result<Publisher, TlogError> {
        let newest = self.newest()?;
        self.pin = Some(pin);
        if let Some(note) = newest {
            self.pin(&note)?;
        }
        Ok(self)
    }

    /// Tells how many leaves are published.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.published
    }

    /// Publishes what the log has got since. After an error the same can be tried again. Blocks.
    ///
    /// # Errors
    /// As [`Publisher::open`].
    pub fn publish(&mut self) -> Result<(), TlogError> {
        let reach = self.log.reach();
        if reach.leaves == self.published {
            return Ok(());
        }
        self.advance(&reach, reach.leaves)?;
        self.write(self.edge.partial())?;
        let origin = self.key.verifier().name().to_owned();
        let checkpoint = Checkpoint { origin, size: self.edge.size(), root: self.edge.root() };
        let note = checkpoint.sign(&self.key)?;
        replace(&self.folder.join(CHECKPOINT), note.as_str().as_bytes(), 0o644)?;
        self.pin(&note)?;
        self.published = reach.leaves;
        Ok(())
    }

    /// Who was erased comes first: of a checkpoint that is pinned all of them are known.
    fn pin(&mut self, note: &SignedNote) -> Result<(), TlogError> {
        let Some(pin) = &self.pin else { return Ok(()) };
        if !self.is_beside {
            pin.write_erased(&self.erased)?;
            self.is_beside = true;
        }
        pin.write(note)
    }

    /// The checkpoint that was published last.
    fn newest(&self) -> Result<Option<SignedNote>, TlogError> {
        note_if_any(&self.folder.join(CHECKPOINT))
    }

    /// Takes in the log up to a number of leaves, and writes the tiles that are full.
    fn advance(&mut self, reach: &Reach, leaves: u64) -> Result<(), TlogError> {
        while self.edge.size() < leaves {
            let until = leaves.min(self.edge.size() + STEP_LEAVES);
            let (mut edge, mut full, mut last) = (self.edge.clone(), Vec::new(), self.reach.last_hash);
            let mut records = self.log.between(&self.reach, reach);
            while edge.size() < until {
                let sequence = edge.size();
                let found = records.next()?.ok_or(TlogError::Shorter { leaves: sequence, size: until })?;
                let changed = match (found.leaf.event, found.leaf.refers_to) {
                    (Event::PersonErasure, _) => self.erased.insert(sequence, found.leaf.subject).is_none(),
                    (Event::Closed, Some(closed)) => self.erased.remove(&closed).is_some(),
                    (_, _) => false,
                };
                self.is_beside &= !changed;
                edge.push(&found.leaf.bytes(sequence), found.hash, &mut full);
                last = found.hash;
            }
            let reached = Reach { leaves: until, bytes: records.offset(), last_hash: last };
            drop(records);
            self.write(full)?;
            (self.edge, self.reach) = (edge, reached);
        }
        Ok(())
    }

    fn make_folder(&self) -> Result<(), TlogError> {
        let folder = &self.folder;
        let parent = folder.parent().unwrap_or(Path::new("."));
        let made = fs::create_dir_all(folder).and_then(|()| File::open(parent)?.sync_all());
        made.map_err(|source| TlogError::File { path: folder.clone(), source })
    }

    /// Writes tiles, or holds those that are there against what they should be. They are on disk then.
    fn write(&self, tiles: Vec<Filled>) -> Result<(), TlogError> {
        let mut touched = BTreeSet::new();
        for Filled { id, bytes } in tiles {
            let path = self.folder.join(id.to_string());
            let failed = |source| TlogError::File { path: path.clone(), source };
            match fs::read(&path) {
                Ok(found) if found == bytes => continue,
                Ok(_) => return Err(TlogError::Contradicts { tile: id.to_string() }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
            let parent = path.parent().unwrap_or(&self.folder);
            fs::create_dir_all(parent).map_err(failed)?;
            write_file(&path, &bytes, mode(id)).map_err(failed)?;
            let inside = |folder: &&Path| folder.starts_with(&self.folder);
            touched.extend(parent.ancestors().take_while(inside).map(Path::to_owned));
            if id == id.full() {
                remove_partial(&path).map_err(failed)?;
            }
        }
        for folder in touched {
            let synced = File::open(&folder).and_then(|opened| opened.sync_all());
            synced.map_err(|source| TlogError::File { path: folder, source })?;
        }
        Ok(())
    }
}

/// Hashes tell nothing and are for everybody; leaves are for those who may read the log.
fn mode(id: TileId) -> u32 {
    match id.kind {
        Kind::Hashes(_) => 0o644,
        Kind::Entries => 0o600,
    }
}

/// A full tile stands for all that was there of it before.
fn remove_partial(full: &Path) -> io::Result<()> {
    let mut partial = full.as_os_str().to_owned();
    partial.push(".p");
    match fs::remove_dir_all(PathBuf::from(partial)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Puts a file in the place of another one: whoever reads sees one or the other, also after a power cut.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), TlogError> {
    let written = write_file(path, bytes, mode).and_then(|()| sync_folder_of(path));
    written.map_err(|source| TlogError::File { path: path.to_owned(), source })
}

/// The file has its name when all of it is on disk.
fn write_file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    // What is left of an attempt that was cut short.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
