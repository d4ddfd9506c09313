//! What does one person add to the figures?

use jiff::ToSpan;
use jiff::civil::Date;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{Attainment, JourneyEntry, StarReading, WorkSpent};

use super::Retention;
use super::outcomes::Escort;
use super::period::{Period, day};

/// One person, as the agency knows them.
#[derive(Debug)]
pub(crate) struct OnePerson {
    /// Date of birth.
    pub(crate) born: Option<Date>,
    /// What the agency has written down and not replaced: what happened last comes first.
    pub(crate) entries: Vec<JourneyEntry>,
    /// The agency's referrals that were taken up.
    pub(crate) handovers: Vec<Handover>,
    /// Readings of stars.
    pub(crate) stars: Vec<StarReading>,
}

/// A referral that was taken up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handover {
    /// On this day.
    pub(crate) day: Date,
    /// How.
    pub(crate) escort: Escort,
    /// What is known three months on.
    pub(crate) retention: Retention,
}

/// The day on which it is asked whether the young person is still there: three calendar months later, or the last day of
/// that month.
pub(super) fn due(taken_up: Date) -> Date {
    taken_up.saturating_add(3.months())
}

impl OnePerson {
    /// When the matter was taken up for the first time in the period.
    pub(super) fn first_opening(&self, period: Period) -> Option<Date> {
        let openings = self.within(period).filter(|(_, matter)| matches!(matter, Matter::Opening(_)));
        openings.map(|(entry, _)| day(entry.time.as_ref())).min().flatten()
    }

    /// The channels of the encounters in which they met.
    pub(super) fn encounters(&self, period: Period) -> impl Iterator<Item = i32> {
        self.within(period).filter_map(|(_, matter)| {
            let Matter::Encounter(encounter) = matter else { return None };
            encounter.met.then_some(encounter.channel)
        })
    }

    /// The profile at the end of the period; none for somebody who has left.
    pub(super) fn profile_at_end(&self, period: Period) -> Option<i32> {
        let until = Period { first: Date::MIN, ..period };
        let mut comings = self
            .within(until)
            .filter(|(_, matter)| matches!(matter, Matter::Opening(_) | Matter::Leaving(_)));
        if matches!(comings.next()?, (_, Matter::Leaving(_))) {
            return None;
        }
        self.within(until).find_map(|(_, matter)| profile(matter))
    }

    /// The work that was put in, each with the profile at the time; 0: none was seen by then.
    pub(super) fn work(&self, period: Period) -> impl Iterator<Item = (i32, &WorkSpent)> {
        self.within(period).filter_map(|(entry, matter)| {
            let Matter::Work(work) = matter else { return None };
            Some((self.profile_at(entry), work))
        })
    }

    /// What has come of it.
    pub(super) fn attainments(&self, period: Period) -> impl Iterator<Item = &Attainment> {
        self.within(period).filter_map(|(_, matter)| {
            let Matter::Attainment(attainment) = matter else { return None };
            Some(attainment)
        })
    }

    /// The readings of the period.
    pub(super) fn stars(&self, period: Period) -> impl Iterator<Item = &StarReading> {
        self.stars.iter().filter(move |reading| reading.date.parse().is_ok_and(|date| period.has(date)))
    }

    fn profile_at(&self, work: &JourneyEntry) -> i32 {
        let instant = |entry: &JourneyEntry| entry.time.map(|time| (time.seconds, time.nanos));
        let mut before = self.entries.iter().filter(|entry| instant(entry) <= instant(work));
        before.find_map(|entry| profile(entry.matter.as_ref()?)).unwrap_or(0)
    }

    fn within(&self, period: Period) -> impl Iterator<Item = (&JourneyEntry, &Matter)> {
        self.entries.iter().filter_map(move |entry| {
            day(entry.time.as_ref()).filter(|day| period.has(*day))?;
            Some((entry, entry.matter.as_ref()?))
        })
    }
}

fn profile(matter: &Matter) -> Option<i32> {
    let Matter::Profile(assessment) = matter else { return None };
    Some(assessment.profile)
}
