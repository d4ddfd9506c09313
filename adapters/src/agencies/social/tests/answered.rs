//! What does an answer of the county come to?

use std::time::Duration;

use super::*;

fn id() -> MessageId {
    trial::MESSAGE.parse().unwrap()
}

fn response() -> Value {
    let entry = |location: &str| json!({"response": {"status": "201 Created", "location": location}});
    json!({
        "resourceType": "Bundle",
        "type": "transaction-response",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{}", trial::MESSAGE)},
        "entry": [entry("Task/1/_history/4"), entry("Provenance/S-17/_history/1")],
    })
}

fn receipt(response: &Value) -> Option<String> {
    answers::read_receipt(response.to_string().as_bytes(), id(), 2).map(|receipt| receipt.reference)
}

#[test]
fn receipts() {
    assert_eq!(receipt(&response()).as_deref(), Some("S-17"));
    let again = response().to_string().replace("201 Created", "200 OK");
    let again = answers::read_receipt(again.as_bytes(), id(), 2).unwrap();
    assert_eq!(again.reference, "S-17");
    let bad = [
        ("/type", json!("searchset")),
        ("/resourceType", json!("Task")),
        ("/identifier/value", json!("urn:uuid:0193c5a0-0000-7000-8000-0000000000ff")),
        ("/entry/0/response/status", json!("404 Not Found")),
        ("/entry/1/response/location", json!("Task/1")),
        ("/entry/1/response/location", json!("Provenance/")),
        ("/entry/1/response/location", json!("Provenance/Aino Esimerkki")),
        ("/entry/1/response", json!(null)),
        ("/entry", json!([])),
    ];
    for (path, value) in bad {
        let mut response = response();
        *response.pointer_mut(path).unwrap() = value;
        assert_eq!(receipt(&response), None, "{path}");
    }
    for noise in ["", "null", "{", "[]", "\u{0}"] {
        assert!(answers::read_receipt(noise.as_bytes(), id(), 2).is_none());
    }
}

#[test]
fn a_receipt_that_names_a_person_is_left_out() {
    let mut response = response();
    response["entry"][1]["response"]["location"] = json!("Provenance/010594Y9032");
    assert_eq!(receipt(&response).as_deref(), Some(""));
}

#[test]
fn arrived_or_not() {
    let status = |body: &Value| answers::read_status(body.to_string().as_bytes(), id());
    let found = |tag: &str| {
        json!({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": {
            "resourceType": "Provenance",
            "id": "S-17",
            "meta": {"tag": [{"system": "urn:polku:message", "code": tag}]},
        }}]})
    };
    let receipt = Receipt::new("S-17");
    assert_eq!(status(&found(trial::MESSAGE)), Some(DeliveryStatus::Arrived(receipt)));
    assert_eq!(status(&found(trial::REFERRAL)), None);
    let none = json!({"resourceType": "Bundle", "type": "searchset", "total": 0});
    assert_eq!(status(&none), Some(DeliveryStatus::NotArrived));
    assert_eq!(status(&response()), None);
    let mut two = found(trial::MESSAGE);
    let entry = two["entry"][0].clone();
    two["entry"].as_array_mut().unwrap().push(entry);
    assert_eq!(status(&two), None);
}

fn refusal(status: u16, body: &str, retry_after: Option<&'static str>) -> AdapterErrorKind {
    let provided = Provided {
        status: StatusCode::from_u16(status).unwrap(),
        retry_after: retry_after.map(|seconds| Duration::from_secs(seconds.parse().unwrap())),
        body: Bytes::from(body.to_owned()),
        evidence: crate::Evidence::default(),
    };
    unwilling(&provided).kind
}

#[test]
fn refusals() {
    let own = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","details":{"coding":[{"system":"urn:x","code":"EI_PALVELUALUETTA"}]}}]}"#;
    let plain = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invariant"}]}"#;
    let person = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"010594Y9032"}]}"#;
    let rejected = |code: &str| AdapterErrorKind::Rejected { code: code.into() };
    for status in [400, 404, 412, 422] {
        assert_eq!(refusal(status, own, None), rejected("EI_PALVELUALUETTA"));
        assert_eq!(refusal(status, plain, None), rejected("invariant"));
        assert_eq!(refusal(status, person, None), rejected("unspecified"));
        assert_eq!(refusal(status, "<html>", None), AdapterErrorKind::Unanswered);
    }
    for status in [401, 403, 429] {
        assert_eq!(refusal(status, "", None), AdapterErrorKind::Unavailable { after: None });
    }
    assert_eq!(refusal(503, own, None), AdapterErrorKind::Unavailable { after: None });
    assert_eq!(refusal(503, "", None), AdapterErrorKind::Unanswered);
    assert!(matches!(refusal(503, "", Some("60")), AdapterErrorKind::Unavailable { after: Some(_) }));
    assert_eq!(refusal(500, own, None), AdapterErrorKind::Unanswered);
    // Another change came between: the same message can be taken in later.
    assert_eq!(refusal(409, own, None), AdapterErrorKind::Unavailable { after: None });
    assert!(matches!(refusal(409, plain, Some("60")), AdapterErrorKind::Unavailable { after: Some(_) }));
    assert_eq!(refusal(409, "<html>", None), AdapterErrorKind::Unanswered);
    let caused = |code: &str| {
        let text = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"CODE","details":{"coding":[{"code":"MYOHEMMIN"}]}}]}"#;
        text.replace("CODE", code)
    };
    for code in ["transient", "lock-error", "no-store", "exception", "incomplete", "throttled"] {
        for status in [400, 412, 422, 423] {
            let again = AdapterErrorKind::Unavailable { after: None };
            assert_eq!(refusal(status, &caused(code), None), again, "{status} {code}");
        }
        // What has failed inside, or took too long, may have been taken in.
        for status in [408, 500] {
            assert_eq!(refusal(status, &caused(code), None), AdapterErrorKind::Unanswered, "{status} {code}");
        }
    }
    for status in [400, 409, 422, 500, 503] {
        assert_eq!(refusal(status, &caused("timeout"), None), AdapterErrorKind::Unanswered, "{status}");
    }
    assert_eq!(refusal(422, &caused("conflict"), None), rejected("MYOHEMMIN"));
    // A transaction is answered with 200.
    assert_eq!(refusal(202, "", None), AdapterErrorKind::Unanswered);
}
