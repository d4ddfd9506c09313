//! Which days are asked about, and when are they counted?

use jiff::ToSpan;
use jiff::civil::Date;
use polku_proto::time::{finnish_date, from_wire};
use polku_proto::v1::get_figures_request::Period;

/// For how many days after a third of a year what happened in it may still be written down for the figures.
const OPEN_DAYS: i64 = 14;

/// A third of a year, in days in Finland. Each is counted for itself; longer periods are sums of thirds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Third {
    /// The first day of the year.
    pub(crate) year: Date,
    /// The first day of the third.
    pub(crate) first: Date,
    /// The last day of the third.
    pub(crate) last: Date,
}

impl Third {
    /// The thirds of a period, in their order; nothing for a year that there is not.
    pub(crate) fn of(year: i32, period: Period) -> Option<Vec<Third>> {
        let year = i16::try_from(year).ok()?;
        let count = match period {
            Period::Unspecified => 0,
            Period::JanuaryToApril => 1,
            Period::JanuaryToAugust => 2,
            Period::Year => 3,
        };
        let begin = Date::new(year, 1, 1).ok()?;
        let bounds = [((1, 1), (4, 30)), ((5, 1), (8, 31)), ((9, 1), (12, 31))];
        let third = |((first_month, first), (last_month, last))| {
            let first = Date::new(year, first_month, first).ok()?;
            Some(Third { year: begin, first, last: Date::new(year, last_month, last).ok()? })
        };
        bounds.into_iter().take(count).map(third).collect()
    }

    /// Whether the day is one of them.
    pub(crate) fn has(self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// Whether the day is one of the year, and none that comes after the third.
    pub(super) fn has_in_year(self, day: Date) -> bool {
        (self.year..=self.last).contains(&day)
    }

    /// Whether it may be counted on this day.
    pub(crate) fn is_closed(self, today: Date) -> bool {
        self.last.saturating_add(OPEN_DAYS.days()) <= today
    }
}

/// The day in Finland of an instant on the wire.
pub(crate) fn day(time: Option<&prost_types::Timestamp>) -> Option<Date> {
    Some(finnish_date(from_wire(time?).ok()?))
}
