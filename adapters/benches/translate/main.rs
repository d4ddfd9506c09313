//! What does a translation cost, beside a plain parse of the same bytes?
//!
//! `cargo bench -p polku-adapters --bench translate [-- WORD [CALLS]]` prints one table of every message of every kind of
//! agency, or of those in whose line the word stands; beside each line whether it keeps to the aim, at the end how many
//! do, and in the foot how it was measured. With fewer calls than usual it only shows that it runs.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it has measured")]

mod agencies;
mod answers;
mod measure;
mod payloads;
mod plain;

use std::error::Error;
use std::hint::black_box;

use jiff::Timestamp;
use polku_adapters::{Adapter, Inbound, InboundEvent, InboundMatter, InboundOutcome, Kind, Retry, Words};
use polku_proto::ReferralId;
use polku_proto::v1::ReferralState;

use agencies::{Message, Recorded};
use measure::{Cost, Times, asked};
use payloads::Permits;

/// How many calls are timed, unless the command line says otherwise.
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
    calls: usize,
}

fn main() -> Result<(), Failure> {
    // Cargo adds `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let word = arguments.next().unwrap_or_default();
    let calls = arguments.next().map_or(Ok(CALLS), |calls| calls.parse())?;
    let bench = Bench { clock: measure::clock(), now: NOW.parse()?, word, calls };
    let mut rows = Vec::new();
    for kind in polku_adapters::kinds() {
        rows.extend(bench.kind(kind)?);
    }
    print(&rows, &bench);
    Ok(())
}

impl Bench {
    fn kind(&self, kind: &'static Kind) -> Result<Vec<Row>, Failure> {
        let recorded = Recorded::read(kind)?;
        let adapter = recorded.adapter.as_ref();
        let permits = Permits::to(adapter.agency(), self.now)?;
        let mut rows = Vec::new();
        for matter in kind.delivers {
            for (name, item) in payloads::items(*matter)? {
                let words = || Ok(Words::Delivery(permits.permit(&item)?));
                rows.extend(self.said(kind, adapter, name, &words)?);
                let answer = format!("deliver-{name}");
                rows.extend(self.answered(kind, &recorded, name, &answer, words()?)?);
            }
        }
        let words = || Ok(Words::Status(payloads::ASKED_ABOUT.parse()?));
        rows.extend(self.said(kind, adapter, "status", &words)?);
        // Some answer questions about a message only where they are set up to.
        for file in ["status-arrived", "deduplicates-status-arrived"] {
            rows.extend(self.answered(kind, &recorded, "status", file, words()?)?);
        }
        if !kind.fetches.is_empty() {
            let query = payloads::question(kind.fetches);
            let words = || Ok(Words::Question(permits.permit_to_ask(&query)?));
            rows.extend(self.said(kind, adapter, "question", &words)?);
            rows.extend(self.answered(kind, &recorded, "question", "fetch", words()?)?);
        }
        for message in &recorded.messages {
            rows.extend(self.inbound(kind, adapter, message)?);
        }
        Ok(rows)
    }

    fn is_wanted(&self, kind: &Kind, way: &str, message: &str) -> bool {
        format!("{} {way} {message}", kind.id).contains(&self.word)
    }

    /// From the contract to bytes.
    fn said(
        &self,
        kind: &'static Kind,
        adapter: &dyn Adapter,
        name: &str,
        words: &dyn Fn() -> Result<Words, Failure>,
    ) -> Result<Option<Row>, Failure> {
        let wrong = |error| format!("{} {name}: {error}", kind.id);
        let body = adapter.rehearse(words()?, self.now).map_err(wrong)?.body;
        if !self.is_wanted(kind, "out", name) || !plain::is_readable(&body) {
            return Ok(None);
        }
        let (mut translation, mut parse, mut skip) = Default::default();
        for call in (0..WARM_UP + self.calls).step_by(PERMITS) {
            let mut prepared = Vec::with_capacity(PERMITS);
            for _ in 0..PERMITS {
                prepared.push(words()?);
            }
            for words in prepared {
                let times = if call < WARM_UP { &mut Times::default() } else { &mut translation };
                times.add(|| adapter.rehearse(black_box(words), self.now));
                self.plainly(&body, call, &mut parse, &mut skip);
            }
        }
        let words = words()?;
        let needs = asked(|| Ok(adapter.rehearse(words, self.now)?))?;
        let translation = translation.cost(self.clock, &needs);
        self.row(kind, "out", name, &body, translation, (parse, skip)).map(Some)
    }

    /// From the bytes of an answer to what it says.
    fn answered(
        &self,
        kind: &'static Kind,
        recorded: &Recorded,
        name: &str,
        file: &str,
        words: Words,
    ) -> Result<Option<Row>, Failure> {
        if !self.is_wanted(kind, "answer", name) {
            return Ok(None);
        }
        let rehearsal = recorded.adapter.rehearse(words, self.now)?;
        let Some(answer) = answers::answer(recorded, file, &rehearsal)? else { return Ok(None) };
        rehearsal.read(&answer).map_err(|error| format!("{} answer {name}: {error:?}", kind.id))?;
        let (mut translation, mut parse, mut skip) = Default::default();
        for call in 0..WARM_UP + self.calls {
            let times = if call < WARM_UP { &mut Times::default() } else { &mut translation };
            times.add(|| rehearsal.read(black_box(&answer)));
            self.plainly(&answer.body, call, &mut parse, &mut skip);
        }
        let needs = asked(|| Ok(rehearsal.read(&answer)?))?;
        let translation = translation.cost(self.clock, &needs);
        self.row(kind, "answer", name, &answer.body, translation, (parse, skip)).map(Some)
    }

    /// From the bytes of a message to the contract, and from what came of it to the bytes of the answer.
    fn inbound(
        &self,
        kind: &'static Kind,
        adapter: &dyn Adapter,
        message: &Message,
    ) -> Result<Vec<Row>, Failure> {
        let Message { name, headers, body } = message;
        // The settings pin the certificate of these digits.
        let inbound = Inbound { headers, body, peer: Some([0; 32]), now: self.now };
        let read = adapter.receive(&inbound).map_err(|error| format!("{} {name}: {error}", kind.id))?;
        let mut rows = Vec::new();
        if self.is_wanted(kind, "in", name) {
            let (mut translation, mut parse, mut skip) = Default::default();
            for call in 0..WARM_UP + self.calls {
                let times = if call < WARM_UP { &mut Times::default() } else { &mut translation };
                times.add(|| adapter.receive(black_box(&inbound)));
                self.plainly(body, call, &mut parse, &mut skip);
            }
            let needs = asked(|| Ok(adapter.receive(&inbound)?))?;
            let translation = translation.cost(self.clock, &needs);
            rows.push(self.row(kind, "in", name, body, translation, (parse, skip))?);
        }
        for (end, outcome) in outcomes(&read.event) {
            let name = format!("{name}{end}");
            if self.is_wanted(kind, "reply", &name) {
                let body = adapter.reply(&read.context, &outcome, uuid::Uuid::nil()).body;
                let (mut translation, mut parse, mut skip) = Default::default();
                for call in 0..WARM_UP + self.calls {
                    let times = if call < WARM_UP { &mut Times::default() } else { &mut translation };
                    times.add(|| {
                        adapter.reply(black_box(&read.context), black_box(&outcome), uuid::Uuid::nil())
                    });
                    self.plainly(&body, call, &mut parse, &mut skip);
                }
                let needs = asked(|| Ok(adapter.reply(&read.context, &outcome, uuid::Uuid::nil())))?;
                let translation = translation.cost(self.clock, &needs);
                rows.push(self.row(kind, "reply", &name, &body, translation, (parse, skip))?);
            }
        }
        Ok(rows)
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

    fn meets_aim(&self) -> bool {
        self.ratio() <= TARGET
    }
}

/// What can come of a message: it is taken in, refused, or to be sent again later.
fn outcomes(event: &InboundEvent) -> [(&'static str, InboundOutcome); 3] {
    let (state, sequence) = (ReferralState::Accepted, 17);
    let taken = match &event.matter {
        InboundMatter::Change { .. } => InboundOutcome::Applied { state, sequence },
        InboundMatter::Referral(_) => {
            InboundOutcome::Sent { referral: ReferralId::from_uuid(event.message), state, sequence }
        }
        InboundMatter::PlanPart(_) => InboundOutcome::PlanTaken { sequence },
    };
    let refused = |retry| InboundOutcome::Refused {
        reason: "TRANSITION_NOT_ALLOWED",
        hint: "read the referral again: its state does not allow this step".to_owned(),
        retry,
    };
    [("", taken), (" refused", refused(Retry::Never)), (" not now", refused(Retry::Backoff))]
}

fn print(rows: &[Row], Bench { clock, calls, .. }: &Bench) {
    println!();
    println!(
        "{:<8}{:<8}{:<40}{:>7}{:>34}{:>34}",
        "", "", "", "", "translation", "plain parse of the same bytes"
    );
    println!(
        "{:<8}{:<8}{:<40}{:>7}{:>9}{:>9}{:>7}{:>9}{:>9}{:>9}{:>7}{:>9}{:>8}{:>10}  aim: at most {TARGET}",
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
        print!("{kind:<8}{way:<8}{message:<40}{bytes:>7}");
        for Cost { median, p99, pieces, bytes } in [translation, parse] {
            print!("{median:>9.0}{p99:>9.0}{pieces:>7}{bytes:>9}");
        }
        let skip = skip.map_or("-".to_owned(), |skip| format!("{skip:.0}"));
        let aim = if row.meets_aim() { "met" } else { "missed" };
        println!("{:>8.2}{skip:>10}  {aim}", row.ratio());
    }
    println!();
    for kind in polku_adapters::kinds() {
        for way in ["out", "answer", "in", "reply"] {
            let own: Vec<&Row> = rows.iter().filter(|row| row.kind == kind.id && row.way == way).collect();
            let sum = |cost: fn(&Row) -> f64| own.iter().map(|row| cost(row)).sum::<f64>();
            let mean = sum(|row| row.translation.median) / sum(|row| row.parse.median);
            if let Some(worst) = own.iter().max_by(|one, other| one.ratio().total_cmp(&other.ratio())) {
                let met = if worst.meets_aim() { "met" } else { "missed" };
                println!(
                    "{:<8}{way:<8}all together {mean:.2}, worst {:.2} ({}): at most {TARGET} is {met}",
                    kind.id,
                    worst.ratio(),
                    worst.message
                );
            }
        }
    }
    println!();
    println!(
        "out: from an authorised payload of the contract, with every field filled, or a question, to the body that is sent\n\
         (`rehearse`, spending the permit; without those that have no body in the library's format). answer: from a\n\
         recorded answer to a receipt, a state or facts (with the check that it belongs to the request). in: from the headers and body of a recorded message to the contract (`receive`, with all\n\
         checks of who sent it). reply: from what came of that message to the body of the answer (`reply`). Each of {calls} calls is timed alone, with dropping its answer, and a plain parse is\n\
         timed behind each; the median of an empty reading of the clock, {clock:.0} ns, is subtracted. The ratio is that\n\
         of the medians. Allocations are those of one call, reallocations among them. The plain parse looks at every value and\n\
         does nothing with it: in XML quick-xml's reader with namespaces over all events, texts and attributes unescaped,\n\
         which builds nothing; in JSON `serde_json::Value`, which builds a tree. `skip` is `IgnoredAny`, which decodes no\n\
         text."
    );
    let met = rows.iter().filter(|row| row.meets_aim()).count();
    println!();
    println!("the aim, at most {TARGET} plain parses: met by {met}, missed by {}", rows.len() - met);
}
