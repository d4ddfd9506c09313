//! What is not taken in?

use super::received::{answer, plan, referral};
use super::*;

/// Sets a member somewhere in a message, or takes it out.
fn changed(bundle: &Value, path: &str, value: Value) -> Value {
    let mut bundle = bundle.clone();
    let (parent, name) = path.rsplit_once('/').unwrap();
    let parent = bundle.pointer_mut(parent).unwrap_or_else(|| panic!("{path}"));
    match (parent, value) {
        (Value::Object(members), Value::Null) => drop(members.remove(name).unwrap()),
        (Value::Object(members), value) => drop(members.insert(name.to_owned(), value)),
        (Value::Array(items), Value::Null) => drop(items.remove(name.parse().unwrap())),
        (Value::Array(items), value) => items[name.parse::<usize>().unwrap()] = value,
        _ => panic!("{path}"),
    }
    bundle
}

#[track_caller]
fn refused(bundle: &Value, path: &str, value: Value) -> String {
    let bundle = changed(bundle, path, value);
    match receive(&bundle) {
        Err(InboundError::Malformed { code, expected }) => format!("{code}: {expected}"),
        other => panic!("{path}: {other:?}"),
    }
}

fn accepted() -> Value {
    task_bundle("state-changed", state("accepted", "accepted"))
}

#[test]
fn unauthenticated() {
    let body = accepted().to_string();
    let inbound = |headers: &HeaderMap, peer| {
        social().receive(&Inbound { headers, body: body.as_bytes(), peer, now: trial::now() })
    };
    assert!(inbound(&headers(), Some(PIN)).is_ok());
    for peer in [None, Some([0; 32])] {
        assert!(matches!(inbound(&headers(), peer), Err(InboundError::Unauthenticated { .. })));
    }
    let mut other = headers();
    other.insert("x-road-client", http::HeaderValue::from_static("FI-TEST/GOV/0245437-2/muu"));
    assert!(matches!(inbound(&other, Some(PIN)), Err(InboundError::Unauthenticated { .. })));
    let mut json = headers();
    json.insert("content-type", http::HeaderValue::from_static("application/json"));
    assert!(matches!(inbound(&json, Some(PIN)), Err(InboundError::Malformed { .. })));
}

#[test]
fn no_message() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let long = format!("{{\"resourceType\":\"{}\"}}", "x".repeat(524_288));
    let twice = accepted().to_string().replacen("\"type\"", "\"type\":\"batch\",\"type\"", 1);
    for body in ["", "null", "[]", "{}", "\u{feff}{}", &deep, &long, &twice] {
        let refused = receive_bytes(body.as_bytes());
        assert!(matches!(refused, Err(InboundError::Malformed { .. })), "{body:.40}");
    }
    assert!(receive_bytes(&[0xff, 0xfe]).is_err());
}

#[test]
fn a_change_that_is_not_one() {
    let good = accepted();
    let task = |member: &str, value: Value| refused(&good, &format!("/entry/0/resource/{member}"), value);
    assert_eq!(
        task("modifierExtension", json!([{"url": "x"}])),
        "not-supported: no element or value but those of the document at Bundle.entry[0].resource.modifierExtension"
    );
    assert!(task("implicitRules", json!("urn:x")).starts_with("not-supported"));
    // What the message calls an element is never repeated.
    assert_eq!(
        task("010594Y9032", json!("x")),
        "not-supported: no element or value but those of the document at Bundle.entry[0].resource"
    );
    assert!(task("status", json!("rejected")).starts_with("not-supported"));
    assert!(task("status", Value::Null).starts_with("required"));
    assert!(task("intent", json!("plan")).starts_with("not-supported"));
    assert!(task("identifier", Value::Null).starts_with("required"));
    assert!(
        task("identifier", json!([{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:1"}]))
            .starts_with("code-invalid")
    );
    let twice =
        json!([good["entry"][0]["resource"]["identifier"][0], good["entry"][0]["resource"]["identifier"][0]]);
    assert!(task("identifier", twice).starts_with("structure"));
    assert!(task("for", json!({"reference": "x"})).starts_with("not-supported"));
    let other = "urn:uuid:0193c5a0-0000-7000-8000-0000000000ff";
    let named = json!({"identifier": {"system": "urn:ietf:rfc:3986", "value": other}});
    assert!(task("focus", named).starts_with("invariant"));
    assert!(task("focus", json!({"reference": other})).starts_with("invariant"));
    assert!(
        task("meta", json!({"security": [{"system": "x", "code": "TURVAKIELTO"}]}))
            .starts_with("not-supported")
    );
    assert!(
        task("businessStatus", json!({"coding": [{"system": "urn:polku:referral-state", "code": "aged"}]}))
            .starts_with("code-invalid")
    );
    for unsayable in ["requested", "expired", "consent-withdrawn", "entered-in-error"] {
        let status =
            if matches!(unsayable, "expired" | "consent-withdrawn") { "cancelled" } else { unsayable };
        let bundle = task_bundle("state-changed", state(status, unsayable));
        assert!(receive(&bundle).is_err(), "{unsayable}");
    }
    let bare = |status: &str| receive(&task_bundle("state-changed", state(status, status)));
    for incomplete in ["rejected", "on-hold", "completed", "failed"] {
        assert!(bare(incomplete).is_err(), "{incomplete}");
    }
    let long = json!({"text": "ö".repeat(2001)});
    assert!(task("statusReason", long).starts_with("value"));
    let reason = json!({"coding": [{"system": "urn:polku:rejection-reason", "code": "other"}]});
    assert!(task("statusReason", reason).starts_with("not-supported"));
}

#[test]
fn a_bundle_that_does_not_hang_together() {
    let good = accepted();
    let bundle = |path: &str, value: Value| refused(&good, path, value);
    assert!(bundle("/type", json!("message")).starts_with("not-supported"));
    assert!(bundle("/identifier", Value::Null).starts_with("required"));
    assert!(bundle("/identifier/value", json!(trial::MESSAGE)).starts_with("code-invalid"));
    assert!(bundle("/identifier/system", json!("urn:x")).starts_with("code-invalid"));
    assert!(bundle("/timestamp", json!("yesterday")).starts_with("structure"));
    assert!(bundle("/signature", json!({"data": "x"})).starts_with("not-supported"));
    assert!(bundle("/entry/1", Value::Null).starts_with("required"));
    assert!(bundle("/entry/0/request", Value::Null).starts_with("required"));
    assert!(bundle("/entry/0/request/method", json!("DELETE")).starts_with("not-supported"));
    assert!(bundle("/entry/0/fullUrl", json!("Task/1")).starts_with("structure"));
    assert!(bundle("/entry/0/fullUrl", Value::Null).starts_with("required"));
    assert!(bundle("/entry/0/resource/resourceType", json!("Patient")).starts_with("required"));
    assert!(bundle("/entry/0/resource/resourceType", json!("Group")).starts_with("not-supported"));
    let said = |path: &str, value: Value| bundle(&format!("/entry/1/resource/{path}"), value);
    assert!(
        said("target/0/reference", json!("urn:uuid:0193c5a0-0000-7000-8000-0000000000ff"))
            .starts_with("invariant")
    );
    assert!(said("recorded", Value::Null).starts_with("required"));
    assert!(said("activity/coding/0/code", json!("data-disclosed")).starts_with("not-supported"));
    assert!(said("activity/coding/0/code", json!("consent-withdrawn")).starts_with("not-supported"));
    assert!(said("activity/coding/0/code", json!("referral-sent")).starts_with("required"));
    assert!(said("agent/0/who/identifier/value", json!("010594Y9032")).starts_with("code-invalid"));
    assert!(said("agent/0/who/identifier/system", json!("urn:x")).starts_with("code-invalid"));
    assert!(said("agent/0/onBehalfOf/identifier/value", json!("social")).starts_with("code-invalid"));
    assert!(said("agent/0/onBehalfOf/identifier/value", json!("te/nuoret")).starts_with("code-invalid"));
    assert!(
        said(
            "agent",
            json!([good["entry"][1]["resource"]["agent"][0], good["entry"][1]["resource"]["agent"][0]])
        )
        .starts_with("structure")
    );
    assert!(said("signature", json!([{}])).starts_with("not-supported"));
    // Whoever labels the whole message, or what says whose it is, means what is in it.
    let label = json!({"security": [{
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NORDSCLCD",
    }]});
    assert!(bundle("/meta", label.clone()).starts_with("not-supported"));
    assert!(said("meta", label).starts_with("not-supported"));
    let mut twice = good.clone();
    let entry = twice["entry"][0].clone();
    twice["entry"].as_array_mut().unwrap().insert(1, entry);
    assert!(receive(&twice).is_err());
}

#[test]
fn an_answer_that_is_not_one() {
    let good = answer();
    let bundle = |path: &str, value: Value| refused(&good, path, value);
    let hetu = json!([{"system": "urn:oid:1.2.246.21", "value": "010594Y9032"}]);
    assert!(bundle("/entry/0/resource/identifier", hetu).starts_with("not-supported"));
    assert!(bundle("/entry/1/resource/for", Value::Null).starts_with("required"));
    assert!(bundle("/entry/1/resource/input", Value::Null).starts_with("invariant"));
    assert!(
        bundle("/entry/1/resource/input/0/valueReference/reference", json!("#x")).starts_with("invariant")
    );
    assert!(bundle("/entry/1/resource/input/0/type/coding/0/code", json!("x")).starts_with("code-invalid"));
    assert!(
        bundle("/entry/1/resource/extension/0/valueCoding/system", json!("urn:x"))
            .starts_with("code-invalid")
    );
    assert!(bundle("/entry/1/resource/extension/1/url", json!("urn:x")).starts_with("not-supported"));
    assert!(bundle("/entry/1/resource/extension/1/valueString", json!("a b")).starts_with("value"));
    assert!(
        bundle("/entry/1/resource/businessStatus/coding/0/code", json!("info-requested"))
            .starts_with("not-supported")
    );
    let observation =
        |path: &str, value: Value| bundle(&format!("/entry/1/resource/contained/0/{path}"), value);
    assert!(observation("status", json!("entered-in-error")).starts_with("not-supported"));
    assert!(observation("code/coding/0/code", json!("envelope")).starts_with("code-invalid"));
    assert!(observation("component/0/code/coding/0/code", json!("reason")).starts_with("code-invalid"));
    assert!(observation("component/0/valueString", json!("ö".repeat(2001))).starts_with("value"));
    assert!(observation("component/0/valueString", json!("\u{0}")).starts_with("value"));
    assert!(observation("component/0/valueString", json!(3)).starts_with("structure"));
    assert!(observation("dataAbsentReason", json!({"text": "x"})).starts_with("not-supported"));
    assert!(observation("subject", json!({"reference": TASK})).starts_with("invariant"));
}

#[test]
fn a_referral_that_is_not_one() {
    let good = referral();
    let bundle = |path: &str, value: Value| refused(&good, path, value);
    let patient = |path: &str, value: Value| bundle(&format!("/entry/0/resource/{path}"), value);
    assert!(patient("identifier", Value::Null).starts_with("required"));
    assert!(patient("identifier/0/value", json!("010594-9033")).starts_with("code-invalid"));
    assert!(patient("identifier/0/use", json!("old")).starts_with("not-supported"));
    assert!(
        patient("meta", json!({"security": [{"system": "x", "code": "TURVAKIELTO"}]}))
            .starts_with("not-supported")
    );
    assert!(patient("active", json!(false)).starts_with("not-supported"));
    assert!(patient("deceasedBoolean", json!(true)).starts_with("not-supported"));
    assert!(patient("name/0/use", json!("old")).starts_with("not-supported"));
    assert!(patient("name", json!([{"text": "Aino Esimerkki"}])).starts_with("not-supported"));
    assert!(patient("telecom/0/system", json!("fax")).starts_with("not-supported"));
    assert!(patient("telecom/0/use", json!("old")).starts_with("not-supported"));
    assert!(patient("telecom/0/value", json!("soita")).starts_with("value"));
    assert!(patient("address", json!([{"use": "old", "city": "Oulu"}])).starts_with("not-supported"));
    assert!(patient("address", json!([{"use": "home", "line": ["a", "b"]}])).starts_with("not-supported"));
    assert!(patient("extension", json!([{"url": "urn:x", "valueString": "x"}])).starts_with("not-supported"));
    let request = |path: &str, value: Value| bundle(&format!("/entry/1/resource/{path}"), value);
    assert!(request("doNotPerform", json!(true)).starts_with("not-supported"));
    assert!(request("status", json!("draft")).starts_with("not-supported"));
    assert!(request("intent", json!("proposal")).starts_with("not-supported"));
    assert!(request("subject/reference", json!(TASK)).starts_with("invariant"));
    assert!(request("requester/identifier/value", json!("urn:oid:1.2.246.10.1")).starts_with("code-invalid"));
    assert!(
        request("requester/identifier", json!({"system": "urn:polku:agency", "value": "te"}))
            .starts_with("code-invalid")
    );
    assert!(request("performer", Value::Null).starts_with("required"));
    assert!(request("performer/0/identifier/value", json!("te")).starts_with("invariant"));
    assert!(request("category", Value::Null).starts_with("required"));
    assert!(request("category/0/coding/0/code", json!("fun")).starts_with("code-invalid"));
    assert!(request("reasonCode/0/extension", Value::Null).starts_with("required"));
    assert!(request("reasonCode/0/coding/0/code", json!("whim")).starts_with("code-invalid"));
    assert!(request("reasonCode/0/text", json!("ö".repeat(2001))).starts_with("value"));
    assert!(request("supportingInfo", Value::Null).starts_with("invariant"));
    assert!(request("contained/0/component/0/valueInteger", json!(12)).starts_with("value"));
    assert!(request("contained/0/component/0/valueInteger", json!(3.5)).starts_with("structure"));
    let redacted = json!({"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED"}]});
    let task = |path: &str, value: Value| bundle(&format!("/entry/2/resource/{path}"), value);
    assert!(task("meta", redacted).starts_with("not-supported"));
    assert!(task("focus/reference", json!(TASK)).starts_with("invariant"));
    assert!(task("for", Value::Null).starts_with("required"));
    assert!(task("status", json!("draft")).starts_with("not-supported"));
    assert!(task("restriction/repetitions", json!(3)).starts_with("not-supported"));
    assert!(task("restriction/period/end", json!("2026-13-01")).starts_with("structure"));
    assert!(task("restriction/period/end", json!("2026-12-21T09:30")).starts_with("structure"));
}

#[test]
fn a_plan_that_is_not_one() {
    let good = plan();
    let told = |path: &str, value: Value| refused(&good, &format!("/entry/1/resource/{path}"), value);
    assert!(refused(&good, "/entry/0/resource/identifier", Value::Null).starts_with("required"));
    assert!(told("author/identifier/value", json!("te")).starts_with("code-invalid"));
    assert!(told("extension", Value::Null).starts_with("required"));
    assert!(told("extension/0/valuePositiveInt", json!(0)).starts_with("structure"));
    assert!(told("extension/0/valuePositiveInt", json!("2")).starts_with("structure"));
    assert!(told("status", json!("unknown")).starts_with("code-invalid"));
    assert!(told("intent", json!("order")).starts_with("not-supported"));
    assert!(told("identifier/0/value", json!("010594Y9032")).starts_with("code-invalid"));
    assert!(told("identifier/0/system", json!("urn:x")).starts_with("code-invalid"));
    assert!(told("partOf", json!([{"reference": "CarePlan/1"}])).starts_with("not-supported"));
    assert!(told("supportingInfo/1", Value::Null).starts_with("invariant"));
    assert!(told("goal/0/reference", json!("#need")).starts_with("invariant"));
    assert!(told("contained/1/identifier", Value::Null).starts_with("required"));
    assert!(told("contained/1/identifier/0/value", json!("a b")).starts_with("value"));
    assert!(told("contained/1/identifier/0/value", json!("n-010594Y9032")).starts_with("code-invalid"));
    assert!(told("contained/2/lifecycleStatus", json!("dreamt")).starts_with("code-invalid"));
    assert!(told("contained/2/addresses/0/reference", json!("#x")).starts_with("invariant"));
    assert!(told("contained/2/target", json!([{"dueDate": "2026-02-30"}])).starts_with("structure"));
    assert!(told("contained/2/target", json!([{"dueDate": "2026"}])).starts_with("structure"));
    assert!(told("activity/0/id", Value::Null).starts_with("required"));
    assert!(told("activity/0/detail/kind", json!("MedicationRequest")).starts_with("not-supported"));
    assert!(told("activity/0/detail/doNotPerform", json!(true)).starts_with("not-supported"));
    assert!(told("activity/0/detail/status", json!("on-hold")).starts_with("code-invalid"));
    assert!(told("activity/0/detail/goal/0/reference", json!("#x")).starts_with("invariant"));
    assert!(told("activity/0/progress", json!([{"text": "x"}])).starts_with("not-supported"));
    let period = json!({"start": "2026-12-02", "end": "2026-12-01"});
    assert!(told("activity/0/detail/scheduledPeriod", period).starts_with("structure"));
    assert!(told("note/1/authorReference/identifier/value", json!("te")).starts_with("code-invalid"));
    assert!(told("note/1/authorReference", json!({"reference": TASK})).starts_with("invariant"));
}
