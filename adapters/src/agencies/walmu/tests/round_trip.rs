//! Is anything lost between the contract and the case management's words?

use polku_proto::v1::delivery::Item;
use polku_proto::v1::{PlanPart, ReferralContent, ReferralHandover, ReferralNotice};
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

fn written(item: Item) -> Value {
    let (_, decision) = trial::spent(trial::delivery("walmu", Item::Handover(trial::handover(None))));
    let envelope = Envelope::open(trial::delivery("walmu", item)).unwrap();
    let message = Message::of(envelope, &trial::agency("walmu"), &decision).unwrap();
    serde_json::from_slice(&message.body).unwrap()
}

fn read(said: Value) -> (String, ReferralContent) {
    let said: Sisalto = serde_json::from_value(said).unwrap();
    let (identity, content) = said.read().unwrap();
    (identity.map(|identity| identity.expose().to_owned()).unwrap_or_default(), content)
}

fn heard(event: &Value) -> InboundMatter {
    told::read(event.to_string().as_bytes(), &trial::agency("walmu")).unwrap().matter
}

fn event(name: &str) -> Value {
    json!({"tapahtumaId": trial::MESSAGE, "tapahtuma": name, "kasittelija": {"tunnus": "v-1", "yksikko": "paja"}})
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn handover(content in any::content()) {
        let handover = ReferralHandover { content: Some(content.clone()), ..trial::handover(None) };
        let mut written = written(Item::Handover(handover));
        let mut said = json!({});
        for (name, place) in [("asiakas", ""), ("tausta", ""), ("perustelu", "/lahete"), ("palvelutarpeet", "/lahete")] {
            if let Some(value) = written.pointer_mut(&format!("{place}/{name}")) {
                said[name] = value.take();
            }
        }
        prop_assert!(read(said) == apart(content));
    }

    #[test]
    fn notice(content in any::content(), note in any::words(2000)) {
        let notice = ReferralNotice { answer: Some(content.clone()), sender_note: note.clone(), ..trial::notice() };
        let mut written = written(Item::Notice(notice));
        prop_assert_eq!(written["huomautus"].as_str(), Some(note.as_str()));
        let said = written.get_mut("lisatiedot").map(Value::take).unwrap_or_else(|| json!({}));
        prop_assert!(read(said) == apart(content));
    }

    #[test]
    fn plan(part in any::plan()) {
        let part = PlanPart {
            reference: format!("S{}", part.reference.chars().take(100).collect::<String>()),
            revision: part.revision.max(1),
            ..part
        };
        let mut written = written(Item::PlanPart(part.clone()));
        prop_assert_eq!(written["suunnitelma"]["omistaja"].as_str(), Some(part.owner.as_str()));
        let plan: Suunnitelma = serde_json::from_value(written["suunnitelma"].take()).unwrap();
        let (identity, told) = plan.read(&trial::agency("walmu")).unwrap();
        let (identity_code, background) = apart(part.background.clone().unwrap_or_default());
        prop_assert_eq!(identity.map(|identity| identity.expose().to_owned()).unwrap_or_default(), identity_code);
        let background = Some(background).filter(|told| *told != ReferralContent::default());
        let expected = PlanPart { plan: String::new(), owner: "walmu".into(), background, ..part };
        prop_assert!(told == expected);
    }

    #[test]
    fn referral_of_its_own(
        content in any::content(),
        respond_by in any::instant(),
        redacted in any::<bool>(),
    ) {
        let (_, content) = apart(content);
        let mut said = serde_json::to_value(Sisalto::of(content.clone())).unwrap();
        let mut event = event("lahete_luotu");
        event["lahete"] = json!({
            "vastaanottavaTaho": "te", "kayttotarkoitus": "ohjaus", "vastausViimeistaan": respond_by.to_string(),
            "tietojaKarsittu": redacted,
        });
        for (name, value) in said.as_object_mut().unwrap() {
            let value = value.take();
            match name.as_str() {
                "asiakas" | "tausta" => event[name] = value,
                _ => event["lahete"][name] = value,
            }
        }
        event["asiakas"]["henkilotunnus"] = json!("010594Y9032");
        let InboundMatter::Referral(told) = heard(&event) else { panic!("no referral") };
        prop_assert!(told.content == content && told.respond_by == Some(respond_by) && told.redacted == redacted);
        prop_assert_eq!(told.identity.expose(), "010594Y9032");
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
            prop_assert!(told::read(body, &trial::agency("walmu")).is_err());
        }
    }
}
