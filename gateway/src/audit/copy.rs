//! How is a log copied while it is written?

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::log::scan;
use super::{AuditError, AuditLog, Recovery};

impl AuditLog {
    /// Copies the whole leaves of a log into a new file of mode 0600, also while a gateway writes it, and syncs the copy.
    /// The log is read and checked. Blocks.
    ///
    /// # Errors
    /// [`AuditError::Corrupt`], [`AuditError::Unreadable`] and [`AuditError::File`].
    pub fn copy(from: &Path, to: &Path) -> Result<Recovery, AuditError> {
        let mut file = File::open(from).map_err(AuditError::File)?;
        let length = file.metadata().map_err(AuditError::File)?.len();
        let (found, _) = scan(&file, length)?;
        let whole = length - found.torn_bytes;
        let copied = (|| {
            let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
            file.rewind()?;
            if io::copy(&mut file.take(whole), &mut copy)? != whole {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            copy.sync_all()
        })();
        copied.map_err(AuditError::File)?;
        Ok(Recovery { torn_bytes: 0, ..found })
    }
}
