//! Do the receipts of the case management, and the answers to what it says, come through whole?

use polku_proto::MessageId;

use super::*;
use crate::agencies::trial::{Answering, Dates, Replies, Spelling, Told, receipt_in_json, try_every_answer};

/// The case management, and its own side of what is said.
struct Workshop;

impl Answering for Workshop {
    const STATES: [&'static str; 13] = [
        "pyydetty",
        "lisatietoja_pyydetty",
        "hyvaksytty",
        "hylatty",
        "kaynnissa",
        "keskeytetty",
        "paattynyt",
        "epaonnistunut",
        "peruutusta_pyydetty",
        "peruutettu",
        "vanhentunut",
        "lupa_peruttu",
        "virheellinen",
    ];
    const DATES: Dates = Dates::Any;
    const REPLIES: Replies = Replies {
        applied: 200,
        sent: 200,
        plan: Some(200),
        refused: 409,
        later: (503, None),
        throttled: 429,
        unreadable: 400,
        stranger: (401, "UNAUTHENTICATED"),
    };

    fn receipt(&self, number: &str, at: &str, how: Spelling) -> Option<Receipt> {
        receipt(&answered(201, receipt_in_json(number, at, how))).ok()
    }

    fn arrived(&self, _: MessageId, number: &str, at: &str, how: Spelling) -> Option<DeliveryStatus> {
        status(&answered(200, receipt_in_json(number, at, how))).ok()
    }

    fn unknown(&self, _: MessageId) -> Option<DeliveryStatus> {
        let error = r#"{"virhe": {"koodi": "tuntematon_sanoma", "viesti": "Ei ole."}}"#;
        status(&answered(404, error.to_owned())).ok()
    }

    fn asked_about(&self, message: MessageId) -> String {
        let request = inquiry("https://walmu.example/api/v1", &message).unwrap();
        assert_eq!((request.method(), request.body().len()), (&Method::GET, 0));
        let asked = request.uri().path().strip_prefix("/api/v1/sanomat/").unwrap();
        asked.to_owned()
    }

    fn told(&self, outcome: &InboundOutcome) -> Told {
        let Reply { status, body, .. } = webhook::reply(outcome);
        Told::of_json(status, &body)
    }
}

fn answered(status: u16, body: String) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: http::HeaderMap::new(),
        body: Bytes::from(body),
    }
}

#[test]
fn answers() {
    try_every_answer(&Workshop);
}
