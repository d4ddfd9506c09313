//! How many sends could be written down in a second, if that were all? Writers without a gateway around them, each in a
//! process of its own, with as many callers waiting as the gateway has.

mod engines;
pub(crate) mod rows;

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use polku_tests::figures::Figures;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::round::Round;
use engines::Engine;
use rows::Send;

/// How many go into one transaction, as in the gateway.
const GROUP: usize = 512;

/// Where a writer writes.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Into {
    /// A file that only grows.
    File {
        /// In which folder.
        folder: PathBuf,
    },
    /// An embedded database.
    Sqlite {
        /// In which folder.
        folder: PathBuf,
    },
    /// A database on a server.
    Postgres {
        /// Folder of its socket.
        socket: PathBuf,
        /// Number of the socket.
        port: u16,
        /// Its name.
        database: String,
        /// Who owns it.
        user: String,
    },
}

/// Writes for as many milliseconds as each line of its input says, and answers each by a line.
pub(crate) fn run(into: &Into, in_flight: usize) -> Result<()> {
    let engine = engines::open(into)?;
    let (queue, jobs) = mpsc::channel(GROUP);
    let writer = std::thread::spawn(move || write_groups(engine, jobs));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut output = std::io::stdout();
    writeln!(output, "ready")?;
    for line in std::io::stdin().lock().lines() {
        let time = Duration::from_millis(line?.trim().parse()?);
        let told = runtime.block_on(press(&queue, in_flight, time))?;
        writeln!(output, "{told}")?;
    }
    drop(queue);
    writer.join().ok().context("the writer ended abnormally")?
}

/// What a writer has answered.
pub(crate) fn round(line: &str) -> Result<Round> {
    let told: Value = serde_json::from_str(line)?;
    let number = |name: &str| told.get(name).and_then(Value::as_u64).with_context(|| format!("no {name}"));
    let nanos = |name: &str| number(name).map(Duration::from_nanos);
    Ok(Round {
        done: number("done")?,
        calls: number("done")?,
        wall: nanos("wall")?,
        p50: nanos("p50")?,
        p99: nanos("p99")?,
        p999: nanos("p999")?,
        ..Round::default()
    })
}

/// Somebody who waits until it is on disk.
type Job = (Send, oneshot::Sender<()>);

fn write_groups(mut engine: Box<dyn Engine>, mut jobs: mpsc::Receiver<Job>) -> Result<()> {
    let (mut group, mut sends, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
    while jobs.blocking_recv_many(&mut group, GROUP) > 0 {
        for (send, answer) in group.drain(..) {
            sends.push(send);
            waiting.push(answer);
        }
        engine.write(&sends)?;
        sends.clear();
        for answer in waiting.drain(..) {
            // Nobody goes away before.
            let _ = answer.send(());
        }
    }
    Ok(())
}

async fn press(queue: &mpsc::Sender<Job>, in_flight: usize, time: Duration) -> Result<Value> {
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..in_flight {
        let queue = queue.clone();
        callers.spawn(async move {
            let mut took = Vec::new();
            while begun.elapsed() < time {
                let (answer, written) = oneshot::channel();
                let asked = Instant::now();
                queue.send((Send::next(), answer)).await.context("the writer has ended")?;
                written.await.context("the writer has failed")?;
                took.push(asked.elapsed());
            }
            anyhow::Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(caller) = callers.join_next().await {
        took.extend(caller??);
    }
    let (done, wall) = (took.len(), begun.elapsed());
    let figures = Figures::of(took);
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    Ok(json!({
        "done": done,
        "wall": nanos(wall),
        "p50": nanos(figures.median),
        "p99": nanos(figures.p99),
        "p999": nanos(figures.p999),
    }))
}
