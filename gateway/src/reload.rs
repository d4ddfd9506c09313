//! When are files read anew while the gateway runs?

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Mutex, Notify};

use crate::front::quota;
use crate::front::tls::CurrentTls;
use crate::gateway::Gateway;
use crate::policy_files::Writer;
use crate::{certificates, directory, policy_files, rotation};

/// The wish that files be read anew. Wishes that come while they are being read are one.
#[derive(Debug, Clone, Default)]
pub struct Reload {
    wished: Arc<Notify>,
}

impl Reload {
    /// Nobody has wished for anything yet.
    #[must_use]
    pub fn new() -> Reload {
        Reload::default()
    }

    /// Wishes that the files be read anew.
    pub fn ask(&self) {
        self.wished.notify_one();
    }
}

/// What is read anew: the master keys, TLS, quotas, and the rest where the configuration names it.
#[derive(Debug, Clone)]
pub(crate) struct Reloadable {
    /// The configuration, for its quotas.
    pub(crate) config: PathBuf,
    /// The folder of the keys.
    pub(crate) keys: PathBuf,
    /// The folder of the policy rules.
    pub(crate) rules: Option<PathBuf>,
    /// The file of the service directory.
    pub(crate) directory: Option<PathBuf>,
    /// TLS of the listeners.
    pub(crate) tls: CurrentTls,
}

/// Reads the files whenever somebody wishes so, until it is dropped. Each by itself: what is wrong with one does not
/// hold up the others.
pub(crate) async fn follow(
    gateway: Arc<Gateway>,
    files: Reloadable,
    decisions: Arc<Mutex<Writer>>,
    reload: Reload,
) {
    loop {
        reload.wished.notified().await;
        files.tls.read_anew().await;
        certificates::renew(&gateway, true).await;
        quota::read_anew(&gateway, files.config.clone()).await;
        rotation::read_anew(&gateway, files.keys.clone()).await;
        if let Some(folder) = files.rules.clone() {
            policy_files::read_anew(&gateway, folder, &decisions).await;
        }
        if let Some(file) = files.directory.clone() {
            directory::read_anew(&gateway, file).await;
        }
    }
}
