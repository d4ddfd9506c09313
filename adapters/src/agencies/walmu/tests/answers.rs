//! What does an answer of the case management come to, and how long is a token used?

use std::time::Duration;

use http::HeaderMap;

use super::*;

fn failed(status: u16, body: &'static str) -> AdapterErrorKind {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static("120"));
    let status = StatusCode::from_u16(status).unwrap();
    refused(&Answer { status, headers, body: Bytes::from_static(body.as_bytes()) }).kind
}

#[test]
fn refusals() {
    let rejected = |code: &str| AdapterErrorKind::Rejected { code: code.to_owned() };
    let error = r#"{"virhe": {"koodi": "virheellinen_sisalto", "viesti": "Aino Esimerkki"}, "muuta": null}"#;
    for status in [400, 409, 422] {
        assert_eq!(failed(status, error), rejected("virheellinen_sisalto"));
    }
    assert_eq!(failed(409, ""), rejected("HTTP_409"));
    assert_eq!(failed(404, error), rejected("virheellinen_sisalto"));
    assert_eq!(failed(404, "<html>"), AdapterErrorKind::Unanswered);
    assert_eq!(failed(422, r#"{"virhe": {"koodi": "Aino <Esimerkki>"}}"#), rejected("unspecified"));
    let later = AdapterErrorKind::Unavailable { after: Some(Duration::from_secs(120)) };
    for status in [401, 403, 425, 429, 503] {
        assert_eq!(failed(status, error), later);
    }
    for status in [202, 204, 408, 500, 502, 504] {
        assert_eq!(failed(status, error), AdapterErrorKind::Unanswered);
    }
    let bare =
        Answer { status: StatusCode::SERVICE_UNAVAILABLE, headers: HeaderMap::new(), body: Bytes::new() };
    assert_eq!(refused(&bare).kind, AdapterErrorKind::Unanswered);
}

#[test]
fn receipts() {
    let good = br#"{"vastaanottotunnus": "W-1", "vastaanotettu": "2026-11-21T09:30:01Z", "muuta": [1]}"#;
    assert_eq!(wire::read_receipt(good), Some(Receipt::new("W-1")));
    let bad: [&[u8]; 6] = [
        b"",
        b"[]",
        br#"{"vastaanottotunnus": "W-1"}"#,
        br#"{"vastaanottotunnus": "", "vastaanotettu": "2026-11-21T09:30:01Z"}"#,
        br#"{"vastaanottotunnus": "W-1", "vastaanotettu": "eilen"}"#,
        br#"{"vastaanottotunnus": null, "vastaanotettu": "2026-11-21T09:30:01Z"}"#,
    ];
    for body in bad {
        assert_eq!(wire::read_receipt(body), None);
    }
}

#[test]
fn tokens() {
    let read = |body: &str| token::read(body.as_bytes(), trial::now());
    let good =
        read(r#"{"access_token": "abc.def", "token_type": "bearer", "expires_in": 3600, "scope": "x"}"#)
            .unwrap();
    assert_eq!(good.authorization, "Bearer abc.def");
    assert!(good.authorization.is_sensitive());
    assert_eq!(good.until, trial::instant("2026-11-21T10:30:30Z"));
    let long = read(r#"{"access_token": "a", "token_type": "Bearer", "expires_in": 9000000000}"#).unwrap();
    assert_eq!(long.until, trial::instant("2026-11-22T09:30:30Z"));
    // RFC 6749, section 5.1: how long it lasts may be left out.
    let unstated = read(r#"{"access_token": "a", "token_type": "Bearer"}"#).unwrap();
    assert_eq!(unstated.until, trial::instant("2026-11-21T09:32:00Z"));
    let bad = [
        r#"{"access_token": "abc", "token_type": "mac", "expires_in": 3600}"#,
        r#"{"access_token": "", "token_type": "Bearer", "expires_in": 3600}"#,
        r#"{"access_token": "a\r\nb", "token_type": "Bearer", "expires_in": 3600}"#,
        r#"{"access_token": "abc", "token_type": "Bearer", "expires_in": 0}"#,
        r#"{"access_token": "abc", "token_type": "Bearer", "expires_in": "3600"}"#,
        r#"{"access_token": "abc", "token_type": "Bearer", "expires_in": -1}"#,
        r#"{"error": "invalid_client"}"#,
        "",
    ];
    for body in bad {
        assert!(read(body).is_none(), "{body}");
    }
}

#[test]
fn client_authentication_is_form_encoded() {
    // RFC 6749, section 2.3.1: the parts are encoded before they are joined.
    let value = token::basic("polku:1", &secret("a+b&c%d~e"));
    assert_eq!(value, "Basic cG9sa3UlM0ExOmElMkJiJTI2YyUyNWQlN0Vl");
    assert!(value.is_sensitive());
}
