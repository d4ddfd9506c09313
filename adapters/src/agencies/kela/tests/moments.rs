//! Is every day and instant read that README.md allows, wherever one stands, and no other?

use polku_proto::time;
use serde_json::{Value, json};

use super::held::{all, answer};
use super::received::received;
use super::referrals::{changed, notice, plain_referral};
use crate::InboundMatter;
use crate::agencies::trial::{Zones, try_every_day, try_every_moment};

#[test]
fn of_a_referral() {
    for (document, place) in [
        (notice(), "/toimeentulotukiIlmoitus/vastausViimeistaan"),
        (plain_referral(), "/lahete/vastausViimeistaan"),
    ] {
        try_every_moment(Zones::Utc, |text| {
            let event = received(&changed(document.clone(), place, json!(text))).ok()?;
            let InboundMatter::Referral(referral) = event.matter else { panic!("no referral") };
            referral.respond_by
        });
    }
}

#[test]
fn of_what_is_held() {
    // The lists of records in their order, with the members that have the days.
    let records = [
        ("vireillaOlevat", "saapunut", ""),
        ("paatokset", "alkaa", "paattyy"),
        ("maksut", "alkaa", "paattyy"),
        ("asiakkuudet", "alkaa", "paattyy"),
        ("nuottivalmennukset", "alkaa", "paattyy"),
        ("kuntoutukset", "alkaa", "paattyy"),
    ];
    for (number, (list, since, until)) in records.into_iter().enumerate() {
        let held = |member: &str, text: &str| {
            let mut answer: Value = answer();
            let record = answer[list][0].as_object_mut().unwrap();
            for dated in [since, until, "kirjattu"] {
                record.remove(dated);
            }
            record.insert(member.to_owned(), json!(text));
            Some(all(&answer)?.facts.remove(number))
        };
        let recorded = |text: &str| held("kirjattu", text)?.record_time;
        try_every_moment(Zones::Utc, |text| recorded(text).map(|time| time::from_wire(&time).unwrap()));
        try_every_day(|text| Some(held(since, text)?.since));
        if !until.is_empty() {
            try_every_day(|text| Some(held(until, text)?.until));
        }
    }
}
