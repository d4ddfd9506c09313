//! Why do the rules answer one case as they do?

use std::path::PathBuf;

use polku_policy::{CategoryExplanation, Language};

use super::test::read_cases;
use super::{files, unusable};
use crate::cli::{Failure, tell};

/// What to explain.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The cases, TOML as in policy/rules/cases.toml.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The title of one of them, whole.
    #[arg(value_name = "TITLE")]
    title: String,
    /// In which language: fi, sv or en.
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    language: Language,
    /// The folder of the rules; without it, those that the gateway ships with.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let rules = files(arguments.rules.as_deref())?.rules().map_err(unusable)?;
    let explanation = read_cases(&arguments.file)?
        .explain(&arguments.title, rules)
        .map_err(|error| Failure::Broken(error.into()))?;
    for category in &explanation.categories {
        tell_of(category, arguments.language)?;
    }
    Ok(())
}

/// The sentences for people, and the ids of the rules below them.
fn tell_of(category: &CategoryExplanation, language: Language) -> Result<(), Failure> {
    tell(category.text(language))?;
    let mut remedies: Vec<&str> = Vec::new();
    for missing in &category.missing {
        let remedy = missing.remedy(language);
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
            tell(format_args!("  -> {remedy}"))?;
        }
    }
    let permitting = category.bases.iter().map(|basis| &*basis.rule);
    let forbidding = category.missing.iter().filter_map(|missing| missing.rule.as_deref());
    let mut rules: Vec<&str> = permitting.chain(forbidding).collect();
    rules.sort_unstable();
    rules.dedup();
    if rules.is_empty() { Ok(()) } else { tell(format_args!("  [{}]", rules.join(", "))) }
}
