//! What does it take to open a journey over five agencies that each need 20 ms to answer?
//!
//! `cargo build --release --workspace --bins && cargo bench -p polku-tests --bench journey` runs the gateway in a process
//! of its own, with mutual TLS, store and audit log on disk, and prints a table: every agency asked, and every answer
//! used again. What the gateway needs for the second is what it needs beside the five calls.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it has measured")]

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

const HETU: &str = "010594Y9032";
/// The kinds of agencies, each in its usual manner.
const KINDS: [(&str, &str); 5] =
    [("te", "usual"), ("kela", "usual"), ("social", "usual"), ("typpi", "usual"), ("walmu", "usual")];
/// How long each agency takes to answer.
const ANSWER: Duration = Duration::from_millis(20);
const WARM_UP: usize = 20;
const READINGS: usize = 300;
/// The aims: at the caller, p50; of the gateway's processor beside the five calls.
const TARGET: Duration = Duration::from_millis(25);
const TARGET_PROCESSOR: Duration = Duration::from_micros(300);

fn main() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Result<()> {
    let folder = TempDir::new()?;
    let agencies: Vec<AddedAgency> = KINDS
        .iter()
        .map(|(kind, manner)| AddedAgency::new(&format!("oma-{kind}"), kind, manner, "employment"))
        .collect();
    let ids: Vec<String> = agencies.iter().map(|agency| agency.id.clone()).collect();
    let world = World::make(folder.path(), &WorldSettings { agencies, ..WorldSettings::default() })?;
    let log = folder.path().join("log");
    let gateway = GatewayProcess::start_logging(&world.config_file(), &log, "warn").await?;
    world.connect_agencies(gateway.bound);
    for agency in world.agencies.values() {
        agency.simulator.hold(HETU, &agency.simulator.specimen())?;
        agency.simulator.control().faults().set_on(Operation::Fetch, Fault::Slow(ANSWER));
    }
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let mut ohjaamo = world.client(gateway.bound.grpc, &world.identities.ohjaamo)?.acting(&worker);
    let youth = ohjaamo.identify(HETU).await?;
    open_journey(&mut ohjaamo, &youth).await?;
    let told = [DataCategory::ServiceAttendance, DataCategory::ServiceNeeds, DataCategory::EducationWork];
    for id in &ids {
        ohjaamo.record_consent(&youth, id, OHJAAMO, Purpose::Guidance, &told).await?;
    }
    let process = gateway.id().context("the gateway has ended")?.to_string();

    println!(
        "Five agencies, each answering after {} ms; {READINGS} readings, one after the other.\n",
        ANSWER.as_millis()
    );
    println!(
        "{:<28}{:>10}{:>10}{:>10}{:>22}",
        "at the caller", "p50 ms", "p99 ms", "max ms", "gateway processor us"
    );
    let (asked, _) = readings(&mut ohjaamo, &youth, &process, "every agency asked", 0).await?;
    let (_, processor) = readings(&mut ohjaamo, &youth, &process, "answers used again", 3600).await?;
    println!(
        "\ntarget of {} ms p50, every agency asked: {}",
        TARGET.as_millis(),
        verdict(asked.median <= TARGET)
    );
    println!(
        "target of {} us of processor time beside the five calls: {}",
        TARGET_PROCESSOR.as_micros(),
        verdict(processor <= TARGET_PROCESSOR)
    );
    gateway.kill().await
}

async fn open_journey(client: &mut Client, youth: &str) -> Result<()> {
    let opening = Matter::Opening(JourneyOpening { source: JourneySource::Self_.into() });
    let entry = JourneyEntry { matter: Some(opening), ..JourneyEntry::default() };
    let request =
        AddJourneyEntryRequest { request_id: request_id(), parent: youth.to_owned(), entry: Some(entry) };
    client.journey.add_journey_entry(request).await?;
    Ok(())
}

/// Reads the journey again and again: how long it takes, and how much of the gateway's processor.
async fn readings(
    client: &mut Client,
    youth: &str,
    process: &str,
    name: &str,
    max_age: i32,
) -> Result<(Figures, Duration)> {
    let request = GetJourneyRequest {
        youth: youth.to_owned(),
        purpose: Purpose::Guidance.into(),
        max_age_seconds: Some(max_age),
        ..GetJourneyRequest::default()
    };
    let mut took = Vec::with_capacity(READINGS);
    let mut before = Duration::ZERO;
    for number in 0..WARM_UP + READINGS {
        if number == WARM_UP {
            before = processor_time(process)?;
        }
        let begun = Instant::now();
        let journey = client.journey.get_journey(request.clone()).await?.into_inner();
        if number >= WARM_UP {
            took.push(begun.elapsed());
        }
        ensure!(journey.facts.len() == KINDS.len(), "an agency has not answered: {:?}", journey.unreachable);
    }
    let each = processor_time(process)?.saturating_sub(before) / u32::try_from(READINGS)?;
    let figures = Figures::of(took);
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    println!(
        "{name:<28}{:>10.2}{:>10.2}{:>10.2}{:>22}",
        millis(figures.median),
        millis(figures.p99),
        millis(figures.longest),
        each.as_micros()
    );
    Ok((figures, each))
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
