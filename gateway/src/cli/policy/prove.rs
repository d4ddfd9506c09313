//! Do the rules keep within their limits, for every question there is?

mod ask;
mod claims;
mod counterexample;
mod plain;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use polku_policy::{CEILINGS, CeilingText, Rules};

use super::{files, unusable};
use crate::cli::{Failure, runtime, tell};
use claims::{Ceiling, Claim, Finding, RuleSet, Solver, Verdict};

#[cfg(test)]
mod tests;

/// The longest that the solver may take for one query. It takes some milliseconds for the shipped rules.
const LIMIT: Duration = Duration::from_secs(30);

/// What to prove.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The folder of the rules; without it, those that the gateway ships with.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The solver cvc5, with or without a path.
    #[arg(long, value_name = "PATH", default_value = "cvc5")]
    solver: PathBuf,
    /// Adds all facts of an example that breaks a limit, as the rules name them.
    #[arg(long)]
    facts: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let rules = files(arguments.folder.as_deref())?.rules().map_err(unusable)?;
    let solver = Solver { program: arguments.solver.clone(), limit: LIMIT };
    let ceilings =
        CEILINGS.map(|ceiling| Ceiling { id: ceiling.id.to_owned(), text: ceiling.cedar.to_owned() });
    let sets = eras(&rules);
    let proving = claims::prove(rules.schema(), &sets, &ceilings, &solver);
    let findings = runtime()?.block_on(proving).map_err(|error| Failure::Broken(error.into()))?;
    let mut broken = 0_usize;
    for ceiling in CEILINGS {
        broken += tell_of(
            &format!("{}: {}", ceiling.id, ceiling.says),
            &of_ceiling(&findings, ceiling),
            arguments,
        )?;
    }
    broken += tell_of("never-fails: No rule fails, whatever the question.", &of_rules(&findings), arguments)?;
    if broken > 0 {
        tell(format_args!("NOT SO: {broken} of {} claims are broken", findings.len()))?;
        return Err(Failure::Told);
    }
    tell(format_args!(
        "all {} claims are proven, for {} rules and each of {} stretches of time with rules of its own",
        findings.len(),
        rules.ids().len(),
        sets.len()
    ))
}

/// The sets of rules that are in force one after the other.
fn eras(rules: &Rules) -> Vec<RuleSet> {
    let named = |from: Option<jiff::Timestamp>| {
        from.map_or_else(|| "from the beginning".to_owned(), |from| format!("from {from}"))
    };
    rules.eras().map(|(from, rules)| RuleSet { era: named(from), rules: rules.clone() }).collect()
}

fn of_ceiling(findings: &[Finding], ceiling: CeilingText) -> Vec<&Finding> {
    let of = |claim: &Claim| matches!(claim, Claim::Below { ceiling: id } if *id == ceiling.id);
    findings.iter().filter(|finding| of(&finding.claim)).collect()
}

fn of_rules(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| matches!(finding.claim, Claim::NeverFails { .. })).collect()
}

/// Says what came out of one limit: a line for each kind of request, and the first question that breaks it. Gives how
/// many claims are broken.
fn tell_of(limit: &str, findings: &[&Finding], arguments: &Arguments) -> Result<usize, Failure> {
    tell(limit)?;
    let mut broken = 0;
    let mut environments: Vec<&str> = findings.iter().map(|finding| finding.environment.as_str()).collect();
    environments.sort_unstable();
    environments.dedup();
    for environment in environments {
        let examples: Vec<_> = findings
            .iter()
            .filter(|finding| finding.environment == environment)
            .filter_map(|finding| match &finding.verdict {
                Verdict::Holds => None,
                Verdict::Broken(example) => Some((&finding.era, example)),
            })
            .collect();
        broken += examples.len();
        let mut line = format!("  {}: {environment}", if examples.is_empty() { "holds" } else { "BROKEN" });
        if let Some((era, example)) = examples.first() {
            // Nobody is kept from reading on when a string cannot grow.
            let _ = write!(line, ", by the rules in force {era}, for example:");
            let example = if arguments.facts { format!("{example:#}") } else { example.to_string() };
            for fact in example.lines() {
                let _ = write!(line, "\n  {fact}");
            }
        }
        tell(line)?;
    }
    Ok(broken)
}
