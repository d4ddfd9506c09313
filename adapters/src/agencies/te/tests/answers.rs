//! What does an answer of the office, or of a security server, come to?

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use uuid::Uuid;

use super::*;
use crate::transport::http::Answer;
use crate::transport::xml::XmlWriter;
use crate::transport::xroad::soap::{
    SoapMessage, check_request, request_hash, write_answer, write_fault, write_non_technical_fault,
};

fn message() -> Message {
    Message::status_of(&trial::MESSAGE.parse().unwrap(), trial::now())
}

fn request() -> Vec<u8> {
    office().office.write(&message()).unwrap()
}

fn read(status: u16, body: Vec<u8>) -> Result<DeliveryStatus, AdapterErrorKind> {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static("60"));
    let answer = Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::from(body) };
    let EmploymentServices { office, .. } = office();
    let asked = office.headers(&message()).unwrap();
    let accepted = office.read(&asked, &request_hash(&request()), &answer).map_err(|failure| failure.kind)?;
    wire::read_status(&accepted.body).ok_or(UNUSABLE)
}

fn answered(fill: impl FnOnce(&mut XmlWriter)) -> Vec<u8> {
    let asked: SoapMessage = check_request(&request()).unwrap();
    write_answer(asked.header(), wire::PROTOCOL.namespace, fill).unwrap()
}

fn fault(code: &str) -> Result<DeliveryStatus, AdapterErrorKind> {
    read(500, write_fault(code, "10.0.0.1", Uuid::nil()).unwrap())
}

#[test]
fn arrived_or_not() {
    let arrived = answered(|writer| {
        writer
            .element("tns:tila", "VASTAANOTETTU")
            .element("tns:vastaanottotunnus", "TE-17")
            .element("tns:vastaanotettu", "2026-11-21T09:30:01Z");
    });
    let receipt = Receipt::new("TE-17");
    assert_eq!(read(200, arrived), Ok(DeliveryStatus::Arrived(receipt)));
    let unnumbered = answered(|writer| {
        writer.element("tns:tila", "VASTAANOTETTU");
    });
    let receipt = Receipt::default();
    assert_eq!(read(200, unnumbered), Ok(DeliveryStatus::Arrived(receipt)));
    let unknown = answered(|writer| {
        writer.element("tns:tila", "TUNTEMATON");
    });
    assert_eq!(read(200, unknown), Ok(DeliveryStatus::NotArrived));
}

#[test]
fn receipts() {
    let receipt = |fill: fn(&mut XmlWriter)| {
        let answer = answered(fill);
        wire::read_receipt(check_request(&answer).unwrap().body())
    };
    let good = receipt(|writer| {
        writer.element("tns:vastaanottotunnus", "TE-17").element("tns:vastaanotettu", "2026-11-21T09:30:01Z");
    });
    assert_eq!(good, Some(Receipt::new("TE-17")));
    assert_eq!(
        receipt(|writer| {
            writer.element("tns:vastaanottotunnus", "TE-17");
        }),
        None
    );
    assert_eq!(
        receipt(|writer| {
            writer.element("tns:vastaanotettu", "2026-11-21T09:30:01Z");
        }),
        None
    );
    let undated = receipt(|writer| {
        writer.element("tns:vastaanottotunnus", "TE-17").element("tns:vastaanotettu", "eilen");
    });
    assert_eq!(undated, None);
    let long = receipt(|writer| {
        writer
            .element("tns:vastaanottotunnus", &"T".repeat(129))
            .element("tns:vastaanotettu", "2026-11-21T09:30:01Z");
    });
    assert_eq!(long, Some(Receipt::default()));
}

#[test]
fn unusable_answers_leave_it_open() {
    let unusable = Err(AdapterErrorKind::Unanswered);
    assert_eq!(
        read(
            200,
            answered(|writer| {
                writer.element("tns:tila", "EHKA");
            })
        ),
        unusable
    );
    assert_eq!(read(200, answered(|_| {})), unusable);
    assert_eq!(read(200, Vec::new()), unusable);
    assert_eq!(read(200, b"{}".to_vec()), unusable);
    assert_eq!(read(500, b"<html/>".to_vec()), unusable);
    assert_eq!(read(502, Vec::new()), unusable);
    let other = String::from_utf8(answered(|writer| {
        writer.element("tns:tila", "TUNTEMATON");
    }))
    .unwrap();
    let echoed = other.replace(">FIpolku<", ">FIother<");
    assert_eq!(read(200, echoed.into_bytes()), unusable);
    let namespace = other.replace(wire::PROTOCOL.namespace, "http://other.example");
    assert_eq!(read(200, namespace.into_bytes()), unusable);
    // An ordinary answer does not come under another status.
    assert_eq!(read(500, other.into_bytes()), unusable);
}

#[test]
fn refusal_of_the_office() {
    let asked = check_request(&request()).unwrap();
    let refused =
        write_non_technical_fault(asked.header(), wire::PROTOCOL.namespace, "VIRHEELLINEN_SISALTO", "Aino")
            .unwrap();
    let code = "VIRHEELLINEN_SISALTO".to_owned();
    assert_eq!(read(200, refused), Err(AdapterErrorKind::Rejected { code }));
    // What has not the form of a code is not passed on, nor is any part of it.
    for text in ["Aino <é>", "ÄÖ", "Aino Esimerkki", "010594Y9032", "VIRHE_010594Y9032", "010594-9032"] {
        let odd = write_non_technical_fault(asked.header(), wire::PROTOCOL.namespace, text, "").unwrap();
        let code = "unspecified".to_owned();
        assert_eq!(read(200, odd), Err(AdapterErrorKind::Rejected { code }), "{text}");
    }
}

#[test]
fn technical_faults() {
    let later = Err(AdapterErrorKind::Unavailable { after: None });
    let open = Err(AdapterErrorKind::Unanswered);
    let never = |code: &str| Err(AdapterErrorKind::Rejected { code: code.to_owned() });
    for code in ["Server.ServerProxy.ServiceDisabled", "server.serverproxy.service_disabled"] {
        assert_eq!(fault(code), later);
    }
    assert_eq!(fault("server.clientproxy.maintenance_mode"), later);
    assert_eq!(fault("Server.ClientProxy.OutdatedGlobalConf"), later);
    for code in ["Server.ServerProxy.AccessDenied", "client.invalid_soap", "Server.ClientProxy.UnknownMember"]
    {
        assert_eq!(fault(code), never(code));
    }
    assert_eq!(fault("server.serverproxy.service_failed.internal_error"), open);
    assert_eq!(fault("Server.ServerProxy.ServiceFailed.HttpError"), open);
    assert_eq!(fault("server.serverproxy.io_error"), open);
    assert_eq!(fault("SOAP-ENV:Server"), open);
    // A fault may also come under 200.
    assert_eq!(
        read(200, write_fault("client.invalid_soap", "", Uuid::nil()).unwrap()),
        never("client.invalid_soap")
    );
}

#[test]
fn answers_without_soap() {
    let after = Some(std::time::Duration::from_secs(60));
    for status in [429, 503] {
        assert_eq!(read(status, Vec::new()), Err(AdapterErrorKind::Unavailable { after }));
    }
    for status in [400, 403, 404, 408, 500, 502, 504] {
        assert_eq!(read(status, Vec::new()), Err(AdapterErrorKind::Unanswered));
    }
    let undated =
        Answer { status: StatusCode::SERVICE_UNAVAILABLE, headers: HeaderMap::new(), body: Bytes::new() };
    let EmploymentServices { office, .. } = office();
    let asked = office.headers(&message()).unwrap();
    let failure = office.read(&asked, &request_hash(&request()), &undated).err().unwrap();
    assert_eq!(failure.kind, AdapterErrorKind::Unanswered);
}

#[test]
fn failures_do_not_tell_what_the_office_said() {
    let answer = Answer {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        headers: HeaderMap::new(),
        body: Bytes::from(
            write_fault("server.serverproxy.io_error", "Aino Esimerkki 010594Y9032", Uuid::nil()).unwrap(),
        ),
    };
    let EmploymentServices { office, .. } = office();
    let asked = office.headers(&message()).unwrap();
    let failure = office.read(&asked, &request_hash(&request()), &answer).err().unwrap();
    let error = failure.of(&trial::agency("te"));
    let mut told = format!("{error} {error:?}");
    let mut source: Option<&dyn std::error::Error> = std::error::Error::source(&error);
    while let Some(error) = source {
        told = format!("{told} {error} {error:?}");
        source = error.source();
    }
    assert!(!told.contains("Aino") && !told.contains("010594Y9032"), "{told}");
}
