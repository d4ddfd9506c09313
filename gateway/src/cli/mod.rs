//! Which commands are there, and how do they end?
//!
//! Exit codes: 0 done, 1 failed or refused, 2 a file or connection does not work, 64 wrong usage or configuration.

mod adapters;
mod audit;
mod backup;
mod call;
mod check_config;
mod deliveries;
mod doctor;
mod erase;
mod keys;
mod policy;
mod restore;
mod serve;
mod table;
mod xroad;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Interoperability gateway for one-stop youth guidance.
#[derive(Debug, Parser)]
#[command(name = "polku", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the gateway until SIGTERM or SIGINT. At SIGHUP it reads certificates, quotas, master keys, policy rules and the
    /// service directory anew.
    Serve(serve::Arguments),
    /// Checks a configuration and the files it names; opens no port.
    CheckConfig(check_config::Arguments),
    /// Looks at the machine, the store, certificates and agencies' systems; changes nothing.
    Doctor(doctor::Arguments),
    /// Makes one call to a gateway and prints the answer as JSON.
    Call(call::Arguments),
    /// Looks after deliveries, as an operator of the running gateway.
    #[command(subcommand)]
    Deliveries(deliveries::Command),
    /// Erases a person at a gateway that runs.
    Erase(erase::Arguments),
    /// Makes keys, and tells which are needed.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Copies database and audit log into a folder, also while the gateway runs.
    Backup(backup::Arguments),
    /// Brings a backup back into an empty store.
    Restore(restore::Arguments),
    /// Looks at the audit log.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Tests, explains, compares and proves policy rules.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Tells which kinds of agencies can be spoken to.
    #[command(subcommand)]
    Adapters(adapters::Command),
    /// Looks at X-Road messages.
    #[command(subcommand)]
    Xroad(xroad::Command),
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
enum Failure {
    /// It was carried out and did not succeed.
    Failed(anyhow::Error),
    /// A file or a connection does not work.
    Broken(anyhow::Error),
    /// The arguments or the configuration are wrong.
    Usage(anyhow::Error),
    /// Everything has been said.
    Told,
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Failure::Failed(_) | Failure::Told => 1,
            Failure::Broken(_) => 2,
            Failure::Usage(_) => 64,
        }
    }
}

/// Runs the command of the command line.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS };
            // Nobody is left to tell when even this cannot be written.
            let _ = error.print();
            return code;
        }
    };
    let result = match cli.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::CheckConfig(arguments) => check_config::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Call(arguments) => call::run(arguments),
        Command::Deliveries(command) => deliveries::run(command),
        Command::Erase(arguments) => erase::run(&arguments),
        Command::Keys(command) => keys::run(&command),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Audit(command) => audit::run(&command),
        Command::Policy(command) => policy::run(&command),
        Command::Adapters(command) => adapters::run(&command),
        Command::Xroad(command) => xroad::run(&command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            match &failure {
                Failure::Failed(error) | Failure::Broken(error) | Failure::Usage(error) => {
                    note(format_args!("polku: {}", chain(error)));
                }
                Failure::Told => {}
            }
            ExitCode::from(failure.code())
        }
    }
}

/// The error and its causes, without those that only repeat the one above.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Writes one line of result.
fn tell(line: impl Display) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| Failure::Broken(error.into()))
}

/// Writes one line that is no result.
fn note(line: impl Display) {
    // Nobody is left to tell when this cannot be written.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The runtime of a command that waits for something.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Broken(error.into()))
}
