//! What becomes of calls when there are too many, and of those who hold on to what they do not use?

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Frame};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use polku_gateway::front::{Bound, Limits};
use polku_tests::world::eventually;
use rustls::ClientConfig;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Interval, interval};
use tonic::Code;
use tonic_types::StatusExt;

use super::connect;
use super::frames::{self, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM};
use super::opened::{SERVING, call, open};
use crate::stage::PATIENCE;

const READ: &str = "/polku.v1.ReferralService/GetReferral";
const HEALTH: &str = "/grpc.health.v1.Health/Check";
const WITHDRAWAL: &str = "/polku.v1.ConsentService/WithdrawConsent";

/// Few enough places that a test can take them all.
fn narrow() -> Limits {
    Limits { at_work: 2, queue: 3, ..Limits::default() }
}

/// Work that goes on until it is let go.
struct Work {
    begun: Arc<AtomicUsize>,
    go: watch::Sender<bool>,
    router: Router,
}

impl Work {
    fn new() -> Work {
        let (go, going) = watch::channel(false);
        let begun = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&begun);
        let slow = post(move |body: Bytes| {
            let (mut going, counted) = (going.clone(), Arc::clone(&counted));
            async move {
                drop(body);
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = going.wait_for(|go| *go).await;
                answer()
            }
        });
        let quick = post(|body: Bytes| async move {
            drop(body);
            answer()
        });
        Work { begun, go, router: Router::new().route(READ, slow).route(WITHDRAWAL, quick) }
    }

    async fn has_begun(&self, count: usize) {
        eventually(PATIENCE, async || (self.begun() == count).then_some(())).await.expect("nothing is begun");
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

/// A body without an end, a piece at a time.
struct Endless {
    piece: Bytes,
    beat: Interval,
}

impl Endless {
    fn new(bytes: usize, beat: Duration) -> Endless {
        Endless { piece: Bytes::from(vec![0; bytes]), beat: interval(beat) }
    }
}

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        ready!(self.beat.poll_tick(context));
        Poll::Ready(Some(Ok(Frame::data(self.piece.clone()))))
    }
}

fn answer() -> http::Response<Body> {
    http::Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", "0")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn what_finds_no_room_is_refused_at_once_and_withdrawals_and_health_never_are() {
    let work = Work::new();
    let opened = open(narrow(), work.router.clone()).await;
    let sender = opened.grpc().await;
    let mut calls: Vec<_> = (0..narrow().at_work + narrow().queue)
        .map(|_| {
            let mut sender = sender.clone();
            tokio::spawn(async move { call(&mut sender, READ, b"", &[]).await.1 })
        })
        .collect();
    work.has_begun(2).await;
    // Those that wait cannot be seen from outside: whoever comes last is refused.
    let refused = loop {
        let mut sender = sender.clone();
        let mut more = tokio::spawn(async move { call(&mut sender, READ, b"", &[]).await.1 });
        match tokio::time::timeout(Duration::from_millis(200), &mut more).await {
            Ok(status) => break status.unwrap(),
            Err(_) => calls.push(more),
        }
        assert!(calls.len() < 10, "the queue has no end");
    };
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    assert_eq!(refused.get_details_error_info().unwrap().reason, "OVERLOADED");
    let pause = refused.get_details_retry_info().unwrap().retry_delay.unwrap();
    assert!(pause >= Duration::from_millis(100), "{pause:?}");

    let mut sender = sender.clone();
    for _ in 0..20 {
        assert_eq!(call(&mut sender, WITHDRAWAL, b"", &[]).await.1.code(), Code::Ok);
        let (health, _) = call(&mut sender, HEALTH, b"", &[]).await;
        assert_eq!(&health[..], SERVING);
    }
    work.go.send(true).unwrap();
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(call.await.unwrap().code());
    }
    let fine = outcomes.iter().filter(|code| **code == Code::Ok).count();
    assert_eq!(fine, 5, "{outcomes:?}");
    assert_eq!(work.begun(), 5, "what was refused was never begun");
}

/// Whoever has gone away keeps nobody else from their turn.
#[tokio::test]
async fn a_call_that_waits_is_dropped_with_its_caller() {
    let work = Work::new();
    let opened = open(narrow(), work.router.clone()).await;
    let first = opened.grpc().await;
    let held: Vec<_> = (0..2)
        .map(|_| {
            let mut sender = first.clone();
            tokio::spawn(async move { call(&mut sender, READ, b"", &[]).await.1 })
        })
        .collect();
    work.has_begun(2).await;
    for _ in 0..20 {
        let mut sender = opened.grpc().await;
        let late = call(&mut sender, READ, b"", &[("grpc-timeout", "50m")]).await.1;
        assert!([Code::DeadlineExceeded, Code::ResourceExhausted].contains(&late.code()), "{late:?}");
    }
    work.go.send(true).unwrap();
    for call in held {
        assert_eq!(call.await.unwrap().code(), Code::Ok);
    }
    let mut sender = opened.grpc().await;
    assert_eq!(call(&mut sender, READ, b"", &[]).await.1.code(), Code::Ok);
    assert_eq!(work.begun(), 3, "what nobody waited for was never begun");
}

#[tokio::test]
async fn a_request_that_trickles_in_takes_no_place_and_is_ended() {
    let work = Work::new();
    work.go.send(true).unwrap();
    let limits =
        Limits { body_read: Duration::from_millis(500), longest_call: PATIENCE, call: PATIENCE, ..narrow() };
    let opened = open(limits, work.router.clone()).await;
    let mut trickling = JoinSet::new();
    for number in 0..20 {
        let identity = opened.site.pki.issue_client("slow").unwrap();
        // Of no call, also not of one that takes no place.
        let path = if number % 2 == 0 { READ } else { HEALTH };
        trickling.spawn(trickle(opened.bound, opened.site.client(&identity, "h2"), path));
    }
    let mut sender = opened.grpc().await;
    assert_eq!(call(&mut sender, READ, b"", &[]).await.1.code(), Code::Ok, "there is room all the same");
    while let Some(reason) = trickling.join_next().await {
        assert_eq!(reason.unwrap(), "MESSAGE_TOO_SLOW");
    }
    assert_eq!(work.begun(), 1);
}

/// A whole message whose end has not come is not worked on when its caller takes it back.
#[tokio::test]
async fn a_call_that_is_taken_back_before_its_end_is_never_begun() {
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&begun);
    // As tonic reads a request: it takes one that is cancelled for one that ends.
    let work = post(move |body: Body| {
        let counted = Arc::clone(&counted);
        async move {
            let is_cancelled =
                |error: axum::Error| tonic::Status::from_error(Box::new(error)).code() == Code::Cancelled;
            if body.collect().await.map_or_else(is_cancelled, |_| true) {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            answer()
        }
    });
    let opened = open(Limits::default(), Router::new().route(READ, work)).await;
    let identity = opened.site.pki.issue_client("fickle").unwrap();
    let mut stream = connect(opened.bound.grpc, opened.site.client(&identity, "h2")).await.unwrap();
    frames::begin(&mut stream).await;
    for number in (1..20_u32).step_by(2) {
        stream.write_all(&frames::frame(HEADERS, END_HEADERS, number, &read_headers())).await.unwrap();
        stream.write_all(&frames::frame(DATA, 0, number, &[0; 5])).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        // CANCEL
        stream.write_all(&frames::frame(RST_STREAM, 0, number, &[0, 0, 0, 8])).await.unwrap();
    }
    stream.write_all(&frames::frame(PING, 0, 0, &[7; 8])).await.unwrap();
    stream.flush().await.unwrap();
    let answered = async {
        loop {
            let frame = frames::next(&mut stream).await.expect("the connection ends");
            if frame.kind == PING && frame.flags == 1 {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.expect("no answer to the ping");
    let mut sender = opened.grpc().await;
    assert_eq!(call(&mut sender, READ, b"", &[]).await.1.code(), Code::Ok);
    assert_eq!(begun.load(Ordering::SeqCst), 1, "only the one that came to its end");
}

/// The headers of a call, as HPACK has them.
fn read_headers() -> Vec<u8> {
    let length = u8::try_from(READ.len()).unwrap();
    [b"\x83\x87\x44".as_slice(), &[length], READ.as_bytes(), b"\x41\x01x"].concat()
}

/// Sends a byte of a request every now and then, for ever, and answers the reason that it is refused for.
async fn trickle(bound: Bound, config: ClientConfig, path: &str) -> String {
    let stream = connect(bound.grpc, config).await.unwrap();
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post(format!("https://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Endless::new(1, Duration::from_millis(100)))
        .unwrap();
    let sent = tokio::time::timeout(PATIENCE, sender.send_request(request)).await;
    let response = sent.expect("it goes on").unwrap();
    let status = tonic::Status::from_header_map(response.headers()).unwrap();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    status.get_details_error_info().unwrap().reason
}

/// Whoever makes no room for an answer does not keep what it holds. Whoever reads stays.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_the_answers_loses_the_connection() {
    let endless = post(|body: Bytes| async move {
        drop(body);
        http::Response::new(Body::new(Endless::new(16 * 1024, Duration::from_millis(5))))
    });
    let limits = Limits { stream_idle: Duration::from_secs(2), ..Limits::default() };
    let opened = open(limits, Router::new().route(READ, endless)).await;
    let mut honest = opened.grpc().await;
    let request = Request::post(format!("https://localhost{READ}")).body(Full::<Bytes>::default()).unwrap();
    let mut answer = honest.send_request(request).await.unwrap().into_body();
    let (stop, stopped) = watch::channel(false);
    let reading = tokio::spawn(async move {
        while !*stopped.borrow() {
            answer.frame().await.expect("the answer ends").expect("whoever reads is cut off");
        }
    });

    let identity = opened.site.pki.issue_client("deaf").unwrap();
    let mut stream = connect(opened.bound.grpc, opened.site.client(&identity, "h2")).await.unwrap();
    frames::begin(&mut stream).await;
    // It never says that it has room for more than what every client has at first.
    stream.write_all(&frames::frame(HEADERS, END_HEADERS | END_STREAM, 1, &read_headers())).await.unwrap();
    stream.flush().await.unwrap();
    let closed = async { while frames::next(&mut stream).await.is_some() {} };
    tokio::time::timeout(PATIENCE, closed).await.expect("the connection stays open");
    stop.send(true).unwrap();
    reading.await.unwrap();
}
