//! How does an operator answer for a database that is older than its audit log?

use std::path::PathBuf;
use std::sync::Arc;

use polku_gateway::backup;
use polku_gateway::clock::SystemClock;

use super::{Failure, tell};
use crate::cli::backup::failure;
use crate::cli::{check_config, runtime};

/// Whose database.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The configuration, TOML. No gateway is running on its database.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = check_config::load(&arguments.config)?;
    let accepted = backup::accept_older(&config, Arc::new(SystemClock));
    let lost = runtime()?.block_on(accepted).map_err(failure)?;
    tell("what the log tells of and the database lacks:")?;
    for ((agency, what), count) in lost {
        tell(format_args!("{agency}: {what}: {count}"))?;
    }
    tell(
        "the next start ends the consents of everybody whose consents, prohibitions or legal statuses are among them, and \
         prohibits everything of those whose prohibitions or legal statuses are: ask them, and record what holds",
    )
}
