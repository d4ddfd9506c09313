//! Is the one route for agencies the only one?

use http::{Method, StatusCode};
use polku_tests::pki;
use polku_tests::world::{PEOPLE, TE};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Unmoved, connect, http};
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_route() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, TE).await;
    let unmoved = Unmoved::of(&stage, &name).await;
    let official = &stage.world.te.settings().official;
    let config = || pki::mutual_client_config(stage.world.authority_pem(), official).unwrap();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let status = http(&stage, config(), method.clone(), "/inbound/te", b"").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method}");
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
        let status = http(&stage, config(), Method::POST, path, b"<a/>").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    unmoved.check(&stage, "a request elsewhere").await;
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
