//! How do a gateway and a witness of its log get their keys, and how are master keys rotated?

use std::path::{Path, PathBuf};

use polku_gateway::audit::tlog::{self, Signature, SigningKey};
use polku_gateway::control::Question;
use polku_gateway::seal::Keys;

use super::erase::control;
use super::{Failure, check_config, tell};

/// What to do with keys.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Makes new keys in a folder, and prints the verifier key of the audit log. Keys that are there are never
    /// overwritten.
    Create {
        /// The folder; it is made if need be.
        directory: PathBuf,
        /// What the audit log is called, best where it is published without the scheme: `log.city.example/polku`. It
        /// never changes. Without it the log gets a random name.
        #[arg(long, value_name = "NAME")]
        log_name: Option<String>,
    },
    /// Makes the next master key in the folder of the keys. A gateway that runs takes it at SIGHUP, and wraps by it.
    Rotate {
        /// The folder.
        directory: PathBuf,
    },
    /// Tells which master keys a gateway that runs has, and which of them are needed.
    Status {
        /// Its configuration, TOML.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Makes the key of a witness of an audit log, and prints its verifier key.
    Witness {
        /// The file of the key; nothing may be there yet.
        file: PathBuf,
        /// What the witness is called, best a host and a path.
        name: String,
    },
    /// Prints the verifier key of a log or a witness.
    Verifier {
        /// The file of the key, `log.key` in the folder of the keys.
        file: PathBuf,
    },
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Create { directory, log_name } => create(directory, log_name.as_deref()),
        Command::Rotate { directory } => {
            let made = Keys::rotate(directory).map_err(|error| Failure::Broken(error.into()))?;
            tell(format_args!(
                "{made} is made: send the gateway SIGHUP, and keep a copy of the key elsewhere"
            ))
        }
        Command::Status { config } => control(&check_config::load(config)?.store, &Question::MasterKeys),
        Command::Witness { file, name } => {
            let key = SigningKey::create(file, name, Signature::Witness);
            tell(key.map_err(|error| Failure::Broken(error.into()))?.verifier())
        }
        Command::Verifier { file } => {
            let key = SigningKey::load(file, Signature::Log);
            let key = key.or_else(|_| SigningKey::load(file, Signature::Witness));
            tell(key.map_err(|error| Failure::Broken(error.into()))?.verifier())
        }
    }
}

fn create(directory: &Path, log_name: Option<&str>) -> Result<(), Failure> {
    let broken = |error: polku_gateway::seal::KeyError| Failure::Broken(error.into());
    let made = match log_name {
        Some(name) => Keys::generate_for_log(directory, name),
        None => Keys::generate_into(directory),
    };
    made.map_err(broken)?;
    tell(format_args!(
        "keys created in {}; without them nothing that the gateway stores can be read",
        directory.display()
    ))?;
    let log = SigningKey::load(&directory.join(tlog::KEY_FILE), Signature::Log).map_err(broken)?;
    tell(format_args!("verifier key of the audit log: {}", log.verifier()))
}
