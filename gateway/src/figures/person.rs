//! What does one person add to the figures?
//!
//! Persons count in the third of a year in which they come up for the first time in that year: so the thirds of a year
//! add up.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{Attainment, Background, JourneyEntry, MainActivity, StarReading, WorkSpent};

use super::period::{Third, day};
use super::retention::Handover;

/// One person, as the agency knows them.
#[derive(Debug, Default)]
pub(crate) struct OnePerson {
    /// Date of birth.
    pub(crate) born: Option<Date>,
    /// What the agency has written down and not replaced: what happened last comes first.
    pub(crate) entries: Vec<JourneyEntry>,
    /// When the agency has sent a referral.
    pub(crate) sent: Vec<Date>,
    /// The agency's referrals that were taken up.
    pub(crate) handovers: Vec<Handover>,
    /// Readings of stars.
    pub(crate) stars: Vec<StarReading>,
}

/// How the matter was taken up for the first time in a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opened {
    /// When.
    pub(super) day: Date,
    /// How the young person came.
    pub(super) source: i32,
}

impl OnePerson {
    /// The same person under another id.
    pub(crate) fn merge(&mut self, other: OnePerson) {
        self.born = self.born.or(other.born);
        self.entries.extend(other.entries);
        self.entries
            .sort_by_key(|entry| std::cmp::Reverse(entry.time.map(|time| (time.seconds, time.nanos))));
        self.sent.extend(other.sent);
        self.handovers.extend(other.handovers);
        self.stars.extend(other.stars);
    }

    /// Whether anything was done with them for the first time in the year.
    pub(super) fn is_served(&self, third: Third) -> bool {
        let written = self.of_year(third).map(|(day, _)| day);
        let first = written.chain(self.sent.iter().copied().filter(|day| third.has_in_year(*day))).min();
        first.is_some_and(|first| third.has(first))
    }

    /// How the matter was taken up, if that was for the first time in the year.
    pub(super) fn opened(&self, third: Third) -> Option<Opened> {
        let openings = self.of_year(third).filter_map(|(day, matter)| {
            let Matter::Opening(opening) = matter else { return None };
            Some(Opened { day, source: opening.source })
        });
        openings.min_by_key(|opened| opened.day).filter(|opened| third.has(opened.day))
    }

    /// Who they are, as far as it is known at the end of the third: as they said when the matter was taken up or next after
    /// that, or else what they have said before.
    pub(super) fn background(&self, third: Third, opened: Opened) -> Option<&Background> {
        let known = || self.backgrounds().filter(|(day, _)| *day <= third.last);
        let after = known().filter(|(day, _)| *day >= opened.day).last();
        after.or_else(|| known().next()).map(|(_, background)| background)
    }

    /// The channels of the encounters in which they met.
    pub(super) fn encounters(&self, third: Third) -> impl Iterator<Item = i32> {
        self.within(third).filter_map(|(_, matter)| {
            let Matter::Encounter(encounter) = matter else { return None };
            encounter.met.then_some(encounter.channel)
        })
    }

    /// The first profile in which they were seen when something was done with them in the year, if that was now.
    pub(super) fn profile(&self, third: Third) -> Option<i32> {
        let mut seen: Vec<(Date, i32)> = Vec::new();
        for entry in &self.entries {
            let Some(day) = day(entry.time.as_ref()).filter(|day| third.has_in_year(*day)) else { continue };
            seen.push((day, self.profile_at(entry)));
        }
        // What happened first comes last.
        let (first, profile) = seen.into_iter().rev().find(|(_, profile)| *profile != 0)?;
        third.has(first).then_some(profile)
    }

    /// The work that was put in, each with the profile at the time; 0: none was seen by then.
    pub(super) fn work(&self, third: Third) -> impl Iterator<Item = (i32, &WorkSpent)> {
        self.within(third).filter_map(|(entry, matter)| {
            let Matter::Work(work) = matter else { return None };
            Some((self.profile_at(entry), work))
        })
    }

    /// What has come of it, time by time.
    pub(super) fn attainments(&self, third: Third) -> impl Iterator<Item = &Attainment> {
        self.within(third).filter_map(|(_, matter)| {
            let Matter::Attainment(attainment) = matter else { return None };
            Some(attainment)
        })
    }

    /// What has come of it for the first time in the year, told apart by `what`.
    pub(super) fn first_attained<'a, K: Ord>(
        &'a self,
        third: Third,
        what: impl Fn(&'a Attainment) -> K,
    ) -> impl Iterator<Item = K> {
        let mut first: BTreeMap<K, Date> = BTreeMap::new();
        for (day, matter) in self.of_year(third) {
            let Matter::Attainment(attainment) = matter else { continue };
            let earliest = first.entry(what(attainment)).or_insert(day);
            *earliest = day.min(*earliest);
        }
        first.into_iter().filter(move |(_, day)| third.has(*day)).map(|(what, _)| what)
    }

    /// Whether they were handed over for the first time in the year.
    pub(super) fn is_handed_over(&self, third: Third) -> bool {
        let days = self.handovers.iter().map(|handover| handover.day);
        days.filter(|day| third.has_in_year(*day)).min().is_some_and(|first| third.has(first))
    }

    /// For each referral sent onward: the days since the matter was taken up; nothing if it was not.
    pub(super) fn onward(&self, third: Third) -> impl Iterator<Item = Option<i64>> {
        self.sent.iter().filter(move |sent| third.has(**sent)).map(|sent| {
            // What happened last comes first.
            let opened = self.entries.iter().find_map(|entry| {
                matches!(entry.matter, Some(Matter::Opening(_))).then_some(())?;
                day(entry.time.as_ref()).filter(|opened| opened <= sent)
            })?;
            opened.until(*sent).ok().map(|span| i64::from(span.get_days()))
        })
    }

    /// The day on which they came to be unemployed for more than three months, or came with that, if it was for the first
    /// time in the year.
    pub(super) fn long_unemployed(&self, third: Third) -> Option<Date> {
        let mut reached: BTreeMap<Date, Date> = BTreeMap::new();
        let told: Vec<(Date, &Background)> = self.backgrounds().collect();
        for (place, (told_on, background)) in told.iter().enumerate() {
            let Ok(since) = background.unemployed_since.parse::<Date>() else { continue };
            if background.activity() != MainActivity::Unemployed {
                continue;
            }
            let day = since.saturating_add(3.months()).saturating_add(1.day()).max(*told_on);
            // What is said next comes before: whoever has said something else by then did not get there.
            let next = place.checked_sub(1).and_then(|next| told.get(next));
            if next.is_some_and(|(next, _)| *next < day) {
                continue;
            }
            let earliest = reached.entry(since).or_insert(day);
            *earliest = day.min(*earliest);
        }
        let first = reached.into_values().filter(|day| third.has_in_year(*day)).min();
        first.filter(|day| third.has(*day))
    }

    /// What they mainly did when they left, if that was for the first time in the year.
    pub(super) fn left(&self, third: Third) -> Option<i32> {
        let days = self.of_year(third).filter(|(_, matter)| matches!(matter, Matter::Leaving(_)));
        let left = days.map(|(day, _)| day).min().filter(|day| third.has(*day))?;
        let known = self.backgrounds().find(|(day, _)| *day <= left);
        Some(known.map_or(0, |(_, background)| background.activity))
    }

    /// What they have said of themselves, last word first.
    fn backgrounds(&self) -> impl Iterator<Item = (Date, &Background)> {
        self.entries.iter().filter_map(|entry| {
            let Some(Matter::Background(background)) = &entry.matter else { return None };
            Some((day(entry.time.as_ref())?, background))
        })
    }

    fn profile_at(&self, work: &JourneyEntry) -> i32 {
        let instant = |entry: &JourneyEntry| entry.time.map(|time| (time.seconds, time.nanos));
        let mut before = self.entries.iter().filter(|entry| instant(entry) <= instant(work));
        before.find_map(|entry| profile(entry.matter.as_ref()?)).unwrap_or(0)
    }

    fn of_year(&self, third: Third) -> impl Iterator<Item = (Date, &Matter)> {
        self.entries.iter().filter_map(move |entry| {
            let day = day(entry.time.as_ref()).filter(|day| third.has_in_year(*day))?;
            Some((day, entry.matter.as_ref()?))
        })
    }

    fn within(&self, third: Third) -> impl Iterator<Item = (&JourneyEntry, &Matter)> {
        self.entries.iter().filter_map(move |entry| {
            day(entry.time.as_ref()).filter(|day| third.has(*day))?;
            Some((entry, entry.matter.as_ref()?))
        })
    }
}

fn profile(matter: &Matter) -> Option<i32> {
    let Matter::Profile(assessment) = matter else { return None };
    Some(assessment.profile)
}
