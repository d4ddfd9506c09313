//! How do other quotas come into force while the gateway runs?

use std::path::PathBuf;

use crate::causes::told;
use crate::config::Config;
use crate::gateway::Gateway;

/// Reads the quotas of the configuration anew. Those that are not right are refused, and the last good ones stay.
pub(crate) async fn read_anew(gateway: &Gateway, file: PathBuf) {
    match tokio::task::spawn_blocking(move || Config::quotas(&file)).await {
        Ok(Ok(settings)) => {
            gateway.quotas.set(&settings);
            tracing::info!("quotas loaded");
        }
        Ok(Err(error)) => tracing::error!(refused = told(&error), "quotas refused, those in force stay"),
        Err(error) => tracing::error!(%error, "reading the quotas ended abnormally"),
    }
}
