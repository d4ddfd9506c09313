//! What may somebody be shown of the audit log, and what is always true of it?
//!
//! Of one log everything is known that was ever signed: nothing else may pass for it.

use std::sync::LazyLock;

use polku_gateway::audit::tlog::{Checkpoint, InclusionProof, SignedNote, Verifier};
use polku_gateway::audit::{Leaf, Receipt};
use polku_gateway::hex::{hex, of_hex};

use crate::{Led, body_behind};

/// The log's verifier key, that of a witness, the checkpoint that both have signed, its leaves' hashes, a line each.
const LOG: &str = include_str!("../testdata/log");
/// The seed with the checkpoint: its text ends with an empty line.
const CHECKPOINT: &str = include_str!("../corpus/proof/checkpoint");

struct Log {
    key: Verifier,
    witness: Verifier,
    /// Size and root.
    checkpoint: (u64, String),
    leaves: Vec<&'static str>,
}

static KNOWN: LazyLock<Log> = LazyLock::new(|| {
    let mut lines = LOG.lines();
    let mut next = || lines.next().unwrap();
    let (key, witness) = (next().parse().unwrap(), next().parse().unwrap());
    let (size, root) = next().split_once(' ').unwrap();
    let checkpoint = (size.parse().unwrap(), root.to_owned());
    Log { key, witness, checkpoint, leaves: lines.collect() }
});

/// Tries an input: a line that says what it is, and the rest: `proof` (a line with sequence and hash of a leaf, then the
/// proof), `checkpoint`, `key` (a verifier key) or `leaf`.
///
/// # Panics
/// Something is true of what was read that must never be. Says what, and nothing of the input.
pub fn try_input(input: &[u8]) -> Led {
    let text = |name| body_behind(input, name).map(|body| std::str::from_utf8(body).unwrap_or_default());
    let is_inside = if let Some(body) = text("proof") {
        proof(body)
    } else if let Some(body) = text("checkpoint") {
        checkpoint(body)
    } else if let Some(body) = text("key") {
        let key = body.parse::<Verifier>();
        assert!(key.as_ref().map_or(true, |key| key.to_string() == body), "a key has two spellings");
        key.is_ok()
    } else if let Some(bytes) = body_behind(input, "leaf") {
        leaf(bytes)
    } else {
        return Led::Nowhere;
    };
    if is_inside { Led::Inside } else { Led::ToRefusal }
}

fn proof(body: &str) -> bool {
    let Some((receipt, proof)) = body.split_once('\n') else { return false };
    let receipt = || {
        let (sequence, hash) = receipt.split_once(':')?;
        Some(Receipt { sequence: sequence.parse().ok()?, leaf_hash: of_hex(hash)? })
    };
    let (Some(receipt), Ok(proof)) = (receipt(), InclusionProof::parse(proof)) else { return false };
    let again = InclusionProof::parse(&proof.to_string());
    assert!(again.as_ref() == Ok(&proof), "a proof is another one when it is written and read");
    let Ok(checkpoint) = proof.check(&receipt, &KNOWN.key) else { return false };
    is_known(&checkpoint);
    let known = usize::try_from(receipt.sequence).ok().and_then(|place| KNOWN.leaves.get(place));
    assert!(known == Some(&hex(&receipt.leaf_hash).as_str()), "a leaf is proved that is not in the log");
    true
}

fn checkpoint(body: &str) -> bool {
    let Ok(note) = SignedNote::parse(body) else { return false };
    assert!(
        SignedNote::parse(note.as_str()).as_ref() == Ok(&note),
        "a note is another one when it is read again"
    );
    let (signed, cosigned) =
        (Checkpoint::open(&note, &KNOWN.key), Checkpoint::cosigned(&note, &KNOWN.witness));
    if let Ok(checkpoint) = &signed {
        is_known(checkpoint);
    }
    assert!(
        signed.is_ok() || cosigned.is_err() || has_text_of_log(&note),
        "a witness has signed something else"
    );
    signed.is_ok()
}

/// The log's own signature may be broken beside one of the witness that holds: that one is over the text alone.
fn has_text_of_log(note: &SignedNote) -> bool {
    let text = CHECKPOINT.split_inclusive("\n\n").next();
    text.and_then(|text| text.strip_prefix("checkpoint\n"))
        .is_some_and(|text| note.as_str().starts_with(text))
}

fn is_known(checkpoint: &Checkpoint) {
    let (size, root) = &KNOWN.checkpoint;
    let is_it = checkpoint.size == *size && hex(&checkpoint.root) == *root;
    assert!(is_it, "a checkpoint passes for the log's that it has not signed");
}

fn leaf(bytes: &[u8]) -> bool {
    let Ok((sequence, leaf)) = Leaf::parse(bytes) else { return false };
    assert!(leaf.bytes(sequence) == bytes, "a leaf has two sequences of bytes");
    true
}
