//! Who is at a place of service on a day?

use jiff::civil::{Date, Weekday};
use polku_proto::v1;
use polku_proto::v1::service_hour::{Channel, ServiceHourType};

use super::Place;

/// Minutes of a day.
pub(super) const MINUTES: u16 = 24 * 60;

/// One of the hours of a place, read.
#[derive(Debug, Clone)]
pub(super) struct Hours {
    pub(super) message: v1::ServiceHour,
    /// The id of the organisation that is there; of the one whose place it is where the hours name none.
    pub(super) actor: String,
    pub(super) scope: Scope,
    /// First and last day, both included.
    pub(super) first: Option<Date>,
    pub(super) last: Option<Date>,
    pub(super) openings: Vec<Opening>,
    /// The ids of the services that are given; empty: all that the actor gives here.
    pub(super) services: Vec<String>,
}

/// In whose place hours stand that are exceptional or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Of the actor's own.
    Actor,
    /// Of everybody's.
    Everybody,
}

/// From when to when, in minutes since midnight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opening {
    /// On which days it begins.
    pub(super) days: Vec<Weekday>,
    pub(super) from: u16,
    /// Not later than `from`: on the next day.
    pub(super) to: u16,
}

/// What is known of a day.
#[derive(Debug)]
pub(super) struct Day<'a> {
    /// Somebody is there, in the order of time.
    pub(super) entries: Vec<(&'a Hours, &'a Opening)>,
    /// What is exceptional or closed.
    pub(super) exceptions: Vec<&'a Hours>,
    /// The place is closed, and nobody is there for all that.
    pub(super) is_closed: bool,
}

impl Place {
    /// Who is here on a day.
    pub(super) fn on(&self, date: Date) -> Day<'_> {
        let valid: Vec<&Hours> = self.hours.iter().filter(|hours| hours.is_valid(date)).collect();
        let mut entries = Vec::new();
        for hours in valid.iter().filter(|hours| hours.stands_among(&valid)) {
            let openings = hours.openings.iter().filter(|opening| opening.days.contains(&date.weekday()));
            entries.extend(openings.map(|opening| (*hours, opening)));
        }
        entries.sort_by_key(|(hours, opening)| (opening.from, opening.ends(), hours.actor.as_str()));
        let exceptions: Vec<&Hours> = valid.into_iter().filter(|hours| hours.weight() > 0).collect();
        let is_shut = |hours: &&Hours| hours.message.is_closed && hours.scope == Scope::Everybody;
        let is_closed = entries.is_empty() && exceptions.iter().any(is_shut);
        Day { entries, exceptions, is_closed }
    }
}

impl Hours {
    pub(super) fn is_valid(&self, date: Date) -> bool {
        self.first.is_none_or(|first| first <= date) && self.last.is_none_or(|last| date <= last)
    }

    /// Whether people are met in this way then.
    pub(super) fn is_met(&self, channel: Option<Channel>) -> bool {
        !self.message.is_closed && channel.is_none_or(|channel| self.message.channel() == channel)
    }

    /// Whether a service, of this organisation, is given then.
    pub(super) fn gives(&self, service: &str, organisation: &str) -> bool {
        if self.services.is_empty() {
            return self.actor == organisation;
        }
        self.services.iter().any(|given| given == service)
    }

    /// No other hours of the day stand in the place of these.
    fn stands_among(&self, valid: &[&Hours]) -> bool {
        let outweighs = |other: &&Hours| {
            let concerns = other.scope == Scope::Everybody || other.actor == self.actor;
            let closes = other.message.is_closed && other.weight() == self.weight();
            concerns && (other.weight() > self.weight() || closes)
        };
        !self.message.is_closed && !valid.iter().any(outweighs)
    }

    /// Whose word counts: an exception's more than that of the usual hours, one actor's more than everybody's.
    fn weight(&self) -> u8 {
        match (self.message.service_hour_type(), self.scope) {
            (ServiceHourType::Exceptional, Scope::Actor) => 3,
            (ServiceHourType::Exceptional, Scope::Everybody) => 2,
            (
                ServiceHourType::DaysOfTheWeek | ServiceHourType::OverMidnight | ServiceHourType::Unspecified,
                _,
            ) => u8::from(self.message.is_closed),
        }
    }
}

impl Opening {
    /// When it ends, in minutes since the midnight before it begins.
    pub(super) fn ends(&self) -> u16 {
        if self.to > self.from { self.to } else { self.to.saturating_add(MINUTES) }
    }
}
