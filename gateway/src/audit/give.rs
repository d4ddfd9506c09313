//! How does the log of all gateways get back the leaves that a copy of it has outlived it with?

use std::fs::File;
use std::path::Path;

use super::log::read_file;
use super::record::START;
use super::{AuditError, AuditLog, Order};

/// How many leaves are appended at once.
const GROUP: usize = 4096;

impl AuditLog {
    /// Appends what the copy in a file has more than the log that several gateways write, none of which is at work. What
    /// the copy lacks it takes in when a gateway opens it. Blocks while the file is read.
    ///
    /// # Errors
    /// [`AuditError::Differs`] when the copy is not of that log, [`AuditError::Order`], [`AuditError::Corrupt`],
    /// [`AuditError::Unreadable`] and [`AuditError::File`].
    pub async fn give(copy: &Path, order: &mut dyn Order) -> Result<(), AuditError> {
        let head = order.head().await.map_err(AuditError::Order)?;
        let file = File::open(copy).map_err(AuditError::File)?;
        let (mut sequence, mut before, mut rest) = (0, START, Vec::new());
        read_file(&file, |leaf, hash| {
            if sequence < head.size {
                before = hash;
            } else {
                rest.push(leaf.to_vec());
            }
            sequence += 1;
            Ok::<_, AuditError>(())
        })?;
        if sequence < head.size {
            return Ok(());
        }
        if before != head.last_hash {
            return Err(AuditError::Differs);
        }
        let mut from = head.size;
        for leaves in rest.chunks(GROUP) {
            let make = &mut |first: u64| if first == from { leaves.to_vec() } else { Vec::new() };
            let placed = order.append(from, make).await.map_err(AuditError::Order)?;
            if placed.head.size != from {
                return Err(AuditError::Differs);
            }
            from += leaves.len() as u64;
        }
        Ok(())
    }
}
