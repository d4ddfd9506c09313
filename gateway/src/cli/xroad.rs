//! Would X-Road let an exchange of messages through?

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use polku_adapters::transport::xroad::rest::{self, RestVerdict};
use polku_adapters::transport::xroad::soap::{self, Verdict};

use super::{Failure, note, tell};

/// What to do with X-Road messages.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Prints `accept`, or `reject` with the code of the security server, and then exits with 1.
    ///
    /// A request that begins with a line of HTTP whose path is one of REST, `POST /r1/... HTTP/1.1` say, or that has a
    /// header X-Road-Client below that line, is checked as a message of REST, r1, and its answer with it: both as
    /// recorded from the wire, lines and headers of HTTP first. With the path of REST they are what a client sends and
    /// gets; under another path, what a provider gets from its security server and answers.
    /// Everything else is SOAP, 4.0, with or without lines and headers of HTTP.
    ///
    /// An answer in SOAP whose line of HTTP is there must have status 200 or 500: X-Road passes no other on.
    ///
    /// Codes of SOAP are those of X-Road 7.8. For most mistakes in REST X-Road has but one code, and those here tell
    /// one from another: client.invalid_request_path, client.invalid_client_identifier, and so on.
    #[command(verbatim_doc_comment)]
    Check {
        /// The request: SOAP (an envelope, or a multipart message with one), or REST.
        request: PathBuf,
        /// The answer to it.
        response: Option<PathBuf>,
    },
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Check { request, response } = command;
    let request = read(request)?;
    let response = response.as_deref().map(read).transpose()?;
    let refused = if rest::is_rest(&request) {
        let verdict = rest::check_exchange(&request, response.as_deref());
        tell(&verdict)?;
        match verdict {
            RestVerdict::Accept => None,
            RestVerdict::Reject(fault) => Some(fault.reason().map(|reason| reason.to_string())),
        }
    } else {
        let verdict = soap::check_exchange(&request, response.as_deref());
        tell(&verdict)?;
        match verdict {
            Verdict::Accept => None,
            Verdict::Reject(fault) => Some(fault.reason().map(ToString::to_string)),
        }
    };
    match refused {
        None => Ok(()),
        Some(reason) => {
            note(reason.as_deref().unwrap_or("the message is a fault, which is passed on as it is"));
            Err(Failure::Told)
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display())).map_err(Failure::Broken)
}
