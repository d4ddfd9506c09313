//! What is taken in at the inbound endpoint, and how is it answered?

use std::time::Duration;

use polku_proto::ReferralId;
use polku_proto::v1::{Outcome, ReferralState, RejectionReason};
use serde_json::{Value, json};

use super::*;
use crate::agencies::trial::Step;
use crate::{InboundChange, InboundEvent, InboundMatter, Retry};

const REQUEST: [(&str, &str); 4] = [
    ("x-road-client", "FI-TEST/GOV/9999903-9/etuudet"),
    ("x-road-id", "e-1"),
    ("x-road-service", "FI-TEST/ORG/9999902-0/polku/ohjausviestit"),
    ("content-type", "application/json"),
];

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(http::HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers
}

pub(super) fn received(document: &Value) -> Result<InboundEvent, InboundError> {
    sent(&REQUEST, &document.to_string())
}

fn sent(pairs: &[(&'static str, &'static str)], body: &str) -> Result<InboundEvent, InboundError> {
    let headers = headers(pairs);
    let inbound = Inbound { headers: &headers, body: body.as_bytes(), peer: Some(PIN), now: trial::now() };
    kela().receive(&inbound).map(|received| received.event)
}

pub(super) fn expected(document: &Value) -> String {
    match received(document) {
        Err(InboundError::Malformed { code, expected }) => {
            assert_eq!(code, "VIRHEELLINEN_SISALTO");
            expected
        }
        other => panic!("{other:?}"),
    }
}

fn step(toimenpide: &str) -> Value {
    json!({"tilamuutos": {
        "sanomaTunnus": trial::MESSAGE,
        "laheteTunnus": trial::REFERRAL,
        "kasittelija": {"tunnus": "asiantuntija-1", "yksikko": "nuoret"},
        "toimenpide": toimenpide
    }})
}

#[test]
fn every_step() {
    trial::try_every_step(|told, note| {
        let reason = |reason| ("syy", json!(codes::reason(reason).unwrap()));
        let outcome = |outcome| ("tulos", json!(codes::outcome(outcome).unwrap()));
        let mut step = match told {
            Step::Accept => step("HYVAKSY"),
            Step::Reject(why) => with("HYLKAA", &[reason(why)]),
            Step::Ask => step("PYYDA_LISATIETOJA"),
            Step::Start => step("ALOITA"),
            Step::Hold => step("KESKEYTA"),
            Step::Complete(result) => with("PAATA", &[outcome(result)]),
            Step::Fail(result) => with("EPAONNISTUI", &[outcome(result)]),
            Step::Cancel => step("PERUUTA"),
            Step::ConfirmCancellation => step("VAHVISTA_PERUUTUS"),
        };
        step["tilamuutos"]["huomautus"] = json!(note);
        received(&step).ok().map(trial::changed)
    });
}

fn with(toimenpide: &str, members: &[(&str, Value)]) -> Value {
    let mut step = step(toimenpide);
    for (name, value) in members {
        step["tilamuutos"][*name] = value.clone();
    }
    step
}

#[test]
fn every_code_of_a_step() {
    let note = || "Näin.".to_owned();
    let huomautus = ("huomautus", json!("Näin."));
    let change = |toimenpide, members: &[(&str, Value)]| {
        let mut all = vec![huomautus.clone()];
        all.extend_from_slice(members);
        let event = received(&with(toimenpide, &all)).unwrap();
        assert_eq!((event.official.as_str(), event.unit.as_str()), ("asiantuntija-1", "nuoret"));
        assert_eq!(event.message.to_string(), trial::MESSAGE);
        let referral: ReferralId = trial::REFERRAL.parse().unwrap();
        assert!(matches!(event.matter, InboundMatter::Change { referral: named, .. } if named == referral));
        trial::changed(event)
    };
    let reason = RejectionReason::OutsideArea;
    assert!(change("HYVAKSY", &[]) == InboundChange::Accept { note: note() });
    assert!(
        change("HYLKAA", &[("syy", json!("ALUEEN_ULKOPUOLELLA"))])
            == InboundChange::Reject { reason, note: note() }
    );
    assert!(change("PYYDA_LISATIETOJA", &[]) == InboundChange::RequestInformation { question: note() });
    assert!(change("ALOITA", &[]) == InboundChange::Start { note: note() });
    assert!(change("KESKEYTA", &[]) == InboundChange::Hold { note: note() });
    let outcome = Outcome::GotService;
    assert!(
        change("PAATA", &[("tulos", json!("SAI_PALVELUN"))])
            == InboundChange::Complete { outcome, note: note() }
    );
    let outcome = Outcome::CouldNotContact;
    assert!(
        change("EPAONNISTUI", &[("tulos", json!("EI_TAVOITETTU"))])
            == InboundChange::Fail { outcome, note: note() }
    );
    assert!(change("PERUUTA", &[]) == InboundChange::Cancel { note: note() });
    assert!(change("VAHVISTA_PERUUTUS", &[]) == InboundChange::ConfirmCancellation { note: note() });
}

#[test]
fn an_answer_to_a_question() {
    let told = json!({"tausta": {"asuminen": "Vuokralla."}, "palvelutarpeet": ["Asunto"]});
    let event = received(&with("ANNA_LISATIEDOT", &[("lisatiedot", told.clone())])).unwrap();
    let InboundChange::ProvideInformation { answer, origin } = trial::changed(event) else { panic!() };
    assert_eq!(
        (answer.housing.as_str(), &answer.service_needs[..]),
        ("Vuokralla.", &["Asunto".to_owned()][..])
    );
    assert_eq!(origin, None);
    let alone = "`lisatiedot`, and neither `syy`, `tulos` nor `huomautus`, with `ANNA_LISATIEDOT`";
    assert_eq!(expected(&step("ANNA_LISATIEDOT")), alone);
    let noted = with("ANNA_LISATIEDOT", &[("lisatiedot", told.clone()), ("huomautus", json!("x"))]);
    assert_eq!(expected(&noted), alone);
    assert_eq!(
        expected(&with("HYVAKSY", &[("lisatiedot", told)])),
        "`lisatiedot` with no other `toimenpide` than `ANNA_LISATIEDOT`"
    );
    let named = json!({"nuori": {"henkilotunnus": "010594Y9032"}});
    assert_eq!(
        expected(&with("ANNA_LISATIEDOT", &[("lisatiedot", named)])),
        "`lisatiedot` without `henkilotunnus`"
    );
    let long = json!({"perustelu": "a".repeat(4001)});
    let refused = expected(&with("ANNA_LISATIEDOT", &[("lisatiedot", long)]));
    assert!(refused.starts_with("values within the limits of Polku's contract: "), "{refused}");
}

#[test]
fn every_part_that_does_not_fit() {
    let documents = "`tilamuutos`, `toimeentulotukiIlmoitus` or `lahete`, with the documented members, each once, none of them null";
    let cases = [
        ("sanomaTunnus", json!("x"), "`sanomaTunnus`, a UUID"),
        ("laheteTunnus", json!("{0193c5a0-0000-7000-8000-000000000002}"), "`laheteTunnus`, a UUID"),
        ("toimenpide", json!("hyvaksy"), "one of the documented codes in `toimenpide`"),
        ("syy", json!("MUU"), "`syy` with no other `toimenpide` than `HYLKAA`"),
        ("syy", json!("mikä"), "one of the documented codes in `syy`"),
        ("tulos", json!("mikä"), "one of the documented codes in `tulos`"),
        ("tulos", json!("EI_TIEDOSSA"), "`tulos` with no other `toimenpide` than `PAATA` and `EPAONNISTUI`"),
        ("huomautus", json!("a\u{1}"), "`huomautus`: at most 2000 characters, without control characters"),
        ("huomautus", Value::Null, documents),
        ("lisatiedot", Value::Null, documents),
        ("muuta", json!(1), documents),
        ("kasittelija", json!({"tunnus": "a"}), documents),
        (
            "kasittelija",
            json!({"tunnus": "010594Y9032", "yksikko": "nuoret"}),
            "`kasittelija.tunnus`: 1 to 64 letters, digits and `._:@-`, and no personal identity code",
        ),
        (
            "kasittelija",
            json!({"tunnus": "a", "yksikko": "Nuorten talo"}),
            "`kasittelija.yksikko`: 1 to 64 letters, digits and `._:-`, and no personal identity code",
        ),
    ];
    for (name, value, told) in cases {
        assert_eq!(expected(&with("HYVAKSY", &[(name, value)])), told, "{name}");
    }
    assert_eq!(expected(&step("HYLKAA")), "`syy` with `HYLKAA`");
    assert_eq!(expected(&step("PAATA")), "`tulos` with `PAATA` and `EPAONNISTUI`");
    assert_eq!(
        expected(&step("KESKEYTA")),
        "`huomautus` with `PYYDA_LISATIETOJA`, `KESKEYTA` and `EPAONNISTUI`"
    );
    for body in ["", "{}", "[]", "{\"tilamuutos\"", "\"tilamuutos\"", "{\"suunnitelma\":{}}", "\u{0}"] {
        assert!(matches!(sent(&REQUEST, body), Err(InboundError::Malformed { .. })), "{body}");
    }
    let twice =
        step("HYVAKSY").to_string().replacen("\"toimenpide\"", "\"toimenpide\":\"HYLKAA\",\"toimenpide\"", 1);
    assert!(matches!(sent(&REQUEST, &twice), Err(InboundError::Malformed { .. })));
    let two =
        format!("{{{0},{0}}}", step("HYVAKSY").to_string().trim_start_matches('{').trim_end_matches('}'));
    assert!(matches!(sent(&REQUEST, &two), Err(InboundError::Malformed { .. })));
}

#[test]
fn the_sender_is_kela_and_the_message_one() {
    let good = step("HYVAKSY").to_string();
    assert!(sent(&REQUEST, &good).is_ok());
    let code = |pairs: &[(&'static str, &'static str)], body: &str| match sent(pairs, body) {
        Err(InboundError::Malformed { code, .. }) => code,
        Err(InboundError::Unauthenticated { .. }) => "unauthenticated".to_owned(),
        Ok(_) => "taken in".to_owned(),
    };
    let without =
        |name: &str| -> Vec<_> { REQUEST.into_iter().filter(|(found, _)| *found != name).collect() };
    let and = |name, value| -> Vec<_> { without(name).into_iter().chain([(name, value)]).collect() };
    assert_eq!(code(&without("x-road-service"), &good), "taken in");
    assert_eq!(code(&and("content-type", "application/json; charset=utf-8"), &good), "taken in");
    assert_eq!(code(&without("x-road-client"), &good), "client.missing_header_field");
    assert_eq!(code(&without("x-road-id"), &good), "client.missing_header_field");
    assert_eq!(code(&without("content-type"), &good), "client.invalid_content_type");
    assert_eq!(code(&and("content-type", "text/xml"), &good), "client.invalid_content_type");
    for other in ["FI-TEST/GOV/9999903-9/toinen", "FI-TEST/GOV/9999903-9", "FI/GOV/9999903-9/etuudet"] {
        assert_eq!(code(&and("x-road-client", other), &good), "unauthenticated", "{other}");
    }
    assert_eq!(code(&and("x-road-client", "kela"), &good), "client.invalid_client_identifier");
    let service = "FI-TEST/ORG/9999902-0/polku/muu";
    assert_eq!(code(&and("x-road-service", service), &good), "client.unknown_service");
    for name in ["x-road-client", "x-road-id", "x-road-service", "content-type"] {
        let mut twice = REQUEST.to_vec();
        twice.extend(REQUEST.into_iter().filter(|(found, _)| *found == name));
        assert_eq!(code(&twice, &good), "client.duplicate_header_field", "{name}");
    }
    let mut packed = REQUEST.to_vec();
    packed.push(("content-encoding", "gzip"));
    assert_eq!(code(&packed, &good), "client.invalid_content_type");
    let long = format!("{good}{}", " ".repeat(MAX_BYTES));
    assert_eq!(code(&REQUEST, &long), "client.invalid_body");
    let headers = headers(&REQUEST);
    for peer in [None, Some([0; 32])] {
        let inbound = Inbound { headers: &headers, body: good.as_bytes(), peer, now: trial::now() };
        assert!(matches!(kela().receive(&inbound), Err(InboundError::Unauthenticated { .. })));
    }
}

#[test]
fn every_outcome_has_its_answer() {
    let answered = |outcome: InboundOutcome| {
        let Reply { status, content_type, body, retry_after } =
            kela().reply(&ReplyContext::default(), &outcome, trial::LOG_ID);
        assert_eq!(retry_after, outcome.retry_after());
        assert_eq!(content_type, "application/json");
        (status.as_u16(), json(&body))
    };
    let state = ReferralState::InProgress;
    assert_eq!(
        answered(InboundOutcome::Applied { state, sequence: 0 }),
        (200, json!({"tila": "KAYNNISSA", "tapahtumanumero": 0}))
    );
    let referral = trial::REFERRAL.parse().unwrap();
    let state = ReferralState::Requested;
    assert_eq!(
        answered(InboundOutcome::Sent { referral, state, sequence: 7 }),
        (201, json!({"laheteTunnus": trial::REFERRAL, "tila": "PYYDETTY", "tapahtumanumero": 7}))
    );
    let virhe = |koodi: &str, viesti: &str| json!({"virhe": {"koodi": koodi, "viesti": viesti}});
    let refused = |retry| InboundOutcome::Refused {
        reason: "TRANSITION_NOT_ALLOWED",
        hint: "look again".to_owned(),
        retry,
    };
    let said = virhe("TRANSITION_NOT_ALLOWED", "look again");
    assert_eq!(answered(refused(Retry::Never)), (409, said.clone()));
    assert_eq!(answered(refused(Retry::Backoff)), (503, said.clone()));
    assert_eq!(answered(refused(Retry::After(Duration::from_secs(1)))), (429, said));
    let unauthenticated = InboundError::Unauthenticated { expected: "somebody else" };
    assert_eq!(
        answered(InboundOutcome::Unreadable(unauthenticated)),
        (403, virhe("EI_VALTUUTTA", "expected somebody else"))
    );
    let malformed =
        InboundError::Malformed { code: "client.invalid_body".to_owned(), expected: "less".to_owned() };
    assert_eq!(
        answered(InboundOutcome::Unreadable(malformed)),
        (400, virhe("client.invalid_body", "expected less"))
    );
    assert_eq!(answered(InboundOutcome::PlanTaken { sequence: 1 }).0, 500);
}

#[test]
fn headers_name_nobody_but_the_official() {
    let code = |name: &'static str, value: &'static str| {
        let request: Vec<_> = REQUEST.into_iter().filter(|(known, _)| *known != name).collect();
        match sent(&[&request[..], &[(name, value)]].concat(), &step("HYVAKSY").to_string()) {
            Err(InboundError::Malformed { code, expected }) => {
                assert!(!expected.contains("010594"), "{expected}");
                code
            }
            Err(InboundError::Unauthenticated { .. }) => "unauthenticated".to_owned(),
            Ok(_) => "taken in".to_owned(),
        }
    };
    let refused = "client.invalid_header_field";
    assert_eq!(code("x-road-id", "010594Y9032"), refused);
    assert_eq!(code("x-road-userid", "FI010594Y9032"), refused);
    assert_eq!(code("x-road-issue", "asiakas 010594Y9032"), refused);
    assert_eq!(code("x-road-represented-party", "MUN/010594Y9032"), refused);
    assert_eq!(code("x-road-represented-party", "MUN/0186690-1"), "taken in");
    for other in ["FIasiantuntija-2", "asiantuntija-1", "SEasiantuntija-1", "FI"] {
        assert_eq!(code("x-road-userid", other), refused, "{other}");
    }
    assert_eq!(code("x-road-userid", "FIasiantuntija-1"), "taken in");
}
