//! Is every day and instant read that README.md allows, wherever one stands, and no other?

use polku_proto::time;

use super::facts::{read, row, with};
use super::received::{plan, received, referral};
use super::*;
use crate::InboundMatter;
use crate::agencies::trial::{Zones, try_every_day, try_every_moment};

/// Puts a text in place of another one, which is there.
fn put(document: &str, old: &str, new: &str) -> String {
    assert!(document.contains(old), "{old}");
    document.replace(old, new)
}

fn sent_plan(document: &str) -> Option<PlanPart> {
    match received("lahetaSuunnitelma", document).ok()?.matter {
        InboundMatter::PlanPart(plan) => Some(plan.part),
        InboundMatter::Change { .. } | InboundMatter::Referral(_) => panic!("no plan"),
    }
}

const REVIEW: &str = "<seuraavaTarkistus>";
const SERVICE: &str = "<palvelu><tunnus>p1";

#[test]
fn of_a_referral() {
    try_every_moment(Zones::Utc, |text| {
        let sent = received("lahetaLahete", &put(&referral(), "2026-12-21T09:30:00Z", text)).ok()?;
        let InboundMatter::Referral(referral) = sent.matter else { panic!("no referral") };
        referral.respond_by
    });
}

#[test]
fn of_a_plan() {
    try_every_moment(Zones::Utc, |text| {
        let updated = sent_plan(&put(&plan(), "2026-10-01T08:00:00Z", text))?.update_time;
        updated.map(|time| time::from_wire(&time).unwrap())
    });
    try_every_moment(Zones::Utc, |text| {
        let meeting = format!(
            "<tapaaminen><tunnus>m1</tunnus><tietoluokka>SUUNNITELMA</tietoluokka>\
             <ajankohta>{text}</ajankohta><tapaamisenTila>SOVITTU</tapaamisenTila></tapaaminen>{REVIEW}"
        );
        let time = sent_plan(&put(&plan(), REVIEW, &meeting))?.meetings.remove(0).time;
        time.map(|time| time::from_wire(&time).unwrap())
    });
    try_every_day(|text| Some(sent_plan(&put(&plan(), "2027-01-15", text))?.next_review));
    try_every_day(|text| {
        let goal = format!(
            "<tavoite><tunnus>g1</tunnus><tietoluokka>SUUNNITELMA</tietoluokka><kuvaus>Ala</kuvaus>\
             <tavoitteenTila>TAVOITELLAAN</tavoitteenTila><tavoitepaiva>{text}</tavoitepaiva></tavoite>{SERVICE}"
        );
        Some(sent_plan(&put(&plan(), SERVICE, &goal))?.goals.remove(0).due)
    });
    let begins = "<alkaa>2026-09-01</alkaa>";
    let service = |dates: &str| Some(sent_plan(&put(&plan(), begins, dates))?.actions.remove(0));
    try_every_day(|text| Some(service(&format!("<alkaa>{text}</alkaa>"))?.start));
    try_every_day(|text| Some(service(&format!("<paattyy>{text}</paattyy>"))?.end));
}

#[test]
fn of_what_is_held() {
    try_every_moment(Zones::Utc, |text| {
        let as_of = read(&put(&with(""), "2026-11-21T09:30:00Z", text)).ok()?.as_of;
        as_of.map(|time| time::from_wire(&time).unwrap())
    });
    let held = |inside: &str| Some(read(&row(inside)).ok()?.facts.remove(0));
    try_every_moment(Zones::Utc, |text| {
        let recorded = held(&format!("<kirjattu>{text}</kirjattu>"))?.record_time;
        recorded.map(|time| time::from_wire(&time).unwrap())
    });
    try_every_day(|text| Some(held(&format!("<alkaen>{text}</alkaen>"))?.since));
    try_every_day(|text| Some(held(&format!("<saakka>{text}</saakka>"))?.until));
}
