//! How many pieces of heap does a program take? A small library is preloaded into it, which counts them
//! (`heap/heap.c`), while the program runs as it does otherwise.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::preload::compiled;

/// The count of one program.
#[derive(Debug, Clone)]
pub struct Heap {
    library: PathBuf,
    count: PathBuf,
}

impl Heap {
    /// Puts library and count into a folder.
    ///
    /// # Errors
    /// Fails when the C compiler does.
    pub fn counted_in(folder: &Path) -> Result<Heap> {
        let (library, count) = (folder.join("heap.so"), folder.join("heap.count"));
        fs::write(&library, compiled(include_str!("heap/heap.c"))?)?;
        Ok(Heap { library, count })
    }

    /// With what the program has to be started.
    #[must_use]
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        vec![
            ("LD_PRELOAD".into(), self.library.clone().into()),
            ("HEAP_COUNT".into(), self.count.clone().into()),
        ]
    }

    /// How many pieces it has taken by now.
    ///
    /// # Errors
    /// Fails when the program has not been started so.
    pub fn count(&self) -> Result<u64> {
        let bytes = fs::read(&self.count).context("nothing is counted")?;
        Ok(u64::from_ne_bytes(bytes.try_into().ok().context("no count")?))
    }
}
