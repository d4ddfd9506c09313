//! What does a translation cost, beside a plain parse of the same bytes?
//!
//! `cargo bench -p polku-adapters --bench translate [-- WORD]` prints one table of every message of every kind of
//! agency, or of those in whose line the word stands; its foot says how it was measured. Answers to questions are not
//! in it: they are read inside [`polku_adapters::Adapter::fetch`], behind the network.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it has measured")]

mod agencies;
mod measure;
mod payloads;
mod plain;

use std::error::Error;
use std::hint::black_box;

use jiff::Timestamp;
use polku_adapters::{Adapter, Inbound, Kind};
use polku_proto::v1::delivery::Item;

use agencies::{Message, Recorded};
use measure::{Cost, Times, asked};
use payloads::Permits;

/// How many calls are timed.
const CALLS: usize = 3_000;
/// How many are made before, so that code and tables are in the caches.
const WARM_UP: usize = 200;
/// How many permits are made at a time.
const PERMITS: usize = 100;
/// How many times a plain parse a translation may take.
const TARGET: f64 = 3.0;
/// When everything was recorded: the agencies' signatures and the permits hold then.
const NOW: &str = "2026-11-21T09:31:00Z";

type Failure = Box<dyn Error>;

/// One line of the table.
struct Row {
    kind: &'static str,
    way: &'static str,
    message: String,
    bytes: usize,
    translation: Cost,
    parse: Cost,
    /// What passing over JSON takes, in nanoseconds.
    skip: Option<f64>,
}

/// With what is measured.
struct Bench {
    clock: f64,
    now: Timestamp,
    word: String,
}

fn main() -> Result<(), Failure> {
    // Cargo adds `--bench`.
    let word = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    let bench = Bench { clock: measure::clock(), now: NOW.parse()?, word };
    let mut rows = Vec::new();
    for kind in polku_adapters::kinds() {
        rows.extend(bench.kind(kind)?);
    }
    print(&rows, bench.clock);
    Ok(())
}

impl Bench {
    fn kind(&self, kind: &'static Kind) -> Result<Vec<Row>, Failure> {
        let Recorded { adapter, messages } = Recorded::read(kind)?;
        let permits = Permits::to(adapter.agency(), self.now)?;
        let mut rows = Vec::new();
        for matter in kind.delivers {
            for (name, item) in payloads::items(*matter)? {
                if self.is_wanted(kind, "out", name) {
                    rows.push(self.outbound(kind, adapter.as_ref(), &permits, name, &item)?);
                }
            }
        }
        for message in messages {
            if self.is_wanted(kind, "in", &message.name) {
                rows.push(self.inbound(kind, adapter.as_ref(), &message)?);
            }
        }
        Ok(rows)
    }

    fn is_wanted(&self, kind: &Kind, way: &str, message: &str) -> bool {
        format!("{} {way} {message}", kind.id).contains(&self.word)
    }

    /// From the contract to bytes.
    fn outbound(
        &self,
        kind: &'static Kind,
        adapter: &dyn Adapter,
        permits: &Permits,
        name: &str,
        item: &Item,
    ) -> Result<Row, Failure> {
        let wrong = |error| format!("{} {name}: {error}", kind.id);
        let body = adapter.compose(permits.permit(item)?, self.now).map_err(wrong)?;
        let (mut translation, mut parse, mut skip) = Default::default();
        for call in (0..WARM_UP + CALLS).step_by(PERMITS) {
            let mut prepared = Vec::with_capacity(PERMITS);
            for _ in 0..PERMITS {
                prepared.push(permits.permit(item)?);
            }
            for permit in prepared {
                let times = if call < WARM_UP { &mut Times::default() } else { &mut translation };
                times.add(|| adapter.compose(black_box(permit), self.now));
                self.plainly(&body, call, &mut parse, &mut skip);
            }
        }
        let permit = permits.permit(item)?;
        let needs = asked(|| Ok(adapter.compose(permit, self.now)?))?;
        let translation = translation.cost(self.clock, &needs);
        self.row(kind, "out", name, &body, translation, (parse, skip))
    }

    /// From bytes to the contract.
    fn inbound(&self, kind: &'static Kind, adapter: &dyn Adapter, message: &Message) -> Result<Row, Failure> {
        let Message { name, headers, body } = message;
        // The settings pin the certificate of these digits.
        let inbound = Inbound { headers, body, peer: Some([0; 32]), now: self.now };
        adapter.receive(&inbound).map_err(|error| format!("{} {name}: {error}", kind.id))?;
        let (mut translation, mut parse, mut skip) = Default::default();
        for call in 0..WARM_UP + CALLS {
            let times = if call < WARM_UP { &mut Times::default() } else { &mut translation };
            times.add(|| adapter.receive(black_box(&inbound)));
            self.plainly(body, call, &mut parse, &mut skip);
        }
        let needs = asked(|| Ok(adapter.receive(&inbound)?))?;
        let translation = translation.cost(self.clock, &needs);
        self.row(kind, "in", name, body, translation, (parse, skip))
    }

    /// Parses beside each translation, so that both have the same disturbances.
    fn plainly(&self, body: &[u8], call: usize, parse: &mut Times, skip: &mut Times) {
        if call >= WARM_UP {
            parse.add(|| plain::parse(black_box(body)));
            skip.add(|| plain::skip(black_box(body)));
        }
    }

    fn row(
        &self,
        kind: &'static Kind,
        way: &'static str,
        name: &str,
        body: &[u8],
        translation: Cost,
        (parse, skip): (Times, Times),
    ) -> Result<Row, Failure> {
        let parse = parse.cost(self.clock, &asked(|| plain::parse(body))?);
        let skip = skip.cost(self.clock, &asked(|| plain::skip(body))?);
        let skip = (!plain::is_xml(body)).then_some(skip.median);
        Ok(Row { kind: kind.id, way, message: name.to_owned(), bytes: body.len(), translation, parse, skip })
    }
}

impl Row {
    fn ratio(&self) -> f64 {
        self.translation.median / self.parse.median
    }
}

fn print(rows: &[Row], clock: f64) {
    println!();
    println!(
        "{:<8}{:<5}{:<14}{:>7}{:>34}{:>34}",
        "", "", "", "", "translation", "plain parse of the same bytes"
    );
    println!(
        "{:<8}{:<5}{:<14}{:>7}{:>9}{:>9}{:>7}{:>9}{:>9}{:>9}{:>7}{:>9}{:>8}{:>10}",
        "kind",
        "way",
        "message",
        "bytes",
        "p50 ns",
        "p99 ns",
        "allocs",
        "bytes",
        "p50 ns",
        "p99 ns",
        "allocs",
        "bytes",
        "ratio",
        "skip ns"
    );
    for row in rows {
        let Row { kind, way, message, bytes, translation, parse, skip } = row;
        print!("{kind:<8}{way:<5}{message:<14}{bytes:>7}");
        for Cost { median, p99, pieces, bytes } in [translation, parse] {
            print!("{median:>9.0}{p99:>9.0}{pieces:>7}{bytes:>9}");
        }
        let skip = skip.map_or("-".to_owned(), |skip| format!("{skip:.0}"));
        println!("{:>8.2}{skip:>10}", row.ratio());
    }
    println!();
    for kind in polku_adapters::kinds() {
        for way in ["out", "in"] {
            let own: Vec<&Row> = rows.iter().filter(|row| row.kind == kind.id && row.way == way).collect();
            let sum = |cost: fn(&Row) -> f64| own.iter().map(|row| cost(row)).sum::<f64>();
            let mean = sum(|row| row.translation.median) / sum(|row| row.parse.median);
            if let Some(worst) = own.iter().max_by(|one, other| one.ratio().total_cmp(&other.ratio())) {
                let met = if worst.ratio() <= TARGET { "met" } else { "not met" };
                println!(
                    "{:<8}{way:<5}all together {mean:.2}, worst {:.2} ({}): at most {TARGET} is {met}",
                    kind.id,
                    worst.ratio(),
                    worst.message
                );
            }
        }
    }
    println!();
    println!(
        "out: from an authorised payload of the contract, with every field filled, to the body that is sent (`compose`,\n\
         spending the permit). in: from the headers and body of a recorded message to the contract (`receive`, with all\n\
         checks of who sent it). Each of {CALLS} calls is timed alone, with dropping its answer, and a plain parse is\n\
         timed behind each; the median of an empty reading of the clock, {clock:.0} ns, is subtracted. The ratio is that\n\
         of the medians. Allocations are those of one call, reallocations among them. The plain parse looks at every value and\n\
         does nothing with it: in XML quick-xml's reader with namespaces over all events, texts and attributes unescaped,\n\
         which builds nothing; in JSON `serde_json::Value`, which builds a tree. `skip` is `IgnoredAny`, which decodes no\n\
         text."
    );
}
