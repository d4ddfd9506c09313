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
    async fn inbound(&self, agency: &AgencyId, inbound: Inbound<'_>) -> Option<Answer> {
        if agency.as_str() != "te" {
            return None;
        }
        let mut body = inbound.body.to_vec();
        body.push(inbound.peer.map_or(0, |peer| peer[0]));
        assert_eq!(inbound.now.as_second(), 1_700_000_000);
        let retry_after = match inbound.body {
            b"later" => Some(Duration::from_millis(1500)),
            b"soon" => Some(Duration::ZERO),
            _ => None,
        };
        let reply = Reply { status: StatusCode::ACCEPTED, content_type: "text/xml", body, retry_after };
        Some(if inbound.body == b"stranger" { Answer::Stranger(reply) } else { Answer::Agency(reply) })
    }
}

async fn ask(request: Request<Body>) -> Response<Body> {
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::from_second(1_700_000_000).unwrap()));
    let limits = Limits { body_size: 16, body_read: Duration::from_millis(20), ..Limits::default() };
    let room = Room::new(&limits);
    router(Arc::new(Echo), clock, limits, room, Running::default()).oneshot(request).await.unwrap()
}

fn post(path: &str, body: Body) -> Request<Body> {
    Request::post(path).body(body).unwrap()
}

/// Asserts that a refusal says in problem details what is the matter and what to do.
async fn assert_problem(response: Response<Body>, status: u16, title: &str, reason: &str) {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let mut said: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let detail = said.as_object_mut().unwrap().remove("detail").unwrap();
    assert!(detail.as_str().is_some_and(|hint| !hint.is_empty()), "no hint: {said}");
    let expected = serde_json::json!({
        "type": "about:blank", "title": title, "status": status, "reason": reason
    });
    assert_eq!(said, expected);
}

#[tokio::test]
async fn whoever_is_to_come_back_later_hears_when() {
    for (body, seconds) in [("later", Some("2")), ("soon", Some("1")), ("<a/>", None)] {
        let response = ask(post("/inbound/te", Body::from(body))).await;
        let header = response.headers().get(header::RETRY_AFTER);
        assert_eq!(header.map(|value| value.to_str().unwrap()), seconds, "{body}");
    }
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
        assert_problem(ask(post(path, Body::empty())).await, 404, "Not Found", "NOT_FOUND").await;
    }
}

#[tokio::test]
async fn another_method_is_not_allowed() {
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = Request::builder().method(method).uri("/inbound/te").body(Body::empty()).unwrap();
        let response = ask(request).await;
        assert_eq!(response.headers()[header::ALLOW], "POST");
        assert_problem(response, 405, "Method Not Allowed", "METHOD_NOT_ALLOWED").await;
    }
}

#[tokio::test]
async fn what_ends_before_its_end_is_refused() {
    let broken = futures_util::stream::iter([Ok("<a"), Err(std::io::Error::other("gone"))]);
    let response = ask(post("/inbound/te", Body::from_stream(broken))).await;
    assert_problem(response, 400, "Bad Request", "MESSAGE_INCOMPLETE").await;
}

#[tokio::test]
async fn a_handler_that_panics_is_answered() {
    // The handler asserts the time.
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
    let limits = Limits::default();
    let router = router(Arc::new(Echo), clock, limits, Room::new(&limits), Running::default());
    let response = router.oneshot(post("/inbound/te", Body::empty())).await.unwrap();
    assert_problem(response, 500, "Internal Server Error", "INTERNAL").await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_whether_or_not_it_says_so() {
    let mut announced = post("/inbound/te", Body::empty());
    announced.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("17"));
    let response = ask(announced).await;
    assert_eq!(response.headers()[header::CONNECTION], "close");
    assert_problem(response, 413, "Payload Too Large", "MESSAGE_TOO_LARGE").await;

    let chunks =
        futures_util::stream::iter(["123456789", "123456789"].map(Ok::<_, std::convert::Infallible>));
    let streamed = post("/inbound/te", Body::from_stream(chunks));
    assert_problem(ask(streamed).await, 413, "Payload Too Large", "MESSAGE_TOO_LARGE").await;

    assert_eq!(ask(post("/inbound/te", Body::from("1234567890123456"))).await.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_message_that_does_not_end_is_given_up() {
    let never = futures_util::stream::pending::<Result<&'static str, std::convert::Infallible>>();
    let response = ask(post("/inbound/te", Body::from_stream(never))).await;
    assert_eq!(response.headers()[header::CONNECTION], "close");
    assert_problem(response, 408, "Request Timeout", "MESSAGE_TOO_SLOW").await;
}

#[tokio::test]
async fn who_is_refused_at_the_door_is_let_go() {
    let closes = |response: &Response<Body>| response.headers().get(header::CONNECTION).is_some();
    assert!(closes(&ask(post("/inbound/kela", Body::empty())).await));
    assert!(closes(&ask(Request::get("/inbound/te").body(Body::empty()).unwrap()).await));
    assert!(closes(&ask(post("/inbound/te", Body::from("stranger"))).await));
    assert!(!closes(&ask(post("/inbound/te", Body::from("<a/>"))).await));
}

/// A way in with these limits, and its room.
fn way_in(limits: Limits) -> (Router, Arc<Room>) {
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::from_second(1_700_000_000).unwrap()));
    let room = Room::new(&limits);
    (router(Arc::new(Echo), clock, limits, Arc::clone(&room), Running::default()), room)
}

async fn held(room: &Arc<Room>) -> Place {
    let an_hour = Instant::now() + Duration::from_secs(3600);
    Arc::clone(room).enter(WAY_IN.to_owned(), an_hour).await.unwrap()
}

#[tokio::test]
async fn a_message_that_finds_no_room_is_told_to_come_back() {
    let (router, room) = way_in(Limits { at_work: 1, queue: 0, ..Limits::default() });
    let held = held(&room).await;
    let response = router.clone().oneshot(post("/inbound/te", Body::empty())).await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    assert_problem(response, 503, "Service Unavailable", "OVERLOADED").await;
    drop(held);
    let response = router.oneshot(post("/inbound/te", Body::empty())).await.unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_message_does_not_wait_for_room_without_end() {
    let limits = Limits { at_work: 1, queue: 1, call: Duration::from_millis(20), ..Limits::default() };
    let (router, room) = way_in(limits);
    let _held = held(&room).await;
    let response = router.oneshot(post("/inbound/te", Body::empty())).await.unwrap();
    assert_problem(response, 503, "Service Unavailable", "OVERLOADED").await;
}

#[tokio::test]
async fn only_what_is_taken_in_tells_how_long_messages_take() {
    let (router, room) = way_in(Limits::default());
    for (agency, body) in [("kela", ""), ("te", "stranger")] {
        let message = post(&format!("/inbound/{agency}"), Body::from(body));
        router.clone().oneshot(message).await.unwrap();
        assert!(!room.is_known(WAY_IN), "{agency}");
    }
    router.oneshot(post("/inbound/te", Body::empty())).await.unwrap();
    assert!(room.is_known(WAY_IN));
}
