//! Would the gateway start with this configuration, and should it?

use std::error::Error;
use std::path::PathBuf;

use polku_gateway::audit::tlog::{self, SigningKey};
use polku_gateway::config::{Config, ConfigError, Problem, Weak};
use polku_gateway::directory::ServiceDirectory;
use polku_gateway::policy_files::PolicyFiles;
use polku_gateway::seal::Keys;
use polku_gateway::serve::adapter_errors;

use super::{Failure, note, tell};

/// What to check.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration, TOML.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config)?;
    let Weak { wrong, doubtful } = config.weak();
    for problem in doubtful {
        note(format_args!("warning: {problem}"));
    }
    let mut problems = wrong;
    problems.extend(config.located(unusable(&config)));
    if !problems.is_empty() {
        return Err(Failure::Usage(ConfigError::Wrong { path: arguments.config.clone(), problems }.into()));
    }
    tell(format_args!(
        "{} is fine (agencies: {}, organisations: {}, agreements: {})",
        arguments.config.display(),
        config.agencies.len(),
        config.organisations.len(),
        config.agreements.len(),
    ))
}

/// What is wrong with the files and settings that the configuration names, all of it.
fn unusable(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |key: String, error: &dyn Error, expected: &str| {
        problems.push(Problem {
            key,
            line: None,
            found: in_words(error),
            expected: expected.into(),
            why: "",
        });
    };
    let keys = || "keys.directory".to_owned();
    if let Err(error) = Keys::load(&config.keys) {
        add(keys(), &error, "a folder that `polku keys create` has made");
    }
    if let Err(error) = SigningKey::load(&config.keys.join(tlog::KEY_FILE), tlog::Signature::Log) {
        add(keys(), &error, "the signing key of the audit log in it");
    }
    for (index, error) in adapter_errors(config) {
        add(format!("agency[{index}].settings"), &error, "what the page of this kind of agency says");
    }
    let rules = config
        .rules
        .as_ref()
        .map(|folder| PolicyFiles::read(folder).and_then(|files| files.engine(config.directory.clone())));
    if let Some(Err(error)) = rules {
        add("policy.directory".to_owned(), &error, "rules that pass their own cases");
    }
    let (agencies, units) = (&config.directory, &config.units);
    if let Err(error) = ServiceDirectory::load_or_empty(config.service_directory.as_deref(), agencies, units)
    {
        add("directory.file".to_owned(), &error, "a service directory of these agencies and units");
    }
    problems
}

/// An error with its causes.
fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

/// Reads a configuration. A file that is not there is as wrong as one that is not right.
pub(super) fn load(path: &std::path::Path) -> Result<Config, Failure> {
    Config::load(path).map_err(|error: ConfigError| Failure::Usage(error.into()))
}
