//! Which answers would be others under other rules?

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use polku_gateway::clock::{Clock as _, SystemClock};
use polku_gateway::policy_files::{PolicyFiles, read_decisions};
use polku_policy::{CaseResult, Shift, difference};

use super::test::parse_cases;
use super::{files, unusable};
use crate::cli::{Failure, tell};

/// What to compare.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The folder of the rules as they are.
    #[arg(value_name = "OLD_DIR")]
    old: PathBuf,
    /// The folder of the rules as they might be.
    #[arg(value_name = "NEW_DIR")]
    new: PathBuf,
    /// What a gateway was really asked: decisions.jsonl in the folder of its store, which it writes every minute, before
    /// other rules come into force and when it ends. Each question is answered by the rules that are in force now, and by
    /// those that will be from each day on at which rules of either folder begin or end.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (old, new) = (files(Some(&arguments.old))?, files(Some(&arguments.new))?);
    tell_of_rules(&old, &new)?;
    let mut changes = of_cases(&old, &new)?;
    if let Some(decisions) = &arguments.decisions {
        changes += of_decisions(&old, &new, decisions)?;
    }
    if changes == 0 { tell("no answer is another one") } else { Err(Failure::Told) }
}

/// Names the rules that are in one set only, and those that read otherwise. By itself that changes no answer.
fn tell_of_rules(old: &PolicyFiles, new: &PolicyFiles) -> Result<(), Failure> {
    let (old, new) = (old.rules().map_err(unusable)?, new.rules().map_err(unusable)?);
    let (old, new) = (old.by_id(), new.by_id());
    for id in old.keys().filter(|id| !new.contains_key(*id)) {
        tell(format_args!("rule {id} is in the old rules only"))?;
    }
    for id in new.keys().filter(|id| !old.contains_key(*id)) {
        tell(format_args!("rule {id} is in the new rules only"))?;
    }
    for (id, was) in &old {
        let Some(would_be) = new.get(id) else { continue };
        if was.dates() != would_be.dates() {
            tell(format_args!("rule {id} has other dates in the new rules"))?;
        }
        if !was.says_the_same(would_be) {
            tell(format_args!("rule {id} has another text in the new rules"))?;
        }
    }
    Ok(())
}

/// Puts the cases of both sets to both. A case that both have is the new one.
fn of_cases(old: &PolicyFiles, new: &PolicyFiles) -> Result<usize, Failure> {
    let mut told = BTreeSet::new();
    let mut changes = 0;
    for cases in [new, old] {
        let cases = parse_cases(cases.cases().map_err(unusable)?)?;
        let run = |files: &PolicyFiles| -> Result<Vec<CaseResult>, Failure> {
            cases.run(files.rules().map_err(unusable)?).map_err(|error| Failure::Broken(error.into()))
        };
        for (was, would_be) in run(old)?.iter().zip(&run(new)?) {
            if told.insert(was.title.clone()) && was != would_be {
                changes += 1;
                tell(format_args!("case {:?}", was.title))?;
                tell_result("old", was)?;
                tell_result("new", would_be)?;
            }
        }
    }
    tell(format_args!("cases: {} asked, {changes} answered differently", told.len()))?;
    Ok(changes)
}

fn tell_result(which: &str, result: &CaseResult) -> Result<(), Failure> {
    let rules = if result.rules.is_empty() { "no rule".to_owned() } else { result.rules.join(", ") };
    let answer = if result.passed() { "as expected" } else { "not as expected" };
    tell(format_args!("  {which} rules: {answer}, by {rules}"))?;
    result.differences.iter().try_for_each(|difference| tell(format_args!("    {difference}")))
}

fn of_decisions(old: &PolicyFiles, new: &PolicyFiles, file: &Path) -> Result<usize, Failure> {
    let decisions = read_decisions(file).map_err(|error| Failure::Broken(error.into()))?;
    let engine = |files: &PolicyFiles| files.engine_alone(decisions.directory.clone()).map_err(unusable);
    let (old_engine, new_engine) = (engine(old)?, engine(new)?);
    let now = SystemClock.now();
    let mut counts = [0_usize; 3];
    let [opens, closes, others] = &mut counts;
    let mut before = Vec::new();
    for at in std::iter::once(now).chain(later_eras([old, new], now)?) {
        let changes = difference(&old_engine, &new_engine, &decisions.recorded, at);
        let from = if at == now { String::new() } else { format!(" from {at} on") };
        // What goes on as it was is told once.
        for change in changes.iter().filter(|change| !before.contains(*change)) {
            let (count, word) = match change.shift() {
                Shift::Opens => (&mut *opens, "opens"),
                Shift::Closes => (&mut *closes, "closes"),
                Shift::OtherGrounds => (&mut *others, "other grounds"),
            };
            *count += 1;
            tell(format_args!("{word}{from}: {change}"))?;
        }
        before = changes;
    }
    let changes = *opens + *closes + *others;
    tell(format_args!(
        "decisions: {} asked, {opens} opened, {closes} closed, {others} on other grounds",
        decisions.recorded.len()
    ))?;
    Ok(changes)
}

/// The instants to come at which other rules of one of the sets are in force, in their order.
fn later_eras(sets: [&PolicyFiles; 2], now: Timestamp) -> Result<BTreeSet<Timestamp>, Failure> {
    let mut later = BTreeSet::new();
    for files in sets {
        let rules = files.rules().map_err(unusable)?;
        later.extend(rules.eras().filter_map(|(from, _)| from).filter(|from| *from > now));
    }
    Ok(later)
}
