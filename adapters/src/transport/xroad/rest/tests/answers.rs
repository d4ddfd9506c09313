//! Is an answer told from a failure of X-Road, and is it to this call?

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::super::{AnswerError, Provided, RestError, read_answer};
use super::call;
use crate::transport::http::Answer;
use crate::transport::xroad::fault::{FailedAt, Reached, Retry};

const GOOD: [(&str, &str); 5] = [
    ("x-road-client", "FI-TEST/ORG/9999902-0/polku"),
    ("x-road-service", "FI-TEST/GOV/9999903%2D9/etuudet/ohjaus"),
    ("x-road-id", "0193c5a0-0000-7000-8000-000000000003"),
    ("x-road-request-id", "8b1d7f2e-5a52-4b0f-8a5e-d43a1a1c3a10"),
    (
        "x-road-request-hash",
        "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    ),
];

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Answer {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter().map(pair) {
        map.append(name, value);
    }
    let (status, body) = (StatusCode::from_u16(status).unwrap(), Bytes::from_static(body.as_bytes()));
    Answer { status, headers: map, body }
}

#[test]
fn an_answer_of_the_provider_is_passed_on_whatever_its_status() {
    for status in [200, 201, 400, 404, 500] {
        let Provided { status: got, body, evidence, .. } =
            read_answer(&call(), &answer(status, &GOOD, "{}")).unwrap();
        assert_eq!((got.as_u16(), &body[..]), (status, &b"{}"[..]));
        assert_eq!(evidence.request_id.as_deref(), Some(GOOD[3].1));
        assert_eq!(evidence.request_hash.as_deref(), Some(GOOD[4].1));
    }
}

#[test]
fn an_answer_to_another_call_is_none() {
    let foreign =
        |headers: &[(&'static str, &'static str)]| match read_answer(&call(), &answer(200, headers, "")) {
            Err(AnswerError::Foreign(error)) => error,
            other => panic!("{other:?}"),
        };
    assert_eq!(foreign(&[]), RestError::Missing { header: "X-Road-Client" });
    for (place, header) in ["X-Road-Client", "X-Road-Service", "X-Road-Id"].into_iter().enumerate() {
        let mut without = GOOD.to_vec();
        without.remove(place);
        assert_eq!(foreign(&without), RestError::Missing { header });
        let mut twice = GOOD.to_vec();
        twice.push(GOOD[place]);
        assert_eq!(foreign(&twice), RestError::Repeated { header });
        let mut other = GOOD;
        other[place].1 = ["FI/ORG/1/other", "FI/GOV/1/other/service", "other"][place];
        assert_eq!(foreign(&other), RestError::NotEchoed { header });
    }
    let mut hash = GOOD;
    hash[4].1 = "AAAA";
    assert_eq!(foreign(&hash), RestError::RequestHash);
}

#[test]
fn a_failure_of_x_road_is_read_in_both_spellings() {
    let class = |status, code: &'static str, body| match read_answer(
        &call(),
        &answer(status, &[("x-road-error", code)], body),
    ) {
        Err(AnswerError::Xroad(error)) => error.class(),
        other => panic!("{other:?}"),
    };
    let old = r#"{"type":"Server.ServerProxy.AccessDenied","message":"10.0.0.1","detail":"x"}"#;
    let denied = class(500, "Server.ServerProxy.AccessDenied", old);
    assert_eq!(denied.failed_at, FailedAt::TheirSecurityServer);
    assert_eq!((denied.retry, denied.reached), (Retry::Never, Reached::No));
    assert_eq!(class(500, "server.serverproxy.access_denied", old), denied);
    let new = r#"{"type":"server.clientproxy.unknown_host","message":"","detail":""}"#;
    let passing = class(500, "server.clientproxy.unknown_host", new);
    assert_eq!((passing.retry, passing.reached), (Retry::Later, Reached::No));
    let lost = r#"{"type":"server.serverproxy.service_failed.http_error"}"#;
    assert_eq!(class(500, "server.serverproxy.service_failed.http_error", lost).reached, Reached::Possibly);
}

#[test]
fn a_failure_that_is_not_told_in_json_may_be_anybodys() {
    let code = "server.serverproxy.access_denied";
    let bodies = [
        "",
        "<error><type>server.serverproxy.access_denied</type></error>",
        r#"{"type":"client.invalid_path"}"#,
        "{",
    ];
    for body in bodies {
        let error = read_answer(&call(), &answer(500, &[("x-road-error", code)], body)).unwrap_err();
        let AnswerError::Xroad(error) = error else { panic!("{error:?}") };
        assert_eq!((error.class().reached, error.class().retry), (Reached::Possibly, Retry::Never), "{body}");
    }
    let good = r#"{"type":"server.serverproxy.access_denied"}"#;
    let error = read_answer(&call(), &answer(200, &[("x-road-error", code)], good)).unwrap_err();
    let AnswerError::Xroad(error) = error else { panic!("{error:?}") };
    assert_eq!(error.class().reached, Reached::Possibly);
    let twice = [("x-road-error", code), ("x-road-error", code)];
    let error = read_answer(&call(), &answer(500, &twice, good)).unwrap_err();
    assert_eq!(error, AnswerError::Foreign(RestError::Repeated { header: "X-Road-Error" }));
}

#[test]
fn nothing_of_a_failures_text_is_repeated() {
    let body = r#"{"type":"x","message":"Aino 010594Y9032","detail":"10.139.178.1"}"#;
    for code in ["Aino Esimerkki", "010594Y9032", "client.010594Y9032"] {
        let error = read_answer(&call(), &answer(500, &[("x-road-error", code)], body)).unwrap_err();
        assert_eq!(error.to_string(), "X-Road failed with code fault", "{code}");
    }
}
