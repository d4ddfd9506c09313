//! Would the gateway start with this configuration?

use std::path::PathBuf;

use polku_gateway::audit::tlog::{self, SigningKey};
use polku_gateway::config::{Config, ConfigError};
use polku_gateway::directory::ServiceDirectory;
use polku_gateway::policy_files::PolicyFiles;
use polku_gateway::seal::Keys;
use polku_gateway::serve::adapters;

use super::{Failure, tell};

/// What to check.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration, TOML.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config)?;
    Keys::load(&config.keys).map_err(|error| Failure::Usage(error.into()))?;
    SigningKey::load(&config.keys.join(tlog::KEY_FILE), tlog::Signature::Log)
        .map_err(|error| Failure::Usage(error.into()))?;
    adapters(&config).map_err(|error| Failure::Usage(error.into()))?;
    if let Some(folder) = &config.rules {
        PolicyFiles::read(folder)
            .and_then(|files| files.engine(config.directory.clone()))
            .map_err(|error| Failure::Usage(error.into()))?;
    }
    let (agencies, units) = (&config.directory, &config.units);
    ServiceDirectory::load_or_empty(config.service_directory.as_deref(), agencies, units)
        .map_err(|error| Failure::Usage(error.into()))?;
    tell(format_args!(
        "{} is fine (agencies: {}, organisations: {}, agreements: {})",
        arguments.config.display(),
        config.agencies.len(),
        config.organisations.len(),
        config.agreements.len(),
    ))
}

/// Reads a configuration. A file that is not there is as wrong as one that is not right.
pub(super) fn load(path: &std::path::Path) -> Result<Config, Failure> {
    Config::load(path).map_err(|error: ConfigError| Failure::Usage(error.into()))
}
