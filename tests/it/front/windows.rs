//! What becomes of answers to a client that makes hardly any room for them?

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use hyper::body::Bytes;
use polku_gateway::front::Limits;
use polku_tests::world::PATIENCE;
use tokio::io::AsyncWriteExt as _;

use super::connect;
use super::frames::{self, DATA, END_HEADERS, END_STREAM, HEADERS, SETTINGS, call_of, frame};
use super::opened::open;

const READ: &str = "/polku.v1.ReferralService/GetReferral";
/// As many calls as there may be at the same time, and almost one more.
const CALLS: u32 = 62;

/// The library drops an answer as soon as there is room for one byte of its end: what it then holds for the client is not
/// seen any more. With it the connection ends all the same.
#[tokio::test(flavor = "multi_thread")]
async fn who_makes_hardly_any_room_for_answers_loses_the_connection() {
    let limits = Limits {
        stream_idle: Duration::from_secs(1),
        quiet: Duration::from_secs(1),
        grace: Duration::from_millis(300),
        ..Limits::default()
    };
    for length in [5, 500, 1_500, 30_000] {
        let answer = post(move |body: Bytes| async move {
            drop(body);
            http::Response::new(Body::from(vec![0; length]))
        });
        let opened = open(limits, Router::new().route(READ, answer)).await;
        for window in [0_u32, 1, 16] {
            let identity = opened.site.pki.issue_client("narrow").unwrap();
            let mut stream = connect(opened.bound.grpc, opened.site.client(&identity, "h2")).await.unwrap();
            stream.write_all(frames::PREFACE).await.unwrap();
            let settings = [[0, 4].as_slice(), &window.to_be_bytes()].concat();
            stream.write_all(&frame(SETTINGS, 0, 0, &settings)).await.unwrap();
            for number in (0..CALLS).map(|call| 2 * call + 1) {
                let begun = frame(HEADERS, END_HEADERS, number, &call_of(READ));
                let call = [begun, frame(DATA, END_STREAM, number, &[0; 5])].concat();
                // It may be cut before all of it is written.
                if stream.write_all(&call).await.is_err() {
                    break;
                }
            }
            let _ = stream.flush().await;
            let closed = async { while frames::next(&mut stream).await.is_some() {} };
            let closed = tokio::time::timeout(PATIENCE, closed).await;
            assert!(
                closed.is_ok(),
                "answers of {length} bytes in a window of {window}: the connection stays"
            );
        }
    }
}
