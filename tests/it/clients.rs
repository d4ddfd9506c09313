//! Can a client that nobody here wrote use the gateway?
//!
//! The programs in `tests/clients/python` use stock libraries from PyPI, with what those make of the .proto files. One of
//! them uses nothing: the second oracle of the policy rules.

mod consents;
mod journey;
mod rules;
mod schemas;
mod social;
mod transparency;
mod truth;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// The folder of this package.
const TESTS: &str = env!("CARGO_MANIFEST_DIR");

/// A program in `tests/clients/python`, to be run by the Python that `tests/run` has set up.
fn program(name: &str) -> Command {
    let mut command = Command::new(interpreter());
    command
        .arg(Path::new(TESTS).join("clients/python").join(name))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// The folder with the .proto files.
fn contract() -> PathBuf {
    Path::new(TESTS).join("../proto")
}

/// The Python of the virtual environment in the target folder, which is one of the folders above this program.
fn interpreter() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let found = own.ancestors().map(|folder| folder.join("python-env/bin/python")).find(|file| file.exists());
    found.expect(
        "there is no Python environment: run `bash tests/run --setup`, which makes it in the target folder",
    )
}
