//! Does a week show who is there, also where exceptions stand in the place of the usual hours and where clocks change?

use jiff::Timestamp;
use jiff::ToSpan as _;
use polku_proto::time::from_wire;
use polku_proto::v1::{CalendarDay, CalendarEntry, WeeklyCalendar};

use super::super::hours::Scope;
use super::{date, example};

fn week(place: &str, day: &str) -> WeeklyCalendar {
    let directory = example();
    directory.week(&directory.places[place], date(day)).unwrap()
}

fn day(place: &str, day: &str) -> CalendarDay {
    week(place, day).days.into_iter().find(|found| found.date == day).unwrap()
}

/// `HH:MM-HH:MM who how`.
fn told(entry: &CalendarEntry) -> String {
    let who = &entry.actor_organisation.as_ref().unwrap().id;
    let how = entry.channel().as_str_name().trim_start_matches("CHANNEL_").to_lowercase();
    format!("{}-{} {who} {how}", entry.from, entry.to)
}

fn entries(place: &str, on: &str) -> Vec<String> {
    day(place, on).entries.iter().map(told).collect()
}

fn instants(entry: &CalendarEntry) -> [Timestamp; 2] {
    [&entry.start_time, &entry.end_time].map(|time| from_wire(time.as_ref().unwrap()).unwrap())
}

/// Domain 5, source 001: "viikkokalenterin mukaisesti".
#[test]
fn a_week_says_who_is_there_when_and_how() {
    let week = week("ohjaamo-keskusta", "2026-03-05");
    let dates: Vec<&str> = week.days.iter().map(|day| day.date.as_str()).collect();
    assert_eq!((dates[0], dates[6], dates.len()), ("2026-03-02", "2026-03-08", 7));
    assert!(week.days.iter().zip(1..).all(|(day, number)| day.day_of_week == number));
    let said: Vec<Vec<String>> = week.days.iter().map(|day| day.entries.iter().map(told).collect()).collect();
    let expected: [&[&str]; 7] = [
        &["12:00-16:00 aikuissosiaalityo appointment", "12:00-16:00 esimerkkilan-ohjaamo walk_in"],
        &["12:00-16:00 esimerkkilan-ohjaamo walk_in", "12:00-16:00 tyollisyyspalvelut walk_in"],
        &[
            "12:00-16:00 esimerkkilan-ohjaamo walk_in",
            "12:00-16:00 kela walk_in",
            "13:00-15:00 esimerkkilan-ohjaamo walk_in",
        ],
        &["09:00-12:00 tyollisyyspalvelut appointment", "12:00-16:00 esimerkkilan-ohjaamo walk_in"],
        &["09:00-12:00 esimerkkilan-ohjaamo appointment"],
        &[],
        &[],
    ];
    assert_eq!(said, expected);
    let wednesday = &week.days[2].entries;
    assert_eq!(wednesday[1].services, ["services/nuotti"], "what the actor gives here");
    assert_eq!(wednesday[2].services, ["services/tyonhakuboosti"], "what the hours name");
    assert!(week.days.iter().all(|day| !day.is_closed && day.exceptions.is_empty()));
    assert_eq!(week.service_channel.unwrap().addresses[0].street_number, "1");
}

#[test]
fn an_actors_exception_is_its_own_and_everybodys_is_everybodys() {
    let place = "ohjaamo-keskusta";
    // Instead of the usual four hours.
    assert_eq!(
        entries(place, "2026-03-10"),
        ["12:00-16:00 esimerkkilan-ohjaamo walk_in", "13:00-15:00 tyollisyyspalvelut walk_in"]
    );
    let without_kela = day(place, "2026-03-18");
    assert!(without_kela.entries.iter().all(|entry| !told(entry).contains("kela")));
    assert!(!without_kela.is_closed);
    assert_eq!(without_kela.exceptions[0].additional_information[0].value, "Kela ei ole paikalla.");
    let midsummer = day(place, "2026-06-19");
    assert!(midsummer.is_closed && midsummer.entries.is_empty());
    assert_eq!(midsummer.exceptions[0].additional_information[1].value, "Midsommarafton");
    // Open, otherwise than usual, and for everybody.
    assert_eq!(entries(place, "2026-12-23"), ["10:00-12:00 esimerkkilan-ohjaamo walk_in"]);
    for (closed, is_closed) in [("2026-12-24", true), ("2026-12-26", true), ("2026-12-28", false)] {
        assert_eq!(day(place, closed).is_closed, is_closed, "{closed}");
    }
}

#[test]
fn hours_hold_from_their_first_to_their_last_day() {
    let place = "ohjaamo-keskusta";
    for (wednesday, is_there) in [("2025-12-31", false), ("2026-01-07", true), ("2026-07-15", false)] {
        let boosts = entries(place, wednesday).iter().any(|entry| entry.starts_with("13:00"));
        assert_eq!(boosts, is_there, "{wednesday}");
    }
    let closed: Vec<String> = week(place, "2026-07-06")
        .days
        .iter()
        .filter(|day| day.is_closed)
        .map(|day| day.date.clone())
        .collect();
    assert_eq!(closed.len(), 7, "{closed:?}");
    assert!(!day(place, "2026-07-05").is_closed && !day(place, "2026-07-20").is_closed);
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_begins() {
    assert_eq!(
        entries("etsivat-liikkeella", "2026-03-06"),
        ["10:00-16:00 etsiva home", "18:00-01:00 etsiva outreach"]
    );
    assert_eq!(entries("etsivat-liikkeella", "2026-03-07"), [""; 0]);
    let night = &day("etsivat-liikkeella", "2026-03-06").entries[1];
    let expected = ["2026-03-06T16:00:00Z", "2026-03-06T23:00:00Z"].map(|text| text.parse().unwrap());
    assert_eq!(instants(night), expected);
}

#[test]
fn clocks_change_and_the_hours_stay_what_clocks_show() {
    let sunday = |on: &str| instants(&day("ohjaamo-verkossa", on).entries[0])[0].to_string();
    assert_eq!(sunday("2026-03-22"), "2026-03-22T16:00:00Z");
    assert_eq!(sunday("2026-03-29"), "2026-03-29T15:00:00Z");
    assert_eq!(sunday("2026-10-18"), "2026-10-18T15:00:00Z");
    assert_eq!(sunday("2026-10-25"), "2026-10-25T16:00:00Z");
}

/// From 01:00 to 03:30 in the nights in which clocks change.
#[test]
fn a_night_in_which_clocks_change_is_as_long_as_it_is() {
    let mut directory = example();
    let mut place = directory.places.remove("ohjaamo-verkossa").unwrap();
    let opening = &mut place.hours[0].openings[0];
    (opening.from, opening.to) = (60, 210);
    let instants_on = |on: &str| {
        let week = directory.week(&place, date(on)).unwrap();
        instants(&week.days[6].entries[0]).map(|instant| instant.to_string())
    };
    assert_eq!(instants_on("2026-03-22"), ["2026-03-21T23:00:00Z", "2026-03-22T01:30:00Z"]);
    // Clocks leave 03:30 out; without the change it would be now.
    assert_eq!(instants_on("2026-03-29"), ["2026-03-28T23:00:00Z", "2026-03-29T01:30:00Z"]);
    // Clocks show 03:30 twice; it ends with the second time.
    assert_eq!(instants_on("2026-10-25"), ["2026-10-24T22:00:00Z", "2026-10-25T01:30:00Z"]);
}

#[test]
fn weeks_at_the_ends_of_the_calendar_are_answered_or_refused() {
    let directory = example();
    let place = &directory.places["ohjaamo-keskusta"];
    assert_eq!(directory.week(place, date("0001-01-01")).unwrap().days[0].date, "0001-01-01");
    assert!(directory.week(place, date("9999-12-31")).is_err());
}

/// Over three years, held against what the rules say in words.
#[test]
fn every_day_keeps_the_rules() {
    let directory = example();
    let (first, last) = (date("2025-01-01"), date("2027-12-31"));
    for place in directory.places.values() {
        let mut day = first;
        while day <= last {
            let known = place.on(day);
            let valid = place.hours.iter().filter(|hours| hours.is_valid(day));
            let closes: Vec<_> = valid.filter(|hours| hours.message.is_closed).collect();
            for (hours, opening) in &known.entries {
                assert!(hours.is_valid(day) && opening.days.contains(&day.weekday()), "{day}");
                assert!(
                    !closes.iter().any(|closed| closed.actor == hours.actor && closed.scope == Scope::Actor)
                );
                assert!(opening.ends() > opening.from);
            }
            let is_shut = closes.iter().any(|closed| closed.scope == Scope::Everybody);
            assert_eq!(known.is_closed, is_shut, "{day}");
            assert!(!is_shut || known.entries.is_empty(), "{day}");
            day = day.checked_add(1.day()).unwrap();
        }
    }
}
