//! Which days are asked about?

use jiff::civil::Date;
use polku_proto::time::{finnish_date, from_wire};

/// Days in Finland, both included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    pub(crate) first: Date,
    pub(crate) last: Date,
}

impl Period {
    /// Whether the day is one of them.
    pub(crate) fn has(self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

/// The day in Finland of an instant on the wire.
pub(crate) fn day(time: Option<&prost_types::Timestamp>) -> Option<Date> {
    Some(finnish_date(from_wire(time?).ok()?))
}
