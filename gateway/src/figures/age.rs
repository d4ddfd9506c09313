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
