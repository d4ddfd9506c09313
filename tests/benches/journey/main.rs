//! What does it take to open a journey over five agencies that each need 20 ms to answer?
//!
//! `cargo build --release --workspace --bins && cargo bench -p polku-tests --bench journey` runs the gateway in a process
//! of its own, with mutual TLS, store and audit log on disk, and prints a table and, under it, what was measured beside its
//! aim.
//!
//! What the gateway does beside the five calls is what a journey costs it less what the five calls cost by themselves: so a
//! process that makes the same calls through the same adapters, and does nothing else, is measured by turns with it. The
//! system counts processor time in steps of 10 ms, so there are many readings of each kind.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it has measured")]

mod bare;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    AddJourneyEntryRequest, DataCategory, GetJourneyRequest, JourneyEntry, JourneyOpening, JourneySource,
    Purpose,
};
use polku_tests::figures::{Figures, processor_time};
use polku_tests::simulators::{Fault, Operation};
use polku_tests::world::{
    AddedAgency, Client, GatewayProcess, OHJAAMO, World, WorldSettings, professional, request_id,
};
use tempfile::TempDir;

use bare::Bare;

/// Of whom five agencies may tell.
const FIVE: &str = "010594Y9032";
/// What they may tell, and for what.
const TOLD: [DataCategory; 3] =
    [DataCategory::ServiceAttendance, DataCategory::ServiceNeeds, DataCategory::EducationWork];
const PURPOSE: Purpose = Purpose::Guidance;
/// Who reads: id, unit and role.
const WORKER: (&str, &str, &str) = ("ohjaaja-1", "keskusta", "guidance_worker");
/// The kinds of agencies, each in its usual manner, and what their ids begin with.
const KINDS: [&str; 5] = ["te", "kela", "social", "typpi", "walmu"];
const ADDED: &str = "oma-";
/// How long each agency takes to answer.
const ANSWER: Duration = Duration::from_millis(20);
/// So many readings before any is measured, and in each turn: no connection is closed meanwhile because nobody uses it.
const WARM_UP: usize = 20;
const TURN: usize = 50;
const TURNS: usize = 20;
/// The aims: at the caller, p50; of the gateway's processor beside the five calls.
const AIM: Duration = Duration::from_millis(25);
const AIM_PROCESSOR: Duration = Duration::from_micros(300);

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some(bare::ARGUMENT), Some(config)) => runtime.block_on(bare::serve(&config)),
        _ => runtime.block_on(run()),
    }
}

async fn run() -> Result<()> {
    let folder = TempDir::new()?;
    let agencies: Vec<AddedAgency> = KINDS
        .iter()
        .map(|kind| AddedAgency::new(&format!("{ADDED}{kind}"), kind, "usual", "employment"))
        .collect();
    let ids: Vec<String> = agencies.iter().map(|agency| agency.id.clone()).collect();
    let world = World::make(folder.path(), &WorldSettings { agencies, ..WorldSettings::default() })?;
    let log = folder.path().join("log");
    let gateway = GatewayProcess::start_logging(&world.config_file(), &log, "warn").await?;
    world.connect_agencies(gateway.bound);
    for agency in world.agencies.values() {
        agency.simulator.hold(FIVE, &agency.simulator.specimen())?;
        agency.simulator.control().faults().set_on(Operation::Fetch, Fault::Slow(ANSWER));
    }
    let (worker, unit, role) = WORKER;
    let client = world.client(gateway.bound.grpc, &world.identities.ohjaamo)?;
    let mut ohjaamo = client.acting(&professional(worker, unit, role));
    let youth = ohjaamo.identify(FIVE).await?;
    open_journey(&mut ohjaamo, &youth).await?;
    for id in &ids {
        ohjaamo.record_consent(&youth, id, OHJAAMO, PURPOSE, &TOLD).await?;
    }
    let process = gateway.id().context("the gateway has ended")?.to_string();
    let mut caller = Caller { client: ohjaamo, youth, process };
    let mut bare = Bare::start(&world.config_file())?;

    println!(
        "Five agencies, each answering after {} ms; {} readings of each kind, one after the other.\n",
        ANSWER.as_millis(),
        TURN * TURNS
    );
    println!("{:<28}{:>10}{:>10}{:>10}{:>22}", "", "p50 ms", "p99 ms", "max ms", "processor us");
    caller.read(ASKED, WARM_UP).await?;
    bare.rounds(WARM_UP).await?;
    let (mut asked, mut called) = (Measured::default(), Measured::default());
    for _ in 0..TURNS {
        asked.add(caller.measured(ASKED).await?);
        let before = processor_time(&bare.id()?)?;
        let took = bare.rounds(TURN).await?;
        called.add(Measured { took, processor: processor_time(&bare.id()?)?.saturating_sub(before) });
    }
    let (asked, called) = (asked.tell("journey, five asked"), called.tell("five bare calls"));
    let again = Kind { max_age: 3600, ..ASKED };
    for (name, kind) in
        [("journey, five used again", again), ("journey, no agency asked", Kind { agencies: 0, ..again })]
    {
        caller.read(kind, WARM_UP).await?;
        let mut all = Measured::default();
        for _ in 0..TURNS {
            all.add(caller.measured(kind).await?);
        }
        all.tell(name);
    }
    let (median, beside) = (asked.0.median, asked.1.saturating_sub(called.1));
    println!(
        "\nat the caller, five agencies asked, p50: {:.2} ms, of which {:.2} ms by the five calls themselves; aim: at most {} ms; {}",
        millis(median),
        millis(called.0.median),
        AIM.as_millis(),
        verdict(median <= AIM)
    );
    println!(
        "processor time of the gateway beside the five calls: {} us; aim: at most {} us; {}",
        beside.as_micros(),
        AIM_PROCESSOR.as_micros(),
        verdict(beside <= AIM_PROCESSOR)
    );
    gateway.kill().await
}

/// What is read.
#[derive(Clone, Copy)]
struct Kind {
    /// How many agencies' facts there are.
    agencies: usize,
    /// How old an answer may be that is used again, in seconds.
    max_age: i32,
}

const ASKED: Kind = Kind { agencies: KINDS.len(), max_age: 0 };

/// How long each took, and how much processor time all took together.
#[derive(Default)]
struct Measured {
    took: Vec<Duration>,
    processor: Duration,
}

impl Measured {
    fn add(&mut self, more: Measured) {
        self.took.extend(more.took);
        self.processor += more.processor;
    }

    /// Prints it; gives what one took, with its processor time.
    fn tell(self, name: &str) -> (Figures, Duration) {
        let number = u32::try_from(self.took.len()).unwrap_or(u32::MAX);
        let (each, figures) = (self.processor / number.max(1), Figures::of(self.took));
        println!(
            "{name:<28}{:>10.2}{:>10.2}{:>10.2}{:>22}",
            millis(figures.median),
            millis(figures.p99),
            millis(figures.longest),
            each.as_micros()
        );
        (figures, each)
    }
}

async fn open_journey(client: &mut Client, youth: &str) -> Result<()> {
    let opening = Matter::Opening(JourneyOpening { source: JourneySource::Self_.into() });
    let entry = JourneyEntry { matter: Some(opening), ..JourneyEntry::default() };
    let request =
        AddJourneyEntryRequest { request_id: request_id(), parent: youth.to_owned(), entry: Some(entry) };
    client.journey.add_journey_entry(request).await?;
    Ok(())
}

/// Whoever reads, whom, and through which process.
struct Caller {
    client: Client,
    youth: String,
    process: String,
}

impl Caller {
    /// How long each of some readings takes, and how much of the gateway's processor.
    async fn measured(&mut self, kind: Kind) -> Result<Measured> {
        let before = processor_time(&self.process)?;
        let took = self.read(kind, TURN).await?;
        Ok(Measured { took, processor: processor_time(&self.process)?.saturating_sub(before) })
    }

    /// Reads the journey again and again.
    async fn read(&mut self, kind: Kind, number: usize) -> Result<Vec<Duration>> {
        // No agency's system is asked what became of a referral.
        let nothing = vec![DataCategory::ReferralStatus.into()];
        let request = GetJourneyRequest {
            youth: self.youth.clone(),
            purpose: PURPOSE.into(),
            categories: if kind.agencies == 0 { nothing } else { Vec::new() },
            max_age_seconds: Some(kind.max_age),
        };
        let mut took = Vec::with_capacity(number);
        for _ in 0..number {
            let begun = Instant::now();
            let journey = self.client.journey.get_journey(request.clone()).await?.into_inner();
            took.push(begun.elapsed());
            ensure!(
                journey.facts.len() == kind.agencies,
                "an agency has not answered: {:?}",
                journey.unreachable
            );
        }
        Ok(took)
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
