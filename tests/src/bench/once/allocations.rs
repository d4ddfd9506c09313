//! How many pieces of heap does a call take, with as many in flight as in the rounds?

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, ensure};
use polku_tests::heap::Heap;
use polku_tests::world::Database;

use super::Numbers;
use crate::asks::{AnsweredWhen, Batch, Echo, Refer, Verify};
use crate::bench::Bench;
use crate::connection::Road;
use crate::load::{Ask, Load};
use crate::options::Options;
use crate::site::{Deliveries, Seed, Site};
use crate::systems::CONNECTIONS;

/// How many grants there are: allocations do not hang on it.
const GRANTS: u64 = 1_000;

pub(super) async fn allocations(bench: &Bench, options: &Options) -> Result<Numbers> {
    let seed = Seed { grants: GRANTS, ..bench.seed.clone() };
    let people = seed.people();
    let mut numbers = BTreeMap::new();

    let heap = Heap::counted_in(&bench.own_folder("heap-floor")?)?;
    let tls = bench.path("");
    let echo = bench.serve_with(&["echo", "--tls", &tls], heap.environment()).await?;
    let road = Road::mutual(echo.ready.parse()?, bench.pki.authority_pem(), &bench.client)?;
    let ask: Arc<dyn Ask> = Arc::new(Echo::new(people)?);
    numbers.insert("floor", each(&heap, vec![road], &ask, options).await?);

    let asks: [(&str, Deliveries, Arc<dyn Ask>); 4] = [
        ("verify", Deliveries::Flow, Arc::new(Verify::new(people)?)),
        ("batch", Deliveries::Flow, Arc::new(Batch::new(people)?)),
        ("send-sqlite", Deliveries::Wait, Arc::new(Refer::new(people, AnsweredWhen::Durable)?)),
        ("send-delivered", Deliveries::Flow, Arc::new(Refer::new(people, AnsweredWhen::Delivered)?)),
    ];
    for (name, deliveries, ask) in asks {
        let mut site = Site::make(&seed, &bench.cores, Database::Embedded, deliveries).await?;
        let heap = Heap::counted_in(site.folder())?;
        let gateway = site.start_by(&counted(bench, &heap), 0).await?;
        site.join(gateway);
        // Of a batch each decision is counted, as in its row.
        numbers.insert(name, each(&heap, site.roads()?, &ask, options).await?);
    }
    Ok(numbers)
}

/// Starts a program on the servers' core with the count in it.
fn counted(bench: &Bench, heap: &Heap) -> Vec<String> {
    let mut starter = bench.cores.on_server();
    starter.push("env".to_owned());
    starter.extend(
        heap.environment()
            .into_iter()
            .map(|(name, value)| format!("{}={}", name.to_string_lossy(), Path::new(&value).display())),
    );
    starter
}

/// Pieces for each thing that is done.
async fn each(heap: &Heap, roads: Vec<Road>, ask: &Arc<dyn Ask>, options: &Options) -> Result<f64> {
    let load = Load::new(roads, CONNECTIONS, options.in_flight());
    let open = load.open().await?;
    let warmed = open.press(ask, options.turn()).await?;
    let before = heap.count()?;
    let pressed = open.press(ask, options.turn()).await?;
    let taken = heap.count()? - before;
    let first_wrong = warmed.first_wrong.or(pressed.first_wrong);
    ensure!(first_wrong.is_none(), "a wrong answer: {first_wrong:?}");
    Ok(taken as f64 / pressed.done as f64)
}
