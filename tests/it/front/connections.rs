//! How long can a connection stay that does not ask, and how do connections end?

use std::future::Future;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::any;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use polku_gateway::front::Limits;
use polku_gateway::front::accept::Protocol;
use polku_tests::world::PATIENCE;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{Site, frames, hasty, who};

/// How much later than its limit a connection may be closed, on a busy machine.
const SLACK: Duration = Duration::from_secs(2);

/// Waits for the end of a connection and answers how long it took.
async fn until_closed(stream: &mut (impl AsyncRead + Unpin)) -> Duration {
    let begun = Instant::now();
    let mut buffer = [0; 4096];
    let closed = async { while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {} };
    tokio::time::timeout(Duration::from_secs(20), closed).await.expect("the connection stays open");
    begun.elapsed()
}

async fn within(limit: Duration, closed: impl Future<Output = Duration>) {
    let took = closed.await;
    assert!(took >= limit / 2 && took <= limit + SLACK, "closed after {took:?}, limit {limit:?}");
}

#[tokio::test]
async fn a_connection_without_a_tls_hello_is_closed() {
    let site = Site::new();
    let served = site.serve(Protocol::Http2, hasty(), who()).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    within(hasty().handshake, until_closed(&mut stream)).await;
}

#[tokio::test]
async fn a_trickled_tls_hello_is_closed() {
    let site = Site::new();
    let served = site.serve(Protocol::Http2, hasty(), who()).await;
    let (mut reader, mut writer) = TcpStream::connect(served.address).await.unwrap().into_split();
    tokio::spawn(async move {
        for byte in [0x16, 0x03, 0x01, 0x02, 0x00, 0x01].iter().cycle() {
            if writer.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    // The bytes make no hello, so it may also be closed for that, at once.
    assert!(until_closed(&mut reader).await <= hasty().handshake + SLACK);
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_closed() {
    let site = Site::new();
    let served = site.serve(Protocol::Http2, hasty(), who()).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();

    let mut silent = served.connect(site.client(&known, "h2")).await.unwrap();
    within(hasty().first_request, until_closed(&mut silent)).await;

    let mut with_preface = served.connect(site.client(&known, "h2")).await.unwrap();
    frames::begin(&mut with_preface).await;
    within(hasty().first_request, until_closed(&mut with_preface)).await;

    let mut half_a_preface = served.connect(site.client(&known, "h2")).await.unwrap();
    half_a_preface.write_all(&frames::PREFACE[..10]).await.unwrap();
    within(hasty().first_request, until_closed(&mut half_a_preface)).await;
}

#[tokio::test]
async fn http1_headers_that_do_not_end_are_not_waited_for() {
    let site = Site::new();
    let served = site.serve(Protocol::Http1, hasty(), who()).await;
    let mut partial = served.connect(site.anonymous("http/1.1")).await.unwrap();
    partial.write_all(b"POST /inbound/te HTTP/1.1\r\nHost: x\r\nX-").await.unwrap();
    partial.flush().await.unwrap();
    within(hasty().first_request, until_closed(&mut partial)).await;

    let mut idle_after_one = served.connect(site.anonymous("http/1.1")).await.unwrap();
    idle_after_one.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    within(hasty().header_read, until_closed(&mut idle_after_one)).await;
}

#[tokio::test]
async fn who_does_not_read_an_answer_over_http1_loses_the_connection() {
    let site = Site::new();
    // More than the system keeps for a connection.
    let large = Router::new().fallback(async || vec![7_u8; 64 * 1024 * 1024]);
    let served = site.serve(Protocol::Http1, Limits { stream_idle: hasty().grace, ..hasty() }, large).await;
    let mut stream = served.connect(site.anonymous("http/1.1")).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let cut = async {
        // Only what cannot be written says so to whoever does not read.
        while stream.write_all(b"X").await.is_ok() && stream.flush().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, cut).await.expect("the connection stays open");
}

#[tokio::test]
async fn one_certificate_does_not_take_all_connections() {
    let site = Site::new();
    let limits = Limits { connections_per_certificate: 2, ..hasty() };
    let served = site.serve(Protocol::Http2, limits, who()).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();
    let mut speaking = Vec::new();
    for _ in 0..3 {
        let mut stream = served.connect(site.client(&known, "h2")).await.unwrap();
        frames::begin(&mut stream).await;
        let speaks = frames::next(&mut stream).await.is_some();
        speaking.push((speaks, stream));
    }
    let outcomes: Vec<bool> = speaking.iter().map(|(speaks, _)| *speaks).collect();
    assert_eq!(outcomes, [true, true, false]);

    let other = site.pki.issue_client("te").unwrap();
    let mut stream = served.connect(site.client(&other, "h2")).await.unwrap();
    frames::begin(&mut stream).await;
    assert!(frames::next(&mut stream).await.is_some());
}

/// Whoever says nothing at the door holds up nobody behind.
#[tokio::test]
async fn silent_connections_give_way_to_those_that_shake_hands() {
    let site = Site::new();
    let limits = Limits { connections: 4, handshakes: 4, handshake: PATIENCE, ..hasty() };
    let served = site.serve(Protocol::Http2, limits, who()).await;
    let mut silent = JoinSet::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        silent.spawn(async move { stream.read(&mut [0]).await });
    }
    let known = site.pki.issue_client("ohjaamo").unwrap();
    let mut stream = served.connect(site.client(&known, "h2")).await.unwrap();
    frames::begin(&mut stream).await;
    assert!(frames::next(&mut stream).await.is_some());
    for _ in 0..16 {
        // Long before their time is over.
        let gone = tokio::time::timeout(PATIENCE / 2, silent.join_next()).await;
        assert!(gone.is_ok_and(|gone| gone.is_some()), "they do not give way");
    }
}

#[tokio::test]
async fn who_shows_no_certificate_leaves_room_for_who_does() {
    let site = Site::new();
    let limits = Limits { connections: 8, first_request: PATIENCE, header_read: PATIENCE, ..hasty() };
    let served = site.serve(Protocol::Http1, limits, who()).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = served.connect(site.anonymous("http/1.1")).await.unwrap();
        assert!(is_answered(&mut stream).await);
        held.push(stream);
    }
    let mut third = served.connect(site.anonymous("http/1.1")).await.unwrap();
    assert!(!is_answered(&mut third).await, "more than a quarter of all places");
    let known = site.pki.issue_client("te").unwrap();
    let mut known = served.connect(site.client(&known, "http/1.1")).await.unwrap();
    assert!(is_answered(&mut known).await);
}

/// Whether a request over HTTP/1.1 has an answer, after which the connection stays.
async fn is_answered(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> bool {
    let asked = async {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await?;
        stream.flush().await?;
        stream.read_u8().await
    };
    asked.await.is_ok()
}

/// Whoever asks for nothing more is asked to come back with the next request; whoever still waits is not.
#[tokio::test]
async fn a_quiet_connection_is_asked_to_leave_and_one_that_waits_is_not() {
    let site = Site::new();
    let limits = Limits { quiet: Duration::from_millis(400), ..hasty() };
    let (answer, answers) = tokio::sync::watch::channel(false);
    let router = who().route(
        "/slow",
        any(async move || {
            let _ = answers.clone().wait_for(|now| *now).await;
            "done"
        }),
    );
    let served = site.serve(Protocol::Http2, limits, router).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();
    let ask = async |path: &str| {
        let stream = served.connect(site.client(&known, "h2")).await.unwrap();
        let (mut sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let request = Request::get(format!("https://localhost{path}")).body(Empty::<Bytes>::new()).unwrap();
        (sender.send_request(request), connection, sender)
    };
    let (slow, slow_connection, _slow_sender) = ask("/slow").await;
    let (quick, quick_connection, _quick_sender) = ask("/").await;
    assert_eq!(quick.await.unwrap().status(), http::StatusCode::OK);
    let ended = tokio::time::timeout(PATIENCE, quick_connection).await.expect("it stays");
    assert!(ended.unwrap().is_ok(), "it is no error of the client's");
    assert!(!slow_connection.is_finished());
    answer.send(true).unwrap();
    let body = slow.await.unwrap().into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "done");
}

#[tokio::test]
async fn an_old_connection_is_asked_to_leave() {
    let site = Site::new();
    let limits = Limits { age: Duration::from_millis(500), ..hasty() };
    let served = site.serve(Protocol::Http2, limits, who()).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();
    let mut stream = served.connect(site.client(&known, "h2")).await.unwrap();
    frames::begin(&mut stream).await;
    let post = frames::frame(frames::HEADERS, frames::END_HEADERS | frames::END_STREAM, 1, frames::POST);
    stream.write_all(&post).await.unwrap();
    stream.flush().await.unwrap();
    let mut goodbye = false;
    let read = async {
        while let Some(frame) = frames::next(&mut stream).await {
            goodbye |= frame.kind == frames::GOAWAY && frame.payload[4..8] == [0; 4];
        }
    };
    tokio::time::timeout(Duration::from_secs(10), read).await.expect("the connection stays open");
    assert!(goodbye, "no GOAWAY without an error before the end");
}

#[tokio::test]
async fn shutdown_finishes_what_has_begun_and_nothing_else() {
    let site = Site::new();
    let slow = Router::new().fallback(async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "done"
    });
    let served = site.serve(Protocol::Http2, Limits::default(), slow).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();
    let mut idle = served.connect(site.client(&known, "h2")).await.unwrap();
    let stream = served.connect(site.client(&known, "h2")).await.unwrap();
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://localhost/").body(Empty::<Bytes>::new()).unwrap();
    let answer = tokio::spawn(sender.send_request(request));
    tokio::time::sleep(Duration::from_millis(100)).await;

    let begun = Instant::now();
    served.shutdown.begin();
    let body = answer.await.unwrap().unwrap().into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "done");
    served.task.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    until_closed(&mut idle).await;
    assert!(TcpStream::connect(served.address).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let site = Site::new();
    let endless = Router::new().fallback(async || std::future::pending::<&'static str>().await);
    let served = site.serve(Protocol::Http2, hasty(), endless).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();
    let mut stream = served.connect(site.client(&known, "h2")).await.unwrap();
    frames::begin(&mut stream).await;
    let post = frames::frame(frames::HEADERS, frames::END_HEADERS | frames::END_STREAM, 1, frames::POST);
    stream.write_all(&post).await.unwrap();
    stream.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    served.shutdown.begin();
    tokio::time::timeout(hasty().drain + SLACK, served.task).await.expect("still draining").unwrap();
}
