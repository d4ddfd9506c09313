//! How does an operator answer for leaves that are lost?

use std::path::PathBuf;
use std::sync::Arc;

use polku_gateway::backup;
use polku_gateway::clock::SystemClock;

use super::{Failure, tell};
use crate::cli::backup::failure;
use crate::cli::{check_config, runtime};

/// Whose loss.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The configuration, TOML. Its gateway is not running.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// What the log is called from now on: another name than before.
    #[arg(long, value_name = "NAME")]
    log_name: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = check_config::load(&arguments.config)?;
    let accepted = backup::accept_loss(&config, &arguments.log_name, Arc::new(SystemClock));
    let loss = runtime()?.block_on(accepted).map_err(failure)?;
    tell(format_args!(
        "the log {} ended with a checkpoint of {} leaves, which is kept in {}",
        loss.had.origin,
        loss.had.size,
        loss.kept.display()
    ))?;
    match loss.erased {
        Some(erased) => {
            tell(format_args!(
                "people who were erased since, and whom the next start erases again: {erased}"
            ))?;
        }
        None => tell(format_args!(
            "who was erased since is not known: the file beside the pinned checkpoint is not there; erase them again"
        ))?,
    }
    tell(format_args!("verifier key of the audit log from now on: {}", loss.verifier))
}
