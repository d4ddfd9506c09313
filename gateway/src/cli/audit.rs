//! Is the audit log whole, and what can an outsider see of it?

mod accept_loss;
mod accept_older;
mod receipt;
mod verify;
mod witness;

use std::path::PathBuf;

use jiff::Timestamp;
use polku_gateway::audit::tlog::{InclusionProof, Period, Tiles, Verifier, export, read_note};

use super::{Failure, note, tell};

/// What to do with an audit log.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Is a log whole, is it what was published of it and what others have seen, is a receipt in it? Changes nothing and
    /// asks nobody.
    Verify(verify::Arguments),
    /// Makes the proof for one leaf, as a text that its receipt and the log's verifier key are enough to check.
    Receipt {
        /// The published log, `tlog` in the folder of the store.
        tiles: PathBuf,
        /// The sequence of the receipt.
        sequence: u64,
        /// The verifier key of the log.
        #[arg(long, value_name = "KEY")]
        key: Verifier,
        /// The checkpoint of the proof, one that witnesses have cosigned for instance; without it the newest one.
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Writes the published leaves of a period with their proofs, as JSON lines.
    Export {
        /// The published log, `tlog` in the folder of the store.
        tiles: PathBuf,
        /// The verifier key of the log.
        #[arg(long, value_name = "KEY")]
        key: Verifier,
        /// From when, as `2026-03-01T00:00:00Z`.
        #[arg(long, value_name = "TIME")]
        from: Timestamp,
        /// Until before when.
        #[arg(long, value_name = "TIME")]
        until: Timestamp,
    },
    /// Cosigns the newest checkpoint of a log, if the log has only grown since the last time. For another host than the
    /// gateway's, to which `checkpoint` and `tile` of the published log have been brought; the leaves are not needed.
    Witness(witness::Arguments),
    /// Says that leaves which were published are lost for good, as after an older backup, so that the gateway starts
    /// again. The log says so, and goes on under a new name and key.
    AcceptLoss(accept_loss::Arguments),
    /// Says that the database is older than the audit log, as after a backup under a log that has outlived it, so that the
    /// gateway starts again. What the log tells counts: whoever has said something since has to be asked again.
    AcceptOlder(accept_older::Arguments),
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Verify(arguments) => verify::run(arguments),
        Command::Receipt { tiles, sequence, key, checkpoint } => {
            let shown = match checkpoint {
                Some(file) => read_note(file),
                None => Tiles::checkpoint(tiles),
            };
            let proof = shown.and_then(|shown| {
                let size = polku_gateway::audit::tlog::Checkpoint::open(&shown, key)?.size;
                InclusionProof::make(&mut Tiles::in_folder(tiles, size), *sequence, shown, key)
            });
            tell(proof.map_err(failed)?.to_string().trim_end())
        }
        Command::Export { tiles, key, from, until } => {
            let period = Period { from: *from, until: *until };
            let out = std::io::BufWriter::new(std::io::stdout().lock());
            let written = export(tiles, key, period, out).map_err(failed)?;
            note(format_args!("{written} leaves"));
            Ok(())
        }
        Command::Witness(arguments) => witness::run(arguments),
        Command::AcceptLoss(arguments) => accept_loss::run(arguments),
        Command::AcceptOlder(arguments) => accept_older::run(arguments),
    }
}

fn failed(error: impl Into<anyhow::Error>) -> Failure {
    Failure::Failed(error.into())
}
