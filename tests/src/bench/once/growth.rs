//! What does a call cost when there is ten times as much of everything: grants, referrals, leaves?

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use polku_tests::world::Database;

use super::Numbers;
use crate::asks::{AnsweredWhen, Batch, Refer, Verify};
use crate::bench::Bench;
use crate::h2load::right;
use crate::load::{Ask, Load};
use crate::options::Options;
use crate::round::median;
use crate::site::{Deliveries, Seed, Site};
use crate::systems::{Answering, CONNECTIONS, System as _};

/// How much smaller the other store is.
const TIMES: u64 = 10;
const CALLS: [&str; 3] = ["VerifyConsent", "BatchVerifyConsents", "SendReferral"];

pub(super) async fn growth(bench: &Bench, options: &Options) -> Result<Numbers> {
    let small = Seed { grants: bench.seed.grants / TIMES, ..bench.seed.clone() };
    // What changes somebody's matters is done one after the other: in a small store there would be a queue at each person.
    let in_flight = bench.in_flight.min(usize::try_from(small.people().count)?);
    let (mut small, mut large) =
        (systems(bench, &small, in_flight).await?, systems(bench, &bench.seed, in_flight).await?);
    let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); CALLS.len()];
    for number in 0..options.rounds {
        for ((small, large), ratios) in small.iter_mut().zip(&mut large).zip(&mut ratios) {
            // Neighbours, each first in its turn.
            let (first, second) = if number % 2 == 0 { (small, large) } else { (large, small) };
            let first = right(first.round(options.turn()).await?)?;
            let second = right(second.round(options.turn()).await?)?;
            let ratio = second.cost() / first.cost();
            ratios.push(if number % 2 == 0 { ratio } else { 1.0 / ratio });
        }
    }
    let each: Numbers = CALLS.into_iter().zip(ratios.into_iter().map(median)).collect();
    let most = each.values().copied().fold(f64::MIN, f64::max);
    Ok(each.into_iter().chain(BTreeMap::from([("most", most)])).collect())
}

async fn systems(bench: &Bench, seed: &Seed, in_flight: usize) -> Result<Vec<Answering>> {
    let site = Site::open(seed, &bench.cores, Database::Embedded, Deliveries::Wait, 1).await?;
    let site = Arc::new(site);
    let people = seed.people();
    let asks: [Arc<dyn Ask>; 3] = [
        Arc::new(Verify::new(people)?),
        Arc::new(Batch::new(people)?),
        Arc::new(Refer::new(people, AnsweredWhen::Durable)?),
    ];
    let mut systems = Vec::new();
    for ask in asks {
        let load = Load::new(site.roads()?, CONNECTIONS.min(in_flight), in_flight);
        let alive = Box::new(Arc::clone(&site));
        systems.push(Answering { load, ask, processes: site.processes()?, _alive: alive });
    }
    Ok(systems)
}
