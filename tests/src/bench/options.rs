//! What has whoever runs it asked for?

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use super::{rows, serve, write};

/// Runs everything that is compared side by side on this machine and prints one table. Nothing has to be set up.
///
/// Exit codes: 0 measured, 1 an answer was wrong or something could not be measured, 64 wrong usage. A figure that is
/// missed is no failure: it stands in the table.
#[derive(Debug, Parser)]
#[command(name = "polku-bench", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) part: Option<Part>,
    /// Prints one JSON document instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
    /// How often each system has its turn.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// How long a turn is.
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// These rows only, and what they are held against.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// How many grants are in the store and in the index.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(400..=5_000_000))]
    pub(crate) grants: u64,
    /// Keeps filled stores in this folder, so that they need not be filled again. Otherwise they go with the rest.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// One round of 0.3 s with 1,000 grants and 16 calls in flight: whether it works, not how fast it is.
    #[arg(long)]
    pub(crate) quick: bool,
}

/// What the bench starts of itself.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Part {
    /// A server beside which others are measured.
    #[command(hide = true, subcommand)]
    Serve(serve::What),
    /// A writer beside which others are measured.
    #[command(hide = true)]
    Write {
        /// How many callers wait.
        #[arg(long)]
        in_flight: usize,
        #[command(subcommand)]
        into: write::Into,
    },
}

impl Options {
    /// What follows from the others.
    pub(crate) fn settled(mut self) -> anyhow::Result<Options> {
        if self.quick {
            (self.rounds, self.seconds, self.grants) = (1, 0.3, 1_000);
        }
        let names = || rows::ROWS.iter().map(|row| row.name).chain(rows::ONCE.map(|(name, _)| name));
        for name in &self.only {
            let known = names().collect::<Vec<_>>().join(", ");
            anyhow::ensure!(names().any(|known| known == name), "no row {name}; there are {known}");
        }
        // A yardstick may be held against another one.
        let mut place = 0;
        while let Some(name) = self.only.get(place) {
            let others = rows::held_against(name).filter(|other| !self.only.iter().any(|only| only == other));
            let others: Vec<String> = others.map(str::to_owned).collect();
            self.only.extend(others);
            place += 1;
        }
        Ok(self)
    }

    /// Whether this row is asked for.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    /// How many calls are in flight, but for rows that say otherwise.
    pub(crate) fn in_flight(&self) -> usize {
        if self.quick { 16 } else { 128 }
    }

    /// How long a turn is.
    pub(crate) fn turn(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.05..=600.0).contains(&seconds) { Ok(seconds) } else { Err("from 0.05 to 600".to_owned()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::Options;

    #[test]
    fn a_row_brings_all_that_it_is_held_against() {
        for (asked, brought) in [
            ("send-delivered", vec!["send-delivered", "nginx", "floor"]),
            ("verify", vec!["verify", "floor", "nginx"]),
            ("verify-alone", vec!["verify-alone", "floor-alone", "sync"]),
            ("batch", vec!["batch"]),
        ] {
            let options = Options::try_parse_from(["polku-bench", "--only", asked]).unwrap();
            assert_eq!(options.settled().unwrap().only, brought);
        }
    }
}
