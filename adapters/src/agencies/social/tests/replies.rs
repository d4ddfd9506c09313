//! How are the county's messages answered?

use std::time::Duration;

use polku_proto::v1::ReferralState;

use super::*;
use crate::Retry;

fn replied(outcome: &InboundOutcome) -> (u16, Value) {
    let reply = inbound::reply(outcome);
    assert_eq!(reply.retry_after, outcome.retry_after());
    assert_eq!(reply.content_type, "application/fhir+json");
    (reply.status.as_u16(), serde_json::from_slice(&reply.body).unwrap())
}

fn told(system: &str, code: &str) -> Value {
    json!({
        "severity": "information",
        "code": "informational",
        "details": {"coding": [{"system": system, "code": code}]},
    })
}

fn outcome(issues: &Value) -> Value {
    json!({"resourceType": "OperationOutcome", "issue": issues})
}

#[test]
fn good_news() {
    let sequence = told("urn:polku:audit-sequence", "17");
    let applied = InboundOutcome::Applied { state: ReferralState::OnHold, sequence: 17 };
    assert_eq!(
        replied(&applied),
        (200, outcome(&json!([told("urn:polku:referral-state", "on-hold"), sequence])))
    );
    let referral = trial::REFERRAL.parse().unwrap();
    let sent = InboundOutcome::Sent { referral, state: ReferralState::Requested, sequence: 17 };
    let id = told("urn:ietf:rfc:3986", &format!("urn:uuid:{}", trial::REFERRAL));
    let state = told("urn:polku:referral-state", "requested");
    assert_eq!(replied(&sent), (201, outcome(&json!([id, state, sequence]))));
    assert_eq!(replied(&InboundOutcome::PlanTaken { sequence: 17 }), (200, outcome(&json!([sequence]))));
}

#[test]
fn refusals() {
    let refused =
        |retry| InboundOutcome::Refused { reason: "TRANSITION_NOT_ALLOWED", hint: "\"no\"".into(), retry };
    let issue = |code: &str| {
        outcome(&json!([{
            "severity": "error",
            "code": code,
            "details": {"coding": [{"system": "urn:polku:reason", "code": "TRANSITION_NOT_ALLOWED"}]},
            "diagnostics": "\"no\"",
        }]))
    };
    assert_eq!(replied(&refused(Retry::Never)), (422, issue("business-rule")));
    for retry in [Retry::Backoff, Retry::FindOut] {
        assert_eq!(replied(&refused(retry)), (503, issue("transient")));
    }
    assert_eq!(replied(&refused(Retry::After(Duration::from_secs(1)))), (429, issue("throttled")));
}

#[test]
fn unreadable() {
    let error = receive(&json!({"resourceType": "Bundle"})).unwrap_err();
    let body = outcome(&json!([{
        "severity": "error",
        "code": "required",
        "diagnostics": "expected the element at Bundle.type",
    }]));
    assert_eq!(replied(&InboundOutcome::Unreadable(error)), (400, body));
    let unknown =
        social().receive(&Inbound { headers: &headers(), body: b"{}", peer: None, now: trial::now() });
    let (status, body) = replied(&InboundOutcome::Unreadable(unknown.unwrap_err()));
    assert_eq!((status, &body["issue"][0]["code"]), (403, &json!("security")));
    let mut bare = headers();
    bare.remove("x-road-id");
    let bare = social().receive(&Inbound { headers: &bare, body: b"{}", peer: Some(PIN), now: trial::now() });
    let (status, body) = replied(&InboundOutcome::Unreadable(bare.unwrap_err()));
    assert_eq!((status, &body["issue"][0]["code"]), (400, &json!("invalid")));
    assert_eq!(body["issue"][0]["details"]["coding"][0]["code"], "client.missing_header_field");
}
