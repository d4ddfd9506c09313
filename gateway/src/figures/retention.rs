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

/// The days of the question whether somebody who was handed over is still there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    taken_up: Date,
    /// When it is asked.
    pub(crate) due: Date,
    /// The last day on which an answer counts.
    pub(crate) last: Date,
}

impl Question {
    /// Of a referral that was taken up on this day.
    pub(crate) fn of(taken_up: Date) -> Self {
        // Of a month that is shorter, the last day.
        let due = taken_up.saturating_add(3.months());
        Self { taken_up, due, last: due.saturating_add(1.month()) }
    }

    /// The answer, by what was said on which day, what was said last first; nothing where it has none.
    pub(crate) fn answer(self, said: impl IntoIterator<Item = (Date, Said)>) -> Option<Said> {
        let mut in_time = said.into_iter().filter(|(day, _)| (self.taken_up..=self.last).contains(day));
        let (day, said) = in_time.find(|(day, said)| match said {
            Said::Attached | Said::EndedAsPlanned | Said::DroppedOut => true,
            Said::Unknown => *day >= self.due,
            Said::Unspecified => false,
        })?;
        // A young person who was there again before the day is not gone, and may be gone by the day.
        (said != Said::Attached || day >= self.due).then_some(said)
    }
}

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
        let question = Question::of(self.day);
        if !third.has(question.last) {
            return None;
        }
        let Some(said) = &self.said else { return Some(Retention::NotPermitted) };
        Some(match question.answer(said.iter().copied()) {
            Some(Said::EndedAsPlanned) => Retention::EndedAsPlanned,
            Some(Said::DroppedOut) => Retention::DroppedOut,
            Some(Said::Attached) => Retention::Attached,
            Some(Said::Unknown | Said::Unspecified) | None => Retention::Unknown,
        })
    }
}
