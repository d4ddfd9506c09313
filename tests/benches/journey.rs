//! What does it take to open a journey over five agencies that each need 20 ms to answer?
//!
//! `cargo build --release --workspace --bins && cargo bench -p polku-tests --bench journey` runs the gateway in a process
//! of its own, with mutual TLS, store and audit log on disk, and prints a table and, under it, what was measured beside its
//! aim.
//!
//! What the gateway does beside the five calls is not what it does when it uses five answers again: that it asks is in the
//! audit log before it does, and the answers are kept. So that is added, from what it takes to ask one agency: what a
//! question costs for each agency (five asked less one asked, by four) is taken off, and what there is without any question
//! (no agency asked) as well. The system counts processor time in steps of 10 ms, so there are many readings of each kind.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it has measured")]

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
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

/// Of whom five agencies may tell, and of whom one may.
const FIVE: &str = "010594Y9032";
const ONE: &str = "010594Y9021";
/// The kinds of agencies, each in its usual manner.
const KINDS: [(&str, &str); 5] =
    [("te", "usual"), ("kela", "usual"), ("social", "usual"), ("typpi", "usual"), ("walmu", "usual")];
/// How long each agency takes to answer.
const ANSWER: Duration = Duration::from_millis(20);
const WARM_UP: usize = 20;
const READINGS: usize = 1000;
/// The aims: at the caller, p50; of the gateway's processor beside the five calls.
const AIM: Duration = Duration::from_millis(25);
const AIM_PROCESSOR: Duration = Duration::from_micros(300);

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
        for person in [FIVE, ONE] {
            agency.simulator.hold(person, &agency.simulator.specimen())?;
        }
        agency.simulator.control().faults().set_on(Operation::Fetch, Fault::Slow(ANSWER));
    }
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let mut ohjaamo = world.client(gateway.bound.grpc, &world.identities.ohjaamo)?.acting(&worker);
    let told = [DataCategory::ServiceAttendance, DataCategory::ServiceNeeds, DataCategory::EducationWork];
    let mut youths = Vec::new();
    for (person, tellers) in [(FIVE, ids.len()), (ONE, 1)] {
        let youth = ohjaamo.identify(person).await?;
        open_journey(&mut ohjaamo, &youth).await?;
        for id in ids.iter().take(tellers) {
            ohjaamo.record_consent(&youth, id, OHJAAMO, Purpose::Guidance, &told).await?;
        }
        youths.push(youth);
    }
    let [five, one] = youths.as_slice() else { bail!("two young people") };
    let process = gateway.id().context("the gateway has ended")?.to_string();

    println!(
        "Five agencies, each answering after {} ms; {READINGS} readings of each kind, one after the other.\n",
        ANSWER.as_millis()
    );
    println!(
        "{:<28}{:>10}{:>10}{:>10}{:>22}",
        "at the caller", "p50 ms", "p99 ms", "max ms", "gateway processor us"
    );
    let mut read =
        async |name: &str, youth: &str, kind: Kind| readings(&mut ohjaamo, youth, &process, name, kind).await;
    let again = Kind { max_age: 3600, ..ASKED };
    let (asked, of_five) = read("five agencies asked", five, ASKED).await?;
    let (_, of_one) = read("one agency asked", one, Kind { agencies: 1, ..ASKED }).await?;
    let (_, used_again) = read("five answers used again", five, again).await?;
    let (_, of_none) = read("no agency asked", five, Kind { agencies: 0, ..again }).await?;
    let each = of_five.saturating_sub(of_one) / 4;
    let asking = of_one.saturating_sub(each).saturating_sub(of_none);
    let beside = used_again + asking;
    println!(
        "\nat the caller, five agencies asked, p50: {:.2} ms; aim: at most {} ms; {}",
        millis(asked.median),
        AIM.as_millis(),
        verdict(asked.median <= AIM)
    );
    println!(
        "processor time of the gateway beside the five calls: {} us, of which {} us for asking at all; aim: at most {} us; {}",
        beside.as_micros(),
        asking.as_micros(),
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
    kind: Kind,
) -> Result<(Figures, Duration)> {
    // No agency's system is asked what became of a referral.
    let nothing = vec![DataCategory::ReferralStatus.into()];
    let request = GetJourneyRequest {
        youth: youth.to_owned(),
        purpose: Purpose::Guidance.into(),
        categories: if kind.agencies == 0 { nothing } else { Vec::new() },
        max_age_seconds: Some(kind.max_age),
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
        ensure!(
            journey.facts.len() == kind.agencies,
            "an agency has not answered: {:?}",
            journey.unreachable
        );
    }
    let each = processor_time(process)?.saturating_sub(before) / u32::try_from(READINGS)?;
    let figures = Figures::of(took);
    println!(
        "{name:<28}{:>10.2}{:>10.2}{:>10.2}{:>22}",
        millis(figures.median),
        millis(figures.p99),
        millis(figures.longest),
        each.as_micros()
    );
    Ok((figures, each))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
