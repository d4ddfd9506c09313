//! Does a disclosure notice have what the law's profile asks for, once for each disclosure?

use polku_proto::time;
use polku_proto::v1::consent_event::By;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::{
    Basis, Consent, ConsentEvent, ConsentState, ConsentTerms, DisclosureNotice, LegalBasis, Origin,
    PermitDomain, Purpose, basis,
};

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
        consents: vec![permit(&consent)],
        arrival: Arrival::Known.into(),
        temporary_id: String::new(),
    }
}

/// A permit as the gateway gives it: in force, recorded by a professional of the county.
pub(super) fn permit(name: &str) -> Consent {
    Consent {
        name: name.to_owned(),
        state: ConsentState::Given.into(),
        terms: Some(ConsentTerms {
            kind: ConsentKind::DisclosurePermit.into(),
            disclosers: vec!["social".into()],
            recipients: vec!["ohjaamo/keskusta".into()],
            purposes: vec![Purpose::Guidance.into()],
            categories: vec![DataCategory::SocialSituation.into(), DataCategory::ServiceNeeds.into()],
            explicit_categories: vec![DataCategory::SocialSituation.into()],
            valid_from: time::to_wire(trial::instant("2026-11-01T00:00:00Z")).ok(),
            valid_until: None,
            legal_basis: LegalBasis::PublicTask.into(),
            permit_domain: PermitDomain::Social.into(),
            review_time: None,
        }),
        recorder: "social".into(),
        recorder_unit: "lapsiperheet".into(),
        recorder_professional: "tt-17".into(),
        create_time: time::to_wire(trial::instant("2026-11-01T08:00:00Z")).ok(),
        ..Consent::default()
    }
}

pub(super) fn delivery(notice: DisclosureNotice) -> Delivery {
    let mut delivery = to_social(Item::Disclosure(notice));
    delivery.sender = "social".into();
    delivery
}

/// The AuditEvent and the Provenance that a notice becomes.
pub(super) fn written_notice(notice: DisclosureNotice) -> Result<(Value, Value), AdapterErrorKind> {
    let entries = entries_of(notice)?;
    let (first, last) = (&entries[0]["resource"], &entries.last().unwrap()["resource"]);
    assert_eq!((&first["resourceType"], &last["resourceType"]), (&json!("AuditEvent"), &json!("Provenance")));
    Ok((first.clone(), last.clone()))
}

pub(super) fn entries_of(notice: DisclosureNotice) -> Result<Vec<Value>, AdapterErrorKind> {
    let (_, decision) = trial::spent(to_social(Item::Handover(trial::handover(None))));
    let message = written(delivery(notice), &decision)?;
    let mut bundle: Value = serde_json::from_slice(&message.body).unwrap();
    let Value::Array(entries) = bundle["entry"].take() else { panic!("no entries") };
    assert_eq!(message.entries, entries.len());
    Ok(entries)
}

fn kinds(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["resource"]["resourceType"].as_str().unwrap()).collect()
}

#[test]
fn a_permit_goes_along_in_the_shape_of_sote_consent() {
    let entries = entries_of(notice()).unwrap();
    assert_eq!(kinds(&entries), ["AuditEvent", "Consent", "Provenance", "Provenance"]);
    let id = format!("urn:uuid:{}", trial::CONSENT);
    let consent = &entries[1];
    assert_eq!(consent["fullUrl"], id);
    let version = format!("urn:polku:consent-at-version|{}/2", trial::CONSENT);
    assert_eq!(consent["request"]["ifNoneExist"], format!("identifier={version}"));
    assert_eq!(consent["resource"]["identifier"][0]["value"], id);
    let identifier = &consent["resource"]["identifier"][1];
    assert_eq!(
        (&identifier["system"], &identifier["value"]),
        (&json!("urn:polku:consent-at-version"), &json!(format!("{}/2", trial::CONSENT)))
    );
    let system = &consent["resource"]["category"][0]["coding"][0]["system"];
    assert!(system.as_str().unwrap().contains("sote"), "{system}");
    let classes = consent["resource"]["provision"]["provision"][0]["class"].as_array().unwrap();
    assert_eq!(classes.len(), 2);
    let recorded = &entries[2];
    assert_eq!(recorded["resource"]["target"], json!([{"reference": id}]));
    assert_eq!(recorded["resource"]["agent"][0]["who"]["identifier"]["value"], "tt-17");
    assert_eq!(recorded["request"]["ifNoneExist"], format!("_tag={version}"));
    assert_eq!(recorded["resource"]["meta"]["tag"][0]["code"], identifier["value"]);
    let targets = &entries[3]["resource"]["target"];
    assert_eq!(targets, &json!([{"reference": entries[0]["fullUrl"]}, {"reference": id}]));
}

/// domain.md 1.8: the patient's identifier is required.
#[test]
fn consents_name_the_young_person_by_the_identity_code() {
    let of_themselves = |notice: &mut DisclosureNotice| {
        notice.consents[0].recorder_unit.clear();
        let given_by = polku_proto::v1::consent_evidence::GivenBy::Self_.into();
        notice.consents[0].evidence =
            Some(polku_proto::v1::ConsentEvidence { given_by, ..Default::default() });
    };
    let mut plain = notice();
    of_themselves(&mut plain);
    let mut wide = plain.clone();
    wide.consents[0].terms.as_mut().unwrap().categories =
        CategorySet::ALL.difference(CategorySet::ENVELOPE).iter().take(4).map(i32::from).collect();
    for notice in [plain, wide] {
        let entries = entries_of(notice.clone()).unwrap();
        let person = &entries[0]["resource"]["entity"][0]["what"]["identifier"];
        assert_eq!(person["value"], "010594Y9032");
        assert_eq!(entries[1]["resource"]["patient"]["identifier"], *person);
        assert_eq!(entries[2]["resource"]["agent"][0]["who"]["identifier"], *person);
        for entry in &entries {
            let (address, request) = (entry["fullUrl"].to_string(), entry["request"].to_string());
            assert!(!address.contains("010594Y9032") && !request.contains("010594Y9032"), "{request}");
        }
        let nameless = DisclosureNotice { identity_code: String::new(), ..notice };
        let entries = entries_of(nameless).unwrap();
        assert_eq!(entries[1]["resource"]["patient"]["identifier"]["system"], "urn:polku:youth");
    }
}

#[test]
fn what_sote_consent_cannot_hold_goes_along_as_fhirs_own_consent() {
    let permit = || notice().consents.remove(0);
    let mut wide = permit();
    wide.terms.as_mut().unwrap().categories =
        CategorySet::ALL.difference(CategorySet::ENVELOPE).iter().take(4).map(i32::from).collect();
    let mut case = permit();
    let terms = case.terms.as_mut().unwrap();
    terms.kind = ConsentKind::Consent.into();
    terms.permit_domain = 0;
    terms.valid_until = time::to_wire(trial::instant("2027-11-01T00:00:00Z")).ok();
    // Nor who recorded it, if the record does not say.
    let mut unsigned = permit();
    unsigned.recorder_unit.clear();
    for (consent, is_signed) in [(wide, true), (case, true), (unsigned, false)] {
        let entries = entries_of(DisclosureNotice { consents: vec![consent], ..notice() }).unwrap();
        if is_signed {
            assert_eq!(kinds(&entries), ["AuditEvent", "Consent", "Provenance", "Provenance"]);
            let recorded = &entries[2]["resource"];
            assert_eq!(recorded["target"], json!([{"reference": entries[1]["fullUrl"]}]));
            assert_eq!(recorded["agent"][0]["who"]["identifier"]["value"], "tt-17");
        } else {
            assert_eq!(kinds(&entries), ["AuditEvent", "Consent", "Provenance"]);
        }
        assert_eq!(entries[1]["resource"]["id"], Value::Null);
        assert_eq!(entries[1]["resource"]["status"], "active");
    }
}

#[test]
fn where_a_law_is_the_ground_there_is_no_consent() {
    let mut notice = notice();
    notice.bases.remove(0);
    notice.consents.clear();
    assert_eq!(kinds(&entries_of(notice).unwrap()), ["AuditEvent", "Provenance"]);
}

#[test]
fn what_may_not_have_arrived_is_told_as_that() {
    let outcome = |arrival: Arrival| {
        let event = event(DisclosureNotice { arrival: arrival.into(), ..notice() }).unwrap();
        (event["outcome"].clone(), event["outcomeDesc"].clone())
    };
    assert_eq!(outcome(Arrival::Known), (json!("0"), Value::Null));
    assert_eq!(outcome(Arrival::InDoubt), (json!("4"), json!("arrival unknown")));
}

fn event(notice: DisclosureNotice) -> Result<Value, AdapterErrorKind> {
    written_notice(notice).map(|(event, _)| event)
}

/// domain.md 1.10: the number is the value, and the organisation with the year is the system.
#[test]
fn whoever_has_no_identity_code_is_named_by_the_temporary_id() {
    let temporary = DisclosureNotice {
        identity_code: String::new(),
        temporary_id: "1.2.246.10.2048198.22.2026.4711".into(),
        ..notice()
    };
    let who = json!({"use": "temp", "system": "urn:oid:1.2.246.10.2048198.22.2026", "value": "4711"});
    assert_eq!(event(temporary).unwrap()["entity"][0]["what"], json!({"type": "Patient", "identifier": who}));
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
    let notice = DisclosureNotice {
        identity_code: String::new(),
        origin: None,
        bases: Vec::new(),
        consents: Vec::new(),
        ..notice()
    };
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
    assert_eq!(what(|notice| notice.arrival = 0), "arrival");
    let temporary = |notice: &mut DisclosureNotice| {
        notice.identity_code.clear();
        notice.temporary_id = "1.2.246.10.2048198.22.2026".into();
    };
    assert_eq!(what(temporary), "temporary_id");
    assert_eq!(what(|notice| notice.consents[0].name = "x".into()), "consents");
    assert_eq!(what(|notice| notice.consents[0].create_time = None), "consents");
    assert_eq!(what(|notice| notice.consents[0].terms = None), "consents");
    assert_eq!(what(|notice| notice.bases.clear()), "consents");
    assert_eq!(what(|notice| notice.bases[0].kind = 0), "bases.kind");
    assert_eq!(what(|notice| notice.identity_code = "010594".into()), "identity_code");
    let nowhere = |notice: &mut DisclosureNotice| {
        notice.consents.clear();
        notice.bases[0].consent.clear();
    };
    assert_eq!(what(nowhere), "bases.consent");
}

#[test]
fn of_a_joint_plan_the_message_that_told_it_is_the_matter() {
    let (_, decision) = trial::spent(to_social(Item::Handover(trial::handover(None))));
    let told = Delivery { referral: String::new(), ..delivery(notice()) };
    let message = written(told, &decision).unwrap();
    let bundle: Value = serde_json::from_slice(&message.body).unwrap();
    let extensions = bundle["entry"][0]["resource"]["extension"].as_array().unwrap();
    assert!(extensions.iter().all(|extension| extension["url"] != "urn:polku:referral"));
    assert_eq!(extensions[0]["valueUri"], format!("urn:uuid:{}", notice().disclosed_message));
}

/// A renewal overwrites terms and evidence: whoever first recorded the permit has not recorded what counts now.
#[test]
fn a_renewed_permit_was_recorded_when_it_was_renewed() {
    let mut notice = notice();
    let step = |state: ConsentState, at: &str, unit: &str, professional: &str| ConsentEvent {
        state: state.into(),
        time: time::to_wire(trial::instant(at)).ok(),
        agency: "social".into(),
        by: By::Professional.into(),
        unit: unit.into(),
        professional: professional.into(),
        ..ConsentEvent::default()
    };
    notice.consents[0].state = ConsentState::Renewed.into();
    notice.consents[0].events = vec![
        step(ConsentState::Given, "2026-11-01T08:00:00Z", "lapsiperheet", "tt-17"),
        step(ConsentState::Renewed, "2026-11-20T08:00:00Z", "nuoret", "tt-3"),
    ];
    let entries = entries_of(notice).unwrap();
    let (consent, provenance) = (&entries[1]["resource"], &entries[2]["resource"]);
    assert_eq!(provenance["recorded"], "2026-11-20T08:00:00Z");
    assert_eq!(provenance["recorded"], consent["dateTime"]);
    let agent = &provenance["agent"][0];
    assert_eq!(agent["who"]["identifier"]["value"], "tt-3");
    assert_eq!(agent["onBehalfOf"]["identifier"]["value"], "social/nuoret");
}

/// Permits are separate for social and health data, and the record says which of the two it is.
#[test]
fn the_category_of_a_permit_is_that_of_its_record() {
    for (domain, category) in [(PermitDomain::Social, "2"), (PermitDomain::Health, "1")] {
        let mut notice = notice();
        notice.consents[0].terms.as_mut().unwrap().permit_domain = domain.into();
        let entries = entries_of(notice).unwrap();
        let coding = &entries[1]["resource"]["category"][0]["coding"][0];
        assert_eq!(
            (&coding["system"], &coding["code"]),
            (&json!("urn:polku:sote-consent-category"), &json!(category))
        );
    }
}
