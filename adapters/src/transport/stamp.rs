//! Has a file changed since it was read?

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What differs when a file has been changed, or another one stands in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    number: u64,
    changed: (i64, i64),
    size: u64,
}

impl Stamp {
    /// Looks at a file. `None` if there is none.
    #[must_use]
    pub fn of(path: &Path) -> Option<Stamp> {
        let found = std::fs::metadata(path).ok()?;
        let changed = (found.ctime(), found.ctime_nsec());
        Some(Stamp { device: found.dev(), number: found.ino(), changed, size: found.size() })
    }
}
