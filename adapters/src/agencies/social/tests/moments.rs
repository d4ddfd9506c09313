//! Is every day and instant read that FHIR allows, wherever one stands, and no other?

use polku_proto::time;
use polku_proto::v1::{AgencyFacts, PlanPart};

use super::facts::{all, held};
use super::received::{plan, referral};
use super::*;
use crate::InboundMatter;
use crate::agencies::trial::{Zones, try_every_day, try_every_moment};

/// Puts a value at a place, where there may be one.
fn put(mut document: Value, place: &str, value: Value) -> Value {
    let (around, name) = place.rsplit_once('/').unwrap();
    document.pointer_mut(around).unwrap()[name] = value;
    document
}

fn told_plan(place: &str, value: Value) -> Option<PlanPart> {
    match receive(&put(plan(), place, value)).ok()?.matter {
        InboundMatter::PlanPart(plan) => Some(plan.part),
        InboundMatter::Change { .. } | InboundMatter::Referral(_) => panic!("no plan"),
    }
}

#[test]
fn of_a_referral() {
    try_every_moment(Zones::AnyOrNone, |text| {
        let sent = receive(&put(referral(), "/entry/2/resource/restriction/period/end", json!(text)));
        let InboundMatter::Referral(referral) = sent.ok()?.matter else { panic!("no referral") };
        referral.respond_by
    });
}

#[test]
fn of_a_plan() {
    for place in ["recorded", "occurredDateTime"] {
        try_every_moment(Zones::AnyOrNone, |text| {
            let updated = told_plan(&format!("/entry/2/resource/{place}"), json!(text))?.update_time;
            updated.map(|time| time::from_wire(&time).unwrap())
        });
    }
    let meeting = |text: &str| {
        json!({"id": "k1", "detail": {
            "kind": "Appointment",
            "code": {"coding": [{"system": "urn:polku:data-category", "code": "joint_plan"}]},
            "status": "scheduled",
            "scheduledTiming": {"event": [text]},
        }})
    };
    try_every_moment(Zones::Any, |text| {
        let part = told_plan("/entry/1/resource/activity", json!([meeting(text)]));
        part?.meetings.remove(0).time.map(|time| time::from_wire(&time).unwrap())
    });
    let review = |text: &str| json!({"url": "urn:polku:next-review", "valueDate": text});
    let revision = json!({"url": "urn:polku:plan-revision", "valuePositiveInt": 2});
    try_every_day(|text| {
        let extensions = json!([revision.clone(), review(text)]);
        Some(told_plan("/entry/1/resource/extension", extensions)?.next_review)
    });
    try_every_day(|text| {
        let target = json!([{"dueDate": text}]);
        Some(told_plan("/entry/1/resource/contained/2/target", target)?.goals.remove(0).due)
    });
    let service = |period: Value| {
        Some(told_plan("/entry/1/resource/activity/0/detail/scheduledPeriod", period)?.actions.remove(0))
    };
    try_every_day(|text| Some(service(json!({"start": text}))?.start));
    try_every_day(|text| Some(service(json!({"end": text}))?.end));
}

#[test]
fn of_what_is_held() {
    // The Observation about the social situation, and which of the facts it is.
    let (entry, number) = (4, 4);
    let known = |place: &str, value: Value| -> Option<AgencyFacts> {
        facts::read(&put(held(), &format!("/entry/{entry}/resource{place}"), value), all())
    };
    try_every_moment(Zones::Any, |text| {
        let issued = known("/issued", json!(text))?.facts.remove(number).record_time;
        issued.map(|time| time::from_wire(&time).unwrap())
    });
    // A month or a year is its first or last day: other forms than a day's are read, and are no day.
    let same = |read: String, text: &str| Some(read).filter(|read| read == text);
    try_every_day(|text| {
        let known = known("/effectivePeriod", json!({"start": text}))?.facts.remove(number);
        same(known.since, text)
    });
    try_every_day(|text| {
        same(known("/effectivePeriod", json!({"end": text}))?.facts.remove(number).until, text)
    });
    try_every_day(|text| same(known("/effectiveDateTime", json!(text))?.facts.remove(number).since, text));
}
