//! Which answers would be others under other rules?

use std::collections::BTreeSet;
use std::iter::once;
use std::path::{Path, PathBuf};
use std::slice::from_ref;

use jiff::Timestamp;
use polku_gateway::clock::{Clock as _, SystemClock};
use polku_gateway::policy_files::{PolicyFiles, read_decisions};
use polku_policy::{CaseResult, Change, Shift, difference};

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
    /// those that will be from each day on at which rules of either folder begin or end. It is told, and counted, once: as
    /// opened if it ever is, or else as closed, or else as answered on other grounds.
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
    let eras: BTreeSet<Timestamp> = once(now).chain(later_eras([old, new], now)?).collect();
    let (mut opens, mut closes, mut others) = (0_usize, 0_usize, 0_usize);
    for question in &decisions.recorded {
        let changes = |at| difference(&old_engine, &new_engine, from_ref(question), at).pop();
        let shifts = tell_steps(eras.iter().map(|at| ((*at != now).then_some(*at), changes(*at))))?;
        let counts =
            [(Shift::Opens, &mut opens), (Shift::Closes, &mut closes), (Shift::OtherGrounds, &mut others)];
        if let Some((_, count)) = counts.into_iter().find(|(shift, _)| shifts.contains(shift)) {
            *count += 1;
        }
    }
    tell(format_args!(
        "decisions: {} asked, {opens} opened, {closes} closed, {others} on other grounds",
        decisions.recorded.len()
    ))?;
    Ok(opens + closes + others)
}

/// Tells how the answers to a question come to differ, from the instant of each step on, or from now on: the question
/// once, and what goes on as it was not at all.
fn tell_steps(
    steps: impl Iterator<Item = (Option<Timestamp>, Option<Change>)>,
) -> Result<Vec<Shift>, Failure> {
    let (mut shifts, mut before) = (Vec::new(), None);
    for (at, change) in steps {
        if change == before {
            continue;
        }
        let from = at.map(|at| format!(" from {at} on")).unwrap_or_default();
        match &change {
            None => tell(format_args!("  the same answer again{from}"))?,
            Some(change) => {
                let word = match change.shift() {
                    Shift::Opens => "opens",
                    Shift::Closes => "closes",
                    Shift::OtherGrounds => "other grounds",
                };
                if shifts.is_empty() {
                    tell(format_args!("{word}{from}: {change}"))?;
                } else {
                    tell(format_args!("  {word}{from}: {} -> {}", change.was, change.would_be))?;
                }
                shifts.push(change.shift());
            }
        }
        before = change;
    }
    Ok(shifts)
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
