//! Does the directory of an invented town say what its file says?

mod check;
mod routing;
mod search;
mod week;

use jiff::civil::Date;
use polku_policy::{Agency, Directory, Sector, Standing};

use super::ServiceDirectory;
use crate::config::Units;

/// The gateway's own example.
const EXAMPLE: &str = include_str!("../../directory.example.json");

/// The agencies of the configuration.
fn agencies() -> Directory {
    let agency = |id: &str| Agency::new(id.parse().unwrap(), Sector::YouthWork, Standing::Authority);
    Directory::new(["ohjaamo", "te", "kela", "paja"].map(agency).into(), Vec::new()).unwrap()
}

fn units() -> Units {
    ["kela/kuntoutus"].into_iter().map(|unit| unit.parse().unwrap()).collect()
}

fn example() -> ServiceDirectory {
    super::check::parse(EXAMPLE, &agencies(), &units()).unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}
