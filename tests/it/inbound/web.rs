//! Is the one route for agencies the only one?

use http::{Method, Response, StatusCode};
use hyper::body::Bytes;
use polku_tests::pki;
use polku_tests::world::{PEOPLE, TE};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Unmoved, connect, http};
use crate::stage::Stage;

/// The reason in an answer's problem details.
fn reason(answer: &Response<Bytes>) -> String {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    assert!(problem["detail"].as_str().is_some_and(|hint| !hint.is_empty()), "no hint: {problem}");
    problem["reason"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_route() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, TE).await;
    let unmoved = Unmoved::of(&stage, &name).await;
    let official = &stage.world.te.settings().official;
    let config = || pki::mutual_client_config(stage.world.authority_pem(), official).unwrap();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = http(&stage, config(), method.clone(), "/inbound/te", b"").await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers()["allow"], "POST", "{method}");
        if method != Method::HEAD {
            assert_eq!(reason(&answer), "METHOD_NOT_ALLOWED", "{method}");
        }
    }
    let paths = [
        "/",
        "/inbound",
        "/inbound/",
        "/inbound/te/",
        "/inbound/te/kanaria",
        "/inbound/TE",
        "/inbound/te%2f",
        "/inbound/../inbound/te",
        "/inbound/kela",
        "/inbound/oma",
        "/inbound/tuntematon",
        "/metrics",
        "/polku.v1.ReferralService/ListReferrals",
    ];
    for path in paths {
        let answer = http(&stage, config(), Method::POST, path, b"<a/>").await;
        assert_eq!(
            (answer.status(), reason(&answer).as_str()),
            (StatusCode::NOT_FOUND, "NOT_FOUND"),
            "{path}"
        );
        assert!(!String::from_utf8_lossy(answer.body()).contains("kanaria"), "{path} is repeated");
    }
    unmoved.check(&stage, "a request elsewhere").await;
    stage.close().await;
}

/// Whatever the status says: a fault of SOAP is told with that of an error of our own.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_the_agency_does_not_keep_the_connection() {
    let stage = Stage::open().await;
    for (path, status) in [("/inbound/te", 500), ("/inbound/paja", 401)] {
        let config = pki::mutual_client_config(stage.world.authority_pem(), &stage.world.identities.stranger);
        let mut stream = connect(&stage, config.unwrap()).await;
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\n<a/>");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{path}: {answer}");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_not_waited_for() {
    let stage = Stage::open().await;
    let identities = [&stage.world.te.settings().official, &stage.world.identities.stranger];
    for (path, identity) in ["/inbound/te", "/inbound/paja"].into_iter().zip(identities) {
        let config = pki::mutual_client_config(stage.world.authority_pem(), identity).unwrap();
        let mut stream = connect(&stage, config).await;
        // Announced and never sent: whoever waited for it would not answer.
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1048577\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413");
    }
    stage.close().await;
}

/// More than any buffer on the way holds: whoever reads only when everything is sent finds the answer all the same.
#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_much_to_the_end_is_told_so() {
    const TOO_MUCH: usize = 12 * 1024 * 1024;
    let stage = Stage::open().await;
    let length = format!("content-length: {TOO_MUCH}");
    for framing in [length.as_str(), "transfer-encoding: chunked"] {
        let config =
            pki::mutual_client_config(stage.world.authority_pem(), &stage.world.te.settings().official);
        let mut stream = connect(&stage, config.unwrap()).await;
        let head = format!("POST /inbound/te HTTP/1.1\r\nhost: localhost\r\n{framing}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        if framing != length {
            stream.write_all(format!("{TOO_MUCH:x}\r\n").as_bytes()).await.unwrap();
        }
        stream.write_all(&vec![b' '; TOO_MUCH]).await.unwrap();
        if framing != length {
            stream.write_all(b"\r\n0\r\n\r\n").await.unwrap();
        }
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 413"), "{framing}: {answer}");
        assert!(answer.contains("MESSAGE_TOO_LARGE"), "{framing}: {answer}");
    }
    stage.close().await;
}
