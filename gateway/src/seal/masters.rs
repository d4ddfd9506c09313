//! Which master keys are there, and which of them wraps?
//!
//! The first one is in `master.key`; each rotation adds another one, in `master-2.key` and so on. The newest wraps the keys
//! of new people; an older one is needed for as long as a row is wrapped by it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use polku_proto::YouthId;
use zeroize::Zeroizing;

use super::keys::{generate, keyed_hash, load};
use super::{KeyError, PersonKey, SealError, Secret, WrappedKey, cipher, wrapping};
use crate::hex::hex;

const FIRST_FILE: &str = "master.key";
const FIRST: u8 = 1;

/// What a master key is told apart by without being told: the beginning of a keyed hash of a fixed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckValue([u8; CheckValue::BYTES]);

impl CheckValue {
    /// How many bytes a check value has.
    pub const BYTES: usize = 8;

    /// Takes a check value as it was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; CheckValue::BYTES]) -> CheckValue {
        CheckValue(bytes)
    }

    /// Gives the bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; CheckValue::BYTES] {
        &self.0
    }

    fn of(secret: &Secret) -> CheckValue {
        let hash = keyed_hash(secret, &[b"polku master key check 1"]);
        CheckValue(hash.first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Display for CheckValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

/// What a master key is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MasterKey {
    /// Counts from 1.
    pub version: u8,
    /// Tells it from another key under the same number.
    pub check: CheckValue,
}

impl fmt::Display for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "master key {} (check value {})", self.version, self.check)
    }
}

/// The master keys of a folder. There is at least one.
pub(crate) struct Masters {
    newest: (u8, Secret),
    older: BTreeMap<u8, Secret>,
}

impl Masters {
    /// Reads all that are in a folder.
    ///
    /// # Errors
    /// A file that is missing, malformed or open to others.
    pub(crate) fn load(folder: &Path) -> Result<Masters, KeyError> {
        let mut found = BTreeMap::new();
        for version in versions(folder)? {
            found.insert(version, load(file(folder, version))?);
        }
        let newest = match found.pop_last() {
            Some(newest) => newest,
            // Says which file is missing.
            None => (FIRST, load(file(folder, FIRST))?),
        };
        Ok(Masters { newest, older: found })
    }

    /// Makes the first one.
    pub(super) fn create(folder: &Path) -> Result<Masters, KeyError> {
        let newest = (FIRST, generate(file(folder, FIRST))?);
        Ok(Masters { newest, older: BTreeMap::new() })
    }

    /// Makes the next one, and answers what it is known by.
    pub(super) fn create_next(folder: &Path) -> Result<MasterKey, KeyError> {
        let version = Masters::load(folder)?.newest.0.checked_add(1).ok_or(KeyError::Exhausted)?;
        let secret = generate(file(folder, version))?;
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| KeyError::File { path: folder.to_owned(), source })?;
        Ok(MasterKey { version, check: CheckValue::of(&secret) })
    }

    /// What each of them is known by, the newest last.
    pub(crate) fn known(&self) -> Vec<MasterKey> {
        let known =
            self.secrets().map(|(version, secret)| MasterKey { version, check: CheckValue::of(secret) });
        known.collect()
    }

    /// The one that wraps.
    pub(crate) fn newest(&self) -> u8 {
        self.newest.0
    }

    /// The same keys, of which another one wraps, if it is among them: what the newest has wrapped opens already.
    pub(crate) fn wrapping_by(&self, version: u8) -> Masters {
        let mut others: BTreeMap<u8, Secret> =
            self.secrets().map(|(version, secret)| (version, secret.clone())).collect();
        let newest = others.remove(&version).map(|secret| (version, secret));
        let newest = newest.or_else(|| others.pop_last()).unwrap_or_else(|| self.newest.clone());
        Masters { newest, older: others }
    }

    /// Of each key that both have, the version if it is not the same.
    pub(crate) fn differs_from(&self, others: &Masters) -> Option<u8> {
        let differs = |(version, secret): &(u8, &Secret)| {
            others.get(*version).is_some_and(|other| other.as_slice() != secret.as_slice())
        };
        self.secrets().find(differs).map(|(version, _)| version)
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = (u8, &Secret)> {
        let older = self.older.iter().map(|(version, secret)| (*version, secret));
        older.chain([(self.newest.0, &self.newest.1)])
    }

    fn get(&self, version: u8) -> Option<&Secret> {
        self.secrets().find(|(found, _)| *found == version).map(|(_, secret)| secret)
    }

    pub(super) fn wrap(&self, youth: YouthId, secret: &Secret) -> Result<WrappedKey, SealError> {
        let (version, master) = &self.newest;
        let sealed = cipher::seal(master, &wrapping(youth, *version), secret.as_slice())?;
        let mut wrapped = [*version; WrappedKey::BYTES];
        let (_, rest) = wrapped.split_first_mut().ok_or(SealError::Failed)?;
        if rest.len() != sealed.len() {
            return Err(SealError::Failed);
        }
        rest.copy_from_slice(&sealed);
        Ok(WrappedKey::from_bytes(wrapped))
    }

    pub(super) fn unwrap(&self, youth: YouthId, wrapped: &WrappedKey) -> Result<PersonKey, SealError> {
        let [version, sealed @ ..] = wrapped.as_bytes();
        let master = self.get(*version).ok_or(SealError::UnknownMasterKey { version: *version })?;
        let plain = Zeroizing::new(cipher::open(master, &wrapping(youth, *version), sealed)?);
        let secret = plain.as_slice().try_into().map_err(|_| SealError::NotAuthentic)?;
        Ok(PersonKey { secret: Zeroizing::new(secret) })
    }
}

impl fmt::Debug for Masters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.known()).finish()
    }
}

fn file(folder: &Path, version: u8) -> PathBuf {
    if version == FIRST { folder.join(FIRST_FILE) } else { folder.join(format!("master-{version}.key")) }
}

/// Which versions have a file.
fn versions(folder: &Path) -> Result<Vec<u8>, KeyError> {
    let failed = |source| KeyError::File { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let Some(name) = name.to_str() else { continue };
        if name == FIRST_FILE {
            found.push(FIRST);
            continue;
        }
        let number = name.strip_prefix("master-").and_then(|rest| rest.strip_suffix(".key"));
        let version = number.and_then(|number| number.parse::<u8>().ok());
        found.extend(version.filter(|version| *version > FIRST && name == format!("master-{version}.key")));
    }
    Ok(found)
}
