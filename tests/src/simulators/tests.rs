//! Do the parts that all simulators share do what they say?

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use rustls::ServerConfig;
use tokio::net::TcpStream;

use super::control::{Control, SimulatorTls};
use super::door::Door;
use super::faults::{Fault, Faults, Operation, Plan, Repetition};
use super::ledger::{Ledger, Received};
use super::server::{self, Agency, Answer};
use super::xml;
use crate::pki::{Identity, Pki};

/// Certificates for one test: an authority, the simulator's server and two clients.
pub(super) struct World {
    pub(super) pki: Pki,
    pub(super) server: Identity,
    pub(super) gateway: Identity,
    pub(super) official: Identity,
}

impl World {
    pub(super) fn new() -> Self {
        let pki = Pki::new().unwrap();
        let server = pki.issue_server(&["localhost"]).unwrap();
        let gateway = pki.issue_client("polku").unwrap();
        let official = pki.issue_client("te").unwrap();
        Self { pki, server, gateway, official }
    }

    pub(super) fn tls(&self) -> SimulatorTls {
        SimulatorTls { server: self.server.clone(), authority_pem: self.pki.authority_pem().to_owned() }
    }
}

type Answering = Box<dyn Fn(&Received) -> (StatusCode, &'static str, String) + Send + Sync>;

/// A stand-in for the gateway's inbound listener.
pub(super) struct Gateway(Answering);

impl Gateway {
    pub(super) fn start(
        config: ServerConfig,
        answer: impl Fn(&Received) -> (StatusCode, &'static str, String) + Send + Sync + 'static,
    ) -> Control {
        let control = Control::new(Door::on_port(0).unwrap(), Ledger::new(), Repetition::Asked);
        server::serve(control.clone(), config, Arc::new(Self(Box::new(answer))));
        control
    }
}

impl Agency for Gateway {
    fn operation(&self, _: &Received) -> Operation {
        Operation::Other
    }

    fn answer(&self, request: &Received, _: &Plan) -> Answer {
        let (status, content_type, body) = (self.0)(request);
        Answer::new(status, content_type, body)
    }

    fn technical_fault(&self, _: &str) -> Answer {
        Answer::new(StatusCode::INTERNAL_SERVER_ERROR, self.content_type(), "")
    }

    fn content_type(&self) -> &'static str {
        "text/plain"
    }
}

#[tokio::test]
async fn a_closed_door_refuses_and_keeps_its_port() {
    let door = Door::on_port(0).unwrap();
    let faults = Faults::new(door.clone(), Repetition::Asked);
    let accepting = tokio::spawn({
        let door = door.clone();
        async move {
            let mut count = 0;
            while door.accept().await.is_some() {
                count += 1;
            }
            count
        }
    });
    TcpStream::connect(door.address()).await.unwrap();
    for _ in 0..50 {
        faults.set(Fault::Dead);
        let refused = TcpStream::connect(door.address()).await.unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        faults.clear().unwrap();
        TcpStream::connect(door.address()).await.unwrap();
    }
    door.stop();
    assert!(accepting.await.unwrap() <= 51);
}

#[tokio::test]
async fn faults_are_spent_in_order_and_only_where_they_belong() {
    let faults = Faults::new(Door::on_port(0).unwrap(), Repetition::Asked);
    faults.once(Fault::Garbage);
    faults.once_on(Operation::Status, Fault::LyingStatus);
    faults.once_on(Operation::Token, Fault::Redirect);
    faults.set_on(Operation::Deliver, Fault::HalfAnswer);
    assert!(faults.plan(Operation::Token).has(&Fault::Redirect));
    assert!(!faults.plan(Operation::Token).has(&Fault::Garbage));
    let first = faults.plan(Operation::Deliver);
    assert!(first.has(&Fault::Garbage) && first.has(&Fault::HalfAnswer));
    let second = faults.plan(Operation::Deliver);
    assert!(!second.has(&Fault::Garbage) && second.has(&Fault::HalfAnswer));
    assert_eq!(faults.waiting(), 1);
    assert!(faults.plan(Operation::Status).has(&Fault::LyingStatus));
    assert_eq!(faults.waiting(), 0);
}

#[test]
fn the_ledger_finds_bytes_wherever_they_came_in() {
    let ledger = Ledger::new();
    let mut headers = HeaderMap::new();
    headers.insert("x-secret", "in-header".parse().unwrap());
    ledger.note(Received {
        operation: Operation::Other,
        method: http::Method::POST,
        path: "/in-path".to_owned(),
        headers,
        body: Bytes::from_static(b"in-body"),
        client_certificate_sha256: None,
    });
    assert!(ledger.received_contains(b"in-header"));
    assert!(ledger.received_contains(b"in-path"));
    assert!(ledger.received_contains(b"n-bod"));
    assert!(!ledger.received_contains(b"elsewhere"));
    assert!(!ledger.received_contains(b""));
    assert!(!format!("{:?}", ledger.received()).contains("in-body"));
}

#[test]
fn xml_is_read_strictly() {
    let element =
        xml::parse(b"<a xmlns='urn:x' b='&lt;'>1 &amp; <![CDATA[<2>]]>&#xE4;<!-- no --></a>").unwrap();
    assert!(element.is("urn:x", "a"));
    assert_eq!(element.text, "1 & <2>\u{e4}");
    let mut written = String::new();
    element.write(&mut written);
    assert!(xml::parse(written.as_bytes()).unwrap().same_as(&element));
    assert_eq!(xml::parse(b"<!DOCTYPE a><a/>"), Err(xml::XmlError::Doctype));
    for broken in ["<a>", "<a/><b/>", "<p:a/>", "text", "<a>&x;</a>", "<a></b>", "", "\u{1}"] {
        assert_eq!(xml::parse(broken.as_bytes()), Err(xml::XmlError::Malformed), "{broken}");
    }
}
