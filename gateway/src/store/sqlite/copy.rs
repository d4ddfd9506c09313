//! How is the database copied while it is written?

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{SqliteStore, failed, schema};
use crate::store::StoreError;

/// SQLite takes a file's name as text.
#[derive(Debug, thiserror::Error)]
#[error("the name of the copy is no UTF-8")]
struct Name;

impl SqliteStore {
    /// Copies a database as it is at one moment into a new file of mode 0600, also while a gateway works on it; gives the
    /// version of its schema. What was deleted is not in the copy, not even as free space. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Failed`], when the database cannot be read or the copy cannot be written.
    pub fn copy(from: &Path, to: &Path) -> Result<u32, StoreError> {
        let name = to.to_str().ok_or_else(|| failed(Name))?;
        let reader = schema::connect_reader(from)?;
        // The copy takes its mode from the file that is there: an empty one.
        let copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(failed)?;
        reader.execute_batch("PRAGMA query_only = OFF").map_err(failed)?;
        reader.execute("VACUUM INTO ?1", [name]).map_err(failed)?;
        copy.sync_all().map_err(failed)?;
        drop(copy);
        let copied = schema::connect_reader(to)?;
        copied.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)
    }
}
