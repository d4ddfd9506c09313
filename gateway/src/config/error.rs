//! How is an operator told what is wrong with the configuration?

use std::fmt;
use std::path::PathBuf;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file says something that cannot be used.
    #[error("the configuration {} cannot be used:{}", path.display(), Lines(problems))]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Everything that is wrong, in the order of the checks.
        problems: Vec<Problem>,
    },
}

/// One thing that is wrong. Never holds the value of anything that may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, from the top: `agency[2].sector`.
    pub key: String,
    /// The line of the file, from 1, where it is known.
    pub line: Option<usize>,
    /// What was found.
    pub found: String,
    /// What was expected instead.
    pub expected: String,
    /// Why, where it is not plain.
    pub why: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(formatter, "line {line}: ")?;
        }
        // A key may have any character, quoted; what is said of it is one line.
        let key = self.key.replace(char::is_control, "?");
        write!(formatter, "{key}: found {}, expected {}", self.found, self.expected)?;
        if self.why.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.why) }
    }
}

/// Problems, one a line, each on a new one.
pub(crate) struct Lines<'a>(pub(crate) &'a [Problem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| write!(formatter, "\n  {problem}"))
    }
}
