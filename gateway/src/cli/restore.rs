//! How does an operator bring a backup back?

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use polku_gateway::backup;
use polku_gateway::clock::SystemClock;

use super::{Failure, backup::failure, chain, check_config, runtime, tell};

/// What to bring back.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration, TOML. Its store is empty; a database on a server has been restored already.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The backup.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The audit log, if it has outlived the database: with it no leaf is lost.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = check_config::load(&arguments.config)?;
    let restored = backup::restore(&config, &arguments.from, arguments.log.as_deref(), Arc::new(SystemClock));
    let restored = runtime()?.block_on(restored).map_err(failure)?;
    let backup::Manifest { time, log, .. } = &restored.manifest;
    match &arguments.log {
        None => tell(format_args!("restored as of {time}: {} leaves, root {}", log.leaves, log.root))?,
        Some(file) => tell(format_args!("restored as of {time}, with the audit log {}", file.display()))?,
    }
    if !restored.lacks.is_empty() {
        tell(
            "the gateway will not start on it: the log tells of changes that are not in the database; bring a newer one back, \
             or run polku audit accept-older",
        )?;
    }
    let Some(lost) = restored.lost else { return Ok(()) };
    let lost = Err::<(), _>(lost).context("leaves that were published are not in it").err();
    tell(format_args!(
        "the gateway will not start on it: {}; bring a newer backup back, or run polku audit accept-loss",
        lost.as_ref().map(chain).unwrap_or_default()
    ))
}
