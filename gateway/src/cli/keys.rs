//! How does a gateway get its keys?

use std::path::PathBuf;

use polku_gateway::seal::Keys;

use super::{Failure, tell};

/// What to do with keys.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Makes new keys in a folder. Keys that are there are never overwritten.
    Create {
        /// The folder; it is made if need be.
        directory: PathBuf,
    },
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Create { directory } = command;
    Keys::generate_into(directory).map_err(|error| Failure::Broken(error.into()))?;
    tell(format_args!(
        "keys created in {}; without them nothing that the gateway stores can be read",
        directory.display()
    ))
}
