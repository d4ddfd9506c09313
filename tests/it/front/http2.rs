//! Does the gRPC listener keep HTTP/2 clients within bounds?

use std::time::Duration;

use axum::Router;
use polku_gateway::front::Limits;
use polku_gateway::front::accept::Protocol;
use tokio::io::AsyncWriteExt;

use super::frames::{
    END_HEADERS, END_STREAM, GOAWAY, HEADERS, POST, RST_STREAM, SETTINGS, WINDOW_UPDATE, begin, frame, next,
    settings,
};
use super::{Site, who};

const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_HEADER_LIST_SIZE: u16 = 6;
const ENHANCE_YOUR_CALM: u8 = 11;

#[tokio::test]
async fn the_limits_are_announced() {
    let site = Site::new();
    let served = site.serve(Protocol::Http2, Limits::default(), who()).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();
    let mut stream = served.connect(site.client(&known, "h2")).await.unwrap();
    begin(&mut stream).await;
    let first = next(&mut stream).await.unwrap();
    assert_eq!((first.kind, first.flags), (SETTINGS, 0));
    let announced = settings(&first);
    for expected in
        [(MAX_CONCURRENT_STREAMS, 64), (INITIAL_WINDOW_SIZE, 256 * 1024), (MAX_HEADER_LIST_SIZE, 8 * 1024)]
    {
        assert!(announced.contains(&expected), "{expected:?} is not in {announced:?}");
    }
}

/// Sends `count` times what `attack` makes for a stream, and answers the error code of the GOAWAY that ends it.
async fn attacked(count: u32, attack: impl Fn(u32) -> Vec<u8> + Send + 'static) -> Option<u8> {
    let site = Site::new();
    // Streams are never answered: what is open stays open until it is reset.
    let silent = Router::new().fallback(async || std::future::pending::<&'static str>().await);
    let served = site.serve(Protocol::Http2, Limits::default(), silent).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();
    let mut stream = served.connect(site.client(&known, "h2")).await.unwrap();
    begin(&mut stream).await;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let sending = tokio::spawn(async move {
        for index in 0..count {
            if writer.write_all(&attack(2 * index + 1)).await.is_err() {
                return;
            }
        }
        let _ = writer.flush().await;
        // Stays open, so that it is the gateway who ends it.
        std::future::pending::<()>().await;
    });
    let read = async {
        let mut code = None;
        while let Some(frame) = next(&mut reader).await {
            if frame.kind == GOAWAY {
                code = Some(frame.payload[7]);
            }
        }
        code
    };
    let code = tokio::time::timeout(Duration::from_secs(10), read).await.expect("the connection stays open");
    sending.abort();

    let mut honest = served.connect(site.client(&known, "h2")).await.unwrap();
    begin(&mut honest).await;
    assert!(next(&mut honest).await.is_some(), "the next connection is served");
    code
}

#[tokio::test]
async fn a_thousand_resets_end_the_connection() {
    let code = attacked(1_000, |stream| {
        let mut bytes = frame(HEADERS, END_HEADERS | END_STREAM, stream, POST);
        bytes.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        bytes
    });
    assert_eq!(code.await, Some(ENHANCE_YOUR_CALM));
}

#[tokio::test]
async fn a_thousand_provoked_resets_end_the_connection() {
    let code = attacked(1_000, |stream| {
        let mut bytes = frame(HEADERS, END_HEADERS, stream, POST);
        // Beyond the largest window: the gateway itself has to reset the stream.
        bytes.extend(frame(WINDOW_UPDATE, 0, stream, &0x7fff_ffff_u32.to_be_bytes()));
        bytes
    });
    assert_eq!(code.await, Some(ENHANCE_YOUR_CALM));
}

#[tokio::test]
async fn more_streams_than_announced_are_refused() {
    let site = Site::new();
    let silent = Router::new().fallback(async || std::future::pending::<&'static str>().await);
    let served = site.serve(Protocol::Http2, Limits::default(), silent).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();
    let mut stream = served.connect(site.client(&known, "h2")).await.unwrap();
    begin(&mut stream).await;
    for index in 0..100 {
        stream.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 2 * index + 1, POST)).await.unwrap();
    }
    stream.flush().await.unwrap();
    let mut refused = 0;
    let read = async {
        while let Some(frame) = next(&mut stream).await {
            if frame.kind == RST_STREAM || frame.kind == GOAWAY {
                refused += 1;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), read).await;
    assert!(refused > 0, "all 100 streams were taken");
}
