//! How many pieces of heap does a call take? Counted by valgrind, in two runs of different length: what is more in the longer
//! one is of its calls.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use polku_proto::v1::DeliveryState;
use polku_tests::world::Database;

use super::Numbers;
use crate::asks::{Batch, Refer, Verify};
use crate::bench::{Bench, NotRun, program};
use crate::load::{Ask, Load};
use crate::options::Options;
use crate::site::{Deliveries, Seed, Site};

/// How many calls the two runs have.
const FEW: u64 = 200;
const MANY: u64 = 1_200;
/// How many grants there are: allocations do not hang on it, and everything is slow there.
const GRANTS: u64 = 1_000;

pub(super) async fn allocations(bench: &Bench, options: &Options) -> Result<Result<Numbers, NotRun>> {
    if options.quick {
        return Ok(Err("not with --quick: it takes minutes".to_owned()));
    }
    let valgrind = match program("valgrind", "Debian package valgrind") {
        Ok(valgrind) => valgrind,
        Err(reason) => return Ok(Err(reason)),
    };
    let seed = Seed { grants: GRANTS, ..bench.seed.clone() };
    let people = seed.people();
    let asks: [(&str, Arc<dyn Ask>); 3] = [
        ("verify", Arc::new(Verify::new(people)?)),
        ("batch", Arc::new(Batch::new(people)?)),
        ("send-sqlite", Arc::new(Refer::new(people, DeliveryState::Queued)?)),
    ];
    let mut numbers = BTreeMap::new();
    for (name, ask) in asks {
        let few = count(bench, &seed, &valgrind, &ask, FEW).await?;
        let many = count(bench, &seed, &valgrind, &ask, MANY).await?;
        numbers.insert(name, (many - few) / (MANY - FEW) as f64);
    }
    Ok(Ok(numbers))
}

/// How many pieces a gateway has taken from its start to its end, with so many calls in between.
async fn count(bench: &Bench, seed: &Seed, valgrind: &Path, ask: &Arc<dyn Ask>, calls: u64) -> Result<f64> {
    let mut site = Site::make(seed, &bench.cores, Database::Embedded, Deliveries::Wait).await?;
    let log = site.folder().join("valgrind");
    let mut starter = bench.cores.on_server();
    starter.push(valgrind.to_string_lossy().into_owned());
    starter.extend(["--undef-value-errors=no", "--leak-check=no"].map(str::to_owned));
    starter.push(format!("--log-file={}", log.display()));
    let gateway = site.start_by(&starter, 0).await?;
    site.gateways.push(gateway);
    let load = Load::new(site.roads()?, 1, 1);
    let pressed = load.open().await?.press_times(ask, calls).await?;
    ensure!(pressed.wrong == 0, "a wrong answer: {:?}", pressed.first_wrong);
    let gateway = site.gateways.pop().context("no gateway")?;
    ensure!(gateway.stop().await?.success(), "the gateway does not end well");
    let told = std::fs::read_to_string(&log)?;
    let line = told.lines().find_map(|line| line.split_once("total heap usage: "));
    let count =
        line.and_then(|(_, counts)| counts.split_once(" allocs")).context("valgrind counts nothing")?.0;
    Ok(count.replace(',', "").parse()?)
}
