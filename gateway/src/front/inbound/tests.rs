//! What gets through to an adapter, and what does not.

use std::time::Duration;

use tower::ServiceExt;

use super::*;
use crate::clock::ManualClock;

/// Answers with what came; knows the agency `te` only.
#[derive(Debug)]
struct Echo;

#[async_trait]
impl InboundHandler for Echo {
    async fn inbound(&self, agency: &AgencyId, inbound: Inbound<'_>) -> Option<Reply> {
        if agency.as_str() != "te" {
            return None;
        }
        let mut body = inbound.body.to_vec();
        body.push(inbound.peer.map_or(0, |peer| peer[0]));
        assert_eq!(inbound.now.as_second(), 1_700_000_000);
        Some(Reply { status: StatusCode::ACCEPTED, content_type: "text/xml", body })
    }
}

async fn ask(request: Request<Body>) -> Response<Body> {
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::from_second(1_700_000_000).unwrap()));
    let limits = Limits { body_size: 16, body_read: Duration::from_millis(20), ..Limits::default() };
    router(Arc::new(Echo), clock, limits, Running::default()).oneshot(request).await.unwrap()
}

fn post(path: &str, body: Body) -> Request<Body> {
    Request::post(path).body(body).unwrap()
}

#[tokio::test]
async fn a_message_reaches_its_adapter_with_the_certificate() {
    let mut request = post("/inbound/te", Body::from("<a/>"));
    request.extensions_mut().insert(Peer { certificate_sha256: Some([7; 32]) });
    let response = ask(request).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/xml");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "<a/>\u{7}");
}

#[tokio::test]
async fn everything_else_is_not_found() {
    for path in
        ["/", "/inbound", "/inbound/", "/inbound/kela", "/inbound/te/x", "/inbound/TE", "/inbound/te%20"]
    {
        assert_eq!(ask(post(path, Body::empty())).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let get = Request::get("/inbound/te").body(Body::empty()).unwrap();
    assert_eq!(ask(get).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_whether_or_not_it_says_so() {
    let mut announced = post("/inbound/te", Body::empty());
    announced.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("17"));
    assert_eq!(ask(announced).await.status(), StatusCode::PAYLOAD_TOO_LARGE);

    let chunks = tokio_stream::iter(["123456789", "123456789"].map(Ok::<_, std::convert::Infallible>));
    let streamed = post("/inbound/te", Body::from_stream(chunks));
    assert_eq!(ask(streamed).await.status(), StatusCode::PAYLOAD_TOO_LARGE);

    assert_eq!(ask(post("/inbound/te", Body::from("1234567890123456"))).await.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_message_that_does_not_end_is_given_up() {
    let never = tokio_stream::pending::<Result<&'static str, std::convert::Infallible>>();
    let response = ask(post("/inbound/te", Body::from_stream(never))).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(response.headers()[header::CONNECTION], "close");
}
