//! What does a decision cost, with a hundred thousand and with a million grants in the index?
//!
//! `cargo bench -p polku-policy --bench decide` prints one table; its foot says how it was measured.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it has measured")]

mod measure;
mod people;

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use polku_policy::{ConsentIndex, Decision, Engine, Outcome, Question, Rules};
use polku_proto::CategorySet;

use measure::{Clock, Figures, resident_bytes};
use people::{Ask, People};

/// How many grants: few for comparison, and many.
const SIZES: [u32; 2] = [100_000, 1_000_000];
/// How many calls are timed in each row of the memory.
const CALLS: u32 = 300_000;
/// How many different questions are asked where the people are some of all: what is held of them stays in the caches.
const SOME: u32 = 500;
/// And where it is one person's: what is held of them stays in the cache next to the processor.
const ONE: u32 = 1;
/// How many calls are timed in each row of the rules.
const SLOW_CALLS: u32 = 4_000;
/// How many answers of the memory are held against the rules.
const COMPARED: u32 = 3_000;

/// The aims: of a single decision whose answers are remembered, with as many grants as there are here at the most; of one
/// from the rules; and of filling the index, a second.
const AIM_REMEMBERED: f64 = 250.0;
const AIM_RULES: f64 = 100_000.0;
const AIM_FILLED: f64 = 500_000.0;

/// One line of the table.
struct Row {
    name: &'static str,
    asked: Asked,
    engine: Which,
    /// How many calls are timed together.
    together: u32,
}

/// What is asked.
#[derive(Clone, Copy)]
enum Asked {
    Granted(Ask),
    /// So many questions again and again.
    Again(Ask, u32),
    Unknown,
    Refused,
}

/// By which engine.
#[derive(Clone, Copy, PartialEq)]
enum Which {
    Remembering,
    Forgetful,
}

const ROWS: [Row; 13] = [
    Row {
        name: "granted, 1 category",
        asked: Asked::Granted(Ask::One),
        engine: Which::Remembering,
        together: 1,
    },
    Row {
        name: "granted, 5 categories",
        asked: Asked::Granted(Ask::Five),
        engine: Which::Remembering,
        together: 1,
    },
    Row {
        name: "asked for all 14 categories",
        asked: Asked::Granted(Ask::All),
        engine: Which::Remembering,
        together: 1,
    },
    Row {
        name: "granted, 1, of some people",
        asked: Asked::Again(Ask::One, SOME),
        engine: Which::Remembering,
        together: 1,
    },
    Row {
        name: "granted, 5, of some people",
        asked: Asked::Again(Ask::Five, SOME),
        engine: Which::Remembering,
        together: 1,
    },
    Row {
        name: "all 14, of some people",
        asked: Asked::Again(Ask::All, SOME),
        engine: Which::Remembering,
        together: 1,
    },
    Row {
        name: "granted, 1, of some, means of 8",
        asked: Asked::Again(Ask::One, SOME),
        engine: Which::Remembering,
        together: 8,
    },
    Row {
        name: "granted, 1, of one person",
        asked: Asked::Again(Ask::One, ONE),
        engine: Which::Remembering,
        together: 1,
    },
    Row { name: "nobody of that id, 1", asked: Asked::Unknown, engine: Which::Remembering, together: 1 },
    Row { name: "not granted, 1", asked: Asked::Refused, engine: Which::Remembering, together: 1 },
    Row { name: "from the rules, 1", asked: Asked::Granted(Ask::One), engine: Which::Forgetful, together: 1 },
    Row {
        name: "from the rules, 5",
        asked: Asked::Granted(Ask::Five),
        engine: Which::Forgetful,
        together: 1,
    },
    Row {
        name: "from the rules, not granted, 1",
        asked: Asked::Refused,
        engine: Which::Forgetful,
        together: 1,
    },
];

/// Figures for one size of the index.
struct Column {
    grants: u32,
    rows: Vec<Figures>,
    filled_a_second: f64,
    stated_bytes: f64,
    resident_bytes: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let clock = Clock::measure();
    let directory = people::directory()?;
    let remembering = Engine::new(Rules::shipped()?, directory.clone())?;
    let forgetful = Engine::new(Rules::shipped()?, directory)?.without_memory();
    let mut columns = Vec::new();
    for grants in SIZES {
        columns.push(column(grants, &clock, &remembering, &forgetful)?);
    }
    print(&columns, &clock);
    Ok(())
}

fn column(
    grants: u32,
    clock: &Clock,
    remembering: &Engine,
    forgetful: &Engine,
) -> Result<Column, Box<dyn Error>> {
    let people = People::new(grants)?;
    let before = resident_bytes()?;
    let begun = Instant::now();
    let mut taken = std::time::Duration::ZERO;
    let index = people.index(&mut taken)?;
    let filled_a_second = f64::from(grants) / taken.as_secs_f64();
    let resident = resident_bytes()?.saturating_sub(before);
    println!(
        "index of {grants} grants filled, {:.1} s with making the grants",
        begun.elapsed().as_secs_f64()
    );
    let checksum = compare(&people, &index, remembering, forgetful)?;
    println!("{COMPARED} remembered answers are those of the rules, checksum {checksum:016x}");
    let rows = ROWS
        .iter()
        .map(|row| {
            let engine = if row.engine == Which::Remembering { remembering } else { forgetful };
            measured(row, engine, &people, &index, clock)
        })
        .collect::<Result<_, _>>()?;
    Ok(Column {
        grants,
        rows,
        filled_a_second,
        stated_bytes: per_grant(index.memory_bytes(), grants)?,
        resident_bytes: per_grant(resident, grants)?,
    })
}

/// Holds the answers of the memory against those of the rules, and makes a sum over them.
fn compare(
    people: &People,
    index: &ConsentIndex,
    remembering: &Engine,
    forgetful: &Engine,
) -> Result<u64, Box<dyn Error>> {
    let mut sum = measure::Sum::default();
    for number in 0..COMPARED {
        let ask = match number % 3 {
            0 => Ask::One,
            1 => Ask::Five,
            _ => Ask::All,
        };
        let asked = if number % 7 == 0 { Asked::Refused } else { Asked::Granted(ask) };
        let (question, categories) = question(people, asked, number)?;
        let known = remembering.decide(index, categories, &question);
        let again = remembering.decide(index, categories, &question);
        let fresh = forgetful.decide(index, categories, &question);
        if known != fresh || again != fresh {
            return Err("the memory and the rules give different answers".into());
        }
        sum.add(&fresh);
    }
    Ok(sum.value())
}

fn question(people: &People, asked: Asked, number: u32) -> Result<(Question, CategorySet), Box<dyn Error>> {
    match asked {
        Asked::Granted(ask) => people.granted(number, ask),
        Asked::Again(ask, questions) => people.granted(number % questions, ask),
        Asked::Unknown => people.of_nobody(number),
        Asked::Refused => people.refused(number),
    }
}

fn measured(
    row: &Row,
    engine: &Engine,
    people: &People,
    index: &ConsentIndex,
    clock: &Clock,
) -> Result<Figures, Box<dyn Error>> {
    let calls = if row.engine == Which::Remembering { CALLS } else { SLOW_CALLS };
    let decide = |question: &Question, categories| -> Decision { engine.decide(index, categories, question) };
    if row.engine == Which::Remembering {
        // So that the rules have been asked everything before; of the people, far too many to stay in a cache.
        for number in 0..CALLS {
            let (question, categories) = question(people, row.asked, number)?;
            drop(black_box(decide(&question, categories)));
        }
    }
    let mut nanoseconds = Vec::new();
    let mut permitted = 0_u32;
    let mut questions = Vec::new();
    for first in (0..calls).step_by(usize::try_from(row.together)?) {
        // As in a call, the question has just been made; what is held of the person has not been touched.
        questions.clear();
        for number in first..first + row.together {
            questions.push(question(people, row.asked, number)?);
        }
        let begun = Instant::now();
        for (question, categories) in &questions {
            let decision = black_box(decide(black_box(question), *categories));
            permitted += u32::from(decision.outcome() == Outcome::Permitted);
            drop(decision);
        }
        nanoseconds.push(begun.elapsed());
    }
    Ok(Figures::of(&nanoseconds, clock, row.together, f64::from(permitted) / f64::from(calls)))
}

fn per_grant(bytes: usize, grants: u32) -> Result<f64, Box<dyn Error>> {
    Ok(f64::from(u32::try_from(bytes)?) / f64::from(grants))
}

fn print(columns: &[Column], clock: &Clock) {
    println!();
    print!("{:<34}", "one decision, ns");
    for column in columns {
        print!("{:>44}", format!("{} grants", column.grants));
    }
    println!("{:>14}", "ratio of p50");
    print!("{:<34}", "");
    for _ in columns {
        print!("{:>10}{:>10}{:>10}{:>14}", "p50", "p99", "p99.9", "permitted");
    }
    println!();
    for (place, row) in ROWS.iter().enumerate() {
        print!("{:<34}", row.name);
        let figures: Vec<&Figures> = columns.iter().filter_map(|column| column.rows.get(place)).collect();
        for Figures { median, p99, p999, permitted } in &figures {
            print!("{median:>10.0}{p99:>10.0}{p999:>10.0}{:>12.0} %", 100.0 * permitted);
        }
        if let [few, .., many] = figures.as_slice() {
            print!("{:>14.2}", many.median / few.median);
        }
        println!();
    }
    println!(
        "{:<34}{:>10.0}{:>10.0}{:>10.0}",
        "an empty reading of the clock", clock.median, clock.p99, clock.p999
    );
    println!();
    for Column { grants, filled_a_second, stated_bytes, resident_bytes, .. } in columns {
        println!(
            "{grants} grants: put_grant {:.1} million/s; {stated_bytes:.0} bytes a grant stated, \
             {resident_bytes:.0} resident",
            filled_a_second / 1e6
        );
    }
    println!();
    if let Some(many) = columns.last() {
        print_aims(many);
    }
    println!();
    println!(
        "Each call is timed alone, with dropping its answer, between two readings of the monotonic clock. The\n\
         median of an empty reading is subtracted from every figure; the rest of a reading's spread is in it. People\n\
         are drawn at random from all, so what is held of them is mostly in no cache, and a figure is mostly the time\n\
         that memory takes; in the rows 'of some people' the same {SOME} questions come again and again. In the row\n\
         'means of 8', eight calls about different people are timed together: its p99 is that of means of eight, not\n\
         of single calls. The rows 'from the rules' ask an engine without memory."
    );
}

/// What was measured beside what it was to be, row by row.
fn print_aims(column: &Column) {
    println!("{:<34}{:>14}{:>14}", format!("aims, {} grants", column.grants), "measured", "aim");
    for (row, figures) in ROWS.iter().zip(&column.rows) {
        let aim = if row.engine == Which::Remembering { AIM_REMEMBERED } else { AIM_RULES };
        println!(
            "{:<34}{:>11.0} ns{:>11.0} ns  p99 {}",
            row.name,
            figures.p99,
            aim,
            verdict(figures.p99 <= aim)
        );
    }
    println!(
        "{:<34}{:>11.0} /s{:>11.0} /s  {}",
        "index filled, grants",
        column.filled_a_second,
        AIM_FILLED,
        verdict(column.filled_a_second >= AIM_FILLED)
    );
    println!(
        "{:<34}{:>13.0} B{:>14}  stated, as asked for",
        "memory of a grant", column.stated_bytes, "none"
    );
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}
