//! Which keys does the gateway hold, and where do they come from?

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use polku_proto::YouthId;
use polku_proto::identity::{Hetu, Identity, TemporaryId};
use ring::hmac;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::audit::tlog::{self, SigningKey};

use super::{
    IdentityIndex, KEY_BYTES, MasterKey, Masters, PersonKey, SealError, Secret, WrappedKey, cipher,
    random_bytes,
};

const IDENTITY_FILE: &str = "identity.key";
const PSEUDONYM_FILE: &str = "pseudonym.key";
const TOKEN_FILE: &str = "token.key";

/// Randomness that makes the key of one token.
const TOKEN_SALT_BYTES: usize = 24;

/// Others may not read a key file, the group may not write it. The group may read it: that is how the access list of
/// a credential that systemd hands over shows in the mode.
const FORBIDDEN_MODE: u32 = 0o037;

/// Why the keys could not be loaded or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read or written.
    #[error("key file {} cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file does not hold a key.
    #[error("key file {} does not hold 64 hexadecimal digits", path.display())]
    Content {
        /// Which.
        path: PathBuf,
    },
    /// Others than the owner have access to a file.
    #[error("key file {} has mode {mode:04o}, others have access; it should be 0400", path.display())]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The same key is in two files.
    #[error("two key files in {} hold the same key", path.display())]
    Repeated {
        /// The folder.
        path: PathBuf,
    },
    /// Another key is where one is that is in use.
    #[error("master key {version} is another one than before: a new key gets a new version")]
    Changed {
        /// Which version.
        version: u8,
    },
    /// There are no more versions.
    #[error("there is no version left for another master key")]
    Exhausted,
    /// A file does not hold the key of a log or witness, or its name is not one.
    #[error("key file {} does not hold a signing key of the kind that is needed here", path.display())]
    Signing {
        /// Which.
        path: PathBuf,
    },
    /// No key could be made.
    #[error("no key could be made")]
    Random(#[source] SealError),
}

/// The keys of a gateway. They are outside the database, and wiped when dropped.
pub struct Keys {
    masters: RwLock<Arc<Masters>>,
    identity: Secret,
    pseudonym: Secret,
    token: Secret,
}

impl Keys {
    /// Loads the keys from a folder: `master.key` and those that came after it (`master-2.key`), `identity.key`,
    /// `pseudonym.key` and `token.key`, each of 64 hexadecimal digits and at most one line end.
    ///
    /// # Errors
    /// A file that is missing, malformed or open to others, and the same key in two files.
    pub fn load(folder: &Path) -> Result<Keys, KeyError> {
        let keys = Keys {
            masters: RwLock::new(Arc::new(Masters::load(folder)?)),
            identity: load(folder.join(IDENTITY_FILE))?,
            pseudonym: load(folder.join(PSEUDONYM_FILE))?,
            token: load(folder.join(TOKEN_FILE))?,
        };
        if keys.repeated(&keys.masters()) {
            return Err(KeyError::Repeated { path: folder.to_owned() });
        }
        Ok(keys)
    }

    /// Makes new keys and writes them into a folder, each into a file of mode 0400: those of [`Keys::load`], and
    /// `log.key`, with which the audit log is signed under a name of its own. The folder is made if need be. An existing
    /// key is never overwritten.
    ///
    /// # Errors
    /// [`KeyError::File`] when a file is there already or cannot be written.
    pub fn generate_into(folder: &Path) -> Result<Keys, KeyError> {
        let number = Uuid::from_bytes(random_bytes().map_err(KeyError::Random)?);
        Keys::generate_for_log(folder, &format!("polku/{}", number.simple()))
    }

    /// The same, for a log with this name.
    ///
    /// # Errors
    /// As [`Keys::generate_into`], and [`KeyError::Signing`] for a name with spaces or a plus, or an empty one.
    pub fn generate_for_log(folder: &Path, log: &str) -> Result<Keys, KeyError> {
        let failed = |source| KeyError::File { path: folder.to_owned(), source };
        let is_new = !folder.exists();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let keys = Keys {
            masters: RwLock::new(Arc::new(Masters::create(folder)?)),
            identity: generate(folder.join(IDENTITY_FILE))?,
            pseudonym: generate(folder.join(PSEUDONYM_FILE))?,
            token: generate(folder.join(TOKEN_FILE))?,
        };
        SigningKey::create(&folder.join(tlog::KEY_FILE), log, tlog::Signature::Log)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        if is_new {
            let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
            let parent = File::open(parent.unwrap_or(Path::new(".")));
            parent.and_then(|parent| parent.sync_all()).map_err(failed)?;
        }
        Ok(keys)
    }

    /// Makes the data key of a new person.
    ///
    /// # Errors
    /// [`SealError::Failed`] without random bytes.
    pub fn new_person_key(&self, youth: YouthId) -> Result<(PersonKey, WrappedKey), SealError> {
        let secret: Secret = Zeroizing::new(random_bytes()?);
        let wrapped = self.masters().wrap(youth, &secret)?;
        Ok((PersonKey { secret }, wrapped))
    }

    /// Unwraps the data key of a person.
    ///
    /// # Errors
    /// [`SealError::NotAuthentic`] for another person or an altered key, [`SealError::UnknownMasterKey`] when it was
    /// wrapped by a master key that is not here.
    pub fn unwrap(&self, youth: YouthId, wrapped: &WrappedKey) -> Result<PersonKey, SealError> {
        self.masters().unwrap(youth, wrapped)
    }

    /// Wraps the data key of a person by the newest master key.
    ///
    /// # Errors
    /// As [`Keys::unwrap`].
    pub fn rewrap(&self, youth: YouthId, wrapped: &WrappedKey) -> Result<WrappedKey, SealError> {
        let masters = self.masters();
        masters.wrap(youth, &masters.unwrap(youth, wrapped)?.secret)
    }

    /// Makes another master key in the folder. A gateway wraps by it once it has read the folder anew.
    ///
    /// # Errors
    /// What is wrong with those that are there, [`KeyError::File`] and [`KeyError::Exhausted`].
    pub fn rotate(folder: &Path) -> Result<MasterKey, KeyError> {
        Masters::create_next(folder)
    }

    /// The master keys in use.
    pub(crate) fn masters(&self) -> Arc<Masters> {
        Arc::clone(&self.masters.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses these master keys from now on.
    ///
    /// # Errors
    /// [`KeyError::Changed`] when one of them is another one than that in use under its version; nothing is changed
    /// then.
    pub(crate) fn use_masters(&self, masters: Masters) -> Result<(), KeyError> {
        let mut used = self.masters.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(version) = masters.differs_from(&used) {
            return Err(KeyError::Changed { version });
        }
        *used = Arc::new(masters);
        Ok(())
    }

    /// Gives the keyed hash by which a person is found.
    #[must_use]
    pub fn identity_index(&self, code: &Hetu) -> IdentityIndex {
        IdentityIndex::from_bytes(keyed_hash(&self.identity, &[code.expose().as_bytes()]))
    }

    /// Gives the same of a temporary id. No code has the hash of a temporary id: what is hashed here begins with a word and
    /// is longer than any code.
    #[must_use]
    pub fn temporary_index(&self, id: &TemporaryId) -> IdentityIndex {
        IdentityIndex::from_bytes(keyed_hash(&self.identity, &[b"temporary id 1", id.expose().as_bytes()]))
    }

    /// Gives the same of either.
    #[must_use]
    pub fn index_of(&self, identity: &Identity) -> IdentityIndex {
        match identity {
            Identity::Code(code) => self.identity_index(code),
            Identity::Temporary(id) => self.temporary_index(id),
        }
    }

    /// Gives the keyed hash that stands for a value where the value itself may not stand. The same value has
    /// unrelated hashes in different domains.
    #[must_use]
    pub fn pseudonym(&self, domain: &[u8], value: &[u8]) -> [u8; 32] {
        keyed_hash(&self.pseudonym, &[&(domain.len() as u64).to_be_bytes(), domain, value])
    }

    /// Seals a token for one caller, as base64url without padding. It has 70 characters and four for every three
    /// bytes.
    ///
    /// # Errors
    /// [`SealError::Failed`] without random bytes.
    pub fn seal_token(&self, caller: &str, plain: &[u8]) -> Result<String, SealError> {
        let salt: [u8; TOKEN_SALT_BYTES] = random_bytes()?;
        let mut token = salt.to_vec();
        token.extend_from_slice(&cipher::seal(&self.token_key(caller, &salt), b"polku token 1", plain)?);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// Opens a token that was sealed for the same caller.
    ///
    /// # Errors
    /// [`SealError::NotAuthentic`] for anything else.
    pub fn open_token(&self, caller: &str, token: &str) -> Result<Vec<u8>, SealError> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| SealError::NotAuthentic)?;
        let (salt, sealed) = bytes.split_first_chunk().ok_or(SealError::NotAuthentic)?;
        cipher::open(&self.token_key(caller, salt), b"polku token 1", sealed)
    }

    /// One key a token: watchers get a token with every event, and random nonces under one key would run out.
    fn token_key(&self, caller: &str, salt: &[u8; TOKEN_SALT_BYTES]) -> Secret {
        Zeroizing::new(keyed_hash(&self.token, &[salt, caller.as_bytes()]))
    }

    /// Whether the same key is there twice, with these master keys.
    pub(crate) fn repeated(&self, masters: &Masters) -> bool {
        let others = [&self.identity, &self.pseudonym, &self.token];
        let mut secrets: Vec<_> = masters.secrets().map(|(_, secret)| secret).chain(others).collect();
        secrets.sort_unstable_by(|one, other| one.as_slice().cmp(other.as_slice()));
        secrets.windows(2).any(|pair| matches!(pair, [one, other] if one.as_slice() == other.as_slice()))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keys(redacted)")
    }
}

pub(super) fn keyed_hash(secret: &[u8; KEY_BYTES], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    for (byte, made) in hash.iter_mut().zip(context.sign().as_ref()) {
        *byte = *made;
    }
    hash
}

pub(super) fn load(path: PathBuf) -> Result<Secret, KeyError> {
    let text = read_key_file(path.clone(), 2 * KEY_BYTES + 2)?;
    parse(&text).ok_or(KeyError::Content { path })
}

/// Reads a file that holds a key, and a byte more if it is longer than it may be.
///
/// # Errors
/// [`KeyError::File`] and [`KeyError::Exposed`].
pub(crate) fn read_key_file(path: PathBuf, longest: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut text = Zeroizing::new(Vec::with_capacity(longest + 1));
    let opened = File::open(&path).and_then(|file| {
        let mode = file.metadata()?.permissions().mode() & 0o7777;
        file.take(longest as u64 + 1).read_to_end(&mut text)?;
        Ok(mode)
    });
    let mode = match opened {
        Ok(mode) => mode,
        Err(source) => return Err(KeyError::File { path, source }),
    };
    if mode & FORBIDDEN_MODE != 0 {
        return Err(KeyError::Exposed { path, mode });
    }
    Ok(text)
}

fn parse(text: &[u8]) -> Option<Secret> {
    let digits = text.strip_suffix(b"\n").unwrap_or(text);
    let digits = digits.strip_suffix(b"\r").unwrap_or(digits);
    if digits.len() != 2 * KEY_BYTES {
        return None;
    }
    let mut secret: Secret = Zeroizing::new([0; KEY_BYTES]);
    for (byte, pair) in secret.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(secret)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

pub(super) fn generate(path: PathBuf) -> Result<Secret, KeyError> {
    let secret: Secret = Zeroizing::new(random_bytes().map_err(KeyError::Random)?);
    let mut text = Zeroizing::new(Vec::with_capacity(2 * KEY_BYTES + 1));
    for byte in secret.iter() {
        text.extend(
            [byte >> 4, byte & 15].map(|half| if half < 10 { b'0' + half } else { b'a' + half - 10 }),
        );
    }
    text.push(b'\n');
    create_key_file(path, &text)?;
    Ok(secret)
}

/// Writes a new file of mode 0400.
///
/// # Errors
/// [`KeyError::File`], also when it is there already.
pub(crate) fn create_key_file(path: PathBuf, text: &[u8]) -> Result<(), KeyError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o400).open(&path);
    let written = made.and_then(|mut file| {
        file.write_all(text)?;
        file.sync_all()
    });
    written.map_err(|source| KeyError::File { path, source })
}
