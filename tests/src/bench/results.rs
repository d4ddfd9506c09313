//! What has come of every row?

use std::collections::BTreeMap;
use std::time::Duration;

use super::round::{Round, median};
use super::rows::Row;

/// Why there is nothing about a row that `--only` leaves out.
pub(crate) const NOT_ASKED: &str = "not asked for";

/// What came of a row.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was measured.
    Rounds(Vec<Round>),
    /// It could not be: something is not installed, or not built.
    NotRun(String),
    /// It should have been.
    Failed(String),
}

/// What was measured once.
#[derive(Debug)]
pub(crate) struct Once {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// What came of it, by what each number is of; or why there is nothing.
    pub(crate) numbers: Result<BTreeMap<&'static str, f64>, String>,
    /// Whether that is a failure.
    pub(crate) has_failed: bool,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) rows: Vec<(&'static Row, Outcome)>,
    pub(crate) once: Vec<Once>,
}

impl Results {
    /// The rounds of a row; why there are none otherwise.
    pub(crate) fn rounds(&self, name: &str) -> Result<&[Round], String> {
        match self.rows.iter().find(|(row, _)| row.name == name) {
            Some((_, Outcome::Rounds(rounds))) => Ok(rounds),
            Some((_, Outcome::NotRun(reason) | Outcome::Failed(reason))) => Err(reason.clone()),
            None => Err(NOT_ASKED.to_owned()),
        }
    }

    /// The rate of one row over that of another, in the middle of all rounds.
    pub(crate) fn ratio(&self, name: &str, yardstick: &str) -> Result<f64, String> {
        let (rounds, yardsticks) = (self.rounds(name)?, self.rounds(yardstick)?);
        let pairs = rounds.iter().zip(yardsticks);
        Ok(median(pairs.map(|(round, yardstick)| round.rate() / yardstick.rate())))
    }

    /// A time of single calls, in the middle of all rounds, in seconds.
    pub(crate) fn time(&self, name: &str, of: fn(&Round) -> Duration) -> Result<f64, String> {
        Ok(median(self.rounds(name)?.iter().map(|round| of(round).as_secs_f64())))
    }

    /// The rate, in the middle of all rounds.
    pub(crate) fn rate(&self, name: &str) -> Result<f64, String> {
        Ok(median(self.rounds(name)?.iter().map(Round::rate)))
    }

    /// A number that was measured once.
    pub(crate) fn number(&self, name: &str, of: &str) -> Result<f64, String> {
        let once = self.once.iter().find(|once| once.name == name).ok_or(NOT_ASKED)?;
        let numbers = once.numbers.as_ref().map_err(Clone::clone)?;
        numbers.get(of).copied().ok_or_else(|| "not measured".to_owned())
    }

    /// What is wrong, row by row.
    pub(crate) fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for (row, outcome) in &self.rows {
            match outcome {
                Outcome::NotRun(_) => {}
                Outcome::Failed(reason) => failures.push(format!("{}: {reason}", row.name)),
                Outcome::Rounds(rounds) => {
                    let wrong: u64 = rounds.iter().map(|round| round.wrong).sum();
                    if wrong > 0 {
                        let first = rounds.iter().find_map(|round| round.first_wrong.as_deref());
                        let first = first.unwrap_or_default();
                        failures.push(format!("{}: {wrong} wrong answers, such as: {first}", row.name));
                    }
                }
            }
        }
        let once = self.once.iter().filter(|once| once.has_failed);
        failures.extend(once.map(|once| {
            format!("{}: {}", once.name, once.numbers.as_ref().err().map_or("", String::as_str))
        }));
        failures
    }
}
