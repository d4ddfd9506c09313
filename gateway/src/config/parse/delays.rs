//! For how many days is not told what rests on which ground in law?

use super::super::delays::{Delays, GROUNDS};
use super::super::section::Section;

/// Ten years: longer, and it would never be told.
const MOST_DAYS: u32 = 3_650;

/// Everything under `[disclosure_delay_days]`.
pub(super) fn delays(section: Section<'_>) -> Delays {
    let days = GROUNDS.map(|(key, ground)| (ground, section.number(key, (0, MOST_DAYS), 0)));
    section.finish();
    Delays::in_days(days)
}
