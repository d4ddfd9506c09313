//! What does a backup say of itself?

use std::fs::{self, File};
use std::io;
use std::path::Path;

use jiff::Timestamp;
use ring::digest::Digest;
use serde::{Deserialize, Serialize};

use super::{BackupError, CHECKPOINT, copy};
use crate::audit::{self, Recovery};
use crate::hex::hex;
use crate::store::sqlite;

/// The file in which it stands.
pub(super) const FILE: &str = "manifest.json";

/// The form that is written and read.
const FORM: u32 = 1;

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    form: u32,
    /// The release that has made it.
    pub release: String,
    /// When.
    pub time: String,
    /// How the state is kept.
    pub database: CopiedDatabase,
    /// How far the audit log goes.
    pub log: CopiedLog,
    /// All files but the manifest.
    pub files: Vec<CopiedFile>,
}

/// How the state of a gateway was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CopiedDatabase {
    /// In a file, which is in the backup.
    File {
        /// Its schema.
        schema: u32,
    },
    /// On a server, which is backed up by itself.
    Server,
}

/// How far a log goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopiedLog {
    /// How many leaves.
    pub leaves: u64,
    /// Their Merkle tree hash, hexadecimal.
    pub root: String,
}

impl CopiedLog {
    pub(super) fn of(found: &Recovery) -> CopiedLog {
        CopiedLog { leaves: found.leaves, root: hex(&found.root) }
    }
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopiedFile {
    /// Its name.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

impl CopiedFile {
    /// Looks at a file that has been written.
    pub(super) fn look(folder: &Path, name: &str) -> Result<CopiedFile, BackupError> {
        let path = folder.join(name);
        let read = File::open(&path).and_then(|file| copy(file, io::sink()));
        let (bytes, digest) = read.map_err(|source| BackupError::File { path, source })?;
        Ok(CopiedFile { name: name.to_owned(), bytes, sha256: hex(digest.as_ref()) })
    }

    /// Whether this is what was copied.
    pub(super) fn is(&self, bytes: u64, digest: &Digest) -> bool {
        self.bytes == bytes && self.sha256 == hex(digest.as_ref())
    }
}

impl Manifest {
    pub(super) fn new(
        now: Timestamp,
        database: CopiedDatabase,
        log: CopiedLog,
        files: Vec<CopiedFile>,
    ) -> Manifest {
        let release = env!("CARGO_PKG_VERSION").to_owned();
        Manifest { form: FORM, release, time: now.to_string(), database, log, files }
    }

    pub(super) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads the manifest of a backup. It names no file that no backup has.
    pub(super) fn read(folder: &Path) -> Result<Manifest, BackupError> {
        let path = folder.join(FILE);
        let parse = |text: String| {
            let manifest: Manifest = serde_json::from_str(&text).ok()?;
            let mut names: Vec<_> = manifest.files.iter().map(|file| file.name.as_str()).collect();
            names.retain(|name| *name != CHECKPOINT);
            let wanted: &[&str] = match manifest.database {
                CopiedDatabase::File { .. } => &[sqlite::FILE, audit::FILE],
                CopiedDatabase::Server => &[audit::FILE],
            };
            (manifest.form == FORM && names == wanted).then_some(manifest)
        };
        fs::read_to_string(&path).ok().and_then(parse).ok_or(BackupError::Manifest { path })
    }

    /// Whether a checkpoint was copied.
    pub(super) fn has_checkpoint(&self) -> bool {
        self.files.iter().any(|file| file.name == CHECKPOINT)
    }
}
