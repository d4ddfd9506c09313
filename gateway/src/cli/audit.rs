//! Is the audit log whole?

use std::path::PathBuf;

use polku_gateway::audit::AuditLog;

use super::{Failure, tell};

/// What to do with an audit log.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Reads a log from its first leaf to its last one and prints how many there are and their Merkle tree hash
    /// (RFC 6962). Changes nothing.
    Verify {
        /// The log, `audit.log` in the folder of the store.
        file: PathBuf,
    },
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Verify { file } = command;
    let found = AuditLog::verify(file).map_err(|error| Failure::Failed(error.into()))?;
    let root: String = found.root.iter().map(|byte| format!("{byte:02x}")).collect();
    tell(format_args!("{} leaves, root {root}", found.leaves))?;
    if found.torn_bytes > 0 {
        tell(format_args!(
            "{} bytes at the end belong to a leaf that was never acknowledged",
            found.torn_bytes
        ))?;
    }
    Ok(())
}
