//! How does another directory take the place of this one while the gateway runs?

use std::path::PathBuf;

use super::ServiceDirectory;
use crate::causes::told;
use crate::gateway::Gateway;

/// Reads the file anew. All or nothing: where anything is wrong with it, the last good directory stays.
pub(crate) async fn read_anew(gateway: &Gateway, file: PathBuf) {
    let (agencies, units) = (gateway.directory.clone(), gateway.units.clone());
    // A large file takes long enough to hold up calls.
    match tokio::task::spawn_blocking(move || ServiceDirectory::load(&file, &agencies, &units)).await {
        Ok(Ok(directory)) => {
            tracing::info!(
                services = directory.services(),
                places = directory.places(),
                "service directory loaded"
            );
            gateway.set_service_directory(directory);
        }
        Ok(Err(error)) => {
            tracing::error!(refused = told(&error), "service directory refused, the last good one stays");
        }
        Err(error) => tracing::error!(%error, "reading the service directory ended abnormally"),
    }
}
