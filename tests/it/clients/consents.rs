//! Are the FHIR documents that consents are written as what FHIR R4 says? Judged by the models of a package from PyPI.

use std::path::Path;

use jiff::Timestamp;
use polku_adapters::formats::Organisation;
use polku_adapters::formats::fhir::{Recorder, export, export_sote};
use polku_proto::v1::consent_evidence::{Form, GivenBy};
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{
    Consent, ConsentEvent, ConsentEvidence, ConsentState, ConsentTerms, DataCategory, LegalBasis,
    PermitDomain, Purpose,
};
use polku_proto::{AgencyId, time};
use polku_tests::world::PEOPLE;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::program;

const NAME: &str =
    "youths/0193c5a0-0000-7000-8000-000000000001/consents/0193c5a0-0000-7000-8000-000000000004";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn consent(state: ConsentState, given_by: GivenBy, kind: ConsentKind) -> Consent {
    let stamp = |text| Some(time::to_wire(instant(text)).unwrap());
    let permit = kind == ConsentKind::DisclosurePermit;
    let domain = if permit { PermitDomain::Social } else { PermitDomain::Unspecified };
    Consent {
        name: NAME.into(),
        state: state.into(),
        terms: Some(ConsentTerms {
            kind: kind.into(),
            disclosers: vec!["social".into()],
            recipients: vec!["te".into(), "kela/nuotti".into()],
            purposes: vec![Purpose::Guidance.into(), Purpose::MultiSectorSupport.into()],
            categories: vec![DataCategory::IdentityContact.into(), DataCategory::HealthCapacity.into()],
            explicit_categories: vec![DataCategory::HealthCapacity.into()],
            valid_from: stamp("2026-01-01T00:00:00Z"),
            valid_until: if permit { None } else { stamp("2027-01-01T00:00:00Z") },
            legal_basis: LegalBasis::PublicTask.into(),
            permit_domain: domain.into(),
            review_time: stamp("2026-06-01T00:00:00Z"),
        }),
        evidence: Some(ConsentEvidence {
            given_by: given_by.into(),
            form: Form::Written.into(),
            ..ConsentEvidence::default()
        }),
        recorder: "ohjaamo".into(),
        events: vec![ConsentEvent {
            state: ConsentState::Given.into(),
            time: stamp("2025-12-31T08:00:00Z"),
            agency: "ohjaamo".into(),
            reason: String::new(),
            by: 0,
            ..ConsentEvent::default()
        }],
        ..Consent::default()
    }
}

fn parties(agency: &AgencyId) -> Option<Organisation> {
    let business_id = (agency.as_str() == "te").then(|| "0204819-8".parse().unwrap());
    Some(Organisation { name: agency.to_string(), business_id })
}

#[tokio::test]
async fn every_document_is_a_resource_of_fhir_r4() {
    let hetu = PEOPLE[0].parse().unwrap();
    let folder = TempDir::new().unwrap();
    let write = |name: String, document: &Value| {
        std::fs::write(folder.path().join(name), document.to_string()).unwrap();
    };
    let states = [
        ConsentState::Requested,
        ConsentState::Given,
        ConsentState::Refused,
        ConsentState::Withdrawn,
        ConsentState::Invalidated,
    ];
    let givers = [GivenBy::Self_, GivenBy::Guardian, GivenBy::OtherRepresentative];
    let mut document = Value::Null;
    for state in states {
        for given_by in givers {
            for kind in [ConsentKind::Consent, ConsentKind::DisclosurePermit] {
                let record = consent(state, given_by, kind);
                let subject = (given_by == GivenBy::Self_).then_some(&hetu);
                document = export(&record, subject, &parties).unwrap();
                write(format!("consent-{}-{given_by:?}-{kind:?}.json", state.as_str_name()), &document);
            }
        }
    }
    let professional = Recorder::Professional {
        id: "t-17".into(),
        agency: "social".parse().unwrap(),
        unit: "lapsiperheet".parse().unwrap(),
    };
    let permit = consent(ConsentState::Given, GivenBy::Self_, ConsentKind::DisclosurePermit);
    for (number, recorder) in
        [professional, Recorder::Client, Recorder::LegalRepresentative].iter().enumerate()
    {
        let bundle = export_sote(&permit, Some(&hetu), recorder, &parties).unwrap();
        write(format!("sote-{number}.json"), &bundle);
    }
    assert_eq!(judged(folder.path()).await, Some(0));

    // The shape of a permit is looked at.
    let permit = std::fs::read_to_string(folder.path().join("sote-0.json")).unwrap();
    let permit: Value = serde_json::from_str(&permit).unwrap();
    let other_shapes: [(&str, Value); 6] = [
        ("/entry/0/resource/category/0/coding/0/code", json!("3")),
        ("/entry/0/resource/provision/provision/0/type", json!("deny")),
        (
            "/entry/0/resource/provision/provision/0/class",
            json!([{"code": "a"}, {"code": "b"}, {"code": "c"}, {"code": "d"}]),
        ),
        ("/entry/0/resource/provision/provision/0/period", Value::Null),
        ("/entry/1/resource/agent/0/who/type", json!("Patient")),
        ("/entry/1/resource/target/0/reference", json!("urn:uuid:0193c5a0-0000-7000-8000-000000000009")),
    ];
    for (place, value) in other_shapes {
        let broken = TempDir::new().unwrap();
        let mut document = permit.clone();
        *document.pointer_mut(place).unwrap() = value;
        std::fs::write(broken.path().join("broken.json"), document.to_string()).unwrap();
        assert_eq!(judged(broken.path()).await, Some(1), "{place}");
    }

    // The models do find what is wrong: an element that FHIR does not know, and a root with a type.
    for (member, value) in [("henkilo", json!("x")), ("provision", json!({"type": "permit"}))] {
        let broken = TempDir::new().unwrap();
        let mut document = document.clone();
        document[member] = value;
        std::fs::write(broken.path().join("broken.json"), document.to_string()).unwrap();
        assert_eq!(judged(broken.path()).await, Some(1), "{member}");
    }
}

async fn judged(folder: &Path) -> Option<i32> {
    let output = program("fhir_consent.py").arg(folder).output().await.unwrap();
    println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    output.status.code()
}
