//! Does a disclosure notice have what the law's profile asks for, once for each disclosure?

use polku_proto::time;
use polku_proto::v1::{Basis, DisclosureNotice, Origin, Purpose, basis};

use super::*;

pub(super) fn notice() -> DisclosureNotice {
    let basis = |kind: basis::Kind, consent: &str| Basis {
        kind: kind.into(),
        rule: "consent_covers".into(),
        statute: "703/2023".into(),
        consent: consent.into(),
        consent_version: if consent.is_empty() { 0 } else { 2 },
    };
    let consent = format!("youths/{}/consents/{}", trial::YOUTH, trial::CONSENT);
    DisclosureNotice {
        identity_code: "010594Y9032".into(),
        disclose_time: time::to_wire(trial::instant("2026-11-21T09:30:07.5Z")).ok(),
        disclosed_message: "0193c5a0-0000-7000-8000-000000000009".into(),
        told_to: "ohjaamo/keskusta".into(),
        purpose: Purpose::Guidance.into(),
        data_sets: vec![DataCategory::SocialSituation.into(), DataCategory::ServiceNeeds.into()],
        bases: vec![basis(basis::Kind::DisclosurePermit, &consent), basis(basis::Kind::Statute, "")],
        origin: Some(Origin {
            service_task: "12".into(),
            documents: vec!["1.2.246.10.1".into(), "d-2".into()],
        }),
    }
}

pub(super) fn delivery(notice: DisclosureNotice) -> Delivery {
    let mut delivery = to_social(Item::Disclosure(notice));
    delivery.sender = "social".into();
    delivery
}

/// The AuditEvent and the Provenance that a notice becomes.
pub(super) fn written_notice(notice: DisclosureNotice) -> Result<(Value, Value), AdapterErrorKind> {
    let (_, decision) = trial::spent(to_social(Item::Handover(trial::handover(None))));
    let message = written(delivery(notice), &decision)?;
    let bundle: Value = serde_json::from_slice(&message.body).unwrap();
    let entries = bundle["entry"].as_array().unwrap();
    let kinds: Vec<_> =
        entries.iter().map(|entry| entry["resource"]["resourceType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["AuditEvent", "Provenance"]);
    Ok((entries[0]["resource"].clone(), entries[1]["resource"].clone()))
}

fn event(notice: DisclosureNotice) -> Result<Value, AdapterErrorKind> {
    written_notice(notice).map(|(event, _)| event)
}

#[test]
fn one_entity_for_each_data_set() {
    let personal = CategorySet::ALL.difference(CategorySet::ENVELOPE);
    for count in 1..=14 {
        let sets: Vec<i32> = personal.iter().take(count).map(i32::from).collect();
        let event = event(DisclosureNotice { data_sets: sets, ..notice() }).unwrap();
        let entities = event["entity"].as_array().unwrap();
        assert_eq!(entities.iter().filter(|entity| entity["role"]["code"] == "3").count(), count);
        assert_eq!(event["agent"].as_array().unwrap().len(), 2);
        assert_eq!(event["period"], json!({"start": "2026-11-21T09:30:07.5Z"}));
    }
}

#[test]
fn without_identity_and_origin() {
    let notice =
        DisclosureNotice { identity_code: String::new(), origin: None, bases: Vec::new(), ..notice() };
    let event = event(notice).unwrap();
    assert_eq!(event["entity"].as_array().unwrap().len(), 2);
    assert_eq!(event["extension"].as_array().unwrap().len(), 2);
}

#[test]
fn what_cannot_be_written() {
    let what = |change: fn(&mut DisclosureNotice)| {
        let mut notice = notice();
        change(&mut notice);
        match event(notice) {
            Err(AdapterErrorKind::Unwritable { what }) => what,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(what(|notice| notice.disclose_time = None), "disclose_time");
    assert_eq!(what(|notice| notice.disclosed_message.clear()), "disclosed_message");
    assert_eq!(what(|notice| notice.told_to.clear()), "told_to");
    assert_eq!(what(|notice| notice.purpose = 0), "purpose");
    assert_eq!(what(|notice| notice.data_sets.clear()), "data_sets");
    assert_eq!(what(|notice| notice.data_sets.push(1)), "data_sets");
    assert_eq!(what(|notice| notice.bases[0].kind = 0), "bases.kind");
    assert_eq!(what(|notice| notice.bases[0].consent.clear()), "bases.consent");
}
