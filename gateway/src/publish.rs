//! When does what stands in the audit log become public?
//!
//! Five seconds after a leaf at the latest, or when 256 leaves wait. A disk that is full or fails is tried again: the log
//! itself decides whether anything is disclosed. What contradicts the log ends all disclosures, as a broken log does.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};

use crate::audit::tlog::{Publisher, TlogError};
use crate::gateway::Gateway;

/// How long a leaf waits.
const WAIT: Duration = Duration::from_secs(5);

/// How many leaves do not wait.
const LEAVES: u64 = 256;

/// Publishes until told to stop.
pub(crate) async fn run(
    gateway: Arc<Gateway>,
    publisher: Arc<Mutex<Publisher>>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut pause = false;
    while !*stopped.borrow() {
        let enough = publisher.lock().await.published() + LEAVES;
        let filled = async {
            if pause {
                std::future::pending::<()>().await;
            }
            gateway.audit.reaches(enough).await;
        };
        tokio::select! {
            () = tokio::time::sleep(WAIT) => {}
            () = filled => {}
            _ = stopped.changed() => return,
        }
        match publish(&gateway, &publisher).await {
            Outcome::Published => pause = false,
            Outcome::Failed => pause = true,
            Outcome::Contradicted => return,
        }
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything that the log has on disk is public.
    Published,
    /// It can be tried again.
    Failed,
    /// Nothing of this log is disclosed any more.
    Contradicted,
}

/// Publishes what the log has on disk.
pub(crate) async fn publish(gateway: &Gateway, publisher: &Arc<Mutex<Publisher>>) -> Outcome {
    let mut publisher = Arc::clone(publisher).lock_owned().await;
    match tokio::task::spawn_blocking(move || publisher.publish()).await {
        Ok(Ok(())) => Outcome::Published,
        Ok(Err(error)) if contradicts(&error) => {
            tracing::error!(%error, "what was published contradicts the audit log, nothing is disclosed any more");
            gateway.audit.distrust();
            Outcome::Contradicted
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "the audit log cannot be published");
            Outcome::Failed
        }
        Err(error) => {
            tracing::error!(%error, "publishing the audit log ended abnormally");
            Outcome::Failed
        }
    }
}

fn contradicts(error: &TlogError) -> bool {
    match error {
        TlogError::Log(_)
        | TlogError::Checkpoint(_)
        | TlogError::Contradicts { .. }
        | TlogError::Shorter { .. }
        | TlogError::Rewritten { .. } => true,
        TlogError::File { .. }
        | TlogError::Note { .. }
        | TlogError::Missing { .. }
        | TlogError::Length { .. }
        | TlogError::NotYet { .. }
        | TlogError::Proof
        | TlogError::Leaf { .. }
        | TlogError::Output(_) => false,
    }
}
