//! How does an operator have a person erased whom a controller has decided to erase?

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use polku_gateway::control::{Answer, Question, ask};
use polku_proto::AgencyId;

use super::{Failure, check_config, note, tell};

/// Whom to erase, and who has decided it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration of the gateway, TOML. It runs, on this machine.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The agency whose controller has decided it, as the audit log will say.
    #[arg(long, value_name = "AGENCY")]
    controller: AgencyId,
    /// The person, `youths/{id}`. Without it, an identity code or a temporary id is read from standard input, one line: it
    /// must not stand in the list of processes.
    person: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = check_config::load(&arguments.config)?;
    let person = match &arguments.person {
        Some(person) => person.clone(),
        None => {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map_err(|error| Failure::Broken(error.into()))?;
            line.trim().to_owned()
        }
    };
    if person.is_empty() || person.contains(char::is_whitespace) {
        return Err(Failure::Usage(anyhow!("the person is one word: youths/{{id}}, or an identity")));
    }
    let controller = arguments.controller.clone();
    control(&config.store, &Question::Erase { controller, person })
}

/// Asks the gateway that runs on this store, and tells what it answers.
pub(super) fn control(store: &Path, question: &Question) -> Result<(), Failure> {
    let answer = ask(store, question)
        .context("no gateway that you may speak to runs on this store")
        .map_err(Failure::Broken)?;
    match answer {
        Answer::Done(lines) => lines.iter().try_for_each(tell),
        Answer::Refused(lines) => {
            lines.iter().for_each(|line| note(format_args!("polku: {line}")));
            Err(Failure::Told)
        }
    }
}
