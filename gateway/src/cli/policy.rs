//! What do the rules answer, and do they keep within their limits? For those who write, read or change them.

mod diff;
mod explain;
mod prove;
mod test;

use std::path::Path;

use polku_gateway::policy_files::{PolicyFiles, PolicyFilesError};

use super::Failure;

/// What to do with rules.
///
/// A folder of rules has files *.cedar, which are read in the order of their names, ages.json, and cases.toml.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Runs cases: do the rules answer each as expected?
    ///
    /// Exit code 0: all do. 1: some do not; each is shown. 2: cases or rules cannot be used.
    Test(test::Arguments),
    /// Explains what the rules answer to one case, category by category, in plain words.
    ///
    /// Exit code 0: explained. 2: case or rules cannot be used.
    Explain(explain::Arguments),
    /// Shows which answers would be others under other rules.
    ///
    /// Compared are the answers to the cases of both folders and, with --decisions, to what a gateway was really asked.
    /// Exit code 0: none. 1: some; each is shown. 2: rules, cases or decisions cannot be used.
    Diff(diff::Arguments),
    /// Proves that rules never fail and keep within the limits of policy/rules/ceilings, for every question there is.
    ///
    /// The limits are those that the gateway ships with, whatever folder of them lies beside the rules.
    /// Needs cvc5, an SMT solver. Exit code 0: all is proven. 1: something is not so; a question that shows it is
    /// printed. 2: it could not be decided, for example because the solver is missing or took too long.
    Prove(prove::Arguments),
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Test(arguments) => test::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Prove(arguments) => prove::run(arguments),
    }
}

/// The texts of the rules of a folder, or of those that the gateway ships with.
fn files(folder: Option<&Path>) -> Result<PolicyFiles, Failure> {
    PolicyFiles::read_or_shipped(folder).map_err(unusable)
}

fn unusable(error: PolicyFilesError) -> Failure {
    Failure::Broken(error.into())
}
