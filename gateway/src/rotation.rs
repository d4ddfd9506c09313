//! How does another master key come into use while the gateway runs, and when is the one before it not needed any more?
//!
//! A new key in the folder wraps from the moment on at which the audit log says so. Then people's keys are wrapped by it,
//! some every second, beside everything else; what they seal stays as it is. When no row needs an older key any more, the
//! bytes of what it wrapped leave the database, and its file may be removed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::audit::Event;
use crate::causes::told;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::seal::{CheckValue, KeyError, Keys, MasterKey, Masters};
use crate::services::status;
use crate::store::{Rewrapped, Store, StoreError};
use crate::trail::Entry;

#[cfg(test)]
mod tests;

/// How many keys are wrapped anew in one change of the store.
const BATCH: u32 = 250;

/// How many such changes are made in a second: others write in between.
const BATCHES: u32 = 4;

/// How long other gateways have to take up a master key that is new to the store: they look every second.
const TAKEN_UP: Duration = Duration::from_secs(3);

/// How long after a master key that others use was not found here it is looked for again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

const SECOND: Duration = Duration::from_secs(1);

/// How long after a scrub that did not succeed another one is tried.
const SCRUB_AGAIN: Duration = Duration::from_secs(60);

/// Why what is stored does not open by the master keys that are here.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// People's keys are wrapped by one that is missing.
    #[error("master key {version}{} is not here; keys of people wrapped by it: {people}", checked(*.check))]
    Missing {
        /// Its version.
        version: u8,
        /// What it is known by, if it was noted.
        check: Option<CheckValue>,
        /// How many.
        people: u64,
    },
    /// Another one is here under its version.
    #[error("master key {version} is the wrong one: its check value is {found}, that of the right one {}", said(*.expected))]
    Wrong {
        /// Its version.
        version: u8,
        /// The check value of the one that is here.
        found: CheckValue,
        /// That of the one that wraps, if it was noted.
        expected: Option<CheckValue>,
    },
    /// The store cannot be asked.
    #[error("it cannot be found out which master keys are needed")]
    Store(#[from] StoreError),
}

fn checked(check: Option<CheckValue>) -> String {
    check.map(|check| format!(" (check value {check})")).unwrap_or_default()
}

fn said(check: Option<CheckValue>) -> String {
    check.map_or_else(|| "is not known".to_owned(), |check| format!("is {check}"))
}

/// Tells whether everything that is stored opens by these keys.
///
/// # Errors
/// [`MasterKeyError`], which names the version that is wrong or missing.
pub(crate) async fn check(store: &dyn Store, keys: &Keys) -> Result<(), MasterKeyError> {
    let masters = keys.masters();
    expect_needed(store, &masters).await?;
    for key in masters.known() {
        // The file says which key it is by itself only if it was noted: otherwise somebody's key is tried.
        let Some(row) = store.wrapped_by(key.version, 1).await?.into_iter().next() else { continue };
        if keys.unwrap(row.id, &row.key).is_err() {
            return Err(MasterKeyError::Wrong { version: key.version, found: key.check, expected: None });
        }
    }
    Ok(())
}

/// Each version that wraps somebody's key is among these, and is the one that was noted.
async fn expect_needed(store: &dyn Store, masters: &Masters) -> Result<(), MasterKeyError> {
    let (noted, here) = (store.master_keys().await?, masters.known());
    let check_of =
        |keys: &[MasterKey], version: u8| keys.iter().find(|key| key.version == version).map(|key| key.check);
    for (version, people) in store.wrapped_versions().await? {
        let expected = check_of(&noted, version);
        match check_of(&here, version) {
            None => return Err(MasterKeyError::Missing { version, check: expected, people }),
            Some(found) if expected.is_some_and(|expected| expected != found) => {
                return Err(MasterKeyError::Wrong { version, found, expected });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Notes the master keys that this store has not seen yet. The first one is there with the store; of every other one the
/// audit log says that it is used from now on.
pub(crate) async fn note(gateway: &Gateway) -> Result<(), Error> {
    if note_all(gateway, &gateway.keys.masters()).await? && gateway.store.is_shared() {
        // Before anything is wrapped by it.
        tokio::time::sleep(TAKEN_UP).await;
    }
    Ok(())
}

/// Tells whether there was another one.
async fn note_all(gateway: &Gateway, masters: &Masters) -> Result<bool, Error> {
    let noted = gateway.store.master_keys().await?;
    let mut is_new = false;
    for key in masters.known() {
        if noted.iter().any(|noted| noted.version == key.version) {
            continue;
        }
        if key.version > 1 {
            let name = format!("masterKeys/{}", key.version);
            gateway.note(Entry::of_many(Event::MasterKey).of_what(&name), gateway.now()).await?;
            tracing::info!(version = key.version, check = %key.check, "another master key is in use");
        }
        gateway.store.note_master_key(key).await?;
        is_new |= key.version > 1;
    }
    Ok(is_new)
}

/// Why other master keys do not come into use.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("they cannot be read")]
    Keys(#[from] KeyError),
    #[error("what is stored would not open")]
    Needed(#[from] MasterKeyError),
    #[error("they cannot be noted")]
    Noted(#[from] Error),
    #[error("reading them ended abnormally")]
    Abnormal(#[from] tokio::task::JoinError),
}

/// Reads the master keys anew. If anything is wrong with them, those in use stay.
pub(crate) async fn read_anew(gateway: &Gateway, folder: PathBuf) {
    if let Err(error) = once(gateway, folder).await {
        tracing::error!(refused = told(&error), "master keys refused, those in use stay");
    }
}

async fn once(gateway: &Gateway, folder: PathBuf) -> Result<(), Refused> {
    let _one = gateway.rotating.lock().await;
    let path = folder.clone();
    let masters = tokio::task::spawn_blocking(move || Masters::load(&folder)).await??;
    if gateway.keys.repeated(&masters) {
        return Err(KeyError::Repeated { path }.into());
    }
    expect_needed(gateway.store.as_ref(), &masters).await?;
    if let Some(version) = masters.differs_from(&gateway.keys.masters()) {
        return Err(KeyError::Changed { version }.into());
    }
    note_all(gateway, &masters).await?;
    let wraps = gateway.keys.masters().newest();
    if gateway.store.is_shared() && masters.newest() != wraps {
        // What any gateway wraps by the new one opens at every other one: each has it before the first one uses it.
        gateway.keys.use_masters(masters.wrapping_by(wraps))?;
        tokio::time::sleep(TAKEN_UP).await;
    }
    gateway.keys.use_masters(masters)?;
    tracing::info!(newest = gateway.keys.masters().newest(), "master keys loaded");
    Ok(())
}

/// Wraps by the newest key what an older one wraps, and has the bytes of what is gone leave the database; until dropped.
/// Takes up the keys in the folder when another gateway uses one that is not known here.
pub(crate) async fn run(gateway: Arc<Gateway>, folder: PathBuf) {
    let mut scrub_from = tokio::time::Instant::now();
    let mut look_from = scrub_from;
    loop {
        tokio::time::sleep(SECOND).await;
        if gateway.store.is_shared() {
            match gateway.lacks_master_key().await {
                Ok(None) => gateway.has_master_keys.store(true, Ordering::Relaxed),
                Ok(Some(version)) if tokio::time::Instant::now() >= look_from => {
                    tracing::warn!(version, "another gateway uses this master key: it is looked for here");
                    read_anew(&gateway, folder.clone()).await;
                    let is_found = matches!(gateway.lacks_master_key().await, Ok(None));
                    gateway.has_master_keys.store(is_found, Ordering::Relaxed);
                    look_from = tokio::time::Instant::now() + LOOK_AGAIN;
                }
                Ok(Some(_)) => {}
                Err(error) => status::log(&error),
            }
        }
        match gateway.rewrap_some().await {
            Ok(Rest::None) if tokio::time::Instant::now() >= scrub_from => {
                if let Err(error) = gateway.scrub_if_due().await {
                    status::log(&error);
                    scrub_from = tokio::time::Instant::now() + SCRUB_AGAIN;
                }
            }
            Ok(Rest::None | Rest::Some) => {}
            Err(error) => status::log(&error),
        }
    }
}

/// Whether an older master key is still needed.
enum Rest {
    Some,
    None,
}

impl Gateway {
    /// A newer master key that another gateway has noted, and this one does not have. One that is being taken up here is
    /// noted before it wraps.
    async fn lacks_master_key(&self) -> Result<Option<u8>, Error> {
        let Ok(_one) = self.rotating.try_lock() else { return Ok(None) };
        let newest = self.keys.masters().newest();
        let noted = self.store.master_keys().await?;
        Ok(noted.into_iter().map(|key| key.version).filter(|version| *version > newest).max())
    }

    async fn rewrap_some(&self) -> Result<Rest, Error> {
        let newest = self.keys.masters().newest();
        let mut batches = 0;
        for version in 1..newest {
            let mut wrapped = false;
            loop {
                let rows = self.store.wrapped_by(version, BATCH).await?;
                if rows.is_empty() {
                    break;
                }
                if batches == BATCHES {
                    return Ok(Rest::Some);
                }
                let rewrapped = rows.into_iter().map(|row| {
                    Ok(Rewrapped { to: self.keys.rewrap(row.id, &row.key)?, youth: row.id, from: row.key })
                });
                self.store.rewrap(rewrapped.collect::<Result<_, Error>>()?).await?;
                batches += 1;
                wrapped = true;
            }
            if wrapped {
                tracing::info!(version, "no row needs this master key any more: its file may be removed");
            }
        }
        Ok(Rest::None)
    }

    /// Has the bytes of what is gone leave the database, if there are any. One at a time.
    pub(crate) async fn scrub_if_due(&self) -> Result<(), Error> {
        let _one = self.scrubbing.lock().await;
        if self.store.scrub_due().await? {
            self.store.scrub().await?;
            tracing::info!("no page of the database holds what was erased or wrapped anew");
        }
        Ok(())
    }

    /// What an operator is told of the master keys.
    pub(crate) async fn tell_master_keys(&self) -> Result<Vec<String>, Error> {
        let needed = self.store.wrapped_versions().await?;
        let masters = self.keys.masters();
        let told = masters.known().into_iter().map(|key| {
            let people =
                needed.iter().find(|(version, _)| *version == key.version).map_or(0, |(_, count)| *count);
            let what = if key.version == masters.newest() {
                "wraps new keys"
            } else if people == 0 {
                "no row needs it any more, its file may be removed"
            } else {
                "is being replaced"
            };
            format!("{key}: {what}; keys of people wrapped by it: {people}")
        });
        Ok(told.collect())
    }
}
