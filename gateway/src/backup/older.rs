//! What happens when the database is older than the audit log?
//!
//! Somebody has brought it back from a backup, and the log has outlived it. Nothing is served then until an operator
//! answers for it: the log says so, and the next start takes from it what it tells, before anything is read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::loss;
use super::{BackupError, at_now};
use crate::audit::{AuditLog, Verdict};
use crate::clock::Clock;
use crate::config::Config;
use crate::serve;
use crate::store::Store;
use crate::trail::{self, Behind, Settled};

/// The changes that a log tells of and a database lacks: how many of each kind, by the agency that made them, or to which
/// something was sent.
pub type LostChanges = BTreeMap<(String, &'static str), u64>;

/// Writes down that an operator answers for a database that is older than the log. No gateway is running.
///
/// # Errors
/// [`BackupError::NotOlder`]; and what cannot be read or written.
pub async fn accept_older(config: &Config, clock: Arc<dyn Clock>) -> Result<LostChanges, BackupError> {
    let log = loss::open(config).await?;
    let store = serve::store(config).await.map_err(BackupError::Store)?;
    let settled = Settled::read(&config.store);
    let behind = Behind::look(store.as_ref(), &log, settled).await.map_err(BackupError::Misfit)?;
    if !behind.is_older {
        return Err(BackupError::NotOlder);
    }
    let leaf = trail::older(Verdict::Permitted, at_now(&log, clock)?);
    log.append(leaf).await.map_err(BackupError::Audit)?;
    Ok(behind.told())
}

/// Writes down in a log that its database, brought back, lacks what it tells: beside a copy of the log nothing is kept, so a
/// gateway would find out by itself only where something was delivered since.
pub(super) async fn note(
    store: &dyn Store,
    log: &Path,
    clock: Arc<dyn Clock>,
) -> Result<LostChanges, BackupError> {
    let (log, _) = AuditLog::open(log).map_err(BackupError::Audit)?;
    let behind = Behind::look(store, &log, None).await.map_err(BackupError::Misfit)?;
    if !behind.is_whole() {
        let leaf = trail::older(Verdict::NotPermitted, at_now(&log, clock)?);
        log.append(leaf).await.map_err(BackupError::Audit)?;
    }
    Ok(behind.told())
}
