//! Has a log only grown since it was looked at last?

use std::path::PathBuf;

use polku_gateway::audit::tlog::{Memory, Signature, SigningKey, Tiles, Verifier, Witness, read_note};
use polku_gateway::clock::{Clock as _, SystemClock};

use super::{Failure, failed, tell};

/// What to look at.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A folder with `checkpoint` and `tile` of the published log.
    tiles: PathBuf,
    /// The file of the witness's own key, made by `polku keys witness`.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The verifier key of the log.
    #[arg(long, value_name = "KEY")]
    log: Verifier,
    /// Where the last cosigned checkpoint is kept. Whoever loses it cannot tell a rollback any more.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Another checkpoint than the newest one, such as one that another witness has cosigned: it must fit the tiles.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The log has never been looked at: take it as it is.
    #[arg(long)]
    begin: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { tiles, key, log, state, checkpoint, begin } = arguments;
    let key = SigningKey::load(key, Signature::Witness).map_err(|error| Failure::Usage(error.into()))?;
    let shown = match checkpoint {
        Some(file) => read_note(file),
        None => Tiles::checkpoint(tiles),
    };
    let memory = if *begin { Memory::Begins } else { Memory::Kept };
    let witness = Witness { key, log: log.clone(), state: state.clone() };
    let cosigned = witness.look(tiles, &shown.map_err(failed)?, memory, SystemClock.now()).map_err(failed)?;
    tell(cosigned.as_str().trim_end())
}
