//! Do the rules answer each case as expected?

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use polku_policy::{CaseFile, CaseResult};

use super::{files, unusable};
use crate::cli::{Failure, tell};

/// What to test.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The cases, TOML as in policy/rules/cases.toml; without it, the cases of the rules.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The folder of the rules; without it, those that the gateway ships with.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let files = files(arguments.rules.as_deref())?;
    let rules = files.rules().map_err(unusable)?;
    let cases = match &arguments.file {
        Some(file) => read_cases(file)?,
        None => parse_cases(files.cases().map_err(unusable)?)?,
    };
    let ids: Vec<String> = rules.ids().into_iter().map(str::to_owned).collect();
    let results = cases.run(rules).map_err(|error| Failure::Broken(error.into()))?;
    for result in &results {
        tell(result)?;
    }
    let decided: BTreeSet<&String> = results.iter().flat_map(|result| &result.rules).collect();
    let idle: Vec<&str> = ids.iter().filter(|id| !decided.contains(id)).map(String::as_str).collect();
    if !idle.is_empty() {
        tell(format_args!("rules that decide none of these cases: {}", idle.join(", ")))?;
    }
    let failed = results.iter().filter(|result| !result.passed()).count();
    tell(format_args!("{} cases, {failed} failed", results.len()))?;
    if results.is_empty() {
        return Err(Failure::Broken(anyhow::anyhow!("there are no cases")));
    }
    if results.iter().all(CaseResult::passed) { Ok(()) } else { Err(Failure::Told) }
}

/// Reads a file of cases.
pub(super) fn read_cases(file: &Path) -> Result<CaseFile, Failure> {
    let unreadable = |error| anyhow::Error::new(error).context(format!("{} cannot be read", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| Failure::Broken(unreadable(error)))?;
    parse_cases(&text)
}

pub(super) fn parse_cases(text: &str) -> Result<CaseFile, Failure> {
    CaseFile::parse(text).map_err(|error| Failure::Broken(error.into()))
}
