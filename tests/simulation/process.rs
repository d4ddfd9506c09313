//! How does the gateway live, and how is it killed?
//!
//! Everything that the gateway does is in tasks of one set. To kill it is to end them all where they are; then nothing of
//! it is left but its files.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::pending;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use polku_adapters::Inbound;
use polku_gateway::clock::Clock;
use polku_gateway::config::Config;
use polku_gateway::front::{Answer, InboundHandler as _, Peer};
use polku_gateway::gateway::Gateway;
use polku_gateway::machine::{Machine, Turn};
use polku_gateway::outbox;
use polku_gateway::serve::{self, StartError};
use polku_policy::Engine;
use polku_proto::{AgencyId, CallerRoles};
use tokio::io::DuplexStream;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

use crate::chance::Chance;

/// The clock of the gateway's host, which can be set wrong.
#[derive(Debug)]
pub(crate) struct HostClock {
    begins: Timestamp,
    began: Instant,
    wrong_by_millis: AtomicI64,
}

impl HostClock {
    /// Must be made within the runtime.
    pub(crate) fn new(begins: Timestamp) -> Self {
        Self { begins, began: Instant::now(), wrong_by_millis: AtomicI64::new(0) }
    }

    /// The right time.
    pub(crate) fn right(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.began.elapsed()).unwrap();
        Timestamp::from_millisecond((self.begins + passed).as_millisecond()).unwrap()
    }

    /// Sets the clock forward or back.
    pub(crate) fn jump(&self, millis: i64) {
        self.wrong_by_millis.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the clock so far forward as it has been at any time.
    pub(crate) fn set_right(&self) {
        self.wrong_by_millis.fetch_max(0, Ordering::SeqCst);
    }
}

impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        self.right() + SignedDuration::from_millis(self.wrong_by_millis.load(Ordering::SeqCst))
    }
}

/// When who may write, and when the gateway is killed.
#[derive(Debug)]
pub(crate) struct Turns {
    chance: Chance,
    /// After so many turns more; below: never.
    left: AtomicI64,
    due: Notify,
}

impl Turns {
    pub(crate) fn new(chance: Chance) -> Self {
        Self { chance, left: AtomicI64::new(-1), due: Notify::new() }
    }

    /// The gateway is to be killed after so many turns.
    pub(crate) fn kill_after(&self, turns: usize) {
        self.left.store(i64::try_from(turns).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn spare(&self) {
        self.left.store(-1, Ordering::SeqCst);
    }

    /// Waits until the turns are over.
    pub(crate) async fn over(&self) {
        self.due.notified().await;
    }
}

#[async_trait]
impl Turn for Turns {
    async fn wait(&self) {
        let pause = match self.chance.below(60) {
            0 => self.chance.millis(50, 400),
            1..20 => self.chance.millis(1, 8),
            _ => std::time::Duration::ZERO,
        };
        if pause.is_zero() {
            tokio::task::yield_now().await;
        } else {
            sleep(pause).await;
        }
        let left = self.left.load(Ordering::SeqCst);
        if left >= 0 {
            self.left.store(left - 1, Ordering::SeqCst);
            if left == 0 {
                self.due.notify_one();
                // It is not this turn's any more.
                pending::<()>().await;
            }
        }
    }
}

type Tasks = Arc<Mutex<JoinSet<()>>>;

/// A gateway that lives.
pub(crate) struct Process {
    pub(crate) gateway: Arc<Gateway>,
    routes: Router,
    tasks: Tasks,
    _stop: watch::Sender<Option<Instant>>,
}

/// Starts what belongs to a connection among the tasks of the gateway.
#[derive(Clone)]
struct Within(Tasks);

impl<F> hyper::rt::Executor<F> for Within
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, work: F) {
        self.0.lock().unwrap().spawn(async move {
            work.await;
        });
    }
}

impl Process {
    /// Starts on what is on disk.
    ///
    /// # Errors
    /// Those of the start.
    pub(crate) async fn start(
        config: Config,
        engine: Arc<Engine>,
        clock: Arc<HostClock>,
        machine: Machine,
    ) -> Result<Self, StartError> {
        let prepared = serve::prepare(config, engine, clock, machine).await?;
        let (gateway, routes) =
            (Arc::clone(prepared.gateway()), prepared.routes().clone().into_axum_router());
        let (stop, stopped) = watch::channel(None);
        let tasks = Tasks::default();
        tasks.lock().unwrap().spawn(outbox::run(Arc::clone(&gateway), stopped));
        Ok(Self { gateway, routes, tasks, _stop: stop })
    }

    /// Ends it wherever it is in its work.
    pub(crate) async fn kill(self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap());
        tasks.abort_all();
        while tasks.join_next().await.is_some() {}
        let left = Arc::downgrade(&self.gateway);
        drop(self);
        // Work that belonged to a task ends a moment after it.
        for _ in 0..1_000 {
            if left.strong_count() == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("something of the gateway lives on");
    }

    /// Takes in a caller's connection.
    pub(crate) fn serve_calls(&self, stream: DuplexStream, certificate: [u8; 32]) {
        let (routes, within) = (self.routes.clone(), Within(Arc::clone(&self.tasks)));
        let of_calls = within.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer { certificate_sha256: Some(certificate) });
            let roles = CallerRoles::of_method(request.uri().path());
            request.extensions_mut().insert(roles);
            let work = routes.clone().oneshot(request.map(Body::new));
            of_calls.carried_to_its_end(work)
        });
        let connection = http2::Builder::new(within.clone()).serve_connection(TokioIo::new(stream), service);
        hyper::rt::Executor::execute(&within, async move { drop(connection.await) });
    }

    /// Takes in an agency's connection.
    pub(crate) fn serve_agency(
        &self,
        stream: DuplexStream,
        agency: AgencyId,
        certificate: Option<[u8; 32]>,
        clock: Arc<HostClock>,
    ) {
        let within = Within(Arc::clone(&self.tasks));
        let (gateway, of_messages) = (Arc::downgrade(&self.gateway), within.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (gateway, agency) = (gateway.upgrade(), agency.clone());
            let now = clock.now();
            let work = async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                let inbound = Inbound { headers: &parts.headers, body: &body, peer: certificate, now };
                let (Answer::Agency(reply) | Answer::Stranger(reply)) =
                    gateway.unwrap().inbound(&agency, inbound).await.expect("the agency has an adapter");
                let mut response = Response::new(Full::new(Bytes::from(reply.body)));
                *response.status_mut() = reply.status;
                response
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, http::HeaderValue::from_static(reply.content_type));
                Ok::<_, Infallible>(response)
            };
            of_messages.carried_to_its_end(work)
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        hyper::rt::Executor::execute(&within, async move { drop(connection.await) });
    }
}

impl Within {
    /// As the front does: what has come whole is carried to its end, whether or not somebody waits for the answer.
    fn carried_to_its_end<T: Send + Debug + 'static>(
        &self,
        work: impl Future<Output = Result<T, Infallible>> + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = Result<T, oneshot::error::RecvError>> + Send>> {
        let (sender, answer) = oneshot::channel();
        hyper::rt::Executor::execute(self, async move {
            let Ok(answer) = work.await;
            let _ = sender.send(answer);
        });
        Box::pin(answer)
    }
}
