//! Up to which leaf of the audit log has everything that was announced come to its end?
//!
//! A database that has been exchanged for an older one lacks what a crash might have left open as well: changes that are
//! announced, and are not there. So it is kept beside the log, and not in the database, up to where each of them was there
//! once, or was closed. Where the file is lost, or is of another log, it proves nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{close_old, has_state};
use crate::audit::{Event, Hash, Leaf, sha256};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::hex::{hex, of_hex};

/// Beside the log.
const FILE: &str = "audit.settled";

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(2);

/// How often what has come to nothing is closed: it would stand in the way.
const CLOSE: Duration = Duration::from_secs(60);

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The first leaf of which it is not known.
    pub(crate) until: u64,
    /// Of the bytes of the leaf before that one.
    last: Hash,
}

impl Settled {
    /// What is kept in the folder of the store.
    pub(crate) fn read(folder: &Path) -> Option<Settled> {
        let text = fs::read_to_string(folder.join(FILE)).ok()?;
        let (until, last) = text.strip_suffix('\n')?.split_once(' ')?;
        Some(Settled { until: until.parse().ok()?, last: of_hex(last)? })
    }

    /// Whether this leaf is the one before the end, so that it is this log.
    pub(crate) fn ends_with(&self, sequence: u64, leaf: &Leaf) -> bool {
        self.until.checked_sub(1) == Some(sequence) && self.last == digest(sequence, leaf)
    }

    /// A file that is written over is whole or, after a power cut, nothing that can be read.
    fn write(self, folder: &Path) -> io::Result<()> {
        let next = folder.join(FILE).with_extension("settled-next");
        fs::write(&next, format!("{} {}\n", self.until, hex(&self.last)))?;
        fs::rename(next, folder.join(FILE))
    }
}

fn digest(sequence: u64, leaf: &Leaf) -> Hash {
    sha256(&[&leaf.bytes(sequence)])
}

/// Keeps it until told to stop. What other gateways leave open is closed elsewhere.
pub(crate) async fn follow(gateway: Arc<Gateway>, folder: PathBuf, mut stop: watch::Receiver<bool>) {
    let (mut settled, mut closing, mut closed) = (0, Instant::now() + CLOSE, 0);
    while !*stop.borrow() {
        let looked = async {
            if !gateway.store.is_shared() && Instant::now() >= closing {
                closing = Instant::now() + CLOSE;
                closed = close_old(&gateway, closed).await?;
            }
            note(&gateway, &folder, settled).await
        };
        match looked.await {
            Ok(until) => settled = until,
            // It is looked again; whether store and log can be written is said elsewhere.
            Err(error) => {
                tracing::debug!(reason = error.reason(), "it is not known how far the log is settled")
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}

/// Looks from a place on, and writes down how far it is from there.
pub(crate) async fn note(gateway: &Arc<Gateway>, folder: &Path, from: u64) -> Result<u64, Error> {
    let from = from.max(gateway.store.reconciled().await?.until);
    let committed = gateway.store.committed_leaves(from).await?;
    let (reader, folder) = (Arc::clone(gateway), folder.to_owned());
    let noted = tokio::task::spawn_blocking(move || {
        let (mut open, mut settled) = (Vec::new(), None);
        reader.audit.read(from, |sequence, leaf| {
            if let (Event::Closed, Some(closed)) = (leaf.event, leaf.refers_to) {
                open.retain(|other| *other != closed);
            } else if has_state(leaf.event) && committed.binary_search(&sequence).is_err() {
                open.push(sequence);
            }
            if open.is_empty() {
                settled = Some(Settled { until: sequence + 1, last: digest(sequence, &leaf) });
            }
        })?;
        let Some(settled) = settled else { return Ok(from) };
        let written = settled.write(&folder);
        if let Err(error) = written {
            tracing::warn!(reason = %error.kind(), "how far the log is settled cannot be written");
            return Ok(from);
        }
        Ok(settled.until)
    });
    noted.await.map_err(|_| Error::Inconsistent("reading the audit log ended abnormally"))?
}
