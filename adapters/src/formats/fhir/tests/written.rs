//! What stands in the documents?

use polku_proto::v1::ConsentEvidence;

use polku_proto::v1::consent_event::By;

use super::*;

#[test]
fn a_consent() {
    let document = export(&consent(terms()), Some(&hetu()), &parties).unwrap();
    let concept = |system: &str, text: &str| json!({"coding": [code(system, text)]});
    let te = json!({
        "type": "Organization",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.246.10.2048198"},
        "display": "Työllisyysalue"
    });
    let kela =
        json!({"type": "Organization", "identifier": {"system": "urn:polku:agency", "value": "kela/nuotti"}});
    let ohjaamo = json!({
        "type": "Organization", "identifier": {"system": "urn:polku:agency", "value": "ohjaamo"}, "display": "Ohjaamo"
    });
    let patient = json!({
        "type": "Patient", "identifier": {
            "use": "official",
            "type": {"coding": [code("http://terminology.hl7.org/CodeSystem/v2-0203", "NNFIN")]},
            "system": "urn:oid:1.2.246.21",
            "value": HETU,
        }
    });
    let participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    let mut explicit = category("health_capacity");
    explicit["extension"] = json!([{"url": "urn:polku:explicit", "valueBoolean": true}]);
    let expected = json!({
        "resourceType": "Consent",
        "id": "0193c5a0-0000-7000-8000-000000000004",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:0193c5a0-0000-7000-8000-000000000004"}],
        "status": "active",
        "scope": concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [concept("http://loinc.org", "59284-0"), concept("urn:polku:consent-kind", "consent")],
        "patient": patient,
        "dateTime": "2025-12-31T08:00:00Z",
        "performer": [patient],
        "organization": [ohjaamo],
        "verification": [{"verified": true, "verifiedWith": patient, "verificationDate": "2025-12-31T08:00:00Z"}],
        "policyRule": policy_rule("OPTIN"),
        "provision": {"provision": [{
            "extension": [
                {"url": "urn:polku:legal-basis", "valueCode": "consent"},
                {"url": "urn:polku:review-time", "valueDateTime": "2026-06-01T00:00:00Z"},
            ],
            "type": "permit",
            "period": {"start": "2026-01-01T00:00:00Z", "end": "2026-12-31T23:59:59Z"},
            "actor": [
                {"role": concept(participation, "IRCP"), "reference": te},
                {"role": concept(participation, "IRCP"), "reference": kela},
                {"role": concept(participation, "CST"), "reference": ohjaamo},
            ],
            "action": [concept("http://terminology.hl7.org/CodeSystem/consentaction", "disclose")],
            "purpose": [code("urn:polku:purpose", "employment_services")],
            "class": [category("identity_contact"), category("education_work"), explicit],
        }]},
    });
    assert_eq!(document, expected, "{document:#}");
}

#[test]
fn without_the_identity_code_nothing_personal_is_written() {
    let text = document().to_string();
    for word in [HETU, "arkisto", "salainen"] {
        assert!(!text.contains(word), "{word}");
    }
    let with_code = export(&consent(terms()), Some(&hetu()), &parties).unwrap().to_string();
    assert!(!with_code.contains("arkisto") && !with_code.contains("salainen"));
}

#[test]
fn states_and_givers() {
    let states = [
        (ConsentState::Requested, "proposed"),
        (ConsentState::Given, "active"),
        (ConsentState::Renewed, "active"),
        (ConsentState::Refused, "rejected"),
        (ConsentState::Withdrawn, "inactive"),
        (ConsentState::Revoked, "inactive"),
        (ConsentState::Expired, "inactive"),
        (ConsentState::Superseded, "inactive"),
        (ConsentState::Invalidated, "entered-in-error"),
    ];
    for (state, status) in states {
        let record = Consent { state: state.into(), ..consent(terms()) };
        let document = export(&record, None, &parties).unwrap();
        assert_eq!(document["status"], status, "{state:?}");
        assert_eq!(document.get("verification").is_some(), status == "active", "{state:?}");
    }
    let by = |given_by: GivenBy| {
        let evidence = ConsentEvidence { given_by: given_by.into(), ..consent(terms()).evidence.unwrap() };
        export(&Consent { evidence: Some(evidence), ..consent(terms()) }, None, &parties).unwrap()["performer"][0].clone()
    };
    assert_eq!(by(GivenBy::Guardian)["type"], "RelatedPerson");
    assert_eq!(by(GivenBy::OtherRepresentative)["display"], "other representative");
    assert_eq!(by(GivenBy::Unspecified), Value::Null);
}

#[test]
fn what_cannot_be_written() {
    let what = |change: fn(&mut Consent)| {
        let mut record = consent(terms());
        change(&mut record);
        let error = export(&record, None, &parties).unwrap_err();
        let ExportError::Field { field } = error else { panic!("{error}") };
        field
    };
    assert_eq!(what(|consent| consent.terms = None), "terms");
    assert_eq!(what(|consent| consent.name = "consents/1".into()), "name");
    assert_eq!(what(|consent| consent.state = 0), "state");
    assert_eq!(what(|consent| consent.terms.as_mut().unwrap().kind = 0), "terms.kind");
    assert_eq!(what(|consent| consent.terms.as_mut().unwrap().legal_basis = 0), "terms.legal_basis");
    assert_eq!(what(|consent| consent.terms.as_mut().unwrap().recipients.clear()), "terms.recipients");
    assert_eq!(
        what(|consent| consent.terms.as_mut().unwrap().disclosers = vec!["Te".into()]),
        "terms.disclosers"
    );
    assert_eq!(what(|consent| consent.terms.as_mut().unwrap().purposes = vec![0]), "terms.purposes");
    assert_eq!(what(|consent| consent.terms.as_mut().unwrap().purposes.clear()), "terms.purposes");
    assert_eq!(what(|consent| consent.terms.as_mut().unwrap().categories = vec![1]), "terms.categories");
    assert_eq!(what(|consent| consent.terms.as_mut().unwrap().categories.clear()), "terms.categories");
    assert_eq!(what(|consent| consent.terms.as_mut().unwrap().permit_domain = 1), "terms.permit_domain");
}

#[test]
fn a_permit_in_the_shape_of_sote_consent() {
    let written = |recorder: &Recorder| {
        export_sote(&consent(permit_terms()), Some(&hetu()), recorder, &parties).unwrap()
    };
    let bundle = written(&Recorder::Client);
    let entries = bundle["entry"].as_array().unwrap();
    let [permit, provenance] = entries.as_slice() else { panic!("{bundle:#}") };
    assert_eq!(bundle["type"], "transaction");
    assert_eq!(permit["request"], json!({"method": "POST", "url": "Consent"}));
    assert_eq!(provenance["request"], json!({"method": "POST", "url": "Provenance"}));
    assert_eq!(permit["fullUrl"], provenance["resource"]["target"][0]["reference"]);
    let resource = &permit["resource"];
    assert_eq!(resource["category"], json!([{"coding": [code("urn:polku:sote-consent-category", "2")]}]));
    assert_eq!(resource["patient"]["identifier"]["value"], HETU);
    let root = resource["provision"].as_object().unwrap();
    assert_eq!(root.keys().collect::<Vec<_>>(), ["provision"]);
    let inner = &resource["provision"]["provision"][0];
    assert_eq!((&inner["type"], inner["class"].as_array().unwrap().len()), (&json!("permit"), 3));

    let agent = |recorder: &Recorder| {
        let agents = written(recorder)["entry"][1]["resource"]["agent"].as_array().unwrap().clone();
        assert_eq!(agents.len(), 1);
        agents.into_iter().next().unwrap()
    };
    assert_eq!(agent(&Recorder::Client)["who"]["identifier"]["value"], HETU);
    assert_eq!(agent(&Recorder::LegalRepresentative)["who"]["type"], "RelatedPerson");
    let professional = Recorder::Professional {
        id: "t-17".into(),
        agency: "social".parse().unwrap(),
        unit: "lapsiperheet".parse().unwrap(),
    };
    let professional = agent(&professional);
    assert_eq!(
        professional["who"]["identifier"],
        json!({"system": "urn:polku:professional", "value": "t-17"})
    );
    assert_eq!(professional["onBehalfOf"]["identifier"]["value"], "social/lapsiperheet");

    let health = ConsentTerms { permit_domain: PermitDomain::Health.into(), ..permit_terms() };
    let health = export_sote(&consent(health), Some(&hetu()), &Recorder::Client, &parties).unwrap();
    let category = &health["entry"][0]["resource"]["category"][0]["coding"][0]["code"];
    assert_eq!(category, "1");
    let ended = Consent { state: ConsentState::Withdrawn.into(), ..consent(permit_terms()) };
    let refused = export_sote(&ended, Some(&hetu()), &Recorder::Client, &parties);
    assert_eq!(refused, Err(ExportError::NotInForce));
}

/// Who gave it first, and when, is not who has given it as it counts now.
#[test]
fn a_renewed_permit_says_when_and_by_whom_it_was_renewed() {
    let event =
        |state: ConsentState, at: &'static str, by: By, unit: &str, professional: &str| ConsentEvent {
            state: state.into(),
            time: Some(wire(at, |instant| time::to_wire(instant).unwrap())),
            agency: "social".into(),
            by: by.into(),
            unit: unit.into(),
            professional: professional.into(),
            ..ConsentEvent::default()
        };
    let given = event(ConsentState::Given, "2026-01-05T08:00:00Z", By::Professional, "nuoret", "t-3");
    let renewed =
        event(ConsentState::Renewed, "2026-06-05T08:00:00Z", By::Professional, "lapsiperheet", "t-17");
    let expired = event(ConsentState::Expired, "2026-12-05T08:00:00Z", By::Unspecified, "", "");
    let by_client = ConsentEvent { by: By::Subject.into(), unit: String::new(), ..renewed.clone() };
    let by_guardian = ConsentEvent { by: By::Guardian.into(), ..by_client.clone() };
    let record = |events: &[&ConsentEvent]| Consent {
        recorder: "social".into(),
        recorder_unit: "nuoret".into(),
        recorder_professional: "t-3".into(),
        state: ConsentState::Renewed.into(),
        events: events.iter().map(|event| (*event).clone()).collect(),
        ..consent(permit_terms())
    };
    let recorded = |events: &[&ConsentEvent]| {
        let record = record(events);
        let recorder = Recorder::of(&record).unwrap();
        let bundle = export_sote(&record, Some(&hetu()), &recorder, &parties).unwrap();
        let provenance = &bundle["entry"][1]["resource"];
        assert_eq!(provenance["recorded"], bundle["entry"][0]["resource"]["dateTime"]);
        (provenance["recorded"].as_str().unwrap().to_owned(), recorder)
    };
    let professional = |id: &str, unit: &str| Recorder::Professional {
        id: id.into(),
        agency: "social".parse().unwrap(),
        unit: unit.parse().unwrap(),
    };
    let (first, second) = ("2026-01-05T08:00:00Z".to_owned(), "2026-06-05T08:00:00Z".to_owned());
    let renewer = professional("t-17", "lapsiperheet");
    assert_eq!(recorded(&[&given]), (first, professional("t-3", "nuoret")));
    assert_eq!(recorded(&[&given, &renewed]), (second.clone(), renewer.clone()));
    assert_eq!(recorded(&[&given, &renewed, &expired]), (second.clone(), renewer));
    assert_eq!(recorded(&[&given, &by_client]), (second.clone(), Recorder::Client));
    assert_eq!(recorded(&[&given, &by_guardian]), (second, Recorder::LegalRepresentative));
    // Records of earlier releases tell of the last step no more than when it was.
    let silent = ConsentEvent { unit: String::new(), ..renewed };
    assert_eq!(recorded(&[&given, &silent]).1, professional("t-3", "nuoret"));
}
