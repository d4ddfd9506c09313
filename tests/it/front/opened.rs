//! Do both listeners do what the whole front promises: health, reflection, deadlines, agencies' messages?

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
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
use polku_gateway::front::{Answer, Bound, Front, InboundHandler, Limits, Shutdown};
use polku_proto::AgencyId;
use polku_tests::pki;
use polku_tests::world::{KELA, PAJA, TE};
use rustls::ClientConfig;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::{Code, Status};

use super::{Site, connect, with_protocol};
use crate::stage::{Stage, assert_refused};

/// The health service's answer SERVING, as it is on the wire.
pub(super) const SERVING: [u8; 7] = [0, 0, 0, 0, 2, 8, 1];

const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
/// Field 7 of what it is asked, with nothing in it.
const LIST_SERVICES: &[u8] = &[0x3a, 0];

/// A limit that a test can wait for, and that a request is complete within.
const SOON: Duration = Duration::from_millis(500);

/// Answers agency `te` with the size of its message.
#[derive(Debug)]
struct Sizes;

#[async_trait]
impl InboundHandler for Sizes {
    async fn inbound(&self, agency: &AgencyId, inbound: Inbound<'_>) -> Option<Answer> {
        let body = inbound.body.len().to_string().into_bytes();
        let reply = Reply { status: StatusCode::OK, content_type: "text/plain", body, retry_after: None };
        (agency.as_str() == "te").then_some(Answer::Agency(reply))
    }
}

pub(super) struct Opened {
    pub(super) site: Site,
    pub(super) bound: Bound,
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

pub(super) async fn open(limits: Limits, router: Router) -> Opened {
    let any_port = "127.0.0.1:0".parse().unwrap();
    open_at(Listen { grpc: any_port, inbound: any_port, reflection: true }, limits, router).await
}

async fn open_at(listen: Listen, limits: Limits, router: Router) -> Opened {
    let site = Site::new();
    let mut routes = Routes::default();
    *routes.axum_router_mut() = router;
    let front = Front {
        listen,
        tls: site.tls.clone().into(),
        limits,
        routes,
        agencies: vec!["te".parse().unwrap()],
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
    pub(super) async fn grpc(&self) -> http2::SendRequest<Full<Bytes>> {
        let identity = self.site.pki.issue_client("ohjaamo").unwrap();
        grpc(self.bound, self.site.client(&identity, "h2")).await
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

async fn grpc(bound: Bound, config: ClientConfig) -> http2::SendRequest<Full<Bytes>> {
    let stream = connect(bound.grpc, config).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// A gRPC call with this message and these headers; answers the body's messages and the status, which may stand in
/// the headers.
pub(super) async fn call(
    sender: &mut http2::SendRequest<Full<Bytes>>,
    path: &str,
    message: &[u8],
    headers: &[(&str, &str)],
) -> (Bytes, Status) {
    let mut body = vec![0];
    body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    body.extend(message);
    let mut request = Request::post(format!("https://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::<Bytes>::from(body)).unwrap();
    let response: http::Response<Incoming> = sender.send_request(request).await.unwrap();
    let in_headers = Status::from_header_map(response.headers());
    let collected = response.into_body().collect().await.unwrap();
    let status = in_headers.or_else(|| collected.trailers().and_then(Status::from_header_map));
    (collected.to_bytes(), status.expect("no status"))
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
    let services =
        ["", "polku.v1.ReferralService", "polku.v1.ConsentService", "polku.v1.JourneyService", "te"];
    for service in services {
        let (body, status) = call(&mut sender, "/grpc.health.v1.Health/Check", &text(service), &[]).await;
        assert_eq!(status.code(), Code::Ok, "{service}");
        assert_eq!(body.as_ref(), SERVING, "{service}");
    }
    for service in ["polku.v1.Other", "kela"] {
        let (_, status) = call(&mut sender, "/grpc.health.v1.Health/Check", &text(service), &[]).await;
        assert_refused(Err::<(), _>(status), Code::NotFound, "SERVICE_UNKNOWN");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_every_agency_with_an_adapter_is_told() {
    let stage = Stage::open().await;
    let identity = &stage.world.identities.ohjaamo;
    let config = pki::mutual_client_config(stage.world.authority_pem(), identity).unwrap();
    let mut sender = grpc(stage.bound(), with_protocol(config, "h2")).await;
    for agency in [TE, PAJA] {
        let (body, status) = call(&mut sender, "/grpc.health.v1.Health/Check", &text(agency), &[]).await;
        assert_eq!(status.code(), Code::Ok, "{agency}");
        assert_eq!(body.as_ref(), SERVING, "{agency}");
    }
    for agency in [KELA, "ohjaamo"] {
        let (_, status) = call(&mut sender, "/grpc.health.v1.Health/Check", &text(agency), &[]).await;
        assert_refused(Err::<(), _>(status), Code::NotFound, "SERVICE_UNKNOWN");
    }
    drop(sender);
    stage.close().await;
}

#[tokio::test]
async fn reflection_tells_the_services() {
    let opened = open(Limits::default(), Router::new()).await;
    let mut sender = opened.grpc().await;
    let (body, status) = call(&mut sender, REFLECTION, LIST_SERVICES, &[]).await;
    assert_eq!(status.code(), Code::Ok);
    let told = String::from_utf8_lossy(&body);
    for service in ["polku.v1.ReferralService", "polku.v1.ConsentService", "polku.v1.JourneyService"] {
        assert!(told.contains(service), "{service} is not told");
    }
}

#[tokio::test]
async fn reflection_tells_nothing_where_it_is_not_wanted() {
    let any_port = "127.0.0.1:0".parse().unwrap();
    let listen = Listen { grpc: any_port, inbound: any_port, reflection: false };
    let opened = open_at(listen, Limits::default(), Routes::default().into_axum_router()).await;
    let mut sender = opened.grpc().await;
    for path in [REFLECTION, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"] {
        let (body, status) = call(&mut sender, path, LIST_SERVICES, &[]).await;
        assert_refused(Err::<(), _>(status), Code::Unimplemented, "METHOD_UNKNOWN");
        assert!(body.is_empty());
    }
    let (_, status) = call(&mut sender, "/grpc.health.v1.Health/Check", &text(""), &[]).await;
    assert_eq!(status.code(), Code::Ok);
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_and_its_work_does_not() {
    let (go, gone) = watch::channel(false);
    let finished = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&finished);
    let slow = any(async move |body: axum::body::Body| {
        let _ = body.collect().await;
        gone.clone().wait_for(|gone| *gone).await.unwrap();
        counter.fetch_add(1, Ordering::SeqCst);
        "late"
    });
    let router = Router::new().route("/slow", slow);
    let limits = Limits { call: SOON, longest_call: SOON, ..Limits::default() };
    let opened = open(limits, router).await;
    let mut sender = opened.grpc().await;
    for headers in [[].as_slice(), &[("grpc-timeout", "1H")]] {
        let (_, status) = call(&mut sender, "/slow", b"", headers).await;
        assert_refused(Err::<(), _>(status), Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
    }
    drop(sender);
    // None of it could end before: each call was answered without its work.
    go.send(true).unwrap();
    opened.shutdown.begin();
    opened.task.await.unwrap();
    assert_eq!(finished.load(Ordering::SeqCst), 2, "work that had begun was dropped");
}

#[tokio::test]
async fn a_caller_may_ask_for_a_shorter_deadline() {
    let never = any(async || std::future::pending::<&'static str>().await);
    let patient = Duration::from_secs(3600);
    let limits = Limits { call: patient, longest_call: patient, drain: SOON, ..Limits::default() };
    let opened = open(limits, Router::new().route("/never", never)).await;
    let mut sender = opened.grpc().await;
    let (_, status) = call(&mut sender, "/never", b"", &[("grpc-timeout", "50m")]).await;
    assert_refused(Err::<(), _>(status), Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn a_call_whose_work_panics_is_answered() {
    let broken = any(async || -> &'static str { panic!("on purpose") });
    let opened = open(Limits::default(), Router::new().route("/broken", broken)).await;
    let mut sender = opened.grpc().await;
    let (_, status) = call(&mut sender, "/broken", b"", &[]).await;
    assert_refused(Err::<(), _>(status), Code::Internal, "INTERNAL");
}

#[tokio::test]
async fn what_reaches_no_method_is_worded_too() {
    let opened = open(Limits::default(), Router::new()).await;
    let mut sender = opened.grpc().await;
    let (_, status) = call(&mut sender, "/grpc.health.v1.Health/Measure", &text(""), &[]).await;
    assert_refused(Err::<(), _>(status), Code::Unimplemented, "METHOD_UNKNOWN");

    let check = "/grpc.health.v1.Health/Check";
    let (_, status) = call(&mut sender, check, &text(""), &[("grpc-encoding", "gzip")]).await;
    let status = assert_refused(Err::<(), _>(status), Code::Unimplemented, "COMPRESSION_NOT_SUPPORTED");
    assert_eq!(status.metadata().get("grpc-accept-encoding").unwrap(), "identity");

    let (_, status) = call(&mut sender, check, b"\x08", &[]).await;
    assert_refused(Err::<(), _>(status), Code::InvalidArgument, "MESSAGE_UNREADABLE");
    let (_, status) = call(&mut sender, check, &vec![0; 256 * 1024 + 1], &[]).await;
    assert_refused(Err::<(), _>(status), Code::InvalidArgument, "MESSAGE_TOO_LARGE");
}

#[tokio::test]
async fn a_stream_ends_with_the_gateway() {
    let opened = open(Limits::default(), Router::new()).await;
    let mut sender = opened.grpc().await;
    let watch =
        tokio::spawn(async move { call(&mut sender, "/grpc.health.v1.Health/Watch", &text(""), &[]).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    opened.shutdown.begin();
    let (body, status) = watch.await.unwrap();
    assert_eq!(body.get(..7), Some(SERVING.as_slice()), "SERVING comes first");
    assert_refused(Err::<(), _>(status), Code::Unavailable, "SHUTTING_DOWN");
    tokio::time::timeout(Duration::from_secs(5), opened.task).await.expect("still draining").unwrap();
}

/// Connections and work that goes on behind them have one time to finish, not one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_end_for_all_that_is_under_way() {
    const DRAIN: Duration = Duration::from_secs(6);
    let (has_begun, work) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Weak::<()>::new())));
    let (tells, at_work) = (Arc::clone(&has_begun), Arc::clone(&work));
    let never = any(async move |body: axum::body::Body| {
        let _ = body.collect().await;
        let held = Arc::new(());
        *at_work.lock().unwrap() = Arc::downgrade(&held);
        tells.notify_one();
        std::future::pending::<()>().await;
        drop(held);
        "never"
    });
    let patient = Duration::from_secs(3600);
    let limits = Limits { call: patient, longest_call: patient, drain: DRAIN, ..Limits::default() };
    let opened = open(limits, Router::new().route("/never", never)).await;
    let mut sender = opened.grpc().await;
    let under_way = tokio::spawn(async move { call(&mut sender, "/never", b"", &[]).await });
    has_begun.notified().await;
    let begun = std::time::Instant::now();
    opened.shutdown.begin();
    opened.task.await.unwrap();
    assert!((DRAIN..2 * DRAIN).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    // The logs are closed next.
    assert!(work.lock().unwrap().upgrade().is_none(), "it is still at work");
    assert!(under_way.await.is_err(), "it is answered");
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
        listen: Listen { grpc: "127.0.0.1:0".parse().unwrap(), inbound: address, reflection: false },
        tls: site.tls.clone().into(),
        limits: Limits::default(),
        routes: Routes::default(),
        agencies: Vec::new(),
        inbound: Arc::new(Sizes),
        clock: Arc::new(SystemClock),
    };
    let error = front.open().await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));
}
