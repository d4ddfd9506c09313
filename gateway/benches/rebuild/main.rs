//! How long does a gateway take to read a million consents into its index?
//!
//! `cargo bench -p polku-gateway --bench rebuild [-- PEOPLE]` fills a store with four consents for each of 250,000
//! people, or of as many as it is told, and prints what bringing them back takes, and which part of it costs how much.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it has measured")]

mod fill;

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use polku_gateway::audit::AuditLog;
use polku_gateway::clock::{ForwardClock, SystemClock};
use polku_gateway::config::{
    Delays, DeliverySettings, JourneySettings, PlanSettings, RetentionSettings, Units,
};
use polku_gateway::directory::{Routing, ServiceDirectory};
use polku_gateway::gateway::{Gateway, Parts};
use polku_gateway::seal::{Keys, Place};
use polku_gateway::store::sqlite::SqliteStore;
use polku_gateway::store::{InForce, InstrumentRow, Store, YouthRow};
use polku_policy::{Directory, Engine, Rules};
use polku_proto::identity::Hetu;
use polku_proto::v1::Consent;
use prost::Message;
use uuid::Uuid;

use fill::{Fill, GRANTS_EACH};

/// How many people there are, unless told otherwise.
const PEOPLE: u32 = 250_000;
/// The aim, of the median: so many grants a second.
const AIM: f64 = 500_000.0;
/// How often the index is rebuilt.
const RUNS: usize = 5;
/// The page size of the gateway.
const PAGE_ROWS: u32 = 4_000;
/// How many rows are opened and decoded on one thread to see what one costs.
const SAMPLE: usize = 100_000;
/// Linux counts memory in pages of this size on the machines that this runs on.
const PAGE_BYTES: usize = 4096;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let people = std::env::args().nth(1).and_then(|people| people.parse().ok()).unwrap_or(PEOPLE);
    let folder = tempfile::TempDir::new()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(folder.path(), people))
}

async fn measure(folder: &std::path::Path, people: u32) -> Result<(), Failure> {
    let grants = people * GRANTS_EACH;
    let keys = Arc::new(Keys::generate_into(&folder.join("keys"))?);
    let begun = Instant::now();
    let size = {
        let store = Arc::new(SqliteStore::open(&folder.join("polku.db"))?);
        let audit = Arc::new(AuditLog::open(&folder.join("audit.log"))?.0);
        Fill { store, audit, keys: Arc::clone(&keys) }.all(people).await?
    };
    let database = std::fs::metadata(folder.join("polku.db"))?.len();
    println!(
        "filled with {people} people and {grants} consents of {size} bytes in {:.0} s; the database has {:.0} MB",
        begun.elapsed().as_secs_f64(),
        number(database) / 1e6
    );

    let store: Arc<SqliteStore> = Arc::new(SqliteStore::open(&folder.join("polku.db"))?);
    let (begun, mut instruments, mut after) = (Instant::now(), Vec::new(), Some(InForce::default()));
    let mut rows = 0_usize;
    while let Some(place) = after {
        let page = store.instruments_in_force(place, PAGE_ROWS).await?;
        after = page.next;
        rows += page.rows.len();
        if instruments.len() < SAMPLE {
            instruments.extend(page.rows);
        }
    }
    let read_instruments = begun.elapsed();
    let (begun, mut youths, mut after) = (Instant::now(), Vec::new(), Uuid::nil());
    loop {
        let page = store.youths(after, PAGE_ROWS).await?;
        let Some(last) = page.last() else { break };
        after = last.id.uuid();
        youths.extend(page);
    }
    let read_people = begun.elapsed();
    let costs = Costs::measure(&keys, &youths, &instruments)?;
    if rows != usize::try_from(grants)? || youths.len() != usize::try_from(people)? {
        return Err("the store does not hold what was put in".into());
    }
    drop((instruments, youths));

    let directory = Directory::new(fill::agencies()?, Vec::new())?;
    let parts = Parts {
        clock: ForwardClock::after(Arc::new(SystemClock), None)?,
        store: Arc::clone(&store) as Arc<dyn Store>,
        audit: AuditLog::open(&folder.join("audit.log"))?.0,
        keys: Keys::load(&folder.join("keys"))?,
        engine: Arc::new(Engine::new(Rules::shipped()?, directory.clone())?),
        directory,
        service_directory: ServiceDirectory::default(),
        routing: Routing::default(),
        controllers: std::collections::BTreeMap::new(),
        units: Units::default(),
        adapters: Vec::new(),
        quota: polku_gateway::config::QuotaSettings::default(),
        delivery: DeliverySettings::default(),
        plan: PlanSettings::default(),
        journey: JourneySettings::default(),
        delays: Delays::default(),
        retention: RetentionSettings::default(),
    };
    let before = resident_bytes()?;
    let begun = Instant::now();
    let gateway = Gateway::open(parts).await?;
    let opened = begun.elapsed();
    let resident = resident_bytes()?.saturating_sub(before);
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let (begun, used) = (Instant::now(), processor_seconds()?);
        gateway.rebuild_index().await?;
        runs.push((begun.elapsed(), processor_seconds()? - used));
    }
    runs.sort_by_key(|(taken, _)| *taken);
    let a_second = |taken: Duration| f64::from(grants) / taken.as_secs_f64();
    let cores = std::thread::available_parallelism()?;
    println!("\nrebuilt {RUNS} times on {cores} cores, from the fastest to the slowest:");
    for (taken, used) in &runs {
        println!(
            "{:>8.2} s {:>10.0} grants/s {:>8.2} s of processor time, {:.2} us a grant",
            taken.as_secs_f64(),
            a_second(*taken),
            used,
            used * 1e6 / f64::from(grants)
        );
    }
    if let Some((median, _)) = runs.get(runs.len() / 2) {
        let measured = a_second(*median);
        let verdict = if measured >= AIM { "met" } else { "MISSED" };
        println!("{measured:>21.0} grants/s at the median, the aim is {AIM:.0}: {verdict}");
    }
    println!("\nwhat the parts take, each by itself on one thread:");
    let each = |what: &str, taken: Duration, times: f64| {
        println!(
            "{what:<44} {:>7.2} us, {:>6.2} s for all",
            taken.as_secs_f64() * 1e6 / times,
            taken.as_secs_f64()
        );
    };
    each("read the row of an instrument in force", read_instruments, f64::from(grants));
    each("read the row of a person", read_people, f64::from(people));
    let scaled = |a_row: f64, rows: u32| Duration::from_secs_f64(a_row * f64::from(rows));
    each("unwrap the key of a person", scaled(costs.unwrap, people), f64::from(people));
    each("open and read the identity code", scaled(costs.identity, people), f64::from(people));
    each("open a sealed consent", scaled(costs.open, grants), f64::from(grants));
    each("decode all of it (the rebuild decodes a part)", scaled(costs.decode, grants), f64::from(grants));
    println!(
        "\nGateway::open, with the audit log compared: {:.2} s; resident memory grew by {:.0} MB, {:.0} bytes a grant",
        opened.as_secs_f64(),
        number(u64::try_from(resident)?) / 1e6,
        number(u64::try_from(resident)?) / f64::from(grants)
    );
    println!(
        "Wall-clock times, on files that the page cache holds. Consents lie in the database as they would after\n\
         years: those of one person are far from each other."
    );
    Ok(())
}

/// What one row costs, in seconds.
struct Costs {
    unwrap: f64,
    identity: f64,
    open: f64,
    decode: f64,
}

impl Costs {
    fn measure(keys: &Keys, youths: &[YouthRow], rows: &[InstrumentRow]) -> Result<Costs, Failure> {
        let mut opened = std::collections::HashMap::new();
        let begun = Instant::now();
        for row in youths {
            opened.insert(row.id, keys.unwrap(row.id, &row.key)?);
        }
        let unwrap = a_row(begun, youths.len())?;
        let begun = Instant::now();
        for row in youths {
            let place = Place { table: "youth", row: row.id.uuid(), column: "sealed_identity", version: 1 };
            let key = opened.get(&row.id).ok_or("no key")?;
            let code: Hetu = String::from_utf8(key.open(place, &row.sealed_identity)?)?.parse()?;
            black_box(code.birth_date());
        }
        let identity = a_row(begun, youths.len())?;
        let mut plain = Vec::with_capacity(rows.len());
        let begun = Instant::now();
        for row in rows {
            let key = opened.get(&row.youth).ok_or("no key")?;
            plain.push(key.open(fill::place(row.id), &row.sealed)?);
        }
        let open = a_row(begun, rows.len())?;
        let begun = Instant::now();
        for plain in &plain {
            black_box(Consent::decode(plain.as_slice())?);
        }
        Ok(Costs { unwrap, identity, open, decode: a_row(begun, rows.len())? })
    }
}

fn a_row(begun: Instant, rows: usize) -> Result<f64, Failure> {
    Ok(begun.elapsed().as_secs_f64() / f64::from(u32::try_from(rows)?))
}

fn number(count: u64) -> f64 {
    // Counts of bytes on a disk are far below the numbers that cannot be told apart any more.
    Duration::from_millis(count).as_secs_f64() * 1e3
}

fn resident_bytes() -> Result<usize, Failure> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let resident = pages.split(' ').nth(1).ok_or("no count of resident pages")?;
    Ok(resident.parse::<usize>()? * PAGE_BYTES)
}

/// Processor time of all threads: what counts on a machine that others use as well.
fn processor_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in stat")?;
    let ticks =
        |place: usize| fields.split_whitespace().nth(place).and_then(|ticks| ticks.parse::<f64>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).ok_or("no processor time in stat")?;
    Ok((user + system) / 100.0)
}
