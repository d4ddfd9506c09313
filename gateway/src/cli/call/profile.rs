//! Where is the gateway, and as whom is it called?

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde::Deserialize;

use super::Failure;

/// Where the gateway is, and with which certificate it is called.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Connect {
    /// A TOML file with address, ca, certificate, key, server_name and actor.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// The gateway.
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// The authority of the gateway's certificate, PEM.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The caller's certificate, PEM.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The name in the gateway's certificate, if it is not the host.
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
}

impl Connect {
    /// What holds where neither the command line nor a profile says otherwise.
    pub(in crate::cli) fn suppose(&mut self, address: String, ca: PathBuf) {
        if self.profile.is_none() {
            self.address.get_or_insert(address);
            self.ca.get_or_insert(ca);
        }
    }
}

/// All that a call needs besides its message.
#[derive(Debug)]
pub(in crate::cli) struct Settings {
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
    pub(in crate::cli) fn gather(connect: Connect, actor: Option<String>) -> Result<Settings, Failure> {
        let profile = match &connect.profile {
            Some(path) => Profile::load(path)?,
            None => Profile::default(),
        };
        let actor = match (actor, profile.actor) {
            (Some(text), _) | (None, Some(ActorJson::Text(text))) => Some(text),
            (None, Some(ActorJson::Table(table))) => {
                Some(serde_json::to_string(&table).map_err(|error| Failure::Usage(error.into()))?)
            }
            (None, None) => None,
        };
        Ok(Settings {
            address: needed(connect.address.or(profile.address), "address")?,
            ca: needed(connect.ca.or(profile.ca), "ca")?,
            certificate: needed(connect.certificate.or(profile.certificate), "certificate")?,
            key: needed(connect.key.or(profile.key), "key")?,
            server_name: connect.server_name.or(profile.server_name),
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
