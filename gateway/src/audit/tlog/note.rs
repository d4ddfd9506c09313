//! How is a text signed so that anybody can tell by whom? (C2SP signed-note)
//!
//! A note is a text that ends with a line end, an empty line, and a line for each signature: an em dash, the name of
//! the key, and in base64 the four bytes of the key's id and the signature. A key is made public as a *verifier key*
//! in one line, `name+id+base64`, and kept secret as `PRIVATE+KEY+name+id+base64`: both hold the type of the signature
//! and 32 bytes of the key, as the `note` tools of the Go ecosystem read and write them.
//!
//! Two types of Ed25519 (RFC 8032) are known: that of the log, over the text; and that of a witness, over a header, the
//! time and the text (C2SP tlog-cosignature), so that one can never pass for the other.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::audit::merkle::sha256;
use crate::hex::hex;
use crate::seal::{KeyError, create_key_file, random_bytes, read_key_file};

/// The longest note that is read.
pub(super) const NOTE_BYTES: usize = 64 * 1024;

/// The most signatures that a note may have.
const SIGNATURES: usize = 64;

const PUBLIC_BYTES: usize = 32;

/// The longest key file: a name of 255 bytes and 100 for the rest.
const KEY_FILE_BYTES: usize = 400;

const NAME_BYTES: usize = 255;

const DASH: &str = "\u{2014} ";

const SECRET: &str = "PRIVATE+KEY+";

/// Who signs, and over what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// The log itself.
    Log,
    /// A witness of the log.
    Witness,
}

impl Signature {
    const fn number(self) -> u8 {
        match self {
            Signature::Log => 1,
            Signature::Witness => 4,
        }
    }

    fn of(number: u8) -> Option<Signature> {
        [Signature::Log, Signature::Witness].into_iter().find(|known| known.number() == number)
    }
}

/// What is wrong with a note or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no signed note.
    #[error("this is no signed note")]
    Form,
    /// Its text is no checkpoint.
    #[error("this is no checkpoint")]
    Checkpoint,
    /// It is no verifier key.
    #[error("this is no verifier key of Ed25519")]
    Key,
    /// A verifier key of a witness stands where one of a log is wanted, or the other way round.
    #[error("this key makes signatures of another type")]
    Type,
    /// Nobody has signed it with the key.
    #[error("there is no signature by the key")]
    Unsigned,
    /// A signature in the name of the key does not fit the text.
    #[error("the signature does not fit the text")]
    Signature,
    /// The checkpoint is about another log than that of the key.
    #[error("the checkpoint is about another log than that of the key")]
    Origin,
    /// The time cannot be written down: it is before 1970.
    #[error("a signature cannot be of before 1970")]
    Time,
}

/// The key of a log or a witness. Wiped when dropped, as far as `ring` wipes what it was given.
pub struct SigningKey {
    verifier: Verifier,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// Makes a new key and writes it into a file of mode 0400. An existing file is never overwritten.
    ///
    /// # Errors
    /// [`KeyError`]: a file that is there already or cannot be written, a name with spaces or a plus, no random bytes.
    pub fn create(path: &Path, name: &str, signature: Signature) -> Result<SigningKey, KeyError> {
        let seed: Zeroizing<[u8; PUBLIC_BYTES]> = Zeroizing::new(random_bytes().map_err(KeyError::Random)?);
        let key = SigningKey::of(name, signature, &*seed);
        let key = key.ok_or_else(|| KeyError::Signing { path: path.to_owned() })?;
        let secret = Zeroizing::new([&[signature.number()], seed.as_slice()].concat());
        let encoded = Zeroizing::new(STANDARD.encode(secret.as_slice()));
        let id = hex(&key.verifier.id);
        let text = Zeroizing::new(format!("{SECRET}{name}+{id}+{}\n", encoded.as_str()));
        create_key_file(path.to_owned(), text.as_bytes())?;
        Ok(key)
    }

    /// Loads a key from a file, which nobody else may read.
    ///
    /// # Errors
    /// [`KeyError`]: a file that is missing, open to others, or does not hold a key of this type.
    pub fn load(path: &Path, signature: Signature) -> Result<SigningKey, KeyError> {
        let text = read_key_file(path.to_owned(), KEY_FILE_BYTES)?;
        let key = std::str::from_utf8(&text).ok().and_then(SigningKey::parse);
        key.filter(|key| key.verifier.signature == signature)
            .ok_or_else(|| KeyError::Signing { path: path.to_owned() })
    }

    fn parse(text: &str) -> Option<SigningKey> {
        let rest = text.strip_suffix('\n').unwrap_or(text).strip_prefix(SECRET)?;
        let (name, rest) = rest.split_once('+')?;
        let (id, encoded) = rest.split_once('+')?;
        let secret = Zeroizing::new(STANDARD.decode(encoded).ok()?);
        let (number, seed) = secret.split_first()?;
        let key = SigningKey::of(name, Signature::of(*number)?, seed)?;
        (hex(&key.verifier.id) == id).then_some(key)
    }

    fn of(name: &str, signature: Signature, seed: &[u8]) -> Option<SigningKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = <[u8; PUBLIC_BYTES]>::try_from(pair.public_key().as_ref()).ok()?;
        Some(SigningKey { verifier: Verifier::of(name, signature, public)?, pair })
    }

    /// Gives what anybody may know of the key.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Gives the line of a signature over a text. A log signs the text alone; a witness says when it has seen it.
    ///
    /// # Errors
    /// [`NoteError::Time`], for a witness before 1970.
    pub(super) fn line(&self, text: &str, now: Timestamp) -> Result<String, NoteError> {
        let mut bytes = self.verifier.id.to_vec();
        match self.verifier.signature {
            Signature::Log => bytes.extend(self.pair.sign(text.as_bytes()).as_ref()),
            Signature::Witness => {
                let seconds = u64::try_from(now.as_second()).map_err(|_| NoteError::Time)?;
                bytes.extend(seconds.to_be_bytes());
                bytes.extend(self.pair.sign(witnessed(seconds, text).as_bytes()).as_ref());
            }
        }
        Ok(format!("{DASH}{} {}\n", self.verifier.name, STANDARD.encode(bytes)))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(redacted)")
    }
}

/// What tells the signatures of one key. It is written as its verifier key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: [u8; 4],
    signature: Signature,
    public: [u8; PUBLIC_BYTES],
}

impl Verifier {
    /// Reads a verifier key: `name+id+base64`.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn parse(text: &str) -> Result<Verifier, NoteError> {
        let parts = || {
            let (name, rest) = text.split_once('+')?;
            let (id, encoded) = rest.split_once('+')?;
            let bytes = STANDARD.decode(encoded).ok()?;
            let (number, public) = bytes.split_first()?;
            let verifier = Verifier::of(name, Signature::of(*number)?, public.try_into().ok()?)?;
            (hex(&verifier.id) == id).then_some(verifier)
        };
        parts().ok_or(NoteError::Key)
    }

    fn of(name: &str, signature: Signature, public: [u8; PUBLIC_BYTES]) -> Option<Verifier> {
        let fits = |letter: char| !letter.is_whitespace() && !letter.is_control() && letter != '+';
        if name.is_empty() || name.len() > NAME_BYTES || !name.chars().all(fits) {
            return None;
        }
        let [a, b, c, d, ..] = sha256(&[name.as_bytes(), b"\n", &[signature.number()], &public]);
        Some(Verifier { name: name.to_owned(), id: [a, b, c, d], signature, public })
    }

    /// The name of the key; of a log's key, also that of the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who signs with the key.
    #[must_use]
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// Holds the text of a note against the signature by this key, and says when it was made, where it says so.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`] and [`NoteError::Signature`].
    pub(super) fn check(&self, note: &SignedNote) -> Result<Option<Timestamp>, NoteError> {
        let own = |line: &&SignatureLine| line.name == self.name && line.id == self.id;
        let line = note.signatures.iter().find(own).ok_or(NoteError::Unsigned)?;
        let (time, message, signature) = match self.signature {
            Signature::Log => (None, note.text.clone(), line.bytes.as_slice()),
            Signature::Witness => {
                let (seconds, rest) = line.bytes.split_first_chunk().ok_or(NoteError::Signature)?;
                let seconds = u64::from_be_bytes(*seconds);
                let time = i64::try_from(seconds).ok().and_then(|time| Timestamp::from_second(time).ok());
                (Some(time.ok_or(NoteError::Signature)?), witnessed(seconds, &note.text), rest)
            }
        };
        let key = UnparsedPublicKey::new(&ED25519, self.public);
        key.verify(message.as_bytes(), signature).map_err(|_| NoteError::Signature)?;
        Ok(time)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.signature.number()], self.public.as_slice()].concat();
        write!(formatter, "{}+{}+{}", self.name, hex(&self.id), STANDARD.encode(bytes))
    }
}

impl std::str::FromStr for Verifier {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Verifier, NoteError> {
        Verifier::parse(text)
    }
}

/// A text with signatures that nobody has looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    pub(super) text: String,
    signatures: Vec<SignatureLine>,
    whole: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SignatureLine {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl SignedNote {
    /// Takes a note apart. Whether its signatures are right is another question.
    ///
    /// # Errors
    /// [`NoteError::Form`].
    pub fn parse(whole: &str) -> Result<SignedNote, NoteError> {
        let controls = whole.chars().any(|letter| letter < ' ' && letter != '\n');
        if whole.len() > NOTE_BYTES || controls {
            return Err(NoteError::Form);
        }
        let end = whole.rfind("\n\n").ok_or(NoteError::Form)?;
        let (text, lines) = whole.split_at_checked(end + 1).ok_or(NoteError::Form)?;
        let lines = lines.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let signatures: Option<Vec<_>> = lines.ok_or(NoteError::Form)?.split('\n').map(signature).collect();
        let signatures = signatures.filter(|all| all.len() <= SIGNATURES).ok_or(NoteError::Form)?;
        Ok(SignedNote { text: text.to_owned(), signatures, whole: whole.to_owned() })
    }

    /// Gives the note as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.whole
    }

    /// The same text with one signature more.
    pub(super) fn and(&self, line: &str) -> Result<SignedNote, NoteError> {
        SignedNote::parse(&format!("{}{line}", self.whole))
    }

    /// The same text with the signatures that these keys have made, and no others.
    pub(super) fn signed_by(&self, keys: &[&Verifier]) -> Result<SignedNote, NoteError> {
        let mut whole = format!("{}\n", self.text);
        for line in &self.signatures {
            if keys.iter().any(|key| key.name == line.name && key.id == line.id) {
                let bytes = [line.id.as_slice(), &line.bytes].concat();
                whole += &format!("{DASH}{} {}\n", line.name, STANDARD.encode(bytes));
            }
        }
        SignedNote::parse(&whole)
    }
}

fn signature(line: &str) -> Option<SignatureLine> {
    let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (id, bytes) = bytes.split_first_chunk()?;
    if name.is_empty() || name.contains('+') || name.contains(char::is_whitespace) || bytes.is_empty() {
        return None;
    }
    Some(SignatureLine { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}

/// What a witness signs.
fn witnessed(seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}
