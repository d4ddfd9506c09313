//! How does a client take up other certificates while it is in use?

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use super::{Connector, Linked, Network, Settings};
use crate::setting::SettingError;
use crate::transport::stamp::Stamp;

/// What is made of the files that the settings name, and may have to be made anew.
pub(super) struct Renewal {
    settings: Settings,
    network: Network,
    now: RwLock<Linked>,
    /// Held by whoever reads the files.
    looked: Mutex<Looked>,
}

struct Looked {
    /// Of the files when they were last looked at.
    seen: Vec<Option<Stamp>>,
    /// Of the files when they were last read, whether or not they were good.
    read: Vec<Option<Stamp>>,
}

impl Renewal {
    pub(super) fn new(settings: &Settings, network: &Network) -> Result<Renewal, SettingError> {
        let (settings, network) = (settings.clone(), network.clone());
        let seen = stamps(&settings);
        let looked = Mutex::new(Looked { read: seen.clone(), seen });
        let now = RwLock::new(Linked::new(Connector::new(&settings, &network)?));
        Ok(Renewal { settings, network, now, looked })
    }

    pub(super) fn certificate_files(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.settings.ca_file).chain(&self.settings.certificate_file).map(PathBuf::as_path)
    }

    /// What holds now.
    pub(super) fn now(&self) -> Linked {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files anew if they have changed and are at rest since the last look, or at once where it is `forced`, and
    /// tells whether it has. What is under way goes on as it began; where anything is wrong with them, what was made of the
    /// last good ones stays.
    ///
    /// # Errors
    /// What is wrong, once for each change.
    pub(super) fn renew(&self, forced: bool) -> Result<bool, SettingError> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let found = stamps(&self.settings);
        let is_quiet = looked.seen == found;
        looked.seen.clone_from(&found);
        if !forced && (looked.read == found || !is_quiet) {
            return Ok(false);
        }
        looked.read = found;
        let next = Linked::new(Connector::new(&self.settings, &self.network)?);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(true)
    }
}

fn stamps(settings: &Settings) -> Vec<Option<Stamp>> {
    let files = [Some(&settings.ca_file), settings.certificate_file.as_ref(), settings.key_file.as_ref()];
    files.into_iter().flatten().map(|file| Stamp::of(file)).collect()
}
