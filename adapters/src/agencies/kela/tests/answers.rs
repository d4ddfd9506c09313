//! What does an answer of Kela's, or of a security server, come to?

use std::time::Duration;

use super::*;

const RECEIPT: &str = r#"{"vastaanottotunnus":"K-000017","vastaanotettu":"2026-11-21T09:31:00Z"}"#;

fn delivered(status: u16, body: &str) -> AdapterErrorKind {
    let provided = match provided(plain(Method::POST, trial::MESSAGE.to_owned()), status, body) {
        Ok(provided) => provided,
        Err(failure) => return failure.kind,
    };
    refusal(&provided).kind
}

#[test]
fn a_receipt_is_read_strictly() {
    let reference = "K-000017".to_owned();
    assert_eq!(wire::read_receipt(RECEIPT.as_bytes()), Some(Receipt::new(reference)));
    let broken = [
        "",
        "{}",
        "[]",
        r#"{"vastaanottotunnus":"K-1"}"#,
        r#"{"vastaanottotunnus":"","vastaanotettu":"2026-11-21T09:31:00Z"}"#,
        r#"{"vastaanottotunnus":"K-1","vastaanotettu":"eilen"}"#,
        r#"{"vastaanottotunnus":"K-1","vastaanotettu":"2026-02-30T09:31:00Z"}"#,
        r#"{"vastaanottotunnus":"K-1","vastaanotettu":"2026-11-21T09:31:00+02:00"}"#,
        r#"{"vastaanottotunnus":"K-1","vastaanotettu":null}"#,
        r#"{"vastaanottotunnus":"K-1","vastaanottotunnus":"K-2","vastaanotettu":"2026-11-21T09:31:00Z"}"#,
        r#"{"vastaanottotunnus":"K-1","vastaanotettu":"2026-11-21T09:31:00Z","muuta":1}"#,
    ];
    for body in broken {
        assert_eq!(wire::read_receipt(body.as_bytes()), None, "{body}");
    }
    let personal = RECEIPT.replace("K-000017", "010594Y9032");
    assert_eq!(wire::read_receipt(personal.as_bytes()).unwrap().reference, "");
}

#[test]
fn a_refusal_is_final_only_in_kelas_own_words() {
    let own = r#"{"virhe":{"koodi":"TUNTEMATON_LAHETE","viesti":"Aino 010594Y9032"}}"#;
    let rejected = |code: &str| AdapterErrorKind::Rejected { code: code.to_owned() };
    for status in [400, 404, 409, 410, 422] {
        assert_eq!(delivered(status, own), rejected("TUNTEMATON_LAHETE"), "{status}");
        assert_eq!(delivered(status, "<html>"), AdapterErrorKind::Unanswered, "{status}");
    }
    let personal = own.replace("TUNTEMATON_LAHETE", "Aino 010594Y9032");
    assert_eq!(delivered(422, &personal), rejected("unspecified"));
    for status in [401, 403, 425, 429] {
        assert_eq!(delivered(status, ""), AdapterErrorKind::Unavailable { after: None }, "{status}");
    }
    assert_eq!(delivered(503, own), AdapterErrorKind::Unavailable { after: None });
    for status in [200, 204, 408, 500, 502, 503, 504] {
        assert_eq!(delivered(status, ""), AdapterErrorKind::Unanswered, "{status}");
    }
    assert_eq!(delivered(500, own), AdapterErrorKind::Unanswered);
}

/// What an answer comes to that has not gone through X-Road as the request has.
fn foreign(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> AdapterErrorKind {
    let call = kela().xroad.call(plain(Method::POST, trial::MESSAGE.to_owned())).unwrap();
    let headers = headers
        .iter()
        .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
    let status = StatusCode::from_u16(status).unwrap();
    let answer = Answer { status, headers: headers.collect(), body: Bytes::from_static(body.as_bytes()) };
    read(&call, &answer).unwrap_err().kind
}

#[test]
fn an_answer_that_is_not_to_this_request_is_none() {
    assert_eq!(foreign(201, &[], RECEIPT), AdapterErrorKind::Unanswered);
    assert_eq!(foreign(422, &[], r#"{"virhe":{"koodi":"X"}}"#), AdapterErrorKind::Unanswered);
    assert_eq!(foreign(502, &[], ""), AdapterErrorKind::Unanswered);
    assert_eq!(foreign(503, &[], ""), AdapterErrorKind::Unanswered);
    let after = Some(Duration::from_secs(60));
    let later = AdapterErrorKind::Unavailable { after };
    assert_eq!(foreign(503, &[("retry-after", "60")], ""), later);
    assert_eq!(foreign(429, &[("retry-after", "60")], ""), later);
}

#[test]
fn a_failure_of_x_road_says_whether_the_message_has_left() {
    let failed = |code: &'static str, body| foreign(500, &[("x-road-error", code)], body);
    let rejected = |code: &str| AdapterErrorKind::Rejected { code: code.to_owned() };
    assert_eq!(
        failed("server.serverproxy.access_denied", r#"{"type":"server.serverproxy.access_denied"}"#),
        rejected("server.serverproxy.access_denied")
    );
    assert_eq!(
        failed("Server.ClientProxy.UnknownMember", r#"{"type":"Server.ClientProxy.UnknownMember"}"#),
        rejected("Server.ClientProxy.UnknownMember")
    );
    let later = AdapterErrorKind::Unavailable { after: None };
    assert_eq!(
        failed("server.clientproxy.maintenance_mode", r#"{"type":"server.clientproxy.maintenance_mode"}"#),
        later
    );
    let open = AdapterErrorKind::Unanswered;
    assert_eq!(
        failed("server.serverproxy.service_failed", r#"{"type":"server.serverproxy.service_failed"}"#),
        open
    );
    assert_eq!(failed("server.serverproxy.access_denied", "<error/>"), open);
    assert_eq!(failed("what is this", r#"{"type":"what is this"}"#), open);
}
