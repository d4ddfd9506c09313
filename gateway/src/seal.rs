//! How is personal data unreadable to whoever holds the database or the log alone?
//!
//! Every person has a data key of their own. What is stored about them is sealed with it, for one place in the
//! database; the key itself is stored wrapped by a master key, and says by which. Without the wrapped key nothing can
//! be opened any more: that is how a person is erased. Identities are found, and people named in the audit log, by
//! keyed hashes.
//!
//! AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces, and HMAC-SHA-256 (RFC 2104), both of `ring`.

mod cipher;
mod keys;
mod masters;

use std::fmt;

use polku_proto::YouthId;
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;
use zeroize::Zeroizing;

pub use keys::{KeyError, Keys};
pub(crate) use keys::{create_key_file, read_key_file};
pub(crate) use masters::Masters;
pub use masters::{CheckValue, MasterKey};

#[cfg(test)]
mod tests;

/// Length of every key: 256 bits.
const KEY_BYTES: usize = 32;

/// Bytes that are wiped when they are dropped.
type Secret = Zeroizing<[u8; KEY_BYTES]>;

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Altered, cut short, or sealed for another place, person, version or caller.
    #[error("the sealed data does not open")]
    NotAuthentic,
    /// Wrapped by a master key that is not at hand.
    #[error("no master key of version {version}")]
    UnknownMasterKey {
        /// The version that is asked for.
        version: u8,
    },
    /// The operating system gives no random bytes, or the data is too long for the cipher.
    #[error("sealing failed")]
    Failed,
}

/// Where sealed data belongs. It opens nowhere else, and as no other version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Table.
    pub table: &'a str,
    /// Key of the row.
    pub row: Uuid,
    /// Column.
    pub column: &'a str,
    /// Version of the row; 0 where a row never changes.
    pub version: u64,
}

impl Place<'_> {
    /// Two places have the same bytes only if they are the same place: texts are preceded by their length.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(80);
        bytes.extend_from_slice(b"polku place 1");
        for text in [self.table, self.column] {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(self.row.as_bytes());
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes
    }
}

/// The data key of one person. Wiped when dropped.
pub struct PersonKey {
    secret: Secret,
}

impl PersonKey {
    /// Seals data of this person for one place.
    ///
    /// # Errors
    /// [`SealError::Failed`] without random bytes.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        cipher::seal(&self.secret, &place.bytes(), plain)
    }

    /// Opens what was sealed for the same person and the same place.
    ///
    /// # Errors
    /// [`SealError::NotAuthentic`] for anything else.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        cipher::open(&self.secret, &place.bytes(), sealed)
    }

    /// Opens the same where it lies, and gives the part of it that is the data. What did not open is of no use any
    /// more.
    ///
    /// # Errors
    /// As [`PersonKey::open`].
    pub fn open_in_place<'a>(&self, place: Place<'_>, sealed: &'a mut [u8]) -> Result<&'a [u8], SealError> {
        cipher::open_in_place(&self.secret, &place.bytes(), sealed)
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PersonKey(redacted)")
    }
}

/// A person's data key as it is stored: version of the master key, nonce, sealed key, tag.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey([u8; WrappedKey::BYTES]);

impl WrappedKey {
    /// How many bytes a wrapped key has.
    pub const BYTES: usize = 1 + cipher::NONCE_BYTES + KEY_BYTES + cipher::TAG_BYTES;

    /// Takes a wrapped key as it was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; WrappedKey::BYTES]) -> WrappedKey {
        WrappedKey(bytes)
    }

    /// Gives the bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; WrappedKey::BYTES] {
        &self.0
    }

    /// Tells which version of the master key unwraps it.
    #[must_use]
    pub const fn master_version(&self) -> u8 {
        let [version, ..] = self.0;
        version
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WrappedKey(redacted)")
    }
}

/// Keyed hash of a personal identity code or a temporary id. It finds a person again and says nothing without the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdentityIndex([u8; 32]);

impl IdentityIndex {
    /// Takes an index as it was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> IdentityIndex {
        IdentityIndex(bytes)
    }

    /// Gives the bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for IdentityIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdentityIndex(redacted)")
    }
}

/// Random bytes of the operating system, for salts.
///
/// # Errors
/// [`SealError::Failed`] when there are none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SealError::Failed)?;
    Ok(bytes)
}

/// For whom a data key is wrapped: it unwraps for nobody else.
fn wrapping(youth: YouthId, version: u8) -> Vec<u8> {
    let mut bytes = b"polku person key 1".to_vec();
    bytes.push(version);
    bytes.extend_from_slice(youth.uuid().as_bytes());
    bytes
}
