//! Is a young person who was handed over still there three months on, and who knows?
//!
//! Three calendar months after the hand-over the recipient is asked; what it says in the month after that day counts, and
//! the last word of it. Who is said to be attached earlier may be gone by then: that is unknown. Who has ended as planned
//! or dropped out earlier stays so, unless the recipient says otherwise in time. Who may not be told does not know, and is
//! no part of the rate.

use jiff::ToSpan;
use jiff::civil::Date;
use polku_proto::v1::retention_answer::Result as Said;

use super::outcomes::Escort;
use super::period::Third;

/// A referral that was taken up.
#[derive(Debug, Clone)]
pub(crate) struct Handover {
    /// On this day.
    pub(crate) day: Date,
    /// How.
    pub(crate) escort: Escort,
    /// What the recipient has said of it, what was said last first; nothing where the agency may not be told.
    pub(crate) said: Option<Vec<(Date, Said)>>,
}

/// What is known of a hand-over three months on. In the order of their figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Retention {
    Attached,
    EndedAsPlanned,
    DroppedOut,
    /// The recipient may tell, and has not, or does not know.
    Unknown,
    NotPermitted,
}

impl Retention {
    pub(super) const ALL: [Retention; 5] = [
        Retention::Attached,
        Retention::EndedAsPlanned,
        Retention::DroppedOut,
        Retention::Unknown,
        Retention::NotPermitted,
    ];
}

impl Handover {
    /// What is known of it, if the time for it ends in this third.
    pub(super) fn retention(&self, third: Third) -> Option<Retention> {
        // Of a month that is shorter, the last day.
        let due = self.day.saturating_add(3.months());
        let end = due.saturating_add(1.month());
        if !third.has(end) {
            return None;
        }
        let Some(said) = &self.said else { return Some(Retention::NotPermitted) };
        let in_time = said.iter().filter(|(day, _)| (self.day..=end).contains(day));
        let counts = in_time.filter_map(|(day, said)| match said {
            Said::EndedAsPlanned => Some(Retention::EndedAsPlanned),
            Said::DroppedOut => Some(Retention::DroppedOut),
            Said::Attached if *day >= due => Some(Retention::Attached),
            Said::Unknown if *day >= due => Some(Retention::Unknown),
            // A young person who was there again before the day is not gone, and may be gone by the day.
            Said::Attached => Some(Retention::Unknown),
            Said::Unknown | Said::Unspecified => None,
        });
        Some(counts.into_iter().next().unwrap_or(Retention::Unknown))
    }
}
