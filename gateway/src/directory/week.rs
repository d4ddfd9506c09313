//! What does one week at a place of service look like?

use jiff::ToSpan as _;
use jiff::civil::{Date, Time, Weekday};
use polku_proto::time::{OutOfRange, first_finnish_instant, last_finnish_instant, to_wire};
use polku_proto::v1::{CalendarDay, CalendarEntry, DayOfWeek, WeeklyCalendar};

use super::hours::{Hours, MINUTES, Opening};
use super::{Listing, PLACES, Place, ServiceDirectory, service_name};

impl ServiceDirectory {
    /// The week, from Monday to Sunday, that a day is in.
    ///
    /// # Errors
    /// A week that is not wholly within the years 1 to 9999 is refused.
    pub(super) fn week(&self, place: &Place, date: Date) -> Result<WeeklyCalendar, OutOfRange> {
        let since_monday = i64::from(date.weekday().to_monday_zero_offset());
        let monday = date.checked_sub(since_monday.days()).map_err(|_| OutOfRange)?;
        let mut days = Vec::new();
        for day in 0..7_i64 {
            let date = monday.checked_add(day.days()).map_err(|_| OutOfRange)?;
            days.push(self.day(place, date)?);
        }
        Ok(WeeklyCalendar { service_channel: Some(place.message.clone()), days })
    }

    fn day(&self, place: &Place, date: Date) -> Result<CalendarDay, OutOfRange> {
        let day = place.on(date);
        let entries = day.entries.iter().map(|(hours, opening)| self.entry(place, date, hours, opening));
        Ok(CalendarDay {
            date: date.to_string(),
            day_of_week: wire_day(date.weekday()).into(),
            is_closed: day.is_closed,
            entries: entries.collect::<Result<_, _>>()?,
            exceptions: day.exceptions.iter().map(|hours| hours.message.clone()).collect(),
        })
    }

    fn entry(
        &self,
        place: &Place,
        date: Date,
        hours: &Hours,
        opening: &Opening,
    ) -> Result<CalendarEntry, OutOfRange> {
        let at = |minutes: u16| {
            let midnight = date.to_datetime(Time::midnight());
            midnight.checked_add(i64::from(minutes).minutes()).map_err(|_| OutOfRange)
        };
        let is_here = |listing: &&Listing| {
            let id = place.message.name.strip_prefix(PLACES).unwrap_or_default();
            listing.places.iter().any(|place| place == id)
        };
        let given = self.services.iter().filter(is_here);
        let given = given.filter(|listing| hours.gives(&listing.id, &listing.organisation));
        Ok(CalendarEntry {
            actor_organisation: self.organisations.get(&hours.actor).map(|actor| actor.message.clone()),
            from: clock(opening.from),
            to: clock(opening.to),
            start_time: Some(to_wire(first_finnish_instant(at(opening.from)?)?)?),
            end_time: Some(to_wire(last_finnish_instant(at(opening.ends())?)?)?),
            channel: hours.message.channel,
            is_reservation: hours.message.is_reservation,
            services: given.map(|listing| service_name(&listing.id)).collect(),
            additional_information: hours.message.additional_information.clone(),
        })
    }
}

/// Minutes since midnight as a clock shows them; the end of a day is 24:00.
pub(super) fn clock(minutes: u16) -> String {
    let minutes = if minutes > MINUTES { minutes - MINUTES } else { minutes };
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn wire_day(day: Weekday) -> DayOfWeek {
    match day {
        Weekday::Monday => DayOfWeek::Monday,
        Weekday::Tuesday => DayOfWeek::Tuesday,
        Weekday::Wednesday => DayOfWeek::Wednesday,
        Weekday::Thursday => DayOfWeek::Thursday,
        Weekday::Friday => DayOfWeek::Friday,
        Weekday::Saturday => DayOfWeek::Saturday,
        Weekday::Sunday => DayOfWeek::Sunday,
    }
}
