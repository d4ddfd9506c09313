//! How does an outsider see what is in the audit log, and that it was never rewritten?
//!
//! The log is published as C2SP has it: its Merkle tree in tiles (tlog-tiles) and its size and root in checkpoints that
//! it signs (tlog-checkpoint). All of it is files that any web server can hand out as they are, in the folder `tlog`
//! beside the log: `checkpoint`, `tile/0/...` and so on tell nothing but hashes; `tile/entries/...` holds the leaves, with
//! the pseudonyms that stand in them, for those who may read the log.
//!
//! Whoever has a receipt (sequence and hash of a leaf) needs the log's verifier key and either the tiles or a proof that
//! was made from them ([`InclusionProof`]). Witnesses on other hosts ([`Witness`]) see to it that everybody is shown the
//! same log. What nobody can see from outside is a leaf that was withheld before it was ever published.

mod checkpoint;
mod edge;
mod export;
mod note;
mod pin;
mod proof;
mod publish;
mod tile;
mod verify;
mod witness;

use std::io;
use std::path::PathBuf;

pub use checkpoint::Checkpoint;
pub use export::{Period, export};
pub use note::{NoteError, Signature, SignedNote, SigningKey, Verifier};
pub use pin::Pin;
pub use proof::InclusionProof;
pub use publish::Publisher;
pub use tile::{Tiles, note_if_any, read_note};
pub use verify::{Evidence, Whole, verify};
pub use witness::{Memory, Witness, WitnessError};

use super::AuditError;

#[cfg(test)]
mod tests;

/// The folder beside the log into which it is published.
pub const FOLDER: &str = "tlog";

/// The file of the log's key, in the folder of the keys.
pub const KEY_FILE: &str = "log.key";

/// Why something about a published log does not hold, or cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum TlogError {
    /// The log itself is not whole.
    #[error("the audit log is not whole")]
    Log(#[from] AuditError),
    /// A file cannot be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file holds no signed note.
    #[error("{} cannot be read", path.display())]
    Note {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: NoteError,
    },
    /// A checkpoint was not signed by the log, or is about another one.
    #[error("the checkpoint is not one of this log")]
    Checkpoint(#[from] NoteError),
    /// A tile is not there.
    #[error("{tile} is missing")]
    Missing {
        /// Which.
        tile: String,
    },
    /// A tile does not have the length of one.
    #[error("{tile} is cut short")]
    Length {
        /// Which.
        tile: String,
    },
    /// A tile says something else than the log.
    #[error("{tile} does not say what the log says")]
    Contradicts {
        /// Which.
        tile: String,
    },
    /// The log was cut, or an older copy stands in its place.
    #[error("the log has {leaves} leaves, and a checkpoint says that it had {size}")]
    Shorter {
        /// How many there are.
        leaves: u64,
        /// How many there were.
        size: u64,
    },
    /// The log is not the one of which the checkpoint was made.
    #[error("the first {size} leaves of the log are not those of its checkpoint")]
    Rewritten {
        /// How many.
        size: u64,
    },
    /// A leaf is not in a checkpoint yet.
    #[error("leaf {index} is not in the checkpoint, which ends before leaf {size}")]
    NotYet {
        /// Which.
        index: u64,
        /// How many leaves the checkpoint covers.
        size: u64,
    },
    /// A proof does not lead from the leaf to the checkpoint.
    #[error("the proof does not hold")]
    Proof,
    /// An entry cannot be read.
    #[error("leaf {sequence} cannot be read")]
    Leaf {
        /// Which.
        sequence: u64,
        /// Why.
        #[source]
        source: super::LeafError,
    },
    /// What was asked for cannot be written out.
    #[error("the export cannot be written")]
    Output(#[source] io::Error),
}
