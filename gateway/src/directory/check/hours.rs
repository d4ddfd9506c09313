//! Are the hours of a place of service as they have to be?

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use polku_proto::v1::service_hour::{Channel, ServiceHourType};
use polku_proto::v1::{self, DayOfWeek};

use super::texts::{At, DESCRIPTION};
use crate::config::quoted;
use crate::directory::file::{OpeningHour, ServiceChannel, ServiceHour};
use crate::directory::hours::{Hours, MINUTES, Opening, Scope};
use crate::directory::week::clock;
use crate::directory::{Organisation, service_name};

const TYPES: [(&str, ServiceHourType); 3] = [
    ("DaysOfTheWeek", ServiceHourType::DaysOfTheWeek),
    ("Exceptional", ServiceHourType::Exceptional),
    ("OverMidnight", ServiceHourType::OverMidnight),
];
const CHANNELS: [(&str, Channel); 5] = [
    ("walk_in", Channel::WalkIn),
    ("appointment", Channel::Appointment),
    ("outreach", Channel::Outreach),
    ("home", Channel::Home),
    ("online", Channel::Online),
];
const DAYS: [(&str, (DayOfWeek, Weekday)); 7] = [
    ("Monday", (DayOfWeek::Monday, Weekday::Monday)),
    ("Tuesday", (DayOfWeek::Tuesday, Weekday::Tuesday)),
    ("Wednesday", (DayOfWeek::Wednesday, Weekday::Wednesday)),
    ("Thursday", (DayOfWeek::Thursday, Weekday::Thursday)),
    ("Friday", (DayOfWeek::Friday, Weekday::Friday)),
    ("Saturday", (DayOfWeek::Saturday, Weekday::Saturday)),
    ("Sunday", (DayOfWeek::Sunday, Weekday::Sunday)),
];
const TIME: &str = "a time from 00:00 to 24:00, as HH:MM";

/// `None`: nothing can be made of them, and why has been reported.
pub(super) fn hours(
    hour: &ServiceHour,
    place: &ServiceChannel,
    organisations: &BTreeMap<String, Organisation>,
    at: &At<'_>,
) -> Option<Hours> {
    let kind = at.one_of("serviceHourType", &hour.service_hour_type, &TYPES)?;
    let (first, last) = validity(hour, kind, at);
    for (index, id) in hour.services.iter().enumerate() {
        if !place.services.contains(id) {
            let expected = "the id of one of the services of this place";
            at.wrong(&format!("services[{index}]"), quoted(id), expected);
        }
    }
    if let Some(actor) = hour.actor_organisation.as_deref().filter(|id| !organisations.contains_key(*id)) {
        at.wrong("actorOrganisation", quoted(actor), "the id of one of the organizations");
    }
    match (hour.is_closed, hour.opening_hour.as_slice()) {
        (true, [_, ..]) => at.wrong("openingHour", "some", "none, because isClosed is true"),
        (false, []) => at.wrong("openingHour", "none", "at least one, or isClosed"),
        (true, []) | (false, _) => {}
    }
    if hour.is_closed && !hour.services.is_empty() {
        at.wrong("services", "some", "none, because isClosed is true");
    }
    at.not_too_many("openingHour", hour.opening_hour.len());
    let channel = channel(hour, at);
    let (openings, opening_hour): (Vec<Opening>, Vec<v1::OpeningHour>) =
        (hour.opening_hour.iter().enumerate())
            .filter_map(|(index, opening)| read(opening, kind, &at.item("openingHour", index)))
            .unzip();
    // Where one of them is not readable, that has been reported.
    if kind == ServiceHourType::Exceptional && openings.len() == hour.opening_hour.len() {
        on_days_there_are(&openings, first, last, at);
    }
    let is_own = hour.actor_organisation.is_some();
    let message = v1::ServiceHour {
        service_hour_type: kind.into(),
        valid_from: first.map(|date| date.to_string()).unwrap_or_default(),
        valid_to: last.map(|date| date.to_string()).unwrap_or_default(),
        is_closed: hour.is_closed,
        is_reservation: hour.is_reservation,
        opening_hour,
        additional_information: at.texts("additionalInformation", &hour.additional_information, DESCRIPTION),
        actor_organisation: hour.actor_organisation.clone().unwrap_or_default(),
        channel: channel.into(),
        services: hour.services.iter().map(|id| service_name(id)).collect(),
    };
    Some(Hours {
        message,
        actor: hour.actor_organisation.clone().unwrap_or_else(|| place.organization_id.clone()),
        scope: if is_own { Scope::Actor } else { Scope::Everybody },
        first,
        last,
        openings,
        services: hour.services.clone(),
    })
}

/// First and last day. Exceptional hours have a first one, and last that day when they have no last one.
fn validity(hour: &ServiceHour, kind: ServiceHourType, at: &At<'_>) -> (Option<Date>, Option<Date>) {
    let day = |key: &str, text: &Option<String>| {
        let text = text.as_deref()?;
        // PTV writes a time too, which is midnight.
        let day = text.strip_suffix("T00:00:00").unwrap_or(text);
        let date = day.parse::<Date>().ok().filter(|date| date.year() >= 1 && day.len() == 10);
        if date.is_none() {
            at.wrong(key, quoted(text), "a day of the calendar, as YYYY-MM-DD");
        }
        date
    };
    let (first, last) = (day("validFrom", &hour.valid_from), day("validTo", &hour.valid_to));
    if let (Some(first), Some(last)) = (first, last)
        && last < first
    {
        at.wrong("validTo", quoted(last), "a day that is not before validFrom");
    }
    if kind != ServiceHourType::Exceptional {
        return (first, last);
    }
    if hour.valid_from.is_none() {
        at.wrong("validFrom", "nothing", "the day of the exceptional hours");
    }
    (first, last.or(first))
}

/// Exceptional hours whose days of the week do not come up would take the usual ones away and stand for nothing.
fn on_days_there_are(openings: &[Opening], first: Option<Date>, last: Option<Date>, at: &At<'_>) {
    let (Some(first), Some(last)) = (first, last) else { return };
    let days: Vec<Weekday> =
        first.series(1.day()).take_while(|day| *day <= last).take(7).map(Date::weekday).collect();
    for (index, opening) in openings.iter().enumerate() {
        if !opening.days.iter().any(|day| days.contains(day)) {
            let expected = "a day of the week from validFrom to validTo";
            at.item("openingHour", index).wrong("dayFrom", "another day", expected);
        }
    }
}

/// How people are met. What PTV itself says is enough: by appointment, or without.
fn channel(hour: &ServiceHour, at: &At<'_>) -> Channel {
    let Some(word) = hour.channel.as_deref() else {
        return if hour.is_closed {
            Channel::Unspecified
        } else if hour.is_reservation {
            Channel::Appointment
        } else {
            Channel::WalkIn
        };
    };
    let channel = at.one_of("channel", word, &CHANNELS).unwrap_or_default();
    match (channel, hour.is_reservation) {
        _ if hour.is_closed => at.wrong("channel", quoted(word), "none, because isClosed is true"),
        (Channel::WalkIn, true) => at.wrong("isReservation", "true", "false, because of channel walk_in"),
        (Channel::Appointment, false) => {
            at.wrong("isReservation", "false", "true, because of channel appointment");
        }
        _ => {}
    }
    channel
}

fn read(opening: &OpeningHour, kind: ServiceHourType, at: &At<'_>) -> Option<(Opening, v1::OpeningHour)> {
    let (from, to) = (minutes("from", &opening.from, at), minutes("to", &opening.to, at));
    let named = |key, text: &Option<String>| text.as_deref().map(|word| at.one_of(key, word, &DAYS));
    let (first, last) = (named("dayFrom", &opening.day_from), named("dayTo", &opening.day_to));
    let (from, to) = (from?, to?);
    let days = match (kind, first, last) {
        (_, Some(None), _) | (_, _, Some(None)) => return None,
        // On every day that they are valid on.
        (ServiceHourType::Exceptional, None, None) => DAYS.iter().map(|(_, (_, day))| *day).collect(),
        (_, None, _) => {
            at.wrong("dayFrom", "nothing", "a day of the week");
            return None;
        }
        (ServiceHourType::OverMidnight, Some(Some((_, first))), last) => {
            if last.flatten().map(|(_, last)| last) != Some(first.next()) {
                at.wrong("dayTo", "another day", "the day after dayFrom");
            }
            vec![first]
        }
        (_, Some(Some((_, first))), None) => vec![first],
        (_, Some(Some((_, first))), Some(Some((_, last)))) => {
            let count = usize::try_from(first.until(last)).unwrap_or_default() + 1;
            first.cycle_forward().take(count).collect()
        }
    };
    let is_over_midnight = kind == ServiceHourType::OverMidnight;
    if is_over_midnight && (to > from || to == 0) {
        at.wrong("to", quoted(clock(to)), "a time after midnight, not later than from");
    } else if !is_over_midnight && to <= from {
        at.wrong("to", quoted(clock(to)), "a time after from");
    }
    let wire = |day: Option<Option<(DayOfWeek, Weekday)>>| {
        day.flatten().map_or(DayOfWeek::Unspecified, |(day, _)| day).into()
    };
    let message =
        v1::OpeningHour { day_from: wire(first), day_to: wire(last), from: clock(from), to: clock(to) };
    Some((Opening { days, from, to }, message))
}

/// Minutes since midnight. PTV writes seconds too, and they are none.
fn minutes(key: &str, text: &str, at: &At<'_>) -> Option<u16> {
    let short = text.strip_suffix(":00").filter(|short| short.len() == 5).unwrap_or(text);
    let read = short.split_once(':').and_then(|(hours, minutes)| {
        let two = |digits: &str| {
            let fits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u16>().ok().filter(|_| fits)
        };
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (minutes < 60).then_some(hours * 60 + minutes).filter(|minutes| *minutes <= MINUTES)
    });
    if read.is_none() {
        at.wrong(key, quoted(text), TIME);
    }
    read
}
