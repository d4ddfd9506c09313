//! What is taken in at the inbound endpoint, and how is it answered?

use std::time::Duration;

use http::HeaderMap;
use polku_proto::v1::{Outcome, Purpose, ReferralState, RejectionReason};

use super::*;
use crate::agencies::trial::Step;
use crate::{InboundChange, InboundEvent, InboundMatter, InboundReferral, Retry};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// `printf '%s' '1795253460.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef`
const VECTOR: &str = "8473970920b5eb1777ace74dd923dea3aa87996c7ad1ee837d412229636cfbb2";

fn key() -> hmac::Key {
    webhook::key(&secret(SECRET))
}

fn headers(timestamp: &str, signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(webhook::TIMESTAMP, HeaderValue::from_str(timestamp).unwrap());
    headers.insert(webhook::SIGNATURE, HeaderValue::from_str(signature).unwrap());
    headers
}

fn sign(timestamp: &str, body: &str) -> String {
    let tag = hmac::sign(&key(), format!("{timestamp}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={hex}")
}

fn receive(headers: &HeaderMap, body: &str) -> Result<InboundEvent, InboundError> {
    webhook::receive(
        &key(),
        &trial::agency("walmu"),
        &Inbound { headers, body: body.as_bytes(), peer: None, now: trial::now() },
    )
}

fn seconds(offset: i64) -> String {
    (trial::now().as_second() + offset).to_string()
}

pub(super) fn received(body: &str) -> Result<InboundEvent, InboundError> {
    receive(&headers(&seconds(0), &sign(&seconds(0), body)), body)
}

fn event(rest: &str) -> String {
    format!(
        r#"{{"tapahtumaId": "{}", "laheteTunnus": "{}", "kasittelija": {{"tunnus": "valmentaja-1", "yksikko": "paja"}}, {rest}}}"#,
        trial::MESSAGE,
        trial::REFERRAL,
    )
}

#[test]
fn known_signature() {
    assert_eq!(sign("1795253460", r#"{"a":1}"#), format!("v1={VECTOR}"));
    // Authentic, and still not a message.
    let headers = headers("1795253460", &format!("v1={VECTOR}"));
    assert_eq!(seconds(0), "1795253460");
    assert!(matches!(receive(&headers, r#"{"a":1}"#), Err(InboundError::Malformed { .. })));
}

#[test]
fn good_event() {
    let event = received(&event(r#""tapahtuma": "hyvaksytty", "muuta": {"a": null}"#)).unwrap();
    assert_eq!(event.message.to_string(), trial::MESSAGE);
    assert_eq!((event.official.as_str(), event.unit.as_str()), ("valmentaja-1", "paja"));
    let (referral, change) =
        (trial::REFERRAL.parse().unwrap(), InboundChange::Accept { note: String::new() });
    assert!(event.matter == InboundMatter::Change { referral, change });
}

#[test]
fn every_change() {
    let changed = |rest: &str| {
        trial::changed(received(&event(&format!(r#"{rest}, "huomautus": "Sana.\nToinen.""#))).unwrap())
    };
    let note = || "Sana.\nToinen.".to_owned();
    let plain = |code: &str| changed(&format!(r#""tapahtuma": "{code}""#));
    assert!(plain("hyvaksytty") == InboundChange::Accept { note: note() });
    assert!(plain("lisatietoja_pyydetty") == InboundChange::RequestInformation { question: note() });
    assert!(plain("aloitettu") == InboundChange::Start { note: note() });
    assert!(plain("keskeytetty") == InboundChange::Hold { note: note() });
    assert!(plain("peruutettu") == InboundChange::Cancel { note: note() });
    assert!(plain("peruutus_vahvistettu") == InboundChange::ConfirmCancellation { note: note() });
    let reasons = [
        ("ei_kapasiteettia", RejectionReason::NoCapacity),
        ("ei_tayta_ehtoja", RejectionReason::NotEligible),
        ("vaara_palvelu", RejectionReason::WrongService),
        ("alueen_ulkopuolella", RejectionReason::OutsideArea),
        ("puutteelliset_tiedot", RejectionReason::InsufficientInformation),
        ("muu", RejectionReason::Other),
    ];
    for (code, reason) in reasons {
        let rest = format!(r#""tapahtuma": "hylatty", "syy": "{code}""#);
        assert!(changed(&rest) == InboundChange::Reject { reason, note: note() });
    }
    let outcomes = [
        ("sai_palvelun", Outcome::GotService),
        ("ohjattu_muualle", Outcome::ReferredElsewhere),
        ("ei_tavoitettu", Outcome::CouldNotContact),
        ("ei_tayta_ehtoja", Outcome::NotEligible),
        ("ei_kapasiteettia", Outcome::NoCapacity),
        ("ei_enaa_kiinnostunut", Outcome::NoLongerInterested),
        ("perui_luvan", Outcome::WithdrewConsent),
        ("ei_tiedossa", Outcome::Unknown),
    ];
    for (code, outcome) in outcomes {
        let rest = |event: &str| format!(r#""tapahtuma": "{event}", "tulos": "{code}""#);
        assert!(changed(&rest("paattynyt")) == InboundChange::Complete { outcome, note: note() });
        assert!(changed(&rest("epaonnistunut")) == InboundChange::Fail { outcome, note: note() });
    }
}

#[test]
fn bad_events() {
    let good = event(r#""tapahtuma": "hyvaksytty""#);
    let bad = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        good.replace(trial::MESSAGE, "1"),
        good.replace(trial::MESSAGE, "0193c5a0000070008000000000000003"),
        good.replace(trial::REFERRAL, "urn:uuid:0193c5a0-0000-7000-8000-000000000002"),
        good.replace("valmentaja-1", ""),
        good.replace("valmentaja-1", "020594X903P"),
        good.replace("valmentaja-1", "Aino Esimerkki"),
        good.replace("paja", &"u".repeat(65)),
        good.replace("valmentaja-1", "v-020594x903p"),
        good.replace("paja", "020594X903P"),
        good.replace("\"paja\"", "null"),
        good.replace("\"yksikko\"", "\"yksikkö\""),
        good.replace("\"laheteTunnus\"", "\"lahetetunnus\""),
        event(r#""syy": "muu""#),
        event(r#""tapahtuma": null"#),
        event(r#""tapahtuma": "HYVAKSYTTY""#),
        event(r#""tapahtuma": "unohdettu""#),
        event(r#""tapahtuma": "hyvaksytty", "tapahtuma": "hylatty", "syy": "muu""#),
        event(r#""tapahtuma": "hyvaksytty", "huomautus": null"#),
        event(r#""tapahtuma": "hyvaksytty", "huomautus": 1"#),
        event(r#""tapahtuma": "hyvaksytty", "huomautus": "a\u0000""#),
        event(r#""tapahtuma": "hyvaksytty", "huomautus": "a\u007f""#),
        event(&format!(r#""tapahtuma": "hyvaksytty", "huomautus": "{}""#, "ö".repeat(2001))),
        event(r#""tapahtuma": "hyvaksytty", "syy": "muu""#),
        event(r#""tapahtuma": "hyvaksytty", "tulos": "sai_palvelun""#),
        event(r#""tapahtuma": "hylatty""#),
        event(r#""tapahtuma": "hylatty", "syy": "huviksi""#),
        event(r#""tapahtuma": "paattynyt""#),
        event(r#""tapahtuma": "paattynyt", "tulos": "hyvin""#),
        event(r#""tapahtuma": "epaonnistunut", "tulos": "ei_tiedossa""#),
        event(r#""tapahtuma": "keskeytetty""#),
        event(r#""tapahtuma": "lisatietoja_pyydetty", "huomautus": " ""#),
        format!("{good} x"),
    ];
    for (index, body) in bad.iter().enumerate() {
        assert_ne!(*body, good, "case {index}");
        match received(body) {
            Err(InboundError::Malformed { code, .. }) => {
                assert_eq!(code, "VIRHEELLINEN_SISALTO", "case {index}")
            }
            Err(InboundError::Unauthenticated { .. }) => panic!("case {index} is not authenticated"),
            Ok(_) => panic!("case {index} is taken in"),
        }
    }
}

#[test]
fn every_step() {
    trial::try_every_step(|step, note| {
        let reason = |reason| format!(r#", "syy": "{}""#, codes::reason(reason).unwrap());
        let outcome = |outcome| format!(r#", "tulos": "{}""#, codes::outcome(outcome).unwrap());
        let (code, more) = match step {
            Step::Accept => ("hyvaksytty", String::new()),
            Step::Reject(why) => ("hylatty", reason(why)),
            Step::Ask => ("lisatietoja_pyydetty", String::new()),
            Step::Start => ("aloitettu", String::new()),
            Step::Hold => ("keskeytetty", String::new()),
            Step::Complete(result) => ("paattynyt", outcome(result)),
            Step::Fail(result) => ("epaonnistunut", outcome(result)),
            Step::Cancel => ("peruutettu", String::new()),
            Step::ConfirmCancellation => ("peruutus_vahvistettu", String::new()),
        };
        let note = serde_json::Value::from(note);
        received(&event(&format!(r#""tapahtuma": "{code}"{more}, "huomautus": {note}"#)))
            .ok()
            .map(trial::changed)
    });
}

#[test]
fn unauthenticated() {
    let body = event(r#""tapahtuma": "hyvaksytty""#);
    let (now, signed) = (seconds(0), sign(&seconds(0), &body));
    let refused = |headers: &HeaderMap, body: &str| {
        let result = receive(headers, body);
        assert!(matches!(result, Err(InboundError::Unauthenticated { .. })), "{result:?}");
    };
    refused(&HeaderMap::new(), &body);
    let mut missing = headers(&now, &signed);
    missing.remove(webhook::TIMESTAMP);
    refused(&missing, &body);
    let mut twice = headers(&now, &signed);
    twice.append(webhook::SIGNATURE, HeaderValue::from_str(&signed).unwrap());
    refused(&twice, &body);
    refused(&headers(&now, &signed), &format!("{body} "));
    refused(&headers(&seconds(1), &signed), &body);
    refused(&headers(&now, &signed.replace("v1=", "v2=")), &body);
    refused(&headers(&now, &signed.replace("v1=", "")), &body);
    refused(&headers(&now, &format!("v1={}", signed.trim_start_matches("v1=").to_uppercase())), &body);
    refused(&headers(&now, "v1="), &body);
    refused(&headers(&now, &format!("v1={}", "0".repeat(64))), &body);
    for offset in [-301, 301] {
        refused(&headers(&seconds(offset), &sign(&seconds(offset), &body)), &body);
    }
    for offset in [-300, 300] {
        assert!(receive(&headers(&seconds(offset), &sign(&seconds(offset), &body)), &body).is_ok());
    }
    for odd in ["", "+1795253460", "1795253460.0", "99999999999999999999"] {
        refused(&headers(odd, &sign(odd, &body)), &body);
    }
    let large = event(&format!(r#""tapahtuma": "hyvaksytty", "muuta": "{}""#, "a".repeat(524_288)));
    let too_large = receive(&headers(&now, &sign(&now, &large)), &large);
    assert!(matches!(too_large, Err(InboundError::Malformed { .. })), "it is the workshop's, and too large");
    refused(&headers(&now, &sign(&now, &body)), &large);
}

/// An event other than a step.
pub(super) fn other(event: &str, rest: &str) -> String {
    format!(
        r#"{{"tapahtumaId": "{}", "tapahtuma": "{event}", "kasittelija": {{"tunnus": "valmentaja-1", "yksikko": "paja"}}, {rest}}}"#,
        trial::MESSAGE,
    )
}

pub(super) const LAHETE: &str = r#""lahete": {"vastaanottavaTaho": "te", "vastaanottavaYksikko": "nuoret", "kayttotarkoitus": "tyollisyyspalvelut", "vastausViimeistaan": "2026-12-21T09:30:00Z", "ilmoitusperuste": {"peruste": "etsiva_nuorisotyo", "selostus": "Syy.", "suostumusta": "ei_tavoitettu"}, "perustelu": "Hakee töitä.", "palvelutarpeet": ["Työkokeilu"]}, "asiakas": {"henkilotunnus": "010594Y9032", "etunimet": "Aino Maria"}, "tausta": {"asuminen": "Vuokralla."}"#;

#[test]
fn new_referral() {
    let InboundMatter::Referral(told) = received(&other("lahete_luotu", LAHETE)).unwrap().matter else {
        panic!("no referral")
    };
    let InboundReferral { identity, recipient, purpose, content, respond_by, claim, origin, redacted } =
        *told;
    assert_eq!((identity.expose(), recipient.to_string().as_str()), ("010594Y9032", "te/nuoret"));
    assert_eq!(purpose, Purpose::EmploymentServices);
    assert_eq!(respond_by, Some(trial::instant("2026-12-21T09:30:00Z")));
    assert_eq!((content.identity_code.as_str(), content.given_names.as_str()), ("", "Aino Maria"));
    assert_eq!((content.reason.as_str(), content.housing.as_str()), ("Hakee töitä.", "Vuokralla."));
    assert_eq!(content.service_needs, ["Työkokeilu"]);
    assert_eq!(claim.unwrap().statement, "Syy.");
    assert!(origin.is_none() && !redacted);
}

#[test]
fn answer_to_a_question() {
    let rest = format!(
        r#""laheteTunnus": "{}", "lisatiedot": {{"perustelu": "Lisää.", "tausta": {{"toimintakyky": "Hyvä."}}}}"#,
        trial::REFERRAL
    );
    let change = trial::changed(received(&other("lisatiedot_annettu", &rest)).unwrap());
    let InboundChange::ProvideInformation { answer, origin: None } = change else { panic!("no answer") };
    assert_eq!((answer.reason.as_str(), answer.health_capacity.as_str()), ("Lisää.", "Hyvä."));
    // The referral says whom it is about.
    let about = rest.replace(r#""perustelu""#, r#""asiakas": {"henkilotunnus": "010594Y9032"}, "perustelu""#);
    assert!(received(&other("lisatiedot_annettu", &about)).is_err());
}

#[test]
fn plan_of_its_own() {
    let plan = r#""suunnitelma": {"omistajanTunnus": "S-1", "versio": 1, "tila": "voimassa", "lahtotilanne": {"asiakas": {"henkilotunnus": "010594Y9032"}}}"#;
    let InboundMatter::PlanPart(told) = received(&other("suunnitelma_paivitetty", plan)).unwrap().matter
    else {
        panic!("no plan")
    };
    assert_eq!(told.identity.expose(), "010594Y9032");
    assert_eq!((told.part.owner.as_str(), told.part.reference.as_str()), ("walmu", "S-1"));
    assert!(told.part.background.is_none());
    let nobody = plan.replace("010594Y9032", "");
    assert!(received(&other("suunnitelma_paivitetty", &nobody)).is_err());
}

#[test]
fn other_bad_events() {
    let referral = other("lahete_luotu", LAHETE);
    let plan = r#""suunnitelma": {"omistajanTunnus": "S-1", "versio": 1, "tila": "voimassa", "lahtotilanne": {"asiakas": {"henkilotunnus": "010594Y9032"}}}"#;
    let answer = format!(r#""laheteTunnus": "{}", "lisatiedot": {{"perustelu": "Lisää."}}"#, trial::REFERRAL);
    let bad = [
        referral.replace("010594Y9032", "010594Y9031"),
        referral.replace("010594Y9032", ""),
        referral.replace(r#""te""#, r#""TE""#),
        referral.replace(r#""te""#, r#""te/nuoret""#),
        referral.replace(r#""nuoret""#, r#""a b""#),
        referral.replace(r#""nuoret""#, r#""010594Y9032""#),
        referral.replace(r#""nuoret""#, r#""x-010594-9032""#),
        referral.replace(r#""nuoret""#, "null"),
        referral.replace("tyollisyyspalvelut", "tilastot"),
        referral.replace("2026-12-21T09:30:00Z", "2026-12-21"),
        referral.replace("etsiva_nuorisotyo", "muu"),
        referral.replace("ei_tavoitettu", "kylla"),
        referral.replace("Syy.", &"ä".repeat(2001)),
        referral.replace("Hakee töitä.", &"ä".repeat(4001)),
        referral.replace("Vuokralla.", "a\\u0000"),
        referral.replace(r#"["Työkokeilu"]"#, r#"[""]"#),
        other("lahete_luotu", r#""muuta": 1"#),
        other("lahete_luotu", &format!("{LAHETE}, {plan}")),
        other("lahete_luotu", &format!(r#"{LAHETE}, "huomautus": "a""#)),
        other("lisatiedot_annettu", &answer.replace(trial::REFERRAL, "1")),
        other("lisatiedot_annettu", &answer.replace("Lisää.", "\\u0001")),
        other("lisatiedot_annettu", r#""lisatiedot": {}"#),
        other("lisatiedot_annettu", &format!(r#"{answer}, "asiakas": {{}}"#)),
        other("suunnitelma_paivitetty", &format!(r#"{plan}, "syy": "muu""#)),
        other("suunnitelma_paivitetty", &answer),
        other("hyvaksytty", &answer),
        other("hyvaksytty", r#""huomautus": "a""#),
    ];
    for (index, body) in bad.iter().enumerate() {
        assert!(matches!(received(body), Err(InboundError::Malformed { .. })), "case {index}");
    }
}

fn replied(outcome: &InboundOutcome) -> (u16, String) {
    let reply = webhook::reply(outcome);
    assert_eq!(reply.retry_after, outcome.retry_after());
    assert_eq!(reply.content_type, "application/json");
    (reply.status.as_u16(), String::from_utf8(reply.body).unwrap())
}

#[test]
fn replies() {
    let (status, body) = replied(&InboundOutcome::Applied { state: ReferralState::Accepted, sequence: 17 });
    assert_eq!((status, body.as_str()), (200, r#"{"tila":"hyvaksytty","tapahtumanumero":17}"#));
    let sent = InboundOutcome::Sent {
        referral: trial::REFERRAL.parse().unwrap(),
        state: ReferralState::Requested,
        sequence: 18,
    };
    let expected =
        r#"{"laheteTunnus":"0193c5a0-0000-7000-8000-000000000002","tila":"pyydetty","tapahtumanumero":18}"#;
    assert_eq!(replied(&sent), (200, expected.to_owned()));
    let taken = InboundOutcome::PlanTaken { sequence: 19 };
    assert_eq!(replied(&taken), (200, r#"{"tapahtumanumero":19}"#.to_owned()));
    let refused = |retry| InboundOutcome::Refused {
        reason: "TRANSITION_NOT_ALLOWED",
        hint: "\"no\"".to_owned(),
        retry,
    };
    let body = r#"{"virhe":{"koodi":"TRANSITION_NOT_ALLOWED","viesti":"\"no\""}}"#.to_owned();
    assert_eq!(replied(&refused(Retry::Never)), (409, body.clone()));
    for retry in [Retry::Backoff, Retry::FindOut] {
        assert_eq!(replied(&refused(retry)), (503, body.clone()));
    }
    assert_eq!(replied(&refused(Retry::After(Duration::from_secs(1)))), (429, body));
    let error = received("{}").unwrap_err();
    let body = r#"{"virhe":{"koodi":"VIRHEELLINEN_SISALTO","viesti":"expected a JSON object with the documented members, each once, none of them null"}}"#;
    assert_eq!(replied(&InboundOutcome::Unreadable(error)), (400, body.to_owned()));
    let error = receive(&HeaderMap::new(), "{}").unwrap_err();
    let body = r#"{"virhe":{"koodi":"UNAUTHENTICATED","viesti":"expected one header `Walmu-Timestamp`"}}"#;
    assert_eq!(replied(&InboundOutcome::Unreadable(error)), (401, body.to_owned()));
}
