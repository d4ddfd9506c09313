//! How do other rules come into force while the gateway runs, and what if they are not right?
//!
//! All or nothing: only rules that pass every check replace those in force, in one step, after the audit log has said
//! so. Otherwise the last good ones stay, and the log and the audit log say that others were refused. At start there are
//! none that could stay: the gateway does not start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use polku_policy::{Directory, Engine};
use tokio::sync::Mutex;

use super::{PolicyFiles, PolicyFilesError, Writer, write_down};
use crate::audit::Verdict;
use crate::causes::told;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::hex::hex;
use crate::trail;

/// Reads the rules anew.
pub(crate) async fn read_anew(gateway: &Gateway, folder: PathBuf, decisions: &Arc<Mutex<Writer>>) {
    if let Err(error) = once(gateway, folder, decisions).await {
        // Nothing has changed: what is not in the audit log does not come into force.
        tracing::error!(reason = error.reason(), "policy rules not loaded: the audit log cannot be written");
    }
}

async fn once(gateway: &Gateway, folder: PathBuf, decisions: &Arc<Mutex<Writer>>) -> Result<(), Error> {
    let directory = gateway.directory.clone();
    // Reading and trying out take long enough to hold up calls.
    let read = tokio::task::spawn_blocking(move || engine(Some(&folder), directory)).await;
    let read = read.map_err(|_| Error::Inconsistent("reading the policy rules ended abnormally"))?;
    match read {
        Ok(engine) => {
            let digest = engine.policy_digest();
            gateway.append(trail::policy(Verdict::Permitted, digest, gateway.now())).await?;
            let former = gateway.engine();
            gateway.set_engine(engine);
            tracing::info!(policy = hex(&digest), "policy rules loaded");
            // Who watches consents is told to ask again.
            gateway.news.ring_all();
            write_down(former, decisions).await;
            // What was told by the former rules may be more, or less, than what these permit.
            if let Err(error) = gateway.store.look_at_all_plans(gateway.now()).await {
                tracing::error!(%error, "plans are not looked at by the new rules before they change");
            }
        }
        Err(error) => {
            let digest = gateway.engine().policy_digest();
            tracing::error!(
                refused = told(&error),
                policy = hex(&digest),
                "policy rules refused, those in force stay"
            );
            gateway.append(trail::policy(Verdict::NotPermitted, digest, gateway.now())).await?;
        }
    }
    Ok(())
}

/// The first engine. Rules from a folder pass every check before anything else happens.
pub(crate) fn engine(folder: Option<&Path>, directory: Directory) -> Result<Engine, PolicyFilesError> {
    match folder {
        Some(folder) => PolicyFiles::read(folder)?.engine(directory),
        // Their cases were held against them when the gateway was built.
        None => PolicyFiles::shipped().engine_alone(directory),
    }
}

/// Writes down which rules from a folder the gateway starts with. Only once the log is known to be the right one: a
/// leaf more could hide that some are missing.
pub(crate) async fn note_start(gateway: &Gateway, folder: Option<&Path>) -> Result<(), Error> {
    if folder.is_some() {
        let digest = gateway.engine().policy_digest();
        gateway.append(trail::policy(Verdict::Permitted, digest, gateway.now())).await?;
    }
    Ok(())
}
