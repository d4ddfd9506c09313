//! Does the gRPC listener keep HTTP/2 clients within bounds?

use std::time::Duration;

use axum::Router;
use polku_gateway::front::accept::Protocol;
use polku_gateway::front::{LARGEST_ANSWER, Limits};
use tokio::io::AsyncWriteExt;

use super::frames::{
    DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, POST, PRIORITY, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, begin, frame, next, settings,
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

/// The library would answer them for ever.
#[tokio::test]
async fn frames_that_carry_nothing_end_the_connection() {
    let begun = frame(HEADERS, END_HEADERS | END_STREAM, 1, POST);
    let floods: [(&str, Vec<u8>); 4] = [
        ("PING", frame(PING, 0, 0, &[7; 8])),
        ("SETTINGS", frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0xff, 0xff])),
        ("PRIORITY", frame(PRIORITY, 0, 3, &[0, 0, 0, 0, 16])),
        ("WINDOW_UPDATE", frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes())),
    ];
    for (name, flood) in floods {
        println!("{name}");
        let begun = begun.clone();
        attacked(20_000, move |stream| if stream == 1 { begun.clone() } else { flood.clone() }).await;
    }
}

/// Who reads a large answer through a narrow window says often that there is room, and is not taken for somebody who floods.
#[tokio::test]
async fn a_large_answer_may_be_read_through_a_narrow_window() {
    let site = Site::new();
    let large = Router::new().fallback(async || vec![7_u8; LARGEST_ANSWER]);
    let served = site.serve(Protocol::Http2, Limits::default(), large).await;
    let known = site.pki.issue_client("ohjaamo").unwrap();
    let mut stream = served.connect(site.client(&known, "h2")).await.unwrap();
    begin(&mut stream).await;
    stream.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 1, POST)).await.unwrap();
    stream.flush().await.unwrap();
    let mut read = 0;
    while read < LARGEST_ANSWER {
        let frame_read = next(&mut stream).await.expect("whoever reads is cut off");
        if frame_read.kind != DATA {
            continue;
        }
        read += frame_read.payload.len();
        // Both windows for every piece of 4 KiB, as the most diligent client would.
        for _ in 0..frame_read.payload.len().div_ceil(4096) {
            for number in [0, 1] {
                stream
                    .write_all(&frame(WINDOW_UPDATE, 0, number, &4096_u32.to_be_bytes()))
                    .await
                    .expect("whoever reads is cut off");
            }
        }
        stream.flush().await.unwrap();
    }
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
