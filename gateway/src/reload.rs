//! When are files read anew while the gateway runs?

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::gateway::Gateway;
use crate::{directory, policy_files};

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

/// What is read anew, where the configuration names it.
#[derive(Debug, Clone)]
pub(crate) struct Reloadable {
    /// The folder of the policy rules.
    pub(crate) rules: Option<PathBuf>,
    /// The file of the service directory.
    pub(crate) directory: Option<PathBuf>,
}

/// Reads the files whenever somebody wishes so, until it is dropped. Each by itself: what is wrong with one does not
/// hold up the other.
pub(crate) async fn follow(gateway: Arc<Gateway>, files: Reloadable, reload: Reload) {
    loop {
        reload.wished.notified().await;
        if files.rules.is_none() && files.directory.is_none() {
            tracing::warn!(
                "there is nothing to reload: the configuration names neither policy rules nor a service directory"
            );
        }
        if let Some(folder) = files.rules.clone() {
            policy_files::read_anew(&gateway, folder).await;
        }
        if let Some(file) = files.directory.clone() {
            directory::read_anew(&gateway, file).await;
        }
    }
}

/// An error and its causes, on one line.
pub(crate) fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text.replace('\n', " ")
}
