//! Does every promise hold in a day of bad luck, whichever it is?
//!
//! One seed is one day: three callers, five agencies of every kind (they recognise a message that comes again, can be
//! asked about it, or neither), and what happens to them. Messages are slow, lines are held up and broken in both
//! directions, agencies fail before and after an effect, the gateway is killed in the middle of its work and started
//! again, its clock jumps. Then the trouble ends, the queue has to drain, and everything is looked at ([`check`]); what
//! leaves the gateway is looked at as it leaves ([`book`]).
//!
//! What runs is the gateway as it is: services, policy, outbox, adapters with the bytes that they write, the audit log
//! and the SQLite file, which outlive every life of the gateway. It is given another machine (`polku_gateway::machine`):
//! random numbers from the seed, writing in place and at times of the seed's, and a network in memory ([`net`]) without
//! TLS. Time is tokio's, which moves on by itself when nobody has anything left to do, so a day takes a second; all is on
//! one thread, and so the same seed gives the same day, event by event. [`Turns`](process::Turns) stand where the gateway
//! waits for its disk: other work comes in between there, and a kill can.
//!
//! `turmoil` was looked at and does not fit: its clock moves in steps for all hosts at once, some 86 million of them in a
//! day of milliseconds, and what comes and goes there are its own sockets rather than any stream.
//!
//! A seed that fails is written into `regressions.txt`, which is run first.

#![cfg(test)]

mod book;
mod chance;
mod check;
mod day;
mod net;
mod people;
mod plan;
mod process;
mod town;
mod trouble;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use book::Day;

/// How many seeds there are; `POLKU_SEEDS` says otherwise.
const SEEDS: u64 = 500;

/// How many days are lived at the same time.
const THREADS: usize = 2;

/// Seeds that have failed, and why.
const REGRESSIONS: &str = include_str!("regressions.txt");

fn number(variable: &str) -> Option<u64> {
    std::env::var_os(variable).map(|number| number.to_str().unwrap().parse().unwrap())
}

/// The seeds that have failed before, and then one after the other.
fn seeds() -> Vec<u64> {
    if let Some(seed) = number("POLKU_SEED") {
        return vec![seed];
    }
    let lines = REGRESSIONS.lines().filter(|line| !line.starts_with('#'));
    let known: BTreeSet<u64> = lines.filter_map(|line| line.split(' ').next()?.parse().ok()).collect();
    let others = (0..number("POLKU_SEEDS").unwrap_or(SEEDS)).filter(|seed| !known.contains(seed));
    known.iter().copied().chain(others).collect()
}

#[test]
fn no_day_breaks_a_promise() {
    let (began, seeds) = (Instant::now(), seeds());
    let (next, days, failed) = (AtomicU64::new(0), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let live_all = || {
        while let Some(seed) = seeds.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap()) {
            let day = lived(*seed);
            if !day.violations.is_empty() {
                report(*seed, &day);
                failed.lock().unwrap().push(*seed);
            }
            if seeds.len() == 1 {
                day.lines.iter().for_each(|line| println!("{line}"));
            }
            days.lock().unwrap().push(day.counts);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(live_all);
        }
    });
    let failed = failed.into_inner().unwrap();
    let all = book::Counts::sum(&days.into_inner().unwrap());
    println!("{} days in {} s: {all:?}", seeds.len(), began.elapsed().as_secs());
    assert!(failed.is_empty(), "{} of {} days break a promise: {failed:?}", failed.len(), seeds.len());
    if seeds.len() > 20 {
        all.assert_something_happened();
    }
}

/// A day that ends in a panic breaks a promise as well.
fn lived(seed: u64) -> Day {
    catch_unwind(|| day::live(seed)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something");
        let violations = vec![format!("panicked: {said}")];
        Day { lines: Vec::new(), violations, counts: book::Counts::default() }
    })
}

/// Says how to see it again, and makes sure that it will be looked at again.
fn report(seed: u64, day: &Day) {
    let first = &day.violations[0];
    eprintln!(
        "seed {seed}: {} violations, the first one: {first}\n  once more: POLKU_SEED={seed} cargo test -p polku-tests \
         --test simulation no_day -- --nocapture",
        day.violations.len()
    );
    let known = REGRESSIONS.lines().any(|line| line.split(' ').next() == Some(&seed.to_string()));
    if !known {
        let list: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("simulation/regressions.txt");
        let line = format!("{seed} {}\n", first.lines().next().unwrap_or(""));
        let written =
            OpenOptions::new().append(true).open(list).and_then(|mut list| list.write_all(line.as_bytes()));
        if let Err(error) = written {
            eprintln!("  it is not written down among the regressions: {error}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_day() {
    for seed in [3, 11] {
        let (one, other) = (day::live(seed), day::live(seed));
        let differs = one.lines.iter().zip(&other.lines).position(|(one, other)| one != other);
        if let Some(place) = differs {
            panic!("seed {seed}, event {place}: {} | {}", one.lines[place], other.lines[place]);
        }
        assert_eq!(one.hash(), other.hash(), "seed {seed}: one day ends earlier");
        assert!(one.lines.len() > 100, "seed {seed}: hardly anything happened");
    }
}
