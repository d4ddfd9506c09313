//! What does an answer of the register come to?

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use uuid::Uuid;

use super::*;
use crate::transport::http::Answer;
use crate::transport::xroad::soap::{
    check_request, request_hash, write_answer, write_fault, write_non_technical_fault,
};

const STORED: &str = "<tallennettu>2026-11-21T09:30:01Z</tallennettu>";

fn receipt(inside: &str) -> Option<String> {
    let answer = element("tallennaLaheteResponse", inside);
    wire::read_receipt(&answer).ok().map(|receipt| receipt.reference)
}

fn status(inside: &str) -> Option<DeliveryStatus> {
    wire::read_status(&element("haeSanomanTilaResponse", inside)).ok()
}

#[test]
fn receipts() {
    let number = |number: &str| format!("<kirjausnumero>{number}</kirjausnumero>");
    assert_eq!(receipt(&format!("{}{STORED}", number("YR-17"))).as_deref(), Some("YR-17"));
    // A number that may be more than a number is left out.
    for odd in ["010594Y9032", "Aino Esimerkki", &"Y".repeat(129)] {
        assert_eq!(receipt(&format!("{}{STORED}", number(odd))).as_deref(), Some(""), "{odd}");
    }
    let bad = [
        String::new(),
        number("YR-17"),
        STORED.to_owned(),
        format!("{}{STORED}", number("")),
        format!("{STORED}{}", number("YR-17")),
        format!("{}{STORED}<muu/>", number("YR-17")),
        format!("{}{STORED}{STORED}", number("YR-17")),
        format!("{}<tallennettu>eilen</tallennettu>", number("YR-17")),
        format!("{}<tallennettu/>", number("YR-17")),
        format!("{}{STORED}", number("<b/>")),
        format!("{}{STORED}x", number("YR-17")),
        format!("<kirjausnumero xmlns=\"http://other.example\">1</kirjausnumero>{STORED}"),
    ];
    for inside in bad {
        assert_eq!(receipt(&inside), None, "{inside}");
    }
}

#[test]
fn statuses() {
    let arrived = |reference: &str| Some(DeliveryStatus::Arrived(Receipt::new(reference)));
    let known = "<viestinTila>TALLENNETTU</viestinTila>";
    assert_eq!(status(&format!("{known}<kirjausnumero>YR-1</kirjausnumero>{STORED}")), arrived("YR-1"));
    assert_eq!(status(known), arrived(""));
    assert_eq!(status("<viestinTila>EI_TALLENNETTU</viestinTila>"), Some(DeliveryStatus::NotArrived));
    let bad = [
        "",
        "<viestinTila/>",
        "<viestinTila>EHKA</viestinTila>",
        "<viestinTila> TALLENNETTU</viestinTila>",
        "<viestinTila>TALLENNETTU</viestinTila><viestinTila>EI_TALLENNETTU</viestinTila>",
        "<viestinTila>TALLENNETTU</viestinTila><tallennettu>nyt</tallennettu>",
        "<viestinTila>TALLENNETTU</viestinTila><muu/>",
    ];
    for inside in bad {
        assert_eq!(status(inside), None, "{inside}");
    }
}

/// What a whole exchange of a status query comes to.
fn read(status: u16, body: Vec<u8>) -> Result<DeliveryStatus, AdapterErrorKind> {
    let message = Message::status_of(&trial::MESSAGE.parse().unwrap(), trial::now());
    let request = text_of(&message);
    let status = StatusCode::from_u16(status).unwrap();
    let answer = Answer { status, headers: HeaderMap::new(), body: Bytes::from(body) };
    let JointRegister { office, .. } = register();
    let element = office.read(&office.headers(&message).unwrap(), &request_hash(request.as_bytes()), &answer);
    let read = element.and_then(|answer| wire::read_status(&answer.body).map_err(unusable));
    read.map_err(|failure| failure.kind)
}

#[test]
fn whole_exchanges() {
    let request = text_of(&Message::status_of(&trial::MESSAGE.parse().unwrap(), trial::now()));
    let asked = check_request(request.as_bytes()).unwrap();
    let good = write_answer(asked.header(), wire::NAMESPACE, |writer| {
        writer.element("tns:viestinTila", "EI_TALLENNETTU");
    });
    assert_eq!(read(200, good.unwrap()), Ok(DeliveryStatus::NotArrived));
    let other = write_answer(asked.header(), "http://ohjaus.te.example/lahete/v1", |writer| {
        writer.element("tns:viestinTila", "EI_TALLENNETTU");
    });
    assert_eq!(read(200, other.unwrap()), Err(AdapterErrorKind::Unanswered));
    let refused = write_non_technical_fault(asked.header(), wire::NAMESPACE, "EI_OIKEUTTA", "Aino").unwrap();
    assert_eq!(read(200, refused), Err(AdapterErrorKind::Rejected { code: "EI_OIKEUTTA".to_owned() }));
    let fault = write_fault("server.serverproxy.service_disabled", "", Uuid::nil()).unwrap();
    assert_eq!(read(500, fault), Err(AdapterErrorKind::Unavailable { after: None }));
    assert_eq!(read(502, Vec::new()), Err(AdapterErrorKind::Unanswered));
    assert_eq!(read(200, b"<html/>".to_vec()), Err(AdapterErrorKind::Unanswered));
}

#[test]
fn unusable_answers_tell_nothing_of_themselves() {
    let answer = element("tallennaLaheteResponse", "<aino>010594Y9032</aino>");
    let error = wire::read_receipt(&answer).map_err(unusable).unwrap_err().of(&trial::agency("typpi"));
    assert_eq!(format!("{error}"), "delivery to typpi failed: no answer after the message was written");
    assert!(!format!("{error:?}").contains("010594"));
}
