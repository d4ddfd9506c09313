//! `polku-bench`: how fast is the gateway, beside what the wire allows and what a user would put together instead?
//!
//! One run starts all of it on loopback, gives each system its turn in every round, each round in another order, and checks
//! every answer. README.md says how to read the table.

mod aims;
mod asks;
mod bench;
mod connection;
mod cores;
mod fill;
mod foreign;
mod glance;
mod h2load;
mod load;
mod mounts;
mod once;
mod options;
mod people;
mod process;
mod python;
mod results;
mod round;
mod rows;
mod serve;
mod site;
mod systems;
mod table;
mod template;
mod write;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use bench::Bench;
use cores::Cores;
use options::{Options, Part};
use results::{Outcome, Results};
use rows::ROWS;
use systems::System;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            let wrong = error.use_stderr();
            // Nobody is left to tell when even this cannot be written.
            let _ = error.print();
            return if wrong { ExitCode::from(64) } else { ExitCode::SUCCESS };
        }
    };
    let options = match options.settled() {
        Ok(options) => options,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "polku-bench: {error:#}");
            return ExitCode::from(64);
        }
    };
    let done = match &options.part {
        Some(Part::Serve(what)) => serve::run(what).map(|()| true),
        Some(Part::Write { in_flight, into }) => write::run(into, *in_flight).map(|()| true),
        None => measure(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "polku-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints. Whether every answer was right.
fn measure(options: &Options) -> Result<bool> {
    let temporary = std::env::temp_dir();
    let file_system = mounts::file_system(&temporary)?;
    // Where nothing is ever synced, a quick run works as well.
    if !options.quick && ["tmpfs", "ramfs"].contains(&file_system.as_str()) {
        bail!("{} is in memory ({file_system}): set TMPDIR to a folder on a disk", temporary.display());
    }
    let cores = Cores::share_out()?;
    cores.hold_load()?;
    let surroundings = format!(
        "{} grants; {} calls in flight on {} connections, messages of {} bytes; stores on {file_system}; {}",
        options.grants,
        options.in_flight(),
        systems::CONNECTIONS,
        asks::MESSAGE,
        cores.told()
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let results = runtime.block_on(async {
        // Who is told to end drops what has been begun, and with it servers and folders.
        let (mut interrupted, mut ended) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            results = run(options, cores) => results,
            _ = interrupted.recv() => bail!("interrupted"),
            _ = ended.recv() => bail!("told to end"),
        }
    })?;
    let failures = results.failures();
    for failure in &failures {
        writeln!(std::io::stderr(), "polku-bench: {failure}")?;
    }
    let mut output = std::io::stdout();
    if options.json {
        writeln!(output, "{:#}", table::document(&results, options, &surroundings))?;
    } else {
        write!(output, "{}", table::table(&results, options, &surroundings)?)?;
    }
    Ok(failures.is_empty())
}

/// A row that is set up, with what has come of it so far.
struct Running {
    row: usize,
    system: Box<dyn System>,
}

async fn run(options: &Options, cores: Cores) -> Result<Results> {
    let mut bench = Bench::new(options, cores)?;
    let (mut results, mut running) = (Results::default(), Vec::new());
    for row in ROWS.iter().filter(|row| options.has(row.name)) {
        say(&format!("setting up {}", row.name));
        let outcome = match bench.system(row.name).await {
            Ok(Ok(system)) => {
                running.push(Running { row: results.rows.len(), system });
                Outcome::Rounds(Vec::new())
            }
            Ok(Err(reason)) => Outcome::NotRun(reason),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        results.rows.push((row, outcome));
    }
    for number in 0..options.rounds {
        say(&format!("round {} of {}", number + 1, options.rounds));
        turn(&mut running, number);
        for Running { row, system } in &mut running {
            let Some((_, outcome)) = results.rows.get_mut(*row) else { continue };
            let Outcome::Rounds(rounds) = outcome else { continue };
            match system.round(options.turn()).await {
                // In a small store everybody may have been there in earlier rounds.
                Ok(round) if round.is_empty() => {}
                Ok(round) => rounds.push(round),
                Err(error) => *outcome = Outcome::Failed(format!("{error:#}")),
            }
        }
    }
    for (_, outcome) in &mut results.rows {
        if matches!(outcome, Outcome::Rounds(rounds) if rounds.is_empty()) {
            *outcome = Outcome::Failed("nothing was measured".to_owned());
        }
    }
    drop(running);
    bench.close();
    results.once = once::all(&mut bench, options).await;
    Ok(results)
}

/// Another order for the next round: as it was, backwards, and from further on. Neighbours stay neighbours.
fn turn(running: &mut [Running], number: u32) {
    running.sort_by_key(|running| running.row);
    if !running.is_empty() {
        let by = usize::try_from(number / 2).unwrap_or(0) % running.len();
        running.rotate_left(by);
    }
    if number % 2 == 1 {
        running.reverse();
    }
}

/// Tells whoever waits how far it is.
fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "polku-bench: {what}");
}
