//! Does everything that is known of a log fit together?

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use polku_gateway::audit::tlog::{
    Checkpoint, Evidence, InclusionProof, SignedNote, Tiles, Verifier, read_note, verify,
};
use polku_gateway::audit::{AuditLog, Receipt};
use polku_gateway::hex::hex;

use super::receipt::Written;
use super::{Failure, failed, tell};

/// What to hold against each other.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The log, `audit.log` in the folder of the store.
    file: Option<PathBuf>,
    /// The published log, `tlog` in the folder of the store.
    #[arg(long, value_name = "DIR", requires = "key")]
    tiles: Option<PathBuf>,
    /// The verifier key of the log.
    #[arg(long, value_name = "KEY")]
    key: Option<Verifier>,
    /// A checkpoint that somebody has kept, such as one that a witness has cosigned. Can be repeated.
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "receipt")]
    seen: Vec<PathBuf>,
    /// The verifier key of a witness: the proof was cosigned by each of them, every checkpoint that was seen by one of
    /// them. Can be repeated.
    #[arg(long, value_name = "KEY", requires = "key")]
    witness: Vec<Verifier>,
    /// A receipt, `SEQUENCE:HASH`, with the hash in base64 or hexadecimal: held against the proof, else the tiles.
    #[arg(long, value_name = "RECEIPT", requires = "key", conflicts_with = "file")]
    receipt: Option<Written>,
    /// The proof for the receipt, from `polku audit receipt`.
    #[arg(long, value_name = "FILE", requires = "receipt", conflicts_with = "tiles")]
    proof: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { file, tiles, key, seen, witness, receipt, proof } = arguments;
    match (key, receipt, proof, tiles, file) {
        (Some(key), Some(receipt), Some(proof), ..) => {
            let text = std::fs::read_to_string(proof).context("the proof cannot be read");
            let proof = InclusionProof::parse(&text.map_err(Failure::Broken)?).map_err(failed)?;
            included(&proof, receipt.0, key, witness)
        }
        (Some(key), Some(receipt), None, Some(tiles), _) => {
            let shown = Tiles::checkpoint(tiles).map_err(failed)?;
            let size = Checkpoint::open(&shown, key).map_err(failed)?.size;
            let mut tiles = Tiles::in_folder(tiles, size);
            let proof = InclusionProof::make(&mut tiles, receipt.0.sequence, shown, key).map_err(failed)?;
            included(&proof, receipt.0, key, witness)
        }
        (Some(key), None, None, Some(_), _) => whole(file.as_deref(), tiles.as_deref(), key, seen, witness),
        (Some(key), None, None, None, Some(_)) if !seen.is_empty() => {
            whole(file.as_deref(), None, key, seen, witness)
        }
        (None, None, None, None, Some(file)) => alone(file),
        _ => Err(Failure::Usage(anyhow::anyhow!(
            "name a log, or a published log with its key, or a receipt with the key and its proof or the published log"
        ))),
    }
}

fn included(
    proof: &InclusionProof,
    receipt: Receipt,
    key: &Verifier,
    witnesses: &[Verifier],
) -> Result<(), Failure> {
    let checkpoint = proof.check(&receipt, key).map_err(failed)?;
    tell(format_args!(
        "leaf {} is in the log {}: checkpoint of {} leaves, root {}",
        receipt.sequence,
        key.name(),
        checkpoint.size,
        hex(&checkpoint.root)
    ))?;
    for witness in witnesses {
        let time = Checkpoint::cosigned(&proof.checkpoint, witness)
            .with_context(|| format!("witness {}", witness.name()))
            .map_err(Failure::Failed)?;
        tell(format_args!("cosigned by {} at {time}", witness.name()))?;
    }
    Ok(())
}

fn whole(
    log: Option<&Path>,
    tiles: Option<&Path>,
    key: &Verifier,
    seen: &[PathBuf],
    witnesses: &[Verifier],
) -> Result<(), Failure> {
    let seen: Vec<SignedNote> =
        seen.iter().map(|file| read_note(file)).collect::<Result<_, _>>().map_err(failed)?;
    if seen.is_empty() && !witnesses.is_empty() {
        return Err(Failure::Usage(anyhow::anyhow!(
            "name the checkpoints that the witnesses have cosigned by --seen"
        )));
    }
    for note in &seen {
        let cosigned = witnesses.iter().any(|witness| Checkpoint::cosigned(note, witness).is_ok());
        if !witnesses.is_empty() && !cosigned {
            return Err(failed(anyhow::anyhow!(
                "none of the witnesses has cosigned a checkpoint that was seen"
            )));
        }
    }
    let found = verify(&Evidence { log, tiles, key, seen: &seen }).map_err(failed)?;
    tell(format_args!("{} leaves, root {}", found.leaves, hex(&found.root)))?;
    tell(format_args!("{} of them in a checkpoint of {}", found.covered, key.name()))
}

/// A log by itself: it is not known whether it is the right one.
fn alone(file: &Path) -> Result<(), Failure> {
    let found = AuditLog::verify(file).map_err(failed)?;
    tell(format_args!("{} leaves, root {}", found.leaves, hex(&found.root)))?;
    if found.torn_bytes > 0 {
        tell(format_args!(
            "{} bytes at the end belong to a leaf that was never acknowledged",
            found.torn_bytes
        ))?;
    }
    Ok(())
}
