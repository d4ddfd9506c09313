//! How does an operator back a gateway up?

use std::path::PathBuf;

use polku_gateway::backup::{self, BackupError, CopiedDatabase};
use polku_gateway::clock::{Clock as _, SystemClock};

use super::{Failure, check_config, tell};

/// What to back up.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration, TOML.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where the backup goes: a folder that is new or empty.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = check_config::load(&arguments.config)?;
    let made = backup::make(&config, &arguments.into, SystemClock.now()).map_err(failure)?;
    tell(format_args!(
        "backup made in {}: {} leaves, root {}",
        arguments.into.display(),
        made.log.leaves,
        made.log.root
    ))?;
    if made.database == CopiedDatabase::Server {
        tell(
            "the database is not in it: keep what pg_dump or pg_basebackup has written before this command began",
        )?;
    }
    tell(format_args!(
        "no keys are in it: keep a copy of {} elsewhere, without them nothing in a backup can be read",
        config.keys.display()
    ))
}

pub(super) fn failure(error: BackupError) -> Failure {
    match error {
        BackupError::NotEmpty { .. }
        | BackupError::OtherDatabase
        | BackupError::Keys(_)
        | BackupError::SameName => Failure::Usage(error.into()),
        BackupError::File { .. } => Failure::Broken(error.into()),
        BackupError::Manifest { .. }
        | BackupError::Altered { .. }
        | BackupError::OtherLog { .. }
        | BackupError::Store(_)
        | BackupError::Audit(_)
        | BackupError::Published(_)
        | BackupError::Misfit(_)
        | BackupError::NothingLost
        | BackupError::NotOlder
        | BackupError::Clock(_) => Failure::Failed(error.into()),
    }
}
