//! Is everything found that fits, and nothing else?

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use polku_proto::v1::ServiceNetwork;
use polku_proto::v1::service_hour::Channel;

use super::super::search::Query;
use super::{date, example};

const MONDAY: &str = "2026-03-02";

fn found(ask: impl FnOnce(&mut Query)) -> Vec<String> {
    let mut query = Query::on(date(MONDAY));
    ask(&mut query);
    example().search(&query).map(|listing| listing.id.clone()).collect()
}

fn on(day: &str) -> Vec<String> {
    found(|query| query.date = Some(date(day)))
}

#[test]
fn the_core_network_comes_first_and_then_the_name() {
    let all = found(|_| {});
    let expected = [
        "etsiva-nuorisotyo",
        "korttikoulutukset",
        "sosiaaliohjaus",
        "nuorten-tyollisyyspalvelut",
        "nuotti",
        "starttipiste",
        "tyonhakuboosti",
        // In Finnish the letter ä comes after y.
        "tasmarekry",
        "verkko-ohjaus",
        "workpilots",
        "pajavalmennus",
        "taksikurssi",
        "hemkvall",
    ];
    assert_eq!(all, expected);
    assert_eq!(found(|query| query.network = Some(ServiceNetwork::Core)), all[..10]);
    assert_eq!(found(|query| query.network = Some(ServiceNetwork::Partner)), all[10..]);
}

#[test]
fn words_stand_in_longer_words_and_all_of_them_count() {
    let words = |text: &str| found(|query| query.words = text.split(' ').map(str::to_lowercase).collect());
    assert_eq!(words("TYÖNHAK"), ["nuorten-tyollisyyspalvelut", "tyonhakuboosti"]);
    assert_eq!(words("työnhak palkkatuki"), ["nuorten-tyollisyyspalvelut"]);
    assert_eq!(words("kela"), ["nuotti"], "by the name of the organisation");
    assert_eq!(words("ostoskeskus"), [""; 0], "what is said about hours is no word of a service");
    assert_eq!(words("talo"), ["sosiaaliohjaus", "pajavalmennus"], "talous, and the name of a place");
    assert_eq!(words("läkarutlåtande"), ["nuotti"], "in every language");
}

/// Domain 5: "17-29 -vuotiaiden", "alle 30-vuotiaille": the age rule of each service is data.
#[test]
fn ages_are_those_of_each_service() {
    let of = |age: i32| found(|query| query.age = Some(age));
    let all = found(|_| {});
    assert_eq!(of(14), ["etsiva-nuorisotyo"]);
    assert!(!of(15).contains(&"nuotti".to_owned()) && of(16).contains(&"nuotti".to_owned()));
    assert!(of(28).contains(&"etsiva-nuorisotyo".to_owned()), "under 29");
    assert!(!of(29).contains(&"etsiva-nuorisotyo".to_owned()) && of(29).contains(&"nuotti".to_owned()));
    assert_eq!(of(30), ["taksikurssi"]);
    assert_eq!(of(20), all);
}

#[test]
fn municipality_and_language_have_to_fit_the_service_and_a_place() {
    let there = |code: &str| found(|query| query.municipality = Some(code.to_owned()));
    assert_eq!(there("564"), ["verkko-ohjaus"], "Nuotti is for all, but its only place is not");
    assert_eq!(there("091"), ["verkko-ohjaus", "pajavalmennus", "taksikurssi"]);
    assert_eq!(there("049"), found(|_| {}));
    let spoken = |language: &str| found(|query| query.language = Some(language.to_owned()));
    assert_eq!(spoken("en"), ["etsiva-nuorisotyo", "starttipiste"]);
    assert!(spoken("sv").contains(&"hemkvall".to_owned()));
    assert_eq!(spoken("so"), [""; 0]);
}

#[test]
fn a_day_finds_who_is_there_and_exceptions_count() {
    let tuesday = ["etsiva-nuorisotyo", "nuorten-tyollisyyspalvelut", "starttipiste", "pajavalmennus"];
    assert_eq!(on("2026-03-03"), tuesday);
    assert!(on("2026-03-10").contains(&"tasmarekry".to_owned()));
    assert!(!on("2026-03-10").contains(&"nuorten-tyollisyyspalvelut".to_owned()), "in its place");
    assert!(on("2026-03-11").contains(&"nuotti".to_owned()));
    assert!(!on("2026-03-18").contains(&"nuotti".to_owned()), "Kela is away");
    assert_eq!(on("2026-03-08"), ["verkko-ohjaus"], "a Sunday");
}

#[test]
fn a_channel_is_asked_for_with_or_without_a_day() {
    let met = |channel: Channel, day: Option<Date>| {
        found(|query| {
            query.channel = Some(channel);
            query.date = day;
        })
    };
    assert_eq!(met(Channel::Online, None), ["verkko-ohjaus"]);
    assert_eq!(met(Channel::Outreach, None), ["etsiva-nuorisotyo"]);
    assert_eq!(met(Channel::Home, Some(date(MONDAY))), ["etsiva-nuorisotyo"]);
    assert_eq!(met(Channel::Outreach, Some(date(MONDAY))), [""; 0]);
    assert_eq!(met(Channel::Appointment, Some(date(MONDAY))), ["sosiaaliohjaus", "pajavalmennus"]);
    assert!(met(Channel::WalkIn, None).contains(&"tasmarekry".to_owned()));
    let later = Query { channel: Some(Channel::WalkIn), ..Query::on(date("2026-03-11")) };
    assert!(example().search(&later).all(|listing| listing.id != "tasmarekry"), "its only day is over");
}

/// Both are asked about every day of a year.
#[test]
fn a_search_for_a_day_and_the_calendars_of_that_day_agree() {
    let directory = example();
    let (mut monday, end) = (date(MONDAY), date("2027-03-01"));
    let mut given_days = 0;
    while monday < end {
        let weeks: Vec<_> =
            directory.places.values().map(|place| directory.week(place, monday).unwrap()).collect();
        for day in 0..7_i32 {
            let date = monday.checked_add(day.days()).unwrap();
            let entries = weeks.iter().flat_map(|week| &week.days[usize::try_from(day).unwrap()].entries);
            let given: BTreeSet<&str> =
                entries.flat_map(|entry| &entry.services).map(String::as_str).collect();
            let query = Query { date: Some(date), ..Query::on(monday) };
            let found: BTreeSet<&str> =
                directory.search(&query).map(|listing| listing.message.name.as_str()).collect();
            assert_eq!(found, given, "{date}");
            given_days += usize::from(!given.is_empty());
        }
        monday = monday.checked_add(7.days()).unwrap();
    }
    assert!(given_days > 250, "{given_days}");
}
