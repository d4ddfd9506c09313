//! Do the receipts of social services, and the answers to what they say, come through whole?

use super::*;
use crate::agencies::trial::{Answering, Dates, Replies, Spelling, Told, try_every_answer};

impl Answering for SocialServices {
    const STATES: [&'static str; 13] = [
        "requested",
        "info-requested",
        "accepted",
        "rejected",
        "in-progress",
        "on-hold",
        "completed",
        "failed",
        "cancel-requested",
        "cancelled",
        "expired",
        "consent-withdrawn",
        "entered-in-error",
    ];
    /// Ids of FHIR.
    const NUMBERS: &'static str = "[A-Za-z0-9.-]{1,64}";
    const UNFIT: Option<&'static str> = None;
    const DATES: Dates = Dates::None;
    const REPLIES: Replies = Replies {
        applied: 200,
        sent: 201,
        plan: Some(200),
        refused: 422,
        later: (503, None),
        throttled: 429,
        unreadable: 400,
        stranger: (403, "security"),
    };

    fn receipt(&self, number: &str, _: &str, how: Spelling) -> Option<Receipt> {
        let entry = |location: &str| {
            let location = how.json(location);
            format!("{{\"response\": {{\"status\": \"201 Created\", \"location\": {location}}}}}")
        };
        let answer = format!(
            "{{\"resourceType\": \"Bundle\", \"type\": \"transaction-response\", \"identifier\": \
             {{\"system\": \"urn:ietf:rfc:3986\", \"value\": \"urn:uuid:{}\"}}, \"entry\": [{}, {}]}}",
            trial::MESSAGE,
            entry("Task/1/_history/4"),
            entry(&format!("Provenance/{number}/_history/1")),
        );
        answers::read_receipt(answer.as_bytes(), trial::MESSAGE.parse().unwrap(), 2)
    }

    fn arrived(&self, message: MessageId, number: &str, _: &str, how: Spelling) -> Option<DeliveryStatus> {
        let (id, tag) = (how.json(number), how.json(&message.to_string()));
        let found = format!(
            "{{\"resourceType\": \"Bundle\", \"type\": \"searchset\", \"entry\": [{{\"resource\": \
             {{\"resourceType\": \"Provenance\", \"id\": {id}, \"meta\": {{\"tag\": \
             [{{\"system\": \"urn:polku:message\", \"code\": {tag}}}]}}}}}}]}}"
        );
        answers::read_status(found.as_bytes(), message)
    }

    fn unknown(&self, message: MessageId) -> Option<DeliveryStatus> {
        answers::read_status(br#"{"resourceType": "Bundle", "type": "searchset"}"#, message)
    }

    fn asked_about(&self, message: MessageId) -> String {
        let call = self.way.call(Post::inquiring(message, trial::now()).ask()).unwrap();
        let request = call.request(&http::Uri::from_static("https://ss.example/")).unwrap();
        assert!(request.uri().path().ends_with("/fhir/Provenance/_search"), "{}", request.uri());
        let body = std::str::from_utf8(request.body()).unwrap();
        let id = body.strip_prefix("_tag=urn%3Apolku%3Amessage%7C").unwrap().to_owned();
        assert_ne!(request.headers()["x-road-id"], id.as_str(), "the question is a message of its own");
        id
    }

    fn told(&self, outcome: &InboundOutcome) -> Told {
        let Reply { status, body, .. } = inbound::reply(outcome);
        let mut told = Told { status: status.as_u16(), ..Told::default() };
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer["resourceType"], "OperationOutcome");
        for issue in answer["issue"].as_array().unwrap() {
            let text =
                |pointer: &str| issue.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let code = text("/details/coding/0/code");
            match text("/details/coding/0/system").as_str() {
                "urn:ietf:rfc:3986" => told.referral = code.strip_prefix("urn:uuid:").unwrap().to_owned(),
                "urn:polku:referral-state" => told.state = code,
                "urn:polku:audit-sequence" => told.sequence = code,
                "urn:polku:reason" => told.reason = code,
                "" => told.reason = text("/code"),
                system => panic!("a code of {system}"),
            }
            if issue["severity"] == "error" {
                told.hint = text("/diagnostics");
            }
        }
        told
    }
}

#[test]
fn answers() {
    try_every_answer(&social());
}
