//! How old is somebody on a day?

use jiff::Unit;
use jiff::civil::Date;
use polku_proto::v1::AgeBand;

/// How many bands there are.
pub(super) const BANDS: i32 = AgeBand::AgeBand30OrOlder as i32;

/// The band of the age, in whole years. Who was born on 29 February is a year older on 1 March in other years.
pub(super) fn band(born: Date, day: Date) -> AgeBand {
    let years = born.until((Unit::Year, day)).map_or(0, |age| age.get_years());
    match years {
        ..18 => AgeBand::Under18,
        18..20 => AgeBand::AgeBand1819,
        20..25 => AgeBand::AgeBand2024,
        25..30 => AgeBand::AgeBand2529,
        30.. => AgeBand::AgeBand30OrOlder,
    }
}

/// The ages by which unemployment is told; whoever has no known age is part of the sum.
pub(super) const UNEMPLOYED: [&str; 3] = ["under_25", "25_to_29", "30_or_older"];

/// The place in [`UNEMPLOYED`] of an age; behind them where it is not known.
pub(super) fn unemployed(born: Option<Date>, day: Date) -> usize {
    let Some(born) = born else { return UNEMPLOYED.len() };
    match band(born, day) {
        AgeBand::Unspecified | AgeBand::Under18 | AgeBand::AgeBand1819 | AgeBand::AgeBand2024 => 0,
        AgeBand::AgeBand2529 => 1,
        AgeBand::AgeBand30OrOlder => 2,
    }
}
