//! Is the file of a directory usable? It is read whole and checked whole, and everything wrong with it is told at once.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::ServiceDirectory;
use super::check;
use crate::config::{Lines, Problem, Units};

/// The largest file, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Why the file of a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The file cannot be read.
    #[error("the service directory {file} cannot be read", file = .file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file says something that cannot be used.
    #[error("the service directory {file} cannot be used:{lines}", file = .file.display(), lines = Lines(.problems))]
    Wrong {
        /// Which file.
        file: PathBuf,
        /// Everything that is wrong, in the order of the checks.
        problems: Vec<Problem>,
    },
}

impl ServiceDirectory {
    /// Reads and checks a file. Organisations in it are referred to as agencies of this gateway.
    ///
    /// # Errors
    /// [`DirectoryError`], with everything that is wrong.
    pub fn load(
        file: &Path,
        agencies: &polku_policy::Directory,
        units: &Units,
    ) -> Result<ServiceDirectory, DirectoryError> {
        let text = read(file)?;
        check::parse(&text, agencies, units)
            .map_err(|problems| DirectoryError::Wrong { file: file.to_owned(), problems })
    }

    /// The same for a file that may not be configured: nothing is listed then.
    ///
    /// # Errors
    /// As [`ServiceDirectory::load`].
    pub fn load_or_empty(
        file: Option<&Path>,
        agencies: &polku_policy::Directory,
        units: &Units,
    ) -> Result<ServiceDirectory, DirectoryError> {
        let Some(file) = file else { return Ok(ServiceDirectory::default()) };
        ServiceDirectory::load(file, agencies, units)
    }
}

fn read(file: &Path) -> Result<String, DirectoryError> {
    let unreadable = |source| DirectoryError::Unreadable { file: file.to_owned(), source };
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    let mut text = String::new();
    let read = opened.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if u64::try_from(read).is_ok_and(|read| read <= LARGEST) {
        return Ok(text);
    }
    let problem = Problem {
        key: "(file)".into(),
        line: None,
        found: format!("more than {LARGEST} bytes"),
        expected: format!("at most {LARGEST} bytes"),
        why: "",
    };
    Err(DirectoryError::Wrong { file: file.to_owned(), problems: vec![problem] })
}
