//! Do documents say what the terms say, and terms what the documents say?
#![expect(
    clippy::needless_pass_by_value,
    reason = "documents are put together of parts that nobody else needs"
)]

mod givers;
mod malformed;
mod meaning;
mod moments;
mod round_trip;
mod source;
mod table;
mod written;

use polku_proto::AgencyId;
use polku_proto::identity::{Hetu, Oid};
use polku_proto::time;
use polku_proto::v1::consent_evidence::{Form, GivenBy};
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{
    Consent, ConsentEvent, ConsentEvidence, ConsentState, ConsentTerms, DataCategory, LegalBasis,
    PermitDomain, Purpose,
};
use serde_json::{Value, json};

use super::*;
use crate::formats::Organisation;

const YOUTH: &str = "youths/0193c5a0-0000-7000-8000-000000000001";
const CONSENT: &str =
    "youths/0193c5a0-0000-7000-8000-000000000001/consents/0193c5a0-0000-7000-8000-000000000004";
const HETU: &str = "010594Y9032";

fn hetu() -> Hetu {
    HETU.parse().unwrap()
}

/// `te` and `social` have a business id, `ohjaamo` only a name; nobody else is known.
fn parties(agency: &AgencyId) -> Option<Organisation> {
    let business_id = |text: &str| Some(text.parse().unwrap());
    match agency.as_str() {
        "te" => Some(Organisation { name: "Työllisyysalue".into(), business_id: business_id("0204819-8") }),
        "social" => {
            Some(Organisation { name: "Hyvinvointialue".into(), business_id: business_id("0245437-2") })
        }
        "ohjaamo" => Some(Organisation { name: "Ohjaamo".into(), business_id: None }),
        _ => None,
    }
}

fn organisations(oid: &Oid) -> Option<AgencyId> {
    match oid.as_str() {
        "1.2.246.10.2048198" => Some("te".parse().unwrap()),
        "1.2.246.10.2454372" => Some("social".parse().unwrap()),
        _ => None,
    }
}

fn wire<T>(instant: &str, to: impl Fn(jiff::Timestamp) -> T) -> T {
    to(instant.parse().unwrap())
}

fn terms() -> ConsentTerms {
    let stamp = |text| Some(wire(text, |instant| time::to_wire(instant).unwrap()));
    ConsentTerms {
        kind: ConsentKind::Consent.into(),
        disclosers: vec!["ohjaamo".into()],
        recipients: vec!["te".into(), "kela/nuotti".into()],
        purposes: vec![Purpose::EmploymentServices.into()],
        categories: vec![
            DataCategory::IdentityContact.into(),
            DataCategory::EducationWork.into(),
            DataCategory::HealthCapacity.into(),
        ],
        explicit_categories: vec![DataCategory::HealthCapacity.into()],
        valid_from: stamp("2026-01-01T00:00:00Z"),
        valid_until: stamp("2027-01-01T00:00:00Z"),
        legal_basis: LegalBasis::Consent.into(),
        permit_domain: PermitDomain::Unspecified.into(),
        review_time: stamp("2026-06-01T00:00:00Z"),
    }
}

fn permit_terms() -> ConsentTerms {
    ConsentTerms {
        kind: ConsentKind::DisclosurePermit.into(),
        disclosers: vec!["social".into()],
        recipients: vec!["te".into()],
        purposes: vec![Purpose::MultiSectorSupport.into()],
        legal_basis: LegalBasis::PublicTask.into(),
        permit_domain: PermitDomain::Social.into(),
        valid_until: None,
        ..terms()
    }
}

fn consent(terms: ConsentTerms) -> Consent {
    let stamp = |text| Some(wire(text, |instant| time::to_wire(instant).unwrap()));
    Consent {
        name: CONSENT.into(),
        etag: "3".into(),
        state: ConsentState::Given.into(),
        terms: Some(terms),
        evidence: Some(ConsentEvidence {
            given_by: GivenBy::Self_.into(),
            form: Form::Electronic.into(),
            notice_version: "2026-1".into(),
            notice_language: "fi".into(),
            notice_sha256: vec![7; 32],
            reference: "arkisto 12/2026".into(),
            inform_time: stamp("2025-12-30T08:00:00Z"),
            receipt_time: None,
            capacity: String::new(),
            source: None,
        }),
        recorder: "ohjaamo".into(),
        recorder_unit: "keskusta".into(),
        events: vec![ConsentEvent {
            state: ConsentState::Given.into(),
            time: stamp("2025-12-31T08:00:00Z"),
            agency: "ohjaamo".into(),
            reason: "salainen syy".into(),
            by: 0,
            ..ConsentEvent::default()
        }],
        schema_version: "1".into(),
        create_time: stamp("2025-12-31T07:00:00Z"),
        supersedes: String::new(),
        superseded_by: String::new(),
        recorder_professional: String::new(),
    }
}

fn document() -> Value {
    export(&consent(terms()), None, &parties).unwrap()
}

#[track_caller]
fn read(document: &Value, reading: Reading) -> Imported {
    match import(&document.to_string(), reading, &organisations) {
        Ok(imported) => imported,
        Err(error) => panic!("{error}"),
    }
}

fn permitted_terms(imported: &Imported) -> Vec<ConsentTerms> {
    imported.consents.iter().map(|permission| permission.terms.clone()).collect()
}

#[track_caller]
fn refused(document: &Value, reading: Reading, path: &str, problem: Problem) {
    let error = import(&document.to_string(), reading, &organisations).unwrap_err();
    assert_eq!((error.path.as_str(), error.problem), (path, problem));
}

fn code(system: &str, code: &str) -> Value {
    json!({"system": system, "code": code})
}

fn category(name: &str) -> Value {
    code("urn:polku:data-category", name)
}

fn actor(role: &str, party: &str) -> Value {
    json!({
        "role": {"coding": [code("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", role)]},
        "reference": {"identifier": {"system": "urn:polku:agency", "value": party}}
    })
}

fn policy_rule(rule: &str) -> Value {
    json!({"coding": [code("http://terminology.hl7.org/CodeSystem/v3-ActCode", rule)]})
}

/// A document as others write it, with this base and root.
fn foreign(rule: &str, root: Value) -> Value {
    json!({
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [code("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")]},
        "category": [{"coding": [code("http://loinc.org", "59284-0")]}],
        "patient": {"identifier": {"system": "urn:oid:1.2.246.21", "value": HETU}},
        "policyRule": policy_rule(rule),
        "provision": root,
    })
}

/// A frame that names all that a permission needs.
fn whole() -> Value {
    json!({
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "actor": [actor("CST", "ohjaamo"), actor("IRCP", "te"), actor("IRCP", "kela")],
        "purpose": [code("urn:polku:purpose", "guidance"), code("urn:polku:purpose", "rehabilitation")],
        "class": [category("identity_contact"), category("housing"), category("education_work")],
    })
}

/// The object with more members, or other values of members.
fn with(mut object: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}
