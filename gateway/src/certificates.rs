//! When are the certificates of the ways to agencies read anew?

use std::sync::Arc;
use std::time::Duration;

use crate::causes::told;
use crate::gateway::Gateway;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Reads files anew that have changed, until it is dropped.
pub(crate) async fn follow(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(LOOK).await;
        renew(&gateway, false).await;
    }
}

/// Reads files anew that have changed and are at rest since the last look, or all at once; for each connection all or nothing.
pub(crate) async fn renew(gateway: &Arc<Gateway>, all: bool) {
    let gateway = Arc::clone(gateway);
    let looked = tokio::task::spawn_blocking(move || {
        for system in gateway.systems() {
            let agency = system.adapter.agency();
            for connection in system.adapter.connections() {
                match connection.renew(all) {
                    Ok(false) => {}
                    Ok(true) => tracing::info!(%agency, "certificates of the connection read"),
                    Err(error) => tracing::error!(
                        %agency,
                        refused = told(&error),
                        "certificates of the connection refused, the last good ones stay"
                    ),
                }
            }
        }
    });
    if let Err(error) = looked.await {
        tracing::error!(%error, "reading certificates ended abnormally");
    }
}
