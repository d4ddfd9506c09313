//! Do both listeners do what the whole front promises: health, reflection, deadlines, agencies' messages?

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::routing::any;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use polku_adapters::{Inbound, Reply};
use polku_gateway::clock::SystemClock;
use polku_gateway::config::Listen;
use polku_gateway::front::{Bound, Front, InboundHandler, Limits, Shutdown};
use polku_proto::AgencyId;
use tokio::task::JoinHandle;
use tonic::service::Routes;

use super::{Site, connect};

/// Answers agency `te` with the size of its message.
#[derive(Debug)]
struct Sizes;

#[async_trait]
impl InboundHandler for Sizes {
    async fn inbound(&self, agency: &AgencyId, inbound: Inbound<'_>) -> Option<Reply> {
        let body = inbound.body.len().to_string().into_bytes();
        (agency.as_str() == "te").then_some(Reply {
            status: StatusCode::OK,
            content_type: "text/plain",
            body,
        })
    }
}

struct Opened {
    site: Site,
    bound: Bound,
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

async fn open(limits: Limits, router: Router) -> Opened {
    let site = Site::new();
    let any_port = "127.0.0.1:0".parse().unwrap();
    let mut routes = Routes::default();
    *routes.axum_router_mut() = router;
    let front = Front {
        listen: Listen { grpc: any_port, inbound: any_port },
        tls: site.tls.clone(),
        limits,
        routes,
        inbound: Arc::new(Sizes),
        clock: Arc::new(SystemClock),
    };
    let open = front.open().await.unwrap();
    let bound = open.bound();
    let shutdown = Shutdown::new();
    let task = tokio::spawn(open.serve(shutdown.clone()));
    Opened { site, bound, shutdown, task }
}

impl Opened {
    async fn grpc(&self) -> http2::SendRequest<Full<Bytes>> {
        let identity = self.site.pki.issue_client("ohjaamo").unwrap();
        let stream = connect(self.bound.grpc, self.site.client(&identity, "h2")).await.unwrap();
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    async fn post(&self, path: &str, body: Vec<u8>) -> (StatusCode, Bytes) {
        let stream = connect(self.bound.inbound, self.site.anonymous("http/1.1")).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request =
            Request::post(path).header("host", "localhost").body(Full::<Bytes>::from(body)).unwrap();
        let response = sender.send_request(request).await.unwrap();
        (response.status(), response.into_body().collect().await.unwrap().to_bytes())
    }
}

/// A gRPC call with this message; answers the body's messages and the status, which may stand in the headers.
async fn call(
    sender: &mut http2::SendRequest<Full<Bytes>>,
    path: &str,
    message: &[u8],
    timeout: Option<&str>,
) -> (Bytes, String) {
    let mut body = vec![0];
    body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    body.extend(message);
    let mut request = Request::post(format!("https://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(timeout) = timeout {
        request = request.header("grpc-timeout", timeout);
    }
    let request = request.body(Full::<Bytes>::from(body)).unwrap();
    let response: http::Response<Incoming> = sender.send_request(request).await.unwrap();
    let in_headers = response.headers().get("grpc-status").cloned();
    let collected = response.into_body().collect().await.unwrap();
    let status = in_headers.or_else(|| collected.trailers().and_then(|all| all.get("grpc-status").cloned()));
    (collected.to_bytes(), status.map_or_else(String::new, |status| status.to_str().unwrap().to_owned()))
}

/// A message with one text as its first field.
fn text(text: &str) -> Vec<u8> {
    let mut message = vec![0x0a, u8::try_from(text.len()).unwrap()];
    message.extend(text.as_bytes());
    message
}

#[tokio::test]
async fn health_is_told_for_every_service() {
    let opened = open(Limits::default(), Router::new()).await;
    let mut sender = opened.grpc().await;
    for service in ["", "polku.v1.ReferralService", "polku.v1.ConsentService", "polku.v1.JourneyService"] {
        let (body, status) = call(&mut sender, "/grpc.health.v1.Health/Check", &text(service), None).await;
        assert_eq!(status, "0", "{service}");
        assert_eq!(body.as_ref(), [0, 0, 0, 0, 2, 8, 1], "{service} is not SERVING");
    }
    let (_, status) = call(&mut sender, "/grpc.health.v1.Health/Check", &text("polku.v1.Other"), None).await;
    assert_eq!(status, "5");
}

#[tokio::test]
async fn reflection_tells_the_services() {
    let opened = open(Limits::default(), Router::new()).await;
    let mut sender = opened.grpc().await;
    // list_services is field 7.
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let (body, status) = call(&mut sender, path, &[0x3a, 0], None).await;
    assert_eq!(status, "0");
    let told = String::from_utf8_lossy(&body);
    for service in ["polku.v1.ReferralService", "polku.v1.ConsentService", "polku.v1.JourneyService"] {
        assert!(told.contains(service), "{service} is not told");
    }
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_and_its_work_does_not() {
    let finished = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&finished);
    let slow = any(async move |body: axum::body::Body| {
        let _ = body.collect().await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        counter.fetch_add(1, Ordering::SeqCst);
        "late"
    });
    let router = Router::new().route("/slow", slow);
    let limit = Duration::from_millis(300);
    let limits = Limits { call: limit, longest_call: limit, ..Limits::default() };
    let opened = open(limits, router).await;
    let mut sender = opened.grpc().await;

    let (_, status) = call(&mut sender, "/slow", b"", Some("50m")).await;
    assert_eq!(status, "4", "the caller's own deadline");
    for asked in [None, Some("1H")] {
        let (_, status) = call(&mut sender, "/slow", b"", asked).await;
        assert_eq!(status, "4", "the gateway's deadline");
    }
    drop(sender);
    opened.shutdown.begin();
    opened.task.await.unwrap();
    assert_eq!(finished.load(Ordering::SeqCst), 3, "work that had begun was dropped");
}

#[tokio::test]
async fn a_stream_ends_with_the_gateway() {
    let opened = open(Limits::default(), Router::new()).await;
    let mut sender = opened.grpc().await;
    let watch =
        tokio::spawn(async move { call(&mut sender, "/grpc.health.v1.Health/Watch", &text(""), None).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    opened.shutdown.begin();
    let (body, status) = watch.await.unwrap();
    assert_eq!(body.get(..7), Some([0, 0, 0, 0, 2, 8, 1].as_slice()), "SERVING comes first");
    assert_eq!(status, "14");
    tokio::time::timeout(Duration::from_secs(5), opened.task).await.expect("still draining").unwrap();
}

#[tokio::test]
async fn agencies_messages_reach_their_adapter() {
    let opened = open(Limits::default(), Router::new()).await;
    assert_eq!(opened.post("/inbound/te", vec![b'x'; 1024 * 1024]).await, (StatusCode::OK, "1048576".into()));
    assert_eq!(
        opened.post("/inbound/te", vec![b'x'; 1024 * 1024 + 1]).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(opened.post("/inbound/kela", vec![]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(opened.post("/polku.v1.ReferralService/SendReferral", vec![]).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let site = Site::new();
    let front = Front {
        listen: Listen { grpc: "127.0.0.1:0".parse().unwrap(), inbound: address },
        tls: site.tls.clone(),
        limits: Limits::default(),
        routes: Routes::default(),
        inbound: Arc::new(Sizes),
        clock: Arc::new(SystemClock),
    };
    let error = front.open().await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));
}
