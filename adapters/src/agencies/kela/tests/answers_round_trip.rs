//! Do Kela's receipts, and the answers to what it says, come through whole?

use super::*;
use crate::agencies::trial::{
    Answering, Dates, OFFICE_STATES, Replies, Spelling, Told, receipt_in_json, try_every_answer,
};

impl Answering for Kela {
    const STATES: [&'static str; 13] = OFFICE_STATES;
    const DATES: Dates = Dates::Utc;
    const REPLIES: Replies = Replies {
        applied: 200,
        sent: 201,
        plan: None,
        refused: 409,
        later: (503, None),
        throttled: 429,
        unreadable: 400,
        stranger: (403, "EI_VALTUUTTA"),
    };

    fn receipt(&self, number: &str, at: &str, how: Spelling) -> Option<Receipt> {
        wire::read_receipt(receipt_in_json(number, at, how).as_bytes())
    }

    fn arrived(&self, message: MessageId, number: &str, at: &str, how: Spelling) -> Option<DeliveryStatus> {
        status(&provided(inquiring(&message, trial::now()), 200, &receipt_in_json(number, at, how)).ok()?)
            .ok()
    }

    fn unknown(&self, message: MessageId) -> Option<DeliveryStatus> {
        status(&provided(inquiring(&message, trial::now()), 404, "").ok()?).ok()
    }

    fn asked_about(&self, message: MessageId) -> String {
        let call = self.xroad.call(inquiring(&message, trial::now())).unwrap();
        let request = call.request(&http::Uri::from_static("https://ss.example/")).unwrap();
        assert_eq!((request.method(), request.body().len()), (&Method::GET, 0));
        let (before, id) = request.uri().path().rsplit_once('/').unwrap();
        assert!(before.ends_with("/nuorten-palvelut/sanomat"), "{before}");
        assert_ne!(request.headers()["x-road-id"], id, "the question is a message of its own");
        id.to_owned()
    }

    fn told(&self, outcome: &InboundOutcome) -> Told {
        let Reply { status, body, .. } = self.reply(&ReplyContext::default(), outcome, trial::LOG_ID);
        Told::of_json(status, &body)
    }
}

#[test]
fn answers() {
    try_every_answer(&kela());
}
