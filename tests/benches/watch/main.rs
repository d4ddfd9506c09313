//! How soon does a change of a joint plan reach those who watch the plan, and what does a watcher take that waits?
//!
//! `cargo bench -p polku-tests --bench watch` runs a gateway with mutual TLS, its store and its audit log on disk, and
//! the watchers, all in one process, and prints a table; its foot says how it was measured.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it has measured")]

mod scene;
mod watchers;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use polku_tests::figures::{Figures, processor_time, resident_bytes, sync_time};
use polku_tests::world::{OHJAAMO, World, WorldSettings};
use tempfile::TempDir;
use tracing_subscriber::EnvFilter;

use scene::Scene;
use watchers::{Arrival, Idle, Watchers};

/// How many watch the plan that changes.
const WATCHERS: usize = 100;
/// How many watch other plans.
const OTHERS: usize = 1_000;
/// How many other plans there are, each of another person.
const OTHER_PLANS: usize = 50;
/// How many changes are made before any is timed, and how many are timed.
const WARM_UP: usize = 20;
const CHANGES: usize = 200;
/// How long a change may take to reach each watcher, at p99.
const TARGET: Duration = Duration::from_millis(10);
/// How many bytes a watcher that waits may take beside its stream.
const TARGET_BYTES: i64 = 8 * 1024;
/// How long to wait for what must come, and for memory to settle.
const PATIENCE: Duration = Duration::from_secs(30);
const SETTLING: Duration = Duration::from_secs(2);

fn main() -> Result<()> {
    // Before the world begins one that tells more: writing it would be measured too.
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new("error")).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Result<()> {
    let folder = TempDir::new()?;
    let world = World::make(folder.path(), &WorldSettings::default())?;
    let running = world.start().await?;
    let mut scene = Scene::lay(&world, running.bound.grpc, OTHER_PLANS).await?;

    let before = settled().await?;
    let health = Idle::of_health(&world, running.bound.grpc, OTHERS).await?;
    let with_streams = settled().await?;
    let others = Idle::of_plans(&world, running.bound.grpc, &scene.others, OTHERS).await?;
    let with_watchers = settled().await?;
    drop(health);
    let mut watchers = Watchers::of(&world, running.bound.grpc, &scene.plan, WATCHERS).await?;
    settled().await?;

    let mut measured = Measured::default();
    let mut worked = Duration::ZERO;
    let mut beside = std::fs::File::create(folder.path().join("beside"))?;
    for number in 0..WARM_UP + CHANGES {
        let before = processor_time("self")?;
        let sent = Instant::now();
        scene.change(number).await?;
        let answered = Instant::now();
        let arrivals = watchers.arrivals(PATIENCE).await?;
        let after = processor_time("self")?;
        watchers.check(&arrivals, number)?;
        if number >= WARM_UP {
            measured.add(sent, answered, &arrivals);
            worked += after.saturating_sub(before);
            measured.synced.push(sync_time(&mut beside)?);
        }
    }
    // What had been on its way to others would have come by now.
    settled().await?;
    let told = others.told();
    ensure!(told == 0, "{told} events went to watchers of other plans");
    watchers.nothing_more()?;

    println!(
        "A plan of {} commitments, {} bytes as {OHJAAMO} sees it, changed {CHANGES} times, one after the other.\n\
         {WATCHERS} watch it, each of a stream of its own; {OTHERS} watch {OTHER_PLANS} other plans and were told \
         nothing.\nGateway, agencies and all watchers share this process and {} processors.\n",
        scene::COMMITMENTS,
        scene.bytes,
        std::thread::available_parallelism()?,
    );
    measured.print();
    let each = worked.as_secs_f64() * 1e3 / CHANGES as f64;
    println!("{:<52}{each:>7.2} ms", "processor time of a change, both ends together");
    let each = |more: usize, less: usize| (more.cast_signed() - less.cast_signed()) as i64 / OTHERS as i64;
    let stream = each(with_streams, before);
    let watcher = each(with_watchers, with_streams);
    println!("\nresident memory, both ends together, for each of {OTHERS}");
    println!("{:<52}{stream:>8} bytes", "a stream of the health service that waits");
    println!("{:<52}{watcher:>8} bytes", "a watcher of a plan that waits");
    let beside = watcher - stream;
    let met = verdict(beside <= TARGET_BYTES);
    println!("{:<52}{beside:>8} bytes, aim {TARGET_BYTES}: {met}", "a watcher beside its stream");

    drop((others, watchers, scene));
    running.stop().await.context("the gateway does not end")
}

/// The resident memory when nothing happens any more.
async fn settled() -> Result<usize> {
    tokio::time::sleep(SETTLING).await;
    resident_bytes()
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

/// What all the changes took.
#[derive(Default)]
struct Measured {
    answered: Vec<Duration>,
    since_sent: Vec<Duration>,
    last_since_sent: Vec<Duration>,
    since_answered: Vec<Duration>,
    last_since_answered: Vec<Duration>,
    synced: Vec<Duration>,
}

impl Measured {
    fn add(&mut self, sent: Instant, answered: Instant, arrivals: &[Arrival]) {
        self.answered.push(answered - sent);
        let since =
            |begin: Instant| arrivals.iter().map(move |arrival| arrival.at.saturating_duration_since(begin));
        self.since_sent.extend(since(sent));
        self.last_since_sent.extend(since(sent).max());
        self.since_answered.extend(since(answered));
        self.last_since_answered.extend(since(answered).max());
    }

    fn print(self) {
        println!("{:<52}{:>10}{:>10}{:>10}   aim for p99", "", "median", "p99", "longest");
        let print = |name, durations| println!("{}", line(name, &Figures::of(durations)));
        print("MergePlan, sent to answered", self.answered);
        print("sent to arrived, each watcher", self.since_sent);
        print("sent to arrived, the last watcher of each change", self.last_since_sent);
        let reached = Figures::of(self.since_answered);
        let (each, met) =
            (line("answered to arrived, each watcher", &reached), verdict(reached.p99 <= TARGET));
        println!("{each}   {} ms: {met}", TARGET.as_millis());
        print("answered to arrived, the last watcher", self.last_since_answered);
        print("4 KiB synced to the same disk, between changes", self.synced);
        println!(
            "The aim is held against the way from the answer: only then is it a change, on disk and acknowledged. From the\n\
             sending on, what the change itself takes counts too, with its syncs."
        );
    }
}

fn line(name: &str, Figures { median, p99, longest, .. }: &Figures) -> String {
    let millis = |time: &Duration| time.as_secs_f64() * 1e3;
    format!("{name:<52}{:>7.2} ms{:>7.2} ms{:>7.2} ms", millis(median), millis(p99), millis(longest))
}
