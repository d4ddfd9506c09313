//! Do the security servers pass on what they should, and nothing else?

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::{Passed, SecurityServer, Service, text};
use crate::simulators::door::Door;
use crate::simulators::faults::{Fault, Faults, Operation, Plan, Repetition};
use crate::simulators::ledger::Received;
use crate::simulators::server::{Agency, Answer};
use crate::simulators::xroad::{Dialect, Member};

struct Echo;

impl Service for Echo {
    fn operation(&self, _: &Method, path: &[String]) -> Operation {
        if path == ["a/b", "c"] { Operation::Deliver } else { Operation::Other }
    }

    fn answer(&self, request: &Passed, _: &Plan) -> Answer {
        Answer::new(StatusCode::OK, "text/plain", request.path.join("|"))
    }

    fn content_type(&self) -> &'static str {
        "text/plain"
    }
}

fn server() -> SecurityServer<Echo> {
    SecurityServer {
        provider: Member::new("FI-TEST", "GOV", "9999903-9", "etuudet"),
        code: "ohjaus",
        gateway: Member::new("FI-TEST", "ORG", "9999902-0", "polku"),
        dialect: Dialect::Snake,
        service: Echo,
    }
}

fn request(path: &str, headers: &[(&'static str, &'static str)]) -> Received {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Received {
        operation: Operation::Other,
        method: Method::POST,
        path: path.to_owned(),
        headers: map,
        body: Bytes::new(),
        client_certificate_sha256: None,
    }
}

fn plan(fault: Option<Fault>) -> Plan {
    let faults = Faults::new(Door::on_port(0).unwrap(), Repetition::Asked);
    fault.into_iter().for_each(|fault| faults.set(fault));
    faults.plan(Operation::Other)
}

const PATH: &str = "/r1/FI-TEST/GOV/9999903-9/etuudet/ohjaus/a%2Fb/c?x=1";
const CLIENT: (&str, &str) = ("x-road-client", "FI-TEST/ORG/9999902%2D0/polku");

#[tokio::test]
async fn a_call_of_the_gateway_is_passed_on_and_its_answer_gets_headers() {
    let good = request(PATH, &[CLIENT, ("x-road-id", "7")]);
    assert_eq!(server().operation(&good), Operation::Deliver);
    let answer = server().answer(&good, &plan(None));
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"a/b|c"[..]));
    let header = |answer: &Answer, name: &str| {
        answer.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
    };
    assert_eq!(header(&answer, "x-road-id").as_deref(), Some("7"));
    assert_eq!(header(&answer, "x-road-client").as_deref(), Some("FI-TEST/ORG/9999902-0/polku"));
    assert_eq!(header(&answer, "x-road-service").as_deref(), Some("FI-TEST/GOV/9999903-9/etuudet/ohjaus"));
    assert_eq!(header(&answer, "x-road-request-hash").unwrap().len(), 88);
    let other = server().answer(&good, &plan(Some(Fault::WrongEcho)));
    assert_ne!(header(&other, "x-road-id").as_deref(), Some("7"));
}

#[tokio::test]
async fn every_other_call_has_its_code() {
    let cases = [
        (request("/r2/FI-TEST/GOV/9999903-9/etuudet/ohjaus", &[CLIENT]), 400, "client.internal_error"),
        (request("/r1/FI-TEST/GOV/9999903-9/ohjaus", &[CLIENT]), 400, "client.internal_error"),
        (request(PATH, &[]), 400, "client.missing_header_field"),
        (request(PATH, &[CLIENT, CLIENT]), 400, "client.duplicate_header_field"),
        (request(PATH, &[("x-road-client", "polku")]), 400, "client.invalid_client_identifier"),
        (request(PATH, &[CLIENT, ("x-road-represented-party", "a/b/c")]), 400, "client.invalid_header_field"),
        (request(PATH, &[CLIENT, ("x-road-userid", "FI010594Y9032")]), 400, "client.invalid_header_field"),
        (request(PATH, &[CLIENT, ("x-road-issue", "a-010594y9032")]), 400, "client.invalid_header_field"),
        (
            request(PATH, &[CLIENT, ("x-road-represented-party", "MUN/0105%394Y9032")]),
            400,
            "client.invalid_header_field",
        ),
        (
            request("/r1/FI-TEST/GOV/9999903-9/etuudet/muu", &[CLIENT]),
            500,
            "server.serverproxy.unknown_service",
        ),
        (request(PATH, &[("x-road-client", "FI/ORG/1/x")]), 500, "server.serverproxy.access_denied"),
    ];
    for (request, status, code) in cases {
        let answer = server().answer(&request, &plan(None));
        assert_eq!(answer.status.as_u16(), status, "{code}");
        let found: HeaderMap = answer
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect();
        assert_eq!(text(&found, &super::ERROR), Some(code));
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["type"], code);
    }
}
