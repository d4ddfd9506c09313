//! How is what was measured told: as a table, and as JSON?

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use super::aims::{Aim, Figure, figures};
use super::options::Options;
use super::results::{NOT_ASKED, Outcome, Results};
use super::round::{Round, median};

/// The table, and under it the figures.
pub(crate) fn table(results: &Results, options: &Options, surroundings: &str) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "{surroundings}\n")?;
    writeln!(
        text,
        "{:<56}{:>10}{:>9}{:>9}{:>9}{:>8}{:>8}{:>7}{:>8}  ratio",
        "", "a second", "p50 us", "p99 us", "p99.9", "cpu us", "core %", "MiB", "allocs"
    )?;
    for (row, outcome) in &results.rows {
        match outcome {
            Outcome::NotRun(reason) => writeln!(text, "{:<56}not run: {reason}", row.what)?,
            Outcome::Failed(reason) => writeln!(text, "{:<56}FAILED: {reason}", row.what)?,
            Outcome::Rounds(rounds) => {
                let middle = |of: fn(&Round) -> f64| median(rounds.iter().map(of));
                let allocations = results.number("allocations", row.name);
                let allocations = allocations.map_or_else(|_| "-".to_owned(), |count| format!("{count:.0}"));
                let ratio = row.yardstick.map(|yardstick| match results.ratio(row.name, yardstick) {
                    Ok(ratio) => format!("{ratio:.2} of {yardstick}"),
                    Err(reason) => format!("{yardstick}: {reason}"),
                });
                writeln!(
                    text,
                    "{:<56}{:>10.0}{:>9.0}{:>9.0}{:>9.0}{:>8}{:>8}{:>7.0}{allocations:>8}  {}",
                    row.what,
                    middle(Round::rate),
                    middle(|round| round.p50.as_secs_f64() * 1e6),
                    middle(|round| round.p99.as_secs_f64() * 1e6),
                    middle(|round| round.p999.as_secs_f64() * 1e6),
                    Some(middle(Round::cost))
                        .filter(|cost| *cost > 0.0)
                        .map_or("-".to_owned(), |cost| format!("{cost:.1}")),
                    Some(middle(Round::share) * 100.0)
                        .filter(|share| *share > 0.0)
                        .map_or("-".to_owned(), |share| format!("{share:.0}")),
                    middle(mebibytes),
                    ratio.unwrap_or_default(),
                )?;
            }
        }
    }
    if !results.once.is_empty() {
        writeln!(text, "\nonce, after the rounds")?;
    }
    for once in &results.once {
        let told = match &once.numbers {
            Ok(numbers) => {
                let numbers = numbers.iter().map(|(of, number)| format!("{of} {number:.2}"));
                numbers.collect::<Vec<_>>().join(", ")
            }
            Err(reason) if once.has_failed => format!("FAILED: {reason}"),
            Err(reason) => format!("not run: {reason}"),
        };
        writeln!(text, "{:<56}{told}", once.what)?;
    }
    writeln!(text, "\n{:<50}{:>12}{:>20}", "figure", "measured", "aim")?;
    for figure in figures(results, options).iter().filter(|figure| figure.reason() != Some(NOT_ASKED)) {
        writeln!(text, "{}", line(figure))?;
    }
    writeln!(
        text,
        "\nMedians of {} rounds of {} s. Times are of single calls, as the caller sees them; cpu is that of all processes on \
         the servers' side for each of what is counted (calls, decisions, sends), core the part of the servers' core that they \
         used (where it is far from all of it, the load or the disk is the limit), MiB their memory. A ratio is the median \
         of those of neighbours in the same round.",
        options.rounds, options.seconds
    )?;
    Ok(text)
}

fn line(figure: &Figure) -> String {
    let verdict = match figure.is_met() {
        Some(true) => "met".to_owned(),
        Some(false) => "MISSED".to_owned(),
        None => format!("not judged: {}", figure.reason().unwrap_or_default()),
    };
    let digits = |number: f64| if number < 10.0 { format!("{number:.2}") } else { format!("{number:.0}") };
    let measured = figure.measured.as_ref().map_or_else(|_| "-".to_owned(), |number| digits(*number));
    let aim = match &figure.aim {
        Ok(Aim::AtLeast(least)) => format!("at least {}", digits(*least)),
        Ok(Aim::AtMost(most)) => format!("at most {}", digits(*most)),
        Ok(Aim::Between(least, most)) => format!("{} to {}", digits(*least), digits(*most)),
        Err(_) => "-".to_owned(),
    };
    format!("{:<56}{measured:>12}{aim:>20} {}: {verdict}", figure.what, figure.unit)
}

/// The same as one document.
pub(crate) fn document(results: &Results, options: &Options, surroundings: &str) -> Value {
    let rows = results.rows.iter().map(|(row, outcome)| {
        let (rounds, not_run, failed) = match outcome {
            Outcome::Rounds(rounds) => (Some(rounds.iter().map(round).collect::<Vec<_>>()), None, None),
            Outcome::NotRun(reason) => (None, Some(reason), None),
            Outcome::Failed(reason) => (None, None, Some(reason)),
        };
        json!({
            "name": row.name, "what": row.what, "unit": row.unit, "yardstick": row.yardstick,
            "ratio": row.yardstick.and_then(|yardstick| results.ratio(row.name, yardstick).ok()),
            "allocations": results.number("allocations", row.name).ok(),
            "rounds": rounds, "not_run": not_run, "failed": failed,
        })
    });
    let once = results.once.iter().map(|once| match &once.numbers {
        Ok(numbers) => json!({"name": once.name, "what": once.what, "numbers": numbers}),
        Err(reason) if once.has_failed => json!({"name": once.name, "what": once.what, "failed": reason}),
        Err(reason) => json!({"name": once.name, "what": once.what, "not_run": reason}),
    });
    let figures = figures(results, options);
    let figures = figures.iter().map(|figure| {
        let (is, number) = match &figure.aim {
            Ok(Aim::AtLeast(least)) => ("at_least", json!(least)),
            Ok(Aim::AtMost(most)) => ("at_most", json!(most)),
            Ok(Aim::Between(least, most)) => ("between", json!([least, most])),
            Err(_) => ("aim", Value::Null),
        };
        json!({
            "what": figure.what, "unit": figure.unit, "measured": figure.measured.as_ref().ok(), is: number,
            "met": figure.is_met(), "not_judged": figure.reason(),
        })
    });
    json!({
        "surroundings": surroundings,
        "rounds": options.rounds, "seconds": options.seconds, "grants": options.grants,
        "rows": rows.collect::<Vec<_>>(), "once": once.collect::<Vec<_>>(),
        "figures": figures.collect::<Vec<_>>(), "failures": results.failures(),
    })
}

fn round(round: &Round) -> Value {
    json!({
        "done": round.done, "calls": round.calls, "wrong": round.wrong, "first_wrong": round.first_wrong,
        "seconds": round.wall.as_secs_f64(), "a_second": round.rate(),
        "p50_us": round.p50.as_secs_f64() * 1e6, "p99_us": round.p99.as_secs_f64() * 1e6,
        "p999_us": round.p999.as_secs_f64() * 1e6, "processor_us": round.cost(), "core": round.share(), "mebibytes": mebibytes(round),
    })
}

/// Bytes of memory as they are told.
fn mebibytes(round: &Round) -> f64 {
    round.memory as f64 / f64::from(1 << 20)
}
