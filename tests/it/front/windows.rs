//! What becomes of answers to a client that makes hardly any room for them?

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use polku_gateway::front::{LARGEST_ANSWER, Limits};
use polku_tests::world::{PATIENCE, eventually};
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::connect;
use super::frames::{self, DATA, END_HEADERS, END_STREAM, HEADERS, SETTINGS, call_of, frame};
use super::opened::{call, open};
use crate::stage::assert_refused;

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

/// What a client does not read is kept for it up to a size, however many calls it makes: what is small always has room.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_read_are_kept_up_to_a_size() {
    const LENGTH: usize = 1024 * 1024;
    const SMALL: &str = "/polku.v1.ConsentService/WithdrawConsent";
    let answers = |length: usize| {
        post(move |body: Bytes| async move {
            drop(body);
            let answer = http::Response::builder().header("grpc-status", "0");
            answer.body(Body::from(vec![0; length])).unwrap()
        })
    };
    let router = Router::new().route(READ, answers(LENGTH)).route(SMALL, answers(5));
    let opened = open(Limits::default(), router).await;
    let mut sender = opened.grpc().await;
    let request = |path: &str| {
        Request::post(format!("https://localhost{path}")).body(Full::<Bytes>::default()).unwrap()
    };
    let (mut unread, mut refused) = (Vec::new(), 0);
    for _ in 0..40 {
        let response = sender.send_request(request(READ)).await.unwrap();
        match Status::from_header_map(response.headers()) {
            Some(status) if status.code() != Code::Ok => {
                assert_refused(Err::<(), _>(status), Code::ResourceExhausted, "ANSWERS_UNREAD");
                refused += 1;
            }
            _ => unread.push(response),
        }
    }
    // Of each a part is on its way: less than a hyper client takes in by itself.
    let kept = unread.len() * LENGTH;
    assert!((LARGEST_ANSWER..=2 * LARGEST_ANSWER).contains(&kept), "{} are kept", unread.len());
    assert!(refused > 0);
    let small = sender.send_request(request(SMALL)).await.unwrap();
    assert_eq!(Status::from_header_map(small.headers()).unwrap().code(), Code::Ok);
    // All at the same time: what waits of one takes up the room of the others.
    let mut reading: JoinSet<usize> = unread
        .into_iter()
        .map(|response| async { response.into_body().collect().await.unwrap().to_bytes().len() })
        .collect();
    while let Some(read) = reading.join_next().await {
        assert_eq!(read.unwrap(), LENGTH);
    }
    assert_eq!(small.into_body().collect().await.unwrap().to_bytes().len(), 5);
    assert_eq!(call(&mut sender, READ, b"", &[]).await.1.code(), Code::Ok, "there is room again");
    // Whoever goes away without reading leaves nothing behind.
    for _ in 0..40 {
        drop(sender.send_request(request(READ)).await.unwrap());
    }
    let has_room = || {
        let mut sender = sender.clone();
        async move { (call(&mut sender, READ, b"", &[]).await.1.code() == Code::Ok).then_some(()) }
    };
    eventually(PATIENCE, has_room).await.expect("the room of answers that nobody reads any more is lost");
}
