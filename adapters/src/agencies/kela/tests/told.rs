//! Does nothing get lost between the contract and Kela's documents, whatever stands in it?

use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    ContactDetails, EducationWork, Purpose, ReferralContent, ReferralHandover, ReferralNotice,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;
use proptest::{prop_assert, prop_assert_eq};
use serde_json::{Value, json};

use super::received::received;
use super::*;
use crate::{InboundChange, InboundMatter};

/// Texts that the contract lets through: Finnish and Swedish letters, line ends, markup, JSON's own signs, long ones.
fn text(max: usize) -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        Just("Åäö ÄÅÖ šž".to_owned()),
        Just("<![CDATA[x]]>&amp;".to_owned()),
        Just("\"}],{\\u0000\\".to_owned()),
        Just("rivi\r\n\trivi".to_owned()),
        Just("null".to_owned()),
        "[ -~\u{a0}-\u{2ff}]{0,40}",
        "[\u{10000}-\u{103ff}]{1,4}",
        Just("x".repeat(400)),
    ];
    vec(parts, 0..6).prop_map(move |parts| parts.concat().chars().take(max).collect())
}

fn contact() -> impl Strategy<Value = ContactDetails> {
    let phone = prop_oneof![Just(String::new()), "\\+?[0-9 ()-]{5,19}"];
    ((phone, text(100), text(200)), ("[A-Za-z0-9 -]{0,10}", text(100), prop_oneof!["", "[0-9]{3}"])).prop_map(
        |((phone, email, street_address), (postal_code, city, municipality))| ContactDetails {
            phone,
            email,
            street_address,
            postal_code,
            city,
            municipality,
        },
    )
}

fn work() -> impl Strategy<Value = EducationWork> {
    (option::of(0..=9_i32), text(1000), text(2000), prop_oneof!["", "[0-9]{2}"]).prop_map(
        |(education_level, education, work_history, job_seeker_status)| EducationWork {
            education_level,
            education,
            work_history,
            job_seeker_status,
        },
    )
}

fn content() -> impl Strategy<Value = ReferralContent> {
    let who =
        (text(200), text(200), prop_oneof!["", "[a-z]{2}"], option::of(contact()), text(300), text(300));
    let why =
        (text(4000), vec(text(500).prop_map(|need| format!("x{need}").chars().take(500).collect()), 0..20));
    let more = (option::of(work()), vec(text(2000), 8));
    (who, why, more).prop_map(|(who, (reason, service_needs), (education_work, mut rest))| {
        let (given_names, family_name, contact_language, contact, correspondence_address, contact_wish) = who;
        let mut next = || rest.pop().unwrap();
        ReferralContent {
            identity_code: String::new(),
            given_names,
            family_name,
            contact_language,
            // The contract's own absent and empty objects are one in JSON.
            contact: contact.filter(|contact| *contact != ContactDetails::default()),
            reason,
            service_needs,
            education_work: education_work.filter(|work| *work != EducationWork::default()),
            social_situation: next(),
            health_capacity: next(),
            housing: next(),
            benefits_income: next(),
            joint_plan: next(),
            service_attendance: next(),
            outcome_measures: next(),
            quality_of_life: next(),
            correspondence_address,
            contact_wish,
        }
    })
}

const MEMBERS: [&str; 6] =
    ["nuori", "toivottuYhteydenottoaika", "perustelu", "palvelutarpeet", "tausta", "tietojaKarsittu"];

proptest! {
    #![proptest_config(Config { failure_persistence: None, cases: 48, ..Config::default() })]

    #[test]
    fn what_is_told_in_a_request_is_read_in_a_referral(
        content in content(),
        purpose in 1..8_i32,
        redacted in any::<bool>(),
    ) {
        let told = ReferralContent { identity_code: "010594Y9032".into(), ..content.clone() };
        let handover = ReferralHandover { purpose, redacted, ..trial::handover(Some(told)) };
        let written = json(&message(trial::delivery("kela", Item::Handover(handover))).body);
        let name = if purpose == i32::from(Purpose::Rehabilitation) { "nuottiYhteydenotto" } else { "yhteydenottopyynto" };
        let request = &written[name];
        let mut referral = json!({
            "sanomaTunnus": trial::MESSAGE,
            "kasittelija": {"tunnus": "a", "yksikko": "b"},
            "vastaanottaja": "ohjaamo",
            "kayttotarkoitus": "OHJAUS",
        });
        for member in MEMBERS {
            if let Some(value) = request.get(member) {
                referral[member] = value.clone();
            }
        }
        let event = received(&json!({"lahete": referral})).unwrap();
        let InboundMatter::Referral(read) = event.matter else { panic!() };
        prop_assert!(read.content == content && read.redacted == redacted);
        prop_assert!(read.identity == "010594Y9032".parse().unwrap());
    }

    #[test]
    fn what_is_told_in_news_is_read_in_an_answer(content in content(), note in text(2000)) {
        let notice = ReferralNotice { answer: Some(content.clone()), sender_note: note.clone(), ..trial::notice() };
        let written = json(&message(trial::delivery("kela", Item::Notice(notice))).body);
        prop_assert_eq!(written.get("huomautus").and_then(Value::as_str).unwrap_or_default(), note);
        let Some(lisatiedot) = written.get("lisatiedot") else {
            prop_assert!(content == ReferralContent::default());
            return Ok(());
        };
        let event = received(&json!({"tilamuutos": {
            "sanomaTunnus": trial::MESSAGE,
            "laheteTunnus": trial::REFERRAL,
            "kasittelija": {"tunnus": "a", "yksikko": "b"},
            "toimenpide": "ANNA_LISATIEDOT",
            "lisatiedot": lisatiedot,
        }}));
        let InboundChange::ProvideInformation { answer, .. } = trial::changed(event.unwrap()) else { panic!() };
        prop_assert!(*answer == content);
    }
}
