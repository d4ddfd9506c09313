//! Is everything refused that is not understood, without repeating any of it?

use super::*;

/// A document that is good but for one member, at a JSON pointer; it is set, or taken away by null.
fn changed(pointer: &str, value: Value) -> Value {
    let mut document = foreign("OPTIN", json!({"provision": [with(whole(), json!({"type": "permit"}))]}));
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(members), Value::Null) => drop(members.remove(name).unwrap()),
        (Value::Object(members), value) => drop(members.insert(name.to_owned(), value)),
        (Value::Array(items), value) => items[name.parse::<usize>().unwrap()] = value,
        (other, _) => panic!("{other}"),
    }
    document
}

#[test]
fn members_of_the_consent() {
    let loinc = |code: &str| json!([{"coding": [{"system": "http://loinc.org", "code": code}]}]);
    let scope = "http://terminology.hl7.org/CodeSystem/consentscope";
    let cases = [
        ("/resourceType", json!("Patient"), "Consent.resourceType", Problem::Unsupported),
        ("/resourceType", json!(null), "Consent.resourceType", Problem::Missing),
        ("/resourceType", json!(7), "Consent.resourceType", Problem::Form),
        ("/status", json!(null), "Consent.status", Problem::Missing),
        ("/status", json!("proposed"), "Consent.status", Problem::NotActive),
        ("/status", json!("inactive"), "Consent.status", Problem::NotActive),
        ("/status", json!("entered-in-error"), "Consent.status", Problem::NotActive),
        ("/scope", json!(null), "Consent.scope", Problem::Missing),
        ("/scope", json!({"coding": [code(scope, "research")]}), "Consent.scope", Problem::NotActive),
        ("/scope", json!({"text": "privacy"}), "Consent.scope.coding", Problem::Missing),
        ("/category", loinc("57016-8"), "Consent.category[0]", Problem::Unknown),
        ("/category", json!({}), "Consent.category", Problem::Form),
        ("/category", json!([]), "Consent.category", Problem::Form),
        ("/patient", json!(null), "Consent.patient", Problem::Missing),
        ("/patient", json!({"reference": "Patient/1"}), "Consent.patient.identifier", Problem::Missing),
        ("/patient/type", json!("Group"), "Consent.patient.type", Problem::Unsupported),
        ("/patient/reference", json!("Patient/1"), "Consent.patient.reference", Problem::Unsupported),
        ("/patient/identifier/value", json!("010594Y9033"), "Consent.patient.identifier", Problem::Unknown),
        ("/patient/identifier/system", json!("urn:x"), "Consent.patient.identifier", Problem::Unknown),
        ("/patient/identifier/use", json!("old"), "Consent.patient.identifier.use", Problem::Unsupported),
        ("/policyRule", json!(null), "Consent.policyRule", Problem::Missing),
        ("/policyRule", policy_rule("OPTINR"), "Consent.policyRule", Problem::Unknown),
        ("/policyRule", json!({"text": "opt in"}), "Consent.policyRule.coding", Problem::Missing),
        ("/policy", json!([{"uri": "urn:x"}]), "Consent.policy", Problem::Unsupported),
        ("/implicitRules", json!("urn:x"), "Consent.implicitRules", Problem::Unsupported),
        ("/contained", json!([{"resourceType": "Patient"}]), "Consent.contained", Problem::Unsupported),
        ("/modifierExtension", json!([{"url": "urn:x"}]), "Consent.modifierExtension", Problem::Unsupported),
        ("/extension", json!([{"url": "urn:x"}]), "Consent.extension", Problem::Unsupported),
        ("/meta", json!({"security": [code("urn:x", "R")]}), "Consent.meta.security", Problem::Unsupported),
        ("/decision", json!("deny"), "Consent.decision", Problem::Unsupported),
        ("/period", json!({"end": "2026-02-01"}), "Consent.period", Problem::Unsupported),
        ("/subject", json!({"reference": "Patient/1"}), "Consent.subject", Problem::Unsupported),
        ("/grantee", json!([{"reference": "Organization/1"}]), "Consent.grantee", Problem::Unsupported),
        ("/_status", json!({"id": "a"}), "Consent", Problem::Unsupported),
        ("/Aino010594Y9032", json!(true), "Consent", Problem::Unsupported),
        (
            "/verification",
            json!([{"verified": false}]),
            "Consent.verification[0].verified",
            Problem::NotActive,
        ),
        (
            "/verification",
            json!([{"verified": true, "modifierExtension": [{"url": "urn:x"}]}]),
            "Consent.verification[0].modifierExtension",
            Problem::Unsupported,
        ),
        ("/provision", json!(null), "Consent.provision", Problem::Empty),
        ("/provision", json!([]), "Consent.provision", Problem::Form),
        ("/provision", json!({}), "Consent.provision", Problem::Form),
        ("/provision/type", json!("deny"), "Consent.provision.type", Problem::TwoBases),
        ("/provision/provision", json!([{}]), "Consent.provision.provision[0]", Problem::Form),
        ("/provision/provision", json!(null), "Consent", Problem::Form),
    ];
    for (pointer, value, path, problem) in cases {
        if (pointer, &value) == ("/provision/provision", &json!(null)) {
            refused(
                &foreign("OPTIN", json!({"id": "empty"})),
                Reading::R4Literal,
                "Consent.provision",
                Problem::Empty,
            );
        } else {
            refused(&changed(pointer, value), Reading::R4Literal, path, problem);
        }
    }
}

#[test]
fn members_of_a_provision() {
    let action =
        |text: &str| json!([{"coding": [code("http://terminology.hl7.org/CodeSystem/consentaction", text)]}]);
    let cases = [
        ("type", json!("allow"), "type", Problem::Unknown),
        ("type", json!(null), "type", Problem::Missing),
        ("period", json!("2026"), "period", Problem::Form),
        ("period", json!({"start": "2026-13"}), "period.start", Problem::Form),
        ("period", json!({"end": 2026}), "period.end", Problem::Form),
        ("period", json!({"start": "2026-02-01", "end": "2026-01-01"}), "period", Problem::Form),
        (
            "period",
            json!({"end": "2026-02-01", "extension": [{"url": "urn:x"}]}),
            "period.extension",
            Problem::Unsupported,
        ),
        ("actor", json!([]), "actor", Problem::Form),
        ("actor/0/role", json!(null), "actor[0].role", Problem::Missing),
        ("actor/0", actor("IRCP", "Te"), "actor[0].reference.identifier", Problem::Unknown),
        ("actor/0", actor("DELEGATEE", "te"), "actor[0].role", Problem::Unknown),
        (
            "actor/0/reference",
            json!({"display": "Te-toimisto"}),
            "actor[0].reference.identifier",
            Problem::Missing,
        ),
        ("actor/0/reference/type", json!("Practitioner"), "actor[0].reference.type", Problem::Unsupported),
        ("actor/0/extension", json!([{"url": "urn:x"}]), "actor[0].extension", Problem::Unsupported),
        (
            "actor/0/modifierExtension",
            json!([{"url": "urn:x"}]),
            "actor[0].modifierExtension",
            Problem::Unsupported,
        ),
        ("action", action("use"), "action", Problem::Unsupported),
        ("action", action("destroy"), "action[0]", Problem::Unsupported),
        ("purpose", json!([code("urn:polku:purpose", "marketing")]), "purpose[0]", Problem::Unknown),
        ("purpose", json!([code("urn:polku:purpose", "unspecified")]), "purpose[0]", Problem::Unknown),
        (
            "purpose",
            json!([code("http://terminology.hl7.org/CodeSystem/v3-ActReason", "TREAT")]),
            "purpose[0]",
            Problem::Unknown,
        ),
        ("purpose", json!([{"code": "guidance"}]), "purpose[0].system", Problem::Missing),
        ("class", json!([category("envelope")]), "class[0]", Problem::Unknown),
        ("class", json!([category("address")]), "class[0]", Problem::Unknown),
        (
            "class",
            json!([code("http://hl7.org/fhir/resource-types", "Consent")]),
            "class[0]",
            Problem::Unknown,
        ),
        ("class/0/version", json!("2"), "class[0]", Problem::Unsupported),
        (
            "class/0/extension",
            json!([{"url": "urn:x", "valueBoolean": true}]),
            "class[0].extension[0]",
            Problem::Unsupported,
        ),
        ("code", json!([{"text": "everything"}]), "code", Problem::Unsupported),
        ("data", json!([{"meaning": "instance"}]), "data", Problem::Unsupported),
        ("dataPeriod", json!({"end": "2025"}), "dataPeriod", Problem::Unsupported),
        ("securityLabel", json!([code("urn:x", "R")]), "securityLabel", Problem::Unsupported),
        ("modifierExtension", json!([{"url": "urn:x"}]), "modifierExtension", Problem::Unsupported),
        ("extension", json!([{"url": "urn:x"}]), "extension[0]", Problem::Unsupported),
        (
            "extension",
            json!([{"url": "urn:polku:legal-basis", "valueCode": "whim"}]),
            "extension[0]",
            Problem::Unknown,
        ),
        ("documentType", json!([code("urn:x", "R")]), "documentType", Problem::Unsupported),
        ("expression", json!({"expression": "true"}), "expression", Problem::Unsupported),
        ("extra", json!(1), "", Problem::Unsupported),
    ];
    for (name, value, path, problem) in cases {
        let document = changed(&format!("/provision/provision/0/{name}"), value);
        let path = match path {
            "" => "Consent.provision.provision[0]".to_owned(),
            path => format!("Consent.provision.provision[0].{path}"),
        };
        refused(&document, Reading::R4Literal, &path, problem);
        if name != "type" {
            refused(&document, Reading::R5Negation, &path, problem);
        }
    }
    // A denial of more than disclosing would be kept in part only.
    let both = json!({"type": "deny", "action": [action("disclose")[0], action("use")[0]]});
    let document = foreign("OPTIN", json!({"provision": [both]}));
    refused(&document, Reading::R4Literal, "Consent.provision.provision[0].action[1]", Problem::Unsupported);
}

#[test]
fn size_depth_and_form() {
    let problem = |text: &str| import(text, Reading::R4Literal, &organisations).unwrap_err().problem;
    for text in ["", "{", "nonsense", "\u{0}"] {
        assert_eq!(problem(text), Problem::NotJson, "{text}");
    }
    for text in ["[]", "null", "7", "\"Consent\"", "{}"] {
        assert_eq!(problem(text), Problem::Form, "{text}");
    }
    let long = with(changed("/status", json!("active")), json!({"text": "x".repeat(66_000)}));
    assert_eq!(problem(&long.to_string()), Problem::TooLong);
    assert_eq!(problem(&format!("{}{}", "[".repeat(30_000), "]".repeat(30_000))), Problem::NotJson);
    let twice = changed("/status", json!("active")).to_string();
    assert_eq!(
        problem(&twice.replace(r#""type":"permit""#, r#""type":"deny","type":"permit""#)),
        Problem::Twice
    );
    assert_eq!(problem(&twice.replacen('{', r#"{"status":"active","#, 1)), Problem::Twice);

    let nested = |levels: usize| {
        let mut inner =
            json!({"type": if levels % 2 == 1 { "permit" } else { "deny" }, "class": [category("housing")]});
        for level in (1..levels).rev() {
            let effect = if level % 2 == 1 { "permit" } else { "deny" };
            inner = with(whole(), json!({"type": effect, "provision": [inner]}));
        }
        foreign("OPTIN", json!({"provision": [inner]}))
    };
    read(&nested(3), Reading::R4Literal);
    let place = "Consent.provision.provision[0].provision[0].provision[0].provision[0]";
    refused(&nested(4), Reading::R4Literal, place, Problem::TooDeep);
    let many: Vec<Value> = (0..40).map(|one| actor("IRCP", &format!("paja-{one}"))).collect();
    let document = with(whole(), json!({"actor": ([vec![actor("CST", "ohjaamo")], many].concat())}));
    refused(&foreign("OPTOUT", document), Reading::R4Literal, "Consent.provision", Problem::TooMuch);
}

#[test]
fn bundles() {
    let permit = consent(permit_terms());
    let bundle = export_sote(&permit, Some(&hetu()), &Recorder::Client, &parties).unwrap();
    assert_eq!(permitted_terms(&read(&bundle, Reading::R4Literal)), [permit_terms()]);
    let change = |pointer: &str, value: Value| {
        let mut changed = bundle.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    let cases = [
        (change("/type", json!("collection")), "Bundle.type", Problem::Unsupported),
        (change("/entry", json!([])), "Bundle.entry", Problem::Form),
        (
            change("/entry/0/request/method", json!("DELETE")),
            "Bundle.entry[0].request.method",
            Problem::Unsupported,
        ),
        (
            change("/entry/0/fullUrl", json!("urn:uuid:other")),
            "Bundle.entry[1].resource.target[0]",
            Problem::Unrelated,
        ),
        (change("/entry/1/resource/target", json!([])), "Bundle.entry[1].resource.target", Problem::Form),
        (
            change("/entry/1/resource/resourceType", json!("Patient")),
            "Bundle.entry[1].resource.resourceType",
            Problem::Unsupported,
        ),
        (
            change("/entry/0/resource/status", json!("inactive")),
            "Bundle.entry[0].resource.status",
            Problem::NotActive,
        ),
        (with(bundle.clone(), json!({"entry": [bundle["entry"][0]]})), "Bundle.entry[0]", Problem::Unrelated),
        (
            with(bundle.clone(), json!({"entry": [bundle["entry"][0]], "implicitRules": "urn:x"})),
            "Bundle.implicitRules",
            Problem::Unsupported,
        ),
    ];
    for (document, path, problem) in cases {
        refused(&document, Reading::R4Literal, path, problem);
    }
    // Of two persons, or given by two.
    let mut second = [bundle["entry"][0].clone(), bundle["entry"][1].clone()];
    second[0]["fullUrl"] = json!("urn:uuid:second");
    second[1]["resource"]["target"][0]["reference"] = json!("urn:uuid:second");
    let mut of_two_givers = second.clone();
    of_two_givers[0]["resource"]["performer"] = json!([{"type": "RelatedPerson"}]);
    let mut of_two_persons = second;
    for (entry, name) in [(0, "patient"), (0, "performer/0"), (1, "agent/0/who")] {
        let identifier = format!("/resource/{name}/identifier/value");
        *of_two_persons[entry].pointer_mut(&identifier).unwrap() = json!("020594X903P");
    }
    for second in [of_two_givers, of_two_persons] {
        let entries = [bundle["entry"].as_array().unwrap().clone(), second.to_vec()].concat();
        let document = with(bundle.clone(), json!({"entry": entries}));
        refused(&document, Reading::R4Literal, "Bundle.entry[2]", Problem::Unrelated);
    }
}

/// Whatever single value or name is replaced by something personal, the error does not repeat it.
#[test]
fn errors_repeat_nothing() {
    const CANARY: &str = "Aino 010594Y9021";
    let document = changed("/status", json!("active"));
    let mut pointers = Vec::new();
    collect(&document, String::new(), &mut pointers);
    let mut errors = 0;
    for pointer in pointers {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut value = document.clone();
        *value.pointer_mut(&pointer).unwrap() = json!(CANARY);
        let mut member = document.clone();
        if let Some(Value::Object(members)) = member.pointer_mut(parent) {
            let taken = members.remove(name).unwrap();
            members.insert(CANARY.to_owned(), taken);
        }
        for document in [value, member] {
            for reading in [Reading::R4Literal, Reading::R5Negation] {
                if let Err(error) = import(&document.to_string(), reading, &organisations) {
                    errors += 1;
                    let shown = format!("{error} {error:?} {}", error.problem);
                    assert!(!shown.contains("Aino") && !shown.contains("9021"), "{shown}");
                }
            }
        }
    }
    assert!(errors > 100, "{errors}");
    let imported = format!("{:?}", read(&document, Reading::R4Literal));
    assert!(!imported.contains(HETU), "{imported}");
}

fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    if !pointer.is_empty() {
        pointers.push(pointer.clone());
    }
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, inner)| collect(inner, format!("{pointer}/{name}"), pointers));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(place, inner)| collect(inner, format!("{pointer}/{place}"), pointers));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
