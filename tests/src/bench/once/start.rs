//! How long does a gateway need until it answers on a full store, and how much memory has it then?

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use polku_tests::world::Database;

use super::Numbers;
use crate::bench::Bench;
use crate::process::used;
use crate::round::median;
use crate::site::{Deliveries, Site};

/// How often it is started.
const STARTS: usize = 3;

pub(super) async fn start(bench: &Bench) -> Result<Numbers> {
    let site = Site::make(&bench.seed, &bench.cores, Database::Embedded, Deliveries::Flow).await?;
    // The first start on a store that was filled by other hands notes how far the log is settled: later ones need not look.
    ensure!(site.start(&bench.cores, 0).await?.stop().await?.success(), "the gateway does not end well");
    let (mut seconds, mut mebibytes) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let begun = Instant::now();
        let gateway = site.start(&bench.cores, 0).await?;
        seconds.push(begun.elapsed().as_secs_f64());
        let memory = used(&[gateway.id().context("the gateway has ended")?])?.memory;
        mebibytes.push(memory as f64 / f64::from(1 << 20));
        ensure!(gateway.stop().await?.success(), "the gateway does not end well");
    }
    Ok(BTreeMap::from([("seconds", median(seconds)), ("mebibytes", median(mebibytes))]))
}
