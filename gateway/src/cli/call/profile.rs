//! Where is the gateway, and as whom is it called?

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde::Deserialize;

use super::{Arguments, Failure};

/// All that a call needs besides its message.
#[derive(Debug)]
pub(super) struct Settings {
    /// Host and port.
    pub(super) address: String,
    /// PEM file.
    pub(super) ca: PathBuf,
    /// PEM file.
    pub(super) certificate: PathBuf,
    /// PEM file.
    pub(super) key: PathBuf,
    /// If it is not the host of the address.
    pub(super) server_name: Option<String>,
    /// `polku.v1.Actor` as JSON.
    pub(super) actor: Option<String>,
}

/// The same as a file. Paths are relative to it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    address: Option<String>,
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    server_name: Option<String>,
    actor: Option<ActorJson>,
}

/// The actor as JSON text, or as a TOML table of the same shape.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ActorJson {
    Text(String),
    Table(toml::Table),
}

impl Settings {
    /// Puts the command line over the profile.
    pub(super) fn gather(arguments: Arguments) -> Result<Settings, Failure> {
        let profile = match &arguments.profile {
            Some(path) => Profile::load(path)?,
            None => Profile::default(),
        };
        let actor = match (arguments.actor, profile.actor) {
            (Some(text), _) | (None, Some(ActorJson::Text(text))) => Some(text),
            (None, Some(ActorJson::Table(table))) => {
                Some(serde_json::to_string(&table).map_err(|error| Failure::Usage(error.into()))?)
            }
            (None, None) => None,
        };
        Ok(Settings {
            address: needed(arguments.address.or(profile.address), "address")?,
            ca: needed(arguments.ca.or(profile.ca), "ca")?,
            certificate: needed(arguments.certificate.or(profile.certificate), "certificate")?,
            key: needed(arguments.key.or(profile.key), "key")?,
            server_name: arguments.server_name.or(profile.server_name),
            actor,
        })
    }
}

impl Profile {
    fn load(path: &Path) -> Result<Profile, Failure> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))
            .map_err(Failure::Broken)?;
        let mut profile: Profile = toml::from_str(&text)
            .with_context(|| format!("{} is no profile", path.display()))
            .map_err(Failure::Usage)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for file in [&mut profile.ca, &mut profile.certificate, &mut profile.key] {
            *file = file.take().map(|file| folder.join(file));
        }
        Ok(profile)
    }
}

fn needed<T>(value: Option<T>, name: &str) -> Result<T, Failure> {
    value.ok_or_else(|| Failure::Usage(anyhow!("--{name} is missing, and no --profile gives it")))
}
