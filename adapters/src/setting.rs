//! What is wrong with the settings of an adapter, and how are its files read?

use std::error::Error;
use std::path::{Path, PathBuf};

use thiserror::Error as ThisError;

/// A longer secret is a wrong file.
const MAX_SECRET_BYTES: usize = 4096;

/// A setting cannot be used. Names the key, never the contents of a file.
#[derive(Debug, ThisError)]
pub enum SettingError {
    /// The value is not one that can be used.
    #[error("{key}: expected {expected}")]
    Value {
        /// The key, with the tables around it: `connection.timeout_ms`.
        key: &'static str,
        /// What may stand there.
        expected: &'static str,
    },
    /// The file that the value names cannot be used.
    #[error("{key}: expected {expected} in the file {}", .file.display())]
    File {
        /// The key, with the tables around it.
        key: &'static str,
        /// The file.
        file: PathBuf,
        /// What should stand in it.
        expected: &'static str,
        /// The cause below, if there is one.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl SettingError {
    /// A file that cannot be used, with the cause.
    pub(crate) fn file(
        key: &'static str,
        file: &Path,
        expected: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::File { key, file: file.to_owned(), expected, source: Some(source.into()) }
    }

    /// A file that can be read and does not hold what it should.
    pub(crate) fn content(key: &'static str, file: &Path, expected: &'static str) -> Self {
        Self::File { key, file: file.to_owned(), expected, source: None }
    }
}

/// Reads a secret of at least `min` bytes; a line end after it does not belong to it.
///
/// # Errors
/// The file cannot be read, or does not hold one line of printable ASCII of the length.
pub(crate) fn read_secret(
    key: &'static str,
    file: &Path,
    min: usize,
    expected: &'static str,
) -> Result<Secret, SettingError> {
    let text =
        std::fs::read_to_string(file).map_err(|error| SettingError::file(key, file, expected, error))?;
    let text = text.trim_end_matches(['\r', '\n']);
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if !printable || text.len() < min || text.len() > MAX_SECRET_BYTES {
        return Err(SettingError::content(key, file, expected));
    }
    Ok(Secret(text.to_owned()))
}

/// Requires that a number lies between two bounds, both included.
///
/// # Errors
/// It does not.
pub(crate) fn within<N: PartialOrd>(
    key: &'static str,
    value: &N,
    bounds: std::ops::RangeInclusive<N>,
    expected: &'static str,
) -> Result<(), SettingError> {
    if bounds.contains(value) { Ok(()) } else { Err(SettingError::Value { key, expected }) }
}

/// Reads the address of a service: `https`, with a host, without user, query and fragment.
///
/// # Errors
/// The text is anything else.
pub(crate) fn https_url(key: &'static str, text: &str) -> Result<http::Uri, SettingError> {
    let expected = "an address such as https://host.example/path, without user, query and fragment";
    let refused = SettingError::Value { key, expected };
    let Ok(uri) = text.parse::<http::Uri>() else {
        return Err(refused);
    };
    let plain_host = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let fits = uri.scheme() == Some(&http::uri::Scheme::HTTPS) && plain_host && uri.query().is_none();
    if fits && !text.contains('#') { Ok(uri) } else { Err(refused) }
}

/// A secret out of a file. `Debug` shows nothing of it.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    /// Shows the secret itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

/// Reads 32 bytes of 64 hex digits.
pub(crate) fn hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let (digits, rest) = text.as_bytes().as_chunks::<2>();
    if digits.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(digits) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}
