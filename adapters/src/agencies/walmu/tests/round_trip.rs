//! Is anything lost between the contract and the case management's words?

use std::sync::LazyLock;

use polku_policy::Decision;
use polku_proto::time;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{LegalClaim, PlanPart, ReferralContent, ReferralHandover};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::agencies::trial::any;
use crate::agencies::walmu::content::Sisalto;
use crate::agencies::walmu::plan::Suunnitelma;
use crate::{InboundChange, InboundMatter};

/// The content as it comes back: the identity code apart, and no object in which nothing is told.
fn apart(content: ReferralContent) -> (String, ReferralContent) {
    let contact = content.contact.filter(|contact| *contact != Default::default());
    let education_work = content.education_work.filter(|told| *told != Default::default());
    let identity_code = content.identity_code;
    (identity_code, ReferralContent { identity_code: String::new(), contact, education_work, ..content })
}

// Takes longer to make than a case.
static DECISION: LazyLock<Decision> =
    LazyLock::new(|| trial::spent(trial::delivery("walmu", Item::Handover(trial::handover(None)))).1);

/// What is written of a delivery.
pub(super) fn written(delivery: Delivery) -> Value {
    let message = Message::of(Envelope::open(delivery).unwrap(), &trial::agency("walmu"), &DECISION).unwrap();
    serde_json::from_slice(&message.body).unwrap()
}

fn heard(event: &Value) -> InboundMatter {
    crate::agencies::walmu::told::read(event.to_string().as_bytes(), &trial::agency("walmu")).unwrap().matter
}

fn event(name: &str) -> Value {
    json!({"tapahtumaId": trial::MESSAGE, "tapahtuma": name, "kasittelija": {"tunnus": "v-1", "yksikko": "paja"}})
}

#[test]
fn where_a_plan_stands() {
    trial::try_every_standing(|part| {
        let delivery = trial::delivery("walmu", Item::PlanPart(part));
        let mut written = written(Delivery { referral: String::new(), ..delivery });
        trial::standing_in_json(written["suunnitelma"]["yhteinenTilanne"].take())
    });
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn plan(part in any::plan()) {
        let part = PlanPart {
            reference: format!("S{}", part.reference.chars().take(100).collect::<String>()),
            revision: part.revision.max(1),
            ..part
        };
        let mut written = written(Delivery { referral: String::new(), ..trial::delivery("walmu", Item::PlanPart(part.clone())) });
        prop_assert_eq!(written["suunnitelma"]["omistaja"].as_str(), Some(part.owner.as_str()));
        prop_assert_eq!(written["suunnitelma"].get("lupaPeruttu").is_some(), part.consent_withdrawn);
        let plan: Suunnitelma = serde_json::from_value(written["suunnitelma"].take()).unwrap();
        let (identity, told) = plan.read(&trial::agency("walmu")).unwrap();
        let (identity_code, background) = apart(part.background.clone().unwrap_or_default());
        prop_assert_eq!(identity.map(|identity| identity.expose().to_owned()).unwrap_or_default(), identity_code);
        let background = Some(background).filter(|told| *told != ReferralContent::default());
        let expected = PlanPart { plan: String::new(), owner: "walmu".into(), consent_withdrawn: false, background, ..part };
        prop_assert!(told == expected);
    }

    #[test]
    fn referral_of_its_own(content in any::content(), handover in any::handover()) {
        let ReferralHandover { purpose, respond_by, recipient_unit, claim, redacted, .. } = handover;
        let respond_by = respond_by.map(|instant| time::from_wire(&instant).unwrap());
        let (identity_code, content) = apart(content);
        let mut said = serde_json::to_value(Sisalto::of(content.clone())).unwrap();
        let mut event = event("lahete_luotu");
        event["lahete"] = json!({
            "vastaanottavaTaho": "te",
            "kayttotarkoitus": codes::purpose(purpose.try_into().unwrap()).unwrap(),
            "vastausViimeistaan": respond_by.map(|instant| instant.to_string()).unwrap_or_default(),
            "tietojaKarsittu": redacted,
        });
        if !recipient_unit.is_empty() {
            event["lahete"]["vastaanottavaYksikko"] = json!(recipient_unit);
        }
        if let Some(LegalClaim { ground, statement, consent_asked }) = &claim {
            event["lahete"]["ilmoitusperuste"] = json!({
                "peruste": codes::ground((*ground).try_into().unwrap()).unwrap(),
                "selostus": statement,
                "suostumusta": codes::consent_asked((*consent_asked).try_into().unwrap()).unwrap(),
            });
        }
        for (name, value) in said.as_object_mut().unwrap() {
            let value = value.take();
            match name.as_str() {
                "asiakas" | "tausta" => event[name] = value,
                _ => event["lahete"][name] = value,
            }
        }
        event["asiakas"]["henkilotunnus"] = json!(identity_code);
        let InboundMatter::Referral(told) = heard(&event) else { panic!("no referral") };
        prop_assert_eq!(told.identity.expose(), &identity_code);
        let recipient = trial::party("te", &recipient_unit);
        prop_assert_eq!(told.recipient.to_string(), recipient);
        prop_assert_eq!((i32::from(told.purpose), told.redacted), (purpose, redacted));
        prop_assert_eq!(told.respond_by, respond_by);
        prop_assert!(told.claim == claim && told.content == content);
    }

    #[test]
    fn answer_to_a_question(content in any::content()) {
        let mut event = event("lisatiedot_annettu");
        event["laheteTunnus"] = json!(trial::REFERRAL);
        let nameless = ReferralContent { identity_code: String::new(), ..content.clone() };
        event["lisatiedot"] = serde_json::to_value(Sisalto::of(nameless)).unwrap();
        let InboundMatter::Change { change: InboundChange::ProvideInformation { answer, .. }, .. } = heard(&event)
        else {
            panic!("no answer")
        };
        prop_assert!(*answer == apart(content).1);
    }

    #[test]
    fn anything(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,200}") {
        for body in [bytes.as_slice(), text.as_bytes()] {
            prop_assert!(crate::agencies::walmu::told::read(body, &trial::agency("walmu")).is_err());
        }
    }
}
