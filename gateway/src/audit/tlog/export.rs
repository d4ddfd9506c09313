//! What does the log hold on a period, so that an outsider can check it leaf by leaf?
//!
//! JSON lines. The first one has the checkpoint; each of the others has one leaf in words, its bytes, and the hashes of
//! its proof (RFC 6962, section 2.1.1). There is nothing personal in it but the pseudonyms within the bytes, which say
//! nothing without the gateway's key.

use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use polku_proto::v1::{DataCategory, Purpose};
use serde_json::json;

use super::TlogError;
use super::checkpoint::Checkpoint;
use super::note::Verifier;
use super::proof::InclusionProof;
use super::tile::{Tiles, WIDTH};
use crate::audit::{Hash, Leaf, Verdict};

/// From when until before when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

/// Writes the leaves of a period, as they were published, and gives how many. Each proof has been checked. Blocks.
///
/// # Errors
/// [`TlogError`].
pub fn export(folder: &Path, log: &Verifier, period: Period, mut out: impl Write) -> Result<u64, TlogError> {
    let note = Tiles::checkpoint(folder)?;
    let checkpoint = Checkpoint::open(&note, log)?;
    let mut tiles = Tiles::in_folder(folder, checkpoint.size);
    let head = json!({ "log": log.to_string(), "checkpoint": note.as_str() });
    writeln!(out, "{head}").map_err(TlogError::Output)?;
    let mut written = 0;
    for index in 0..checkpoint.size.div_ceil(WIDTH) {
        for (place, bytes) in (index * WIDTH..).zip(tiles.leaves(index)?) {
            let (sequence, leaf) =
                Leaf::parse(&bytes).map_err(|source| TlogError::Leaf { sequence: place, source })?;
            if leaf.time < period.from || leaf.time >= period.until {
                continue;
            }
            let proof = InclusionProof::make(&mut tiles, place, note.clone(), log)?;
            let receipt = crate::audit::Receipt { sequence, leaf_hash: leaf.hash(sequence) };
            proof.check(&receipt, log)?;
            writeln!(out, "{}", line(sequence, &leaf, &bytes, &proof.hashes)).map_err(TlogError::Output)?;
            written += 1;
        }
    }
    out.flush().map_err(TlogError::Output)?;
    Ok(written)
}

fn line(sequence: u64, leaf: &Leaf, bytes: &[u8], proof: &[Hash]) -> serde_json::Value {
    let purpose =
        Purpose::try_from(i32::from(leaf.purpose)).ok().filter(|known| *known != Purpose::Unspecified);
    let verdict = match leaf.verdict {
        Verdict::None => None,
        Verdict::Permitted => Some("permitted"),
        Verdict::NotPermitted => Some("not permitted"),
    };
    json!({
        "sequence": sequence,
        "time": leaf.time.to_string(),
        "event": format!("{:?}", leaf.event),
        "organisation": leaf.organisation,
        "purpose": purpose.map(|known| known.as_str_name()),
        "categories": names(leaf.categories),
        "withheld": names(leaf.withheld),
        "verdict": verdict,
        "policy": (leaf.policy != [0; 32]).then(|| STANDARD.encode(leaf.policy)),
        "refers_to": leaf.refers_to,
        "leaf": STANDARD.encode(bytes),
        "proof": proof.iter().map(|hash| STANDARD.encode(hash)).collect::<Vec<_>>(),
    })
}

fn names(categories: u32) -> Vec<&'static str> {
    let set = (0..32).filter(|bit| categories & (1_u32 << bit) != 0);
    set.filter_map(|bit| DataCategory::try_from(bit).ok()).map(|category| category.as_str_name()).collect()
}
