//! How is a small library made that is preloaded into a program?
//!
//! By the C compiler that the build of the gateway needs.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// The library, of this source in C.
pub(crate) fn compiled(c: &str) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let (source, library) = (folder.path().join("source.c"), folder.path().join("library.so"));
    fs::write(&source, c)?;
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).args(["-ldl", "-lpthread"]);
    let made = compiler.output().context("cc does not start")?;
    ensure!(made.status.success(), "cc: {}", String::from_utf8_lossy(&made.stderr));
    Ok(fs::read(&library)?)
}
