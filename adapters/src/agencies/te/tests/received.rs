//! What is taken in at the inbound endpoint, and how is it answered?

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use polku_proto::v1::{Outcome, ReferralState, RejectionReason};
use polku_proto::{MessageId, ReferralId};

use super::*;
use crate::agencies::trial::Step;
use crate::transport::xml::{XmlLimits, XmlWriter};
use crate::transport::xroad::id::ServiceId;
use crate::transport::xroad::soap::{self, accept_answer};
use crate::transport::xroad::soap::{Headers, parse, write_request};
use crate::{InboundChange, InboundEvent, InboundMatter, Retry};

const ACTION: &str = "<tns:toimenpide>HYVAKSY</tns:toimenpide>";

fn body(writer: &mut XmlWriter) {
    writer
        .element("tns:sanomaTunnus", trial::MESSAGE)
        .element("tns:laheteTunnus", trial::REFERRAL)
        .start("tns:kasittelija", &[])
        .element("tns:tunnus", "virkailija-1")
        .element("tns:yksikko", "nuorten-palvelut")
        .end()
        .element("tns:toimenpide", "HYVAKSY");
}

fn good() -> String {
    let service = ServiceId::new(GATEWAY.parse().unwrap(), "paivitaLahete", Some("v1")).unwrap();
    let mut headers = Headers::new(OFFICE.parse().unwrap(), service, "1");
    headers.user_id = Some("FIvirkailija-1".to_owned());
    headers.issue = Some("A-17".to_owned());
    String::from_utf8(write_request(&headers, wire::PROTOCOL.namespace, body).unwrap()).unwrap()
}

fn http_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("text/xml; charset=utf-8"));
    headers.insert("soapaction", HeaderValue::from_static("\"\""));
    headers
}

fn inbound<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Inbound<'a> {
    Inbound { headers, body, peer: Some(PIN), now: trial::now() }
}

fn received(body: &str) -> Result<InboundEvent, InboundError> {
    let received = office().receive(&inbound(&http_headers(), body.as_bytes()));
    received.map(|received| received.event)
}

/// Replaces what stands from the action on.
fn with(rest: &str) -> String {
    assert!(good().contains(ACTION));
    good().replace(ACTION, rest)
}

fn code_of(body: &str) -> String {
    match received(body) {
        Err(InboundError::Malformed { code, .. }) => code,
        Err(InboundError::Unauthenticated { .. }) => "unauthenticated".to_owned(),
        Ok(_) => "taken in".to_owned(),
    }
}

#[test]
fn good_message() {
    let event = received(&good()).unwrap();
    let message: MessageId = trial::MESSAGE.parse().unwrap();
    let referral: ReferralId = trial::REFERRAL.parse().unwrap();
    assert_eq!(event.message, message.uuid());
    assert_eq!((event.official.as_str(), event.unit.as_str()), ("virkailija-1", "nuorten-palvelut"));
    let change = InboundChange::Accept { note: String::new() };
    assert!(event.matter == InboundMatter::Change { referral, change: change.clone() });
    assert_eq!(format!("{event:?} {change:?}"), format!("InboundEvent({message}) InboundChange(redacted)"));
}

#[test]
fn every_change() {
    let changed = |rest: &str| trial::changed(received(&with(rest)).unwrap());
    let note = || "Sana.".to_owned();
    let huomautus = "<tns:huomautus>Sana.</tns:huomautus>";
    let action = |code: &str| format!("<tns:toimenpide>{code}</tns:toimenpide>{huomautus}");
    assert!(changed(&action("HYVAKSY")) == InboundChange::Accept { note: note() });
    assert!(changed(&action("PYYDA_LISATIETOJA")) == InboundChange::RequestInformation { question: note() });
    assert!(changed(&action("ALOITA")) == InboundChange::Start { note: note() });
    assert!(changed(&action("KESKEYTA")) == InboundChange::Hold { note: note() });
    assert!(changed(&action("PERUUTA")) == InboundChange::Cancel { note: note() });
    assert!(changed(&action("VAHVISTA_PERUUTUS")) == InboundChange::ConfirmCancellation { note: note() });
    let reasons = [
        ("EI_KAPASITEETTIA", RejectionReason::NoCapacity),
        ("EI_TAYTA_EHTOJA", RejectionReason::NotEligible),
        ("VAARA_PALVELU", RejectionReason::WrongService),
        ("ALUEEN_ULKOPUOLELLA", RejectionReason::OutsideArea),
        ("PUUTTEELLISET_TIEDOT", RejectionReason::InsufficientInformation),
        ("MUU", RejectionReason::Other),
    ];
    for (code, reason) in reasons {
        let rest = format!("<tns:toimenpide>HYLKAA</tns:toimenpide><tns:syy>{code}</tns:syy>{huomautus}");
        assert!(changed(&rest) == InboundChange::Reject { reason, note: note() });
    }
    let outcomes = [
        ("SAI_PALVELUN", Outcome::GotService),
        ("OHJATTU_MUUALLE", Outcome::ReferredElsewhere),
        ("EI_TAVOITETTU", Outcome::CouldNotContact),
        ("EI_TAYTA_EHTOJA", Outcome::NotEligible),
        ("EI_KAPASITEETTIA", Outcome::NoCapacity),
        ("EI_ENAA_KIINNOSTUNUT", Outcome::NoLongerInterested),
        ("PERUI_LUVAN", Outcome::WithdrewConsent),
        ("EI_TIEDOSSA", Outcome::Unknown),
    ];
    for (code, outcome) in outcomes {
        let rest = |action| {
            format!("<tns:toimenpide>{action}</tns:toimenpide><tns:tulos>{code}</tns:tulos>{huomautus}")
        };
        assert!(changed(&rest("PAATA")) == InboundChange::Complete { outcome, note: note() });
        assert!(changed(&rest("EPAONNISTUI")) == InboundChange::Fail { outcome, note: note() });
    }
}

#[test]
fn longest_note() {
    let note = |length| with(&format!("{ACTION}<tns:huomautus>{}</tns:huomautus>", "ö".repeat(length)));
    assert_eq!(code_of(&note(2000)), "taken in");
    assert_eq!(code_of(&note(2001)), "client.invalid_body");
}

#[test]
fn every_step() {
    trial::try_every_step(|step, note| {
        let reason = |reason| format!("<tns:syy>{}</tns:syy>", codes::reason(reason).unwrap());
        let outcome = |outcome| format!("<tns:tulos>{}</tns:tulos>", codes::outcome(outcome).unwrap());
        let (code, more) = match step {
            Step::Accept => ("HYVAKSY", String::new()),
            Step::Reject(why) => ("HYLKAA", reason(why)),
            Step::Ask => ("PYYDA_LISATIETOJA", String::new()),
            Step::Start => ("ALOITA", String::new()),
            Step::Hold => ("KESKEYTA", String::new()),
            Step::Complete(result) => ("PAATA", outcome(result)),
            Step::Fail(result) => ("EPAONNISTUI", outcome(result)),
            Step::Cancel => ("PERUUTA", String::new()),
            Step::ConfirmCancellation => ("VAHVISTA_PERUUTUS", String::new()),
        };
        let note = trial::as_xml(note);
        let rest =
            format!("<tns:toimenpide>{code}</tns:toimenpide>{more}<tns:huomautus>{note}</tns:huomautus>");
        received(&with(&rest)).ok().map(trial::changed)
    });
}

#[test]
fn a_bare_end_of_line_is_a_line_feed() {
    let event = received(&with(&format!("{ACTION}<tns:huomautus>a\r\nb\rc</tns:huomautus>"))).unwrap();
    assert!(trial::changed(event) == InboundChange::Accept { note: "a\nb\nc".into() });
}

#[test]
fn bad_bodies() {
    let hylkaa = "<tns:toimenpide>HYLKAA</tns:toimenpide>";
    let paata = "<tns:toimenpide>PAATA</tns:toimenpide>";
    let bad = [
        good().replace("<tns:sanomaTunnus>0193", "<tns:sanomaTunnus>x193"),
        good().replace(trial::MESSAGE, "{0193c5a0-0000-7000-8000-000000000003}"),
        good().replace(trial::REFERRAL, ""),
        good().replace("<tns:tunnus>virkailija-1</tns:tunnus>", ""),
        good().replace("virkailija-1</tns:tunnus>", "010594Y9032</tns:tunnus>"),
        good().replace("virkailija-1</tns:tunnus>", "010594y9032</tns:tunnus>"),
        good().replace("virkailija-1</tns:tunnus>", "v-010594Y9032</tns:tunnus>"),
        good().replace("virkailija-1</tns:tunnus>", "Aino Esimerkki</tns:tunnus>"),
        good().replace("nuorten-palvelut", &"u".repeat(65)),
        good().replace("nuorten-palvelut", ""),
        good().replace("<tns:yksikko>", "<tns:yksikko tns:a=\"1\">"),
        good().replace("<tns:kasittelija>", "<tns:kasittelija>teksti"),
        with(""),
        with("<tns:toimenpide>MUUTA</tns:toimenpide>"),
        with("<tns:toimenpide> HYVAKSY </tns:toimenpide>"),
        with("<toimenpide>HYVAKSY</toimenpide>"),
        with(&format!("{ACTION}{ACTION}")),
        with(&format!("{ACTION}<tns:muu/>")),
        with(&format!("{ACTION}<tns:syy>MUU</tns:syy>")),
        with(&format!("{ACTION}<tns:tulos>SAI_PALVELUN</tns:tulos>")),
        with(&format!("<tns:huomautus>a</tns:huomautus>{ACTION}")),
        with(&format!("{ACTION}<tns:huomautus><b/></tns:huomautus>")),
        with(&format!("{ACTION}<tns:huomautus>\u{7f}</tns:huomautus>")),
        with(hylkaa),
        with(&format!("{hylkaa}<tns:syy>HUVIKSI</tns:syy>")),
        with(&format!("{hylkaa}<tns:syy/>")),
        with(paata),
        with(&format!("{paata}<tns:huomautus>a</tns:huomautus><tns:tulos>SAI_PALVELUN</tns:tulos>")),
        with(&format!("{paata}<tns:tulos>HYVIN</tns:tulos>")),
        with("<tns:toimenpide>EPAONNISTUI</tns:toimenpide><tns:tulos>EI_TIEDOSSA</tns:tulos>"),
        with("<tns:toimenpide>PYYDA_LISATIETOJA</tns:toimenpide>"),
        with("<tns:toimenpide>KESKEYTA</tns:toimenpide><tns:huomautus> </tns:huomautus>"),
        good().replace(wire::PROTOCOL.namespace, "http://other.example"),
    ];
    for (index, body) in bad.iter().enumerate() {
        assert_ne!(*body, good(), "case {index}");
        assert_eq!(code_of(body), "client.invalid_body", "case {index}");
    }
}

#[test]
fn bad_envelopes() {
    let code = |from: &str, to: &str| {
        assert!(good().contains(from), "{from}");
        code_of(&good().replace(from, to))
    };
    assert_eq!(code("paivitaLahete", "poistaLahete"), "client.unknown_service");
    assert_eq!(code(">v1<", ">v2<"), "client.unknown_service");
    assert_eq!(code("0245437-2", "0245437-3"), "client.unknown_service");
    // Another subsystem of the same member, or none, is not the office.
    assert_eq!(code("<id:subsystemCode>lahetteet</id:subsystemCode>", ""), "unauthenticated");
    assert_eq!(code("0204819-8", "0204819-9"), "unauthenticated");
    assert_eq!(code("<xroad:id>1</xroad:id>", ""), "client.missing_header_field");
    assert_eq!(
        code("<xroad:protocolVersion>4.0<", "<xroad:protocolVersion>3.0<"),
        "client.invalid_protocol_version"
    );
    assert_eq!(
        code("<xroad:id>1</xroad:id>", "<xroad:id>1</xroad:id><xroad:id>1</xroad:id>"),
        "client.duplicate_header_field"
    );
    assert_eq!(code("<id:serviceCode>paivitaLahete<", "<id:serviceCode>muu<"), "client.inconsistent_headers");
    assert_eq!(code("</SOAP-ENV:Envelope>", ""), "client.invalid_soap");
    assert_eq!(code("<SOAP-ENV:Envelope", "<!DOCTYPE a><SOAP-ENV:Envelope"), "client.invalid_soap");
    assert_eq!(code_of(""), "client.invalid_soap");
    assert_eq!(code_of(&"<a>".repeat(40)), "client.invalid_soap");
    let fault = soap::write_fault("client.access_denied", "", Uuid::nil()).unwrap();
    assert_eq!(code_of(&String::from_utf8(fault).unwrap()), "client.client.access_denied");
}

#[test]
fn bad_http() {
    let code = |name: &'static str, value: Option<&'static str>| {
        let mut headers = http_headers();
        match value {
            Some(value) => drop(headers.insert(name, HeaderValue::from_static(value))),
            None => drop(headers.remove(name)),
        }
        match office().receive(&inbound(&headers, good().as_bytes())) {
            Err(InboundError::Malformed { code, .. }) => code,
            Err(InboundError::Unauthenticated { .. }) => "unauthenticated".to_owned(),
            Ok(_) => "taken in".to_owned(),
        }
    };
    assert_eq!(code("content-type", None), "client.invalid_content_type");
    assert_eq!(code("content-type", Some("application/json")), "client.invalid_content_type");
    for odd in ["MULTIPART/Related; boundary=a", " multipart/related", "text/xml; charset=utf-7"] {
        assert_eq!(code("content-type", Some(odd)), "client.invalid_content_type", "{odd}");
    }
    assert_eq!(code("content-type", Some("text/xml;charset=\"UTF-8\"")), "taken in");
    assert_eq!(code("soapaction", Some("unquoted")), "client.invalid_soap_action");
    assert_eq!(code("soapaction", None), "taken in");
    let twice = |name: &'static str| {
        let mut headers = http_headers();
        let value = headers[name].clone();
        headers.append(name, value);
        office().receive(&inbound(&headers, good().as_bytes())).err()
    };
    let refused = |code: &str, twice: Option<InboundError>| {
        assert!(
            matches!(twice, Some(InboundError::Malformed { code: found, .. }) if found == code),
            "{code}"
        );
    };
    refused("client.invalid_content_type", twice("content-type"));
    refused("client.invalid_soap_action", twice("soapaction"));
}

#[test]
fn other_peers() {
    let (headers, body) = (http_headers(), good());
    for peer in [None, Some([0xcd; 32])] {
        let inbound = Inbound { peer, ..inbound(&headers, body.as_bytes()) };
        let refused = office().receive(&inbound).unwrap_err();
        assert!(matches!(refused, InboundError::Unauthenticated { .. }));
        let outcome = InboundOutcome::Unreadable(refused);
        let reply = office().reply(&ReplyContext::default(), &outcome, trial::LOG_ID);
        assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
        let said = String::from_utf8(reply.body).unwrap();
        assert!(said.contains("<faultcode>client.ssl_authentication_failed</faultcode>"), "{said}");
        assert!(said.contains("<faultstring>expected a client certificate"), "{said}");
        assert!(said.contains(&format!("<faultDetail>{}</faultDetail>", trial::LOG_ID)), "{said}");
    }
}

/// Reads an answer as the office's own security server does, and more strictly.
fn answered(body: &str) -> Result<soap::SoapMessage, soap::XroadFault> {
    let asked = soap::check_request(good().as_bytes()).unwrap();
    accept_answer(asked.headers(), &soap::request_hash(good().as_bytes()), body.as_bytes())
}

pub(super) fn replied(outcome: &InboundOutcome) -> (u16, String) {
    let received = office().receive(&inbound(&http_headers(), good().as_bytes())).unwrap();
    let reply = office().reply(&received.context, outcome, trial::LOG_ID);
    // X-Road would drop it.
    assert_eq!(reply.retry_after, None);
    assert_eq!(reply.content_type, "text/xml; charset=UTF-8");
    (reply.status.as_u16(), String::from_utf8(reply.body).unwrap())
}

#[test]
fn reply_to_what_took_effect() {
    let (status, body) = replied(&InboundOutcome::Applied { state: ReferralState::Accepted, sequence: 17 });
    assert_eq!(status, 200);
    assert!(
        body.contains("<tns:tila>HYVAKSYTTY</tns:tila><tns:tapahtumanumero>17</tns:tapahtumanumero>"),
        "{body}"
    );
    let answer = answered(&body).unwrap();
    assert!(answer.body().is(wire::PROTOCOL.namespace, "paivitaLaheteResponse"));
}

#[test]
fn reply_to_what_is_refused() {
    let refused =
        |retry| InboundOutcome::Refused { reason: "TRANSITION_NOT_ALLOWED", hint: "no".to_owned(), retry };
    let (status, body) = replied(&refused(Retry::Never));
    assert_eq!(status, 200);
    let answer = answered(&body).unwrap();
    let fault = answer.non_technical_fault().unwrap();
    assert_eq!((fault.code(), fault.string()), ("TRANSITION_NOT_ALLOWED", "no"));
    for (retry, seconds) in
        [(Retry::Backoff, 5), (Retry::After(Duration::from_millis(1_001)), 2), (Retry::FindOut, 5)]
    {
        let (status, body) = replied(&refused(retry));
        let soap::Envelope::Fault(fault) = parse(body.as_bytes(), &XmlLimits::default()).unwrap() else {
            panic!("no fault: {body}");
        };
        assert_eq!((status, fault.code()), (500, "server.serverproxy.service_disabled"));
        assert_eq!(fault.string(), format!("no; come back in {seconds} s"));
        assert_eq!(fault.class().retry, soap::Retry::Later);
        assert_eq!(fault.class().reached, soap::Reached::No);
        assert_eq!(fault.detail(), Some(trial::LOG_ID.to_string().as_str()));
    }
}

#[test]
fn reply_to_what_cannot_be_read() {
    let error = received(&with("")).unwrap_err();
    let (status, body) = replied(&InboundOutcome::Unreadable(error));
    assert_eq!(status, 500);
    assert!(body.contains("<faultcode>client.invalid_body</faultcode>"), "{body}");
    assert!(body.contains(&format!("<faultDetail>{}</faultDetail>", trial::LOG_ID)), "{body}");
    assert!(
        body.contains(
            "<faultstring>expected `toimenpide`, one of the documented codes, fourth</faultstring>"
        )
    );
}

#[test]
fn what_is_read_is_the_whole_body_once_told_what_it_is() {
    let parts = format!("--x\r\nContent-Type: text/xml\r\n\r\n{}\r\n--x--\r\n", good());
    assert_ne!(code_of(&parts), "taken in");
    let code = |content_types: &[&'static str], actions: &[&'static str]| {
        let mut headers = HeaderMap::new();
        content_types.iter().for_each(|value| {
            headers.append("content-type", HeaderValue::from_static(value));
        });
        actions.iter().for_each(|value| {
            headers.append("soapaction", HeaderValue::from_static(value));
        });
        match office().receive(&inbound(&headers, good().as_bytes())) {
            Err(InboundError::Malformed { code, .. }) => code,
            Err(InboundError::Unauthenticated { .. }) => "unauthenticated".to_owned(),
            Ok(_) => "taken in".to_owned(),
        }
    };
    assert_eq!(code(&["text/xml"], &[]), "taken in");
    assert_eq!(code(&["TEXT/XML; charset=\"utf-8\""], &["\"\""]), "taken in");
    let refused = "client.invalid_content_type";
    assert_eq!(code(&[], &[]), refused);
    assert_eq!(code(&["text/xml", "multipart/related; boundary=x"], &[]), refused);
    assert_eq!(code(&["text/xml; charset=iso-8859-1"], &[]), refused);
    assert_eq!(code(&["text/xml"], &["\"\"", "urn:a"]), "client.invalid_soap_action");
}

#[test]
fn headers_name_nobody_but_the_official() {
    let with = |from: &str, to: &str| {
        assert!(good().contains(from), "{from}");
        match office().receive(&inbound(&http_headers(), good().replace(from, to).as_bytes())) {
            Err(InboundError::Malformed { code, expected }) => {
                assert!(!expected.contains("010594"), "{expected}");
                code
            }
            Err(InboundError::Unauthenticated { .. }) => "unauthenticated".to_owned(),
            Ok(_) => "taken in".to_owned(),
        }
    };
    let refused = "client.invalid_header_field";
    let user = "<xroad:userId>FIvirkailija-1</xroad:userId>";
    let issue = "<xroad:issue>A-17</xroad:issue>";
    let party = |code: &str| {
        format!(
            "{issue}<repr:representedParty><repr:partyCode>{code}</repr:partyCode></repr:representedParty>"
        )
    };
    assert_eq!(with(">1</xroad:id>", ">010594Y9032</xroad:id>"), refused);
    assert_eq!(with(user, &user.replace("virkailija-1", "010594Y9032")), refused);
    assert_eq!(with(issue, "<xroad:issue>asiakas 010594Y9032</xroad:issue>"), refused);
    assert_eq!(with(issue, &party("010594Y9032")), refused);
    assert_eq!(with(issue, &party("0186690-1")), "taken in");
    // Whoever is logged is whoever speaks.
    for other in ["FIvirkailija-2", "virkailija-1", "SEvirkailija-1", "FI", ""] {
        assert_eq!(with(user, &format!("<xroad:userId>{other}</xroad:userId>")), refused, "{other}");
    }
    assert_eq!(with(user, ""), "taken in");
}
