//! Would X-Road let an exchange of messages through?

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use polku_adapters::transport::xroad::soap::{Verdict, check_exchange};

use super::{Failure, note, tell};

/// What to do with X-Road messages.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Prints `accept`, or `reject` with the fault code of the security server, and then exits with 1.
    Check {
        /// The request: a SOAP envelope, or a multipart message with one.
        request: PathBuf,
        /// The answer to it.
        response: Option<PathBuf>,
    },
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Check { request, response } = command;
    let request = read(request)?;
    let response = response.as_deref().map(read).transpose()?;
    let verdict = check_exchange(&request, response.as_deref());
    tell(&verdict)?;
    match verdict {
        Verdict::Accept => Ok(()),
        Verdict::Reject(fault) => {
            match fault.reason() {
                Some(reason) => note(reason),
                None => note("the message is a fault, which is passed on as it is"),
            }
            Err(Failure::Told)
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display())).map_err(Failure::Broken)
}
