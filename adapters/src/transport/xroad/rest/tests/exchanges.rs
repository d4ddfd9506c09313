//! Does a recorded exchange get the verdict of the security servers, with the code of its mistake?

use super::super::{check_exchange, is_rest};

const REQUEST: &str = "POST /r1/FI-TEST/GOV/9999903-9/etuudet/ohjaus/lahetteet?a=b%20c HTTP/1.1\r\n\
    X-Road-Client: FI-TEST/ORG/9999902-0/polku\r\n\
    X-Road-Id: 0193c5a0-0000-7000-8000-000000000003\r\n\
    X-Road-Represented-Party: MUN/0564\r\n\
    X-Road-Security-Server: FI-TEST/GOV/9999903-9/ss1\r\n\
    Content-Type: application/json\r\n\r\n{}";
const ANSWER: &str = "HTTP/1.1 201 Created\r\n\
    X-Road-Client: FI-TEST/ORG/9999902-0/polku\r\n\
    X-Road-Service: FI-TEST/GOV/9999903-9/etuudet/ohjaus\r\n\
    X-Road-Id: 0193c5a0-0000-7000-8000-000000000003\r\n\
    Content-Type: application/json\r\n\r\n{}";
/// As a provider gets it from its own security server.
const ARRIVED: &str = "POST /inbound/kela HTTP/1.1\r\n\
    content-type: application/json\r\n\
    x-road-client: FI-TEST/GOV/9999903-9/etuudet\r\n\
    x-road-id: 0193c5a0-0000-7000-8000-000000000003\r\n\
    x-road-service: FI-TEST/ORG/9999902-0/polku/ohjausviestit\r\n\r\n{}";

fn asked(from: &str, to: &str) -> String {
    assert!(REQUEST.contains(from));
    check_exchange(REQUEST.replacen(from, to, 1).as_bytes(), None).to_string()
}

fn answered(from: &str, to: &str) -> String {
    assert!(ANSWER.contains(from));
    let answer = ANSWER.replacen(from, to, 1);
    check_exchange(REQUEST.as_bytes(), Some(answer.as_bytes())).to_string()
}

#[test]
fn a_request_is_one_of_rest_by_its_path_or_its_client() {
    assert!(is_rest(REQUEST.as_bytes()));
    assert!(is_rest(b"GET /r2/x HTTP/1.1\n\n"));
    assert!(is_rest(ARRIVED.as_bytes()));
    let others: [&[u8]; 7] = [
        b"",
        b"<Envelope/>",
        b"POST / HTTP/1.1\r\n\r\n<Envelope/>",
        b"POST /rest HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\nX-Road-Client: FI/A/B\r\n",
        b"Content-Type: text/xml\r\n\r\n<Envelope/>",
        b"\xff\xfe /r1/ HTTP/1.1",
    ];
    assert!(!others.into_iter().any(is_rest));
}

#[test]
fn a_good_exchange_is_accepted() {
    assert_eq!(asked("\r\n", "\r\n"), "accept");
    assert_eq!(asked("POST", "GET"), "accept");
    assert_eq!(asked("/lahetteet?a=b%20c", ""), "accept");
    assert_eq!(asked("Party: MUN/0564", "Party: 0564"), "accept");
    assert_eq!(asked("9999902-0/polku", "9999902-0/polku_1"), "accept");
    assert_eq!(asked("9999902-0/polku", "9999902-0/p%C3%A4%20lku"), "accept");
    assert_eq!(check_exchange(REQUEST.replace("\r\n", "\n").as_bytes(), None).to_string(), "accept");
    assert_eq!(answered("\r\n", "\r\n"), "accept");
    assert_eq!(answered("201 Created", "422"), "accept");
}

#[test]
fn what_a_provider_gets_and_answers_is_checked_as_it_is_there() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}";
    let checked =
        |request: &str, answer: &str| check_exchange(request.as_bytes(), Some(answer.as_bytes())).to_string();
    assert_eq!(checked(ARRIVED, answer), "accept");
    assert_eq!(checked(ARRIVED, "HTTP/1.1 204 \r\n\r\n"), "accept");
    let cases = [
        (
            "x-road-client: FI-TEST/GOV/9999903-9/etuudet",
            "x-road-client: etuudet",
            "invalid_client_identifier",
        ),
        ("x-road-id: 0193c5a0-0000-7000-8000-000000000003\r\n", "", "missing_header_field"),
        ("polku/ohjausviestit", "polku", "invalid_service_identifier"),
        ("content-type: application/json\r\n", "", "invalid_content_type"),
    ];
    for (from, to, code) in cases {
        assert!(ARRIVED.contains(from));
        assert_eq!(
            checked(&ARRIVED.replacen(from, to, 1), answer),
            format!("reject client.{code}"),
            "{from}"
        );
    }
    let refused = "reject server.clientproxy.service_failed.invalid_content_type";
    assert_eq!(checked(ARRIVED, "HTTP/1.1 200 OK\r\n\r\n{}"), refused);
}

#[test]
fn every_mistake_of_a_request_has_its_code() {
    let cases = [
        ("\r\n\r\n{}", "", "invalid_http_head"),
        ("X-Road-Id:", "X-Road-Id", "invalid_http_head"),
        (" HTTP/1.1", " HTTP/2", "invalid_http_head"),
        ("POST", "FETCH", "invalid_http_method"),
        ("/r1/", "/r2/", "invalid_protocol_version"),
        ("/etuudet/ohjaus/lahetteet?a=b%20c", "/ohjaus", "invalid_request_path"),
        ("/etuudet/", "//", "invalid_request_path"),
        ("/etuudet/", "/et%2Fuudet/", "invalid_request_path"),
        ("/etuudet/", "/et%zz/", "invalid_encoding"),
        ("/etuudet/", "/et%C3%28/", "invalid_encoding"),
        ("b%20c", "b%", "invalid_encoding"),
        ("X-Road-Client: FI-TEST/ORG/9999902-0/polku\r\n", "", "missing_header_field"),
        ("X-Road-Client", "X-Road-Client: FI/A/B\r\nX-Road-Client", "duplicate_header_field"),
        ("X-Road-Id", "X-Road-Id: 1\r\nX-Road-Id", "duplicate_header_field"),
        ("Content-Type", "Content-Type: text/plain\r\nContent-Type", "duplicate_header_field"),
        ("0193c5a0-0000-7000-8000-000000000003", "", "invalid_header_field"),
        ("0193c5a0-0000-7000-8000-000000000003", "ä", "invalid_header_field"),
        ("0193c5a0-0000-7000-8000-000000000003", "010594Y9032", "invalid_header_field"),
        ("X-Road-Id", "X-Road-UserId: FI010594Y9032\r\nX-Road-Id", "invalid_header_field"),
        ("X-Road-Id", "X-Road-Issue: 010594Y9032\r\nX-Road-Id", "invalid_header_field"),
        ("MUN/0564", "MUN/010594Y9032", "invalid_header_field"),
        ("9999902-0/polku", "9999902-0/polku/x", "invalid_client_identifier"),
        ("FI-TEST/ORG/9999902-0/polku", "polku", "invalid_client_identifier"),
        ("9999902-0/polku", "9999902-0/", "invalid_client_identifier"),
        ("9999902-0/polku", "9999902-0/%20", "invalid_client_identifier"),
        ("9999902-0/polku", "9999902-0/a%2Fb", "invalid_client_identifier"),
        ("9999902-0/polku", "9999902-0/a:b", "invalid_client_identifier"),
        ("9999902-0/polku", "9999902-0/a%00b", "invalid_client_identifier"),
        ("9999902-0/polku", "9999902-0/p lku", "invalid_encoding"),
        ("9999903-9/ss1", "9999903-9", "invalid_security_server"),
        ("MUN/0564", "MUN/0564/1", "invalid_represented_party"),
        ("MUN/0564", "MUN/", "invalid_represented_party"),
        ("Content-Type: application/json\r\n", "", "invalid_content_type"),
    ];
    for (from, to, code) in cases {
        assert_eq!(asked(from, to), format!("reject client.{code}"), "{from} -> {to}");
    }
}

#[test]
fn every_mistake_of_an_answer_has_its_code() {
    let cases = [
        ("HTTP/1.1 201", "201", "invalid_http_head"),
        ("9999902-0/polku", "9999902-0/other", "inconsistent_response"),
        ("etuudet/ohjaus", "etuudet/other", "inconsistent_response"),
        ("7000-8000", "7000-8001", "inconsistent_response"),
        ("X-Road-Id: 0193c5a0-0000-7000-8000-000000000003\r\n", "", "missing_header_field"),
        ("etuudet/ohjaus", "etuudet", "invalid_service_identifier"),
        ("Content-Type: application/json\r\n", "", "invalid_content_type"),
        ("Content-Type", "X-Road-Request-Hash: abc\r\nContent-Type", "invalid_request_hash"),
    ];
    for (from, to, code) in cases {
        let expected = format!("reject server.clientproxy.service_failed.{code}");
        assert_eq!(answered(from, to), expected, "{from} -> {to}");
    }
}

#[test]
fn a_failure_of_x_road_is_told_as_x_road_tells_it() {
    let failed = |status: u16, code: &str, kind: &str, body: &str| {
        let answer =
            format!("HTTP/1.1 {status} \r\nX-Road-Error: {code}\r\nContent-Type: {kind}\r\n\r\n{body}");
        check_exchange(REQUEST.as_bytes(), Some(answer.as_bytes())).to_string()
    };
    let (json, denied) = ("application/json", "Server.ServerProxy.AccessDenied");
    let told = |code: &str| format!(r#"{{"type":"{code}","message":"no","detail":"7b5e"}}"#);
    assert_eq!(failed(500, denied, json, &told(denied)), format!("reject {denied}"));
    let newer = "server.serverproxy.access_denied";
    assert_eq!(failed(500, denied, json, &told(newer)), format!("reject {denied}"));
    let client = "client.invalid_client_identifier";
    assert_eq!(failed(400, client, json, &told(client)), format!("reject {client}"));
    let xml = |code: &str| format!("<error><type>{code}</type><message/><detail/></error>");
    assert_eq!(failed(500, newer, "text/xml", &xml(newer)), format!("reject {newer}"));

    let wrong = "reject server.clientproxy.service_failed.invalid_error_body";
    for (status, code, kind, body) in [
        (500, denied, json, "{}".to_owned()),
        (500, denied, json, String::new()),
        (500, denied, json, told(client)),
        (500, denied, json, xml(denied)),
        (500, denied, "text/xml", told(denied)),
        (500, denied, "application/xml", xml(client)),
        (400, denied, json, told(denied)),
        (403, denied, json, told(denied)),
        (200, denied, json, told(denied)),
        (500, client, json, told(client)),
        (500, "access_denied", json, told("access_denied")),
        (500, "myserver.x", json, told("myserver.x")),
    ] {
        assert_eq!(failed(status, code, kind, &body), wrong, "{status} {code} {body}");
    }
}
