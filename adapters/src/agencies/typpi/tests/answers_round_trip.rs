//! Do the register's receipts, and the answers to what it says, come through whole?

use super::*;
use crate::agencies::trial::{Answering, Dates, Replies, Spelling, Told, try_every_answer};
use crate::transport::xroad::soap::check_request;

impl Answering for JointRegister {
    const STATES: [&'static str; 13] = [
        "ODOTTAA",
        "LISATIETO_PYYDETTY",
        "OTETTU_VASTAAN",
        "HYLATTY",
        "KAYNNISSA",
        "TAUOLLA",
        "PAATETTY",
        "PAATETTY_TULOKSETTA",
        "PERUMINEN_PYYDETTY",
        "PERUTTU",
        "VANHENTUNUT",
        "LUPA_PERUUTETTU",
        "KIRJATTU_VIRHEELLISESTI",
    ];
    const DATES: Dates = Dates::Utc;
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
        wire::read_receipt(&element("tallennaLaheteResponse", &numbered(number, at, how))).ok()
    }

    fn arrived(&self, _: MessageId, number: &str, at: &str, how: Spelling) -> Option<DeliveryStatus> {
        let known = how.xml("TALLENNETTU");
        let inside = format!("<viestinTila>{known}</viestinTila>{}", numbered(number, at, how));
        wire::read_status(&element("haeSanomanTilaResponse", &inside)).ok()
    }

    fn unknown(&self, _: MessageId) -> Option<DeliveryStatus> {
        let unknown = "<viestinTila>EI_TALLENNETTU</viestinTila>";
        wire::read_status(&element("haeSanomanTilaResponse", unknown)).ok()
    }

    fn asked_about(&self, message: MessageId) -> String {
        let asked = text_of(&Message::status_of(&message, trial::now()));
        let asked = check_request(asked.as_bytes()).unwrap();
        assert!(asked.body().is(wire::NAMESPACE, "haeSanomanTila"));
        let [id] = asked.body().children() else { panic!("more than an id") };
        assert_eq!(id.name(), "viestiTunnus");
        assert_ne!(id.text(), asked.headers().id, "the question is a message of its own");
        id.text().to_owned()
    }

    fn told(&self, outcome: &InboundOutcome) -> Told {
        let (status, body) = match outcome {
            InboundOutcome::Sent { .. } => received::replied("lahetaLahete", &received::referral(), outcome),
            InboundOutcome::PlanTaken { .. } => {
                received::replied("lahetaSuunnitelma", &received::plan(), outcome)
            }
            InboundOutcome::Applied { .. }
            | InboundOutcome::Refused { .. }
            | InboundOutcome::Unreadable(_) => {
                let accepted = received::step("<toiminto>OTA_VASTAAN</toiminto>");
                received::replied("paivitaLahete", &accepted, outcome)
            }
        };
        Told::of_soap(status, &body, "lahetteenTila")
    }
}

fn numbered(number: &str, at: &str, how: Spelling) -> String {
    let (number, at) = (how.xml(number), how.xml(at));
    format!("<kirjausnumero>{number}</kirjausnumero><tallennettu>{at}</tallennettu>")
}

#[test]
fn answers() {
    try_every_answer(&register());
}
