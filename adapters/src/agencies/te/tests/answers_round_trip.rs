//! Do the office's receipts, and the answers to what it says, come through whole?

use super::*;
use crate::agencies::trial::{Answering, Dates, OFFICE_STATES, Replies, Spelling, Told, try_every_answer};
use crate::transport::xml::{XmlLimits, read_document};
use crate::transport::xroad::soap::check_request;

impl Answering for EmploymentServices {
    const STATES: [&'static str; 13] = OFFICE_STATES;
    const DATES: Dates = Dates::Any;
    const REPLIES: Replies = Replies {
        applied: 200,
        sent: 200,
        plan: Some(200),
        refused: 200,
        later: (500, Some("server.serverproxy.service_disabled")),
        throttled: 500,
        unreadable: 500,
        stranger: (500, "client.ssl_authentication_failed"),
    };

    fn receipt(&self, number: &str, at: &str, how: Spelling) -> Option<Receipt> {
        wire::read_receipt(&answer("vastaanotaLaheteResponse", &numbered(number, at, how)))
    }

    fn arrived(&self, _: MessageId, number: &str, at: &str, how: Spelling) -> Option<DeliveryStatus> {
        let inside = format!("<tila>{}</tila>{}", how.xml("VASTAANOTETTU"), numbered(number, at, how));
        wire::read_status(&answer("haeSanomanTilaResponse", &inside))
    }

    fn unknown(&self, _: MessageId) -> Option<DeliveryStatus> {
        wire::read_status(&answer("haeSanomanTilaResponse", "<tila>TUNTEMATON</tila>"))
    }

    fn asked_about(&self, message: MessageId) -> String {
        let asked = self.office.write(&Message::status_of(&message, trial::now())).unwrap();
        let asked = check_request(&asked).unwrap();
        assert!(asked.body().is(wire::PROTOCOL.namespace, "haeSanomanTila"));
        let [id] = asked.body().children() else { panic!("more than an id") };
        assert_eq!(id.name(), "sanomaTunnus");
        assert_ne!(id.text(), asked.headers().id, "the question is a message of its own");
        id.text().to_owned()
    }

    fn told(&self, outcome: &InboundOutcome) -> Told {
        let (status, body) = match outcome {
            InboundOutcome::Sent { .. } => sent::replied("lahetaLahete", &sent::referral(), outcome),
            InboundOutcome::PlanTaken { .. } => sent::replied("lahetaSuunnitelma", &sent::plan(), outcome),
            InboundOutcome::Applied { .. }
            | InboundOutcome::Refused { .. }
            | InboundOutcome::Unreadable(_) => received::replied(outcome),
        };
        Told::of_soap(status, &body, "tila")
    }
}

fn numbered(number: &str, at: &str, how: Spelling) -> String {
    let (number, at) = (how.xml(number), how.xml(at));
    format!("<vastaanottotunnus>{number}</vastaanottotunnus><vastaanotettu>{at}</vastaanotettu>")
}

fn answer(name: &str, inside: &str) -> Element {
    let document = format!("<{name} xmlns=\"{}\">{inside}</{name}>", wire::PROTOCOL.namespace);
    read_document(document.as_bytes(), &XmlLimits::default()).unwrap()
}

#[test]
fn answers() {
    try_every_answer(&office());
}
