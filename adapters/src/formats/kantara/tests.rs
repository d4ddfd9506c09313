//! Does a receipt have what the specification requires, and say what was consented to?

use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{ConsentEvent, DataCategory, LegalBasis};

use super::*;

const NAME: &str =
    "youths/0193c5a0-0000-7000-8000-000000000001/consents/0193c5a0-0000-7000-8000-000000000004";
const NOTICE: &str = "https://ohjaamo.example/tietosuoja";

fn controllers(agency: &AgencyId) -> Option<Controller> {
    let name = match agency.as_str() {
        "ohjaamo" => "Ohjaamo",
        "te" => "Työllisyysalue",
        "kela" => "Kela",
        _ => return None,
    };
    Some(Controller {
        name: name.into(),
        contact: "Tietosuojavastaava".into(),
        street_address: "PL 1".into(),
        postal_code: "00001".into(),
        city: "Helsinki".into(),
        email: "tietosuoja@ohjaamo.example".into(),
        phone: "+358 9 000 0000".into(),
    })
}

fn consent() -> Consent {
    let stamp = |text: &str| Some(time::to_wire(text.parse().unwrap()).unwrap());
    let event = |state: ConsentState, instant| ConsentEvent {
        state: state.into(),
        time: stamp(instant),
        agency: "ohjaamo".into(),
        reason: "salainen syy".into(),
    };
    Consent {
        name: NAME.into(),
        state: ConsentState::Withdrawn.into(),
        terms: Some(ConsentTerms {
            kind: ConsentKind::Consent.into(),
            disclosers: vec!["ohjaamo".into(), "ohjaamo/keskusta".into()],
            recipients: vec!["te".into(), "kela/nuotti".into()],
            purposes: vec![Purpose::Guidance.into(), Purpose::Rehabilitation.into()],
            categories: vec![DataCategory::IdentityContact.into(), DataCategory::HealthCapacity.into()],
            explicit_categories: vec![DataCategory::HealthCapacity.into()],
            valid_until: stamp("2027-01-01T00:00:00Z"),
            legal_basis: LegalBasis::Consent.into(),
            ..ConsentTerms::default()
        }),
        evidence: Some(ConsentEvidence {
            given_by: GivenBy::Self_.into(),
            form: Form::Electronic.into(),
            notice_language: "fi".into(),
            reference: "arkisto 12/2026".into(),
            ..ConsentEvidence::default()
        }),
        events: vec![
            event(ConsentState::Given, "2026-01-01T00:00:00Z"),
            event(ConsentState::Renewed, "2026-02-01T00:00:00Z"),
            event(ConsentState::Withdrawn, "2026-03-01T00:00:00Z"),
        ],
        ..Consent::default()
    }
}

#[test]
fn whole_receipt() {
    let purpose = |name: &str, first: bool| {
        json!({
            "purpose": name,
            "purposeCategory": [name],
            "consentType": "EXPLICIT",
            "piiCategory": ["identity_contact", "health_capacity"],
            "primaryPurpose": first,
            "termination": "2027-01-01T00:00:00Z, or when it is withdrawn",
            "thirdPartyDisclosure": true,
            "thirdPartyName": "Työllisyysalue, Kela (nuotti)",
        })
    };
    let expected = json!({
        "version": "KI-CR-v1.1.0",
        "jurisdiction": "FI",
        "consentTimestamp": 1_769_904_000,
        "collectionMethod": "electronic form",
        "consentReceiptID": "0193c5a0-0000-7000-8000-000000000004",
        "language": "fi",
        "piiPrincipalId": "youths/0193c5a0-0000-7000-8000-000000000001",
        "piiControllers": [{
            "piiController": "Ohjaamo",
            "contact": "Tietosuojavastaava",
            "address": {
                "streetAddress": "PL 1", "postalCode": "00001", "addressLocality": "Helsinki",
                "addressCountry": "FI"
            },
            "email": "tietosuoja@ohjaamo.example",
            "phone": "+358 9 000 0000",
        }],
        "policyUrl": NOTICE,
        "services": [{
            "service": "Ohjaamo, Ohjaamo (keskusta)",
            "purposes": [purpose("guidance", true), purpose("rehabilitation", false)],
        }],
        "sensitive": true,
        "spiCat": ["health_capacity"],
    });
    assert_eq!(receipt(&consent(), &controllers, NOTICE).unwrap(), expected);
}

#[test]
fn nothing_sensitive_and_no_end() {
    let mut consent = consent();
    let terms = consent.terms.as_mut().unwrap();
    terms.categories = vec![DataCategory::Housing.into()];
    terms.explicit_categories.clear();
    terms.valid_until = None;
    let receipt = receipt(&consent, &controllers, NOTICE).unwrap();
    assert_eq!((&receipt["sensitive"], &receipt["spiCat"]), (&json!(false), &json!([])));
    let purpose = &receipt["services"][0]["purposes"][0];
    assert_eq!(purpose["termination"], "when it is withdrawn");
    assert_eq!(purpose["consentType"], "CONSENT");
}

/// The members that the specification requires, with their types.
#[test]
fn required_members() {
    let receipt = receipt(&consent(), &controllers, NOTICE).unwrap();
    let text = |value: &Value, names: &[&str]| {
        for name in names {
            assert!(value[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        }
    };
    text(
        &receipt,
        &["version", "jurisdiction", "collectionMethod", "consentReceiptID", "piiPrincipalId", "policyUrl"],
    );
    assert!(receipt["consentTimestamp"].is_u64() && receipt["sensitive"].is_boolean());
    assert!(receipt["spiCat"].as_array().unwrap().iter().all(Value::is_string));
    for controller in receipt["piiControllers"].as_array().unwrap() {
        text(controller, &["piiController", "contact", "email", "phone"]);
        assert!(controller["address"].is_object());
    }
    for service in receipt["services"].as_array().unwrap() {
        text(service, &["service"]);
        for purpose in service["purposes"].as_array().unwrap() {
            text(purpose, &["purpose", "consentType", "termination", "thirdPartyName"]);
            assert_eq!(purpose["thirdPartyDisclosure"], true);
            for list in ["purposeCategory", "piiCategory"] {
                let list = purpose[list].as_array().unwrap();
                assert!(!list.is_empty() && list.iter().all(Value::is_string));
            }
        }
    }
    let text = receipt.to_string();
    assert!(!text.contains("arkisto") && !text.contains("salainen"));
}

#[test]
fn no_receipt() {
    let what = |change: fn(&mut Consent)| {
        let mut consent = consent();
        change(&mut consent);
        receipt(&consent, &controllers, NOTICE).unwrap_err()
    };
    fn in_terms(consent: &mut Consent) -> &mut ConsentTerms {
        consent.terms.as_mut().unwrap()
    }
    let never = what(|consent| {
        consent.events.clear();
        consent.state = ConsentState::Refused.into();
    });
    assert_eq!(never, ReceiptError::NotGiven);
    let stranger = what(|consent| in_terms(consent).recipients = vec!["paja".into()]);
    assert_eq!(stranger, ReceiptError::UnknownParty { agency: "paja".parse().unwrap() });
    assert_eq!(stranger.to_string(), "paja has no contact details");
    assert_eq!(what(|consent| consent.terms = None), field("terms"));
    assert_eq!(what(|consent| consent.evidence = None), field("evidence"));
    assert_eq!(what(|consent| consent.evidence.as_mut().unwrap().form = 0), field("evidence.form"));
    assert_eq!(what(|consent| consent.name = "1".into()), field("name"));
    assert_eq!(what(|consent| in_terms(consent).disclosers.clear()), field("terms.disclosers"));
    assert_eq!(what(|consent| in_terms(consent).purposes.clear()), field("terms.purposes"));
    assert_eq!(what(|consent| in_terms(consent).categories = vec![1]), field("terms.categories"));
}
