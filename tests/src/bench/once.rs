//! What is measured once, when the rounds are over?

mod allocations;
mod growth;
mod start;

use std::collections::BTreeMap;

use anyhow::Result;

use super::bench::{Bench, NotRun};
use super::h2load;
use super::options::Options;
use super::results::Once;
use super::rows::ONCE;

/// What came of something: by what each number is of.
pub(crate) type Numbers = BTreeMap<&'static str, f64>;

/// All that is asked for.
pub(crate) async fn all(bench: &mut Bench, options: &Options) -> Vec<Once> {
    let mut all = Vec::new();
    for (name, what) in ONCE.iter().filter(|(name, _)| options.has(name)) {
        super::say(&format!("once: {name}"));
        let (numbers, has_failed) = match measured(name, bench, options).await {
            Ok(Ok(numbers)) => (Ok(numbers), false),
            Ok(Err(reason)) => (Err(reason), false),
            Err(error) => (Err(format!("{error:#}")), true),
        };
        all.push(Once { name, what, numbers, has_failed });
    }
    all
}

async fn measured(name: &str, bench: &mut Bench, options: &Options) -> Result<Result<Numbers, NotRun>> {
    match name {
        "start" => start::start(bench).await.map(Ok),
        "growth" => growth::growth(bench, options).await.map(Ok),
        "h2load-floor" => h2load::floor(bench, options).await,
        "h2load-verify" => h2load::verify(bench, options).await,
        "allocations" => allocations::allocations(bench, options).await.map(Ok),
        other => anyhow::bail!("nobody knows how to measure {other}"),
    }
}
