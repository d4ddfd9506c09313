//! In which encoding are these bytes, and which text are they?

use std::borrow::Cow;

use super::{XmlError, XmlErrorKind, XmlLimits, is_allowed};

/// The declaration, if there is one, stands within this many bytes.
const DECLARATION_BYTES: usize = 256;

pub(super) fn decode<'a>(bytes: &'a [u8], limits: &XmlLimits) -> Result<Cow<'a, str>, XmlError> {
    if bytes.len() > limits.bytes {
        return refuse(XmlErrorKind::TooLarge { limit: limits.bytes }, limits.bytes);
    }
    let text = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => {
            require_declared(&ascii_start(rest), Encoding::Utf8)?;
            utf8(rest)?
        }
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [b'<', 0, ..] => utf16(bytes, u16::from_le_bytes)?,
        [0, b'<', ..] => utf16(bytes, u16::from_be_bytes)?,
        _ => match declared(&ascii_start(bytes)) {
            None | Some(Some(Encoding::Utf8)) => utf8(bytes)?,
            Some(Some(Encoding::Latin1)) => bytes.iter().copied().map(char::from).collect::<String>().into(),
            Some(Some(Encoding::Utf16)) => return refuse(XmlErrorKind::EncodingMismatch, 0),
            Some(None) => return refuse(XmlErrorKind::UnsupportedEncoding, 0),
        },
    };
    if text.is_empty() {
        return refuse(XmlErrorKind::Empty, 0);
    }
    // A second mark would be content before the root, and is passed over by some readers.
    if text.starts_with('\u{feff}') {
        return refuse(XmlErrorKind::OutsideRoot, 0);
    }
    match first_illegal(&text) {
        Some(at) => refuse(XmlErrorKind::IllegalCharacter, at),
        None => Ok(text),
    }
}

/// Finds a character that XML does not allow. Hardly a document has one, or a byte with which one can begin: looking
/// at bytes first is many times as fast as decoding every character.
fn first_illegal(text: &str) -> Option<usize> {
    // No text holds surrogates; what is left are control characters below the space, and U+FFFE and U+FFFF.
    let may_begin = |byte: u8| matches!(byte, ..b' ' | 0xef) && !matches!(byte, b'\t' | b'\n' | b'\r');
    // Without a way out, so that many bytes are looked at at once.
    if !text.bytes().fold(false, |found, byte| found | may_begin(byte)) {
        return None;
    }
    text.char_indices().find(|(_, character)| !is_allowed(*character)).map(|(at, _)| at)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16,
    Latin1,
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(error) => refuse(XmlErrorKind::InvalidEncoding, error.valid_up_to()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, XmlError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().copied().map(unit)).collect();
    match text {
        Ok(text) if rest.is_empty() => {
            require_declared(&ascii_start(text.as_bytes()), Encoding::Utf16)?;
            Ok(text.into())
        }
        Ok(_) | Err(_) => refuse(XmlErrorKind::InvalidEncoding, 0),
    }
}

/// A declaration that contradicts the bytes would let two readers see two documents.
fn require_declared(start: &str, found: Encoding) -> Result<(), XmlError> {
    match declared(start) {
        None => Ok(()),
        Some(Some(encoding)) if encoding == found => Ok(()),
        Some(Some(_)) => refuse(XmlErrorKind::EncodingMismatch, 0),
        Some(None) => refuse(XmlErrorKind::UnsupportedEncoding, 0),
    }
}

/// Returns the declared encoding: `None` if nothing is declared, `Some(None)` if it is not one read here.
fn declared(start: &str) -> Option<Option<Encoding>> {
    let (declaration, _) = start.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let name = value.split(quote).nth(1)?;
    Some(match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => Some(Encoding::Utf8),
        "utf-16" | "utf-16le" | "utf-16be" => Some(Encoding::Utf16),
        "iso-8859-1" | "iso_8859-1" | "latin1" => Some(Encoding::Latin1),
        _ => None,
    })
}

fn ascii_start(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.get(..DECLARATION_BYTES).unwrap_or(bytes))
}

fn refuse<T>(kind: XmlErrorKind, at: usize) -> Result<T, XmlError> {
    Err(XmlError::new(kind, u64::try_from(at).unwrap_or(u64::MAX)))
}
