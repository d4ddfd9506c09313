//! Is every day and instant read that README.md allows, wherever one stands, and no other?

use polku_proto::time;
use serde_json::{Value, json};

use super::received::{LAHETE, other, received};
use super::*;
use crate::InboundMatter;
use crate::agencies::trial::{Zones, try_every_day, try_every_moment};

/// Puts a text at a place where there is one.
fn put(mut document: Value, place: &str, text: &str) -> Value {
    *document.pointer_mut(place).unwrap() = json!(text);
    document
}

#[test]
fn of_a_referral() {
    try_every_moment(Zones::Utc, |text| {
        let good = "2026-12-21T09:30:00Z";
        assert!(LAHETE.contains(good));
        let event = received(&other("lahete_luotu", &LAHETE.replace(good, text))).ok()?;
        let InboundMatter::Referral(referral) = event.matter else { panic!("no referral") };
        referral.respond_by
    });
}

#[test]
fn of_a_plan() {
    let with = |place: &str, text: &str| plans::read(put(plans::own(), place, text)).ok();
    try_every_moment(Zones::Utc, |text| {
        with("/paivitetty", text)?.update_time.map(|time| time::from_wire(&time).unwrap())
    });
    try_every_moment(Zones::Utc, |text| {
        with("/tapaamiset/0/aika", text)?.meetings.remove(0).time.map(|time| time::from_wire(&time).unwrap())
    });
    try_every_day(|text| Some(with("/tarkistusPvm", text)?.next_review));
    try_every_day(|text| Some(with("/tavoitteet/0/maaraPvm", text)?.goals.remove(0).due));
    // Either of two, so that they cannot be in the wrong order.
    let dated = |first: &str, last: &str| {
        let plan = put(put(plans::own(), "/toimenpiteet/0/alkuPvm", first), "/toimenpiteet/0/loppuPvm", last);
        Some(plans::read(plan).ok()?.actions.remove(0))
    };
    try_every_day(|text| Some(dated(text, "")?.start));
    try_every_day(|text| Some(dated("", text)?.end));
}

#[test]
fn of_what_is_held() {
    let with = |place: &str, text: &str| asked::read(&put(asked::answer(), place, text), &asked::all()).ok();
    try_every_moment(Zones::Utc, |text| {
        with("/vastattu", text)?.as_of.map(|time| time::from_wire(&time).unwrap())
    });
    for (place, number) in [("/palvelutarpeet/0", 2), ("/valmennusjaksot/0", 3)] {
        let held = |member: &str, text: &str| {
            let mut answer = asked::answer();
            let record = answer.pointer_mut(place).unwrap().as_object_mut().unwrap();
            for dated in ["alkuPvm", "loppuPvm", "kirjattu"] {
                record.remove(dated);
            }
            record.insert(member.to_owned(), json!(text));
            Some(asked::read(&answer, &asked::all()).ok()?.facts.remove(number))
        };
        try_every_moment(Zones::Utc, |text| {
            held("kirjattu", text)?.record_time.map(|time| time::from_wire(&time).unwrap())
        });
        try_every_day(|text| Some(held("alkuPvm", text)?.since));
        try_every_day(|text| Some(held("loppuPvm", text)?.until));
    }
    try_every_day(|text| Some(with("/valmennusjaksot/0/lasnaolot/0/pvm", text)?.facts.remove(4).since));
}
