//! How long may a call take, when does a refusal leave, and what becomes of a call when its caller goes away?
//!
//! It takes longer to find out that somebody is none of the caller's concern than that there is nobody of that id. So what
//! must not be told apart leaves at the next multiple of a fixed time after its request was there: by when it comes, it
//! tells nothing that its words do not.
//!
//! A call whose request is complete is carried to its end, whatever its caller does: between its audit leaf and
//! its state, and between its state and what is kept in memory, there is no good moment to drop it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{HeaderMap, Request, Response};
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use polku_proto::CallerRoles;
use tokio::sync::mpsc;
use tonic::Code;
use tower::{Service, ServiceExt};

use super::ending::Ending;
use super::refusal::Refusal;
use super::{Limits, Shutdown};

#[cfg(test)]
mod tests;

/// What "there is nothing" and "it is not permitted" leave at multiples of: longer than it takes to find either out.
const BEAT: Duration = Duration::from_millis(25);

/// Work that panicked.
const FAILED: Refusal<'_> = Refusal {
    code: Code::Internal,
    reason: "INTERNAL",
    text: "the gateway made a mistake",
    hint: "tell the operator of the gateway the time of this call",
    retry: "no",
};
const TOO_LATE: Refusal<'_> = Refusal {
    code: Code::DeadlineExceeded,
    reason: "DEADLINE_EXCEEDED",
    text: "the deadline has passed",
    hint: "the call may still take effect: repeat it with the same request id",
    retry: "same call later",
};

/// Counts what is at work, so that the end can wait for it.
#[derive(Debug, Clone)]
pub struct Running {
    // Nothing is ever sent: the channel closes when the last holder is gone.
    sender: mpsc::Sender<Infallible>,
    receiver: Arc<tokio::sync::Mutex<mpsc::Receiver<Infallible>>>,
}

impl Default for Running {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(1);
        Self { sender, receiver: Arc::new(tokio::sync::Mutex::new(receiver)) }
    }
}

impl Running {
    /// Starts work that goes on even when nobody waits for it any more.
    pub fn spawn<F>(&self, work: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let holder = self.sender.clone();
        tokio::spawn(async move {
            let output = work.await;
            drop(holder);
            output
        })
    }

    /// Waits for the end of all that has been started. Every other holder of the counter has to be gone.
    pub async fn finished(self) {
        let Running { sender, receiver } = self;
        drop(sender);
        let _: Option<Infallible> = receiver.lock().await.recv().await;
    }
}

/// The gRPC services, each call with a deadline.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    routes: axum::Router,
    limits: Limits,
    running: Running,
    shutdown: Shutdown,
}

impl Calls {
    pub(super) fn new(routes: axum::Router, limits: Limits, running: Running, shutdown: Shutdown) -> Calls {
        Calls { routes, limits, running, shutdown }
    }
}

impl Service<Request<Incoming>> for Calls {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let limit =
            asked(request.headers()).map_or(self.limits.call, |asked| asked.min(self.limits.longest_call));
        let begun = Instant::now();
        let complete = Arc::new(OnceLock::new());
        let roles = CallerRoles::of_method(request.uri().path());
        let mut request = request.map(|body| Body::new(Arriving::new(body, Arc::clone(&complete))));
        request.extensions_mut().insert(roles);
        let work = self.running.spawn(self.routes.clone().oneshot(request));
        let shutdown = self.shutdown.clone();
        Box::pin(async move {
            let abort = work.abort_handle();
            let since = Arc::clone(&complete);
            let answered = async move {
                let answer = work.await;
                if matches!(&answer, Ok(Ok(response)) if tells_nothing(response.headers())) {
                    // A caller who lets a request trickle in does not choose where in the beat it is worked on.
                    let since = since.get().copied().unwrap_or(begun);
                    tokio::time::sleep(until_beat(since.elapsed())).await;
                }
                answer
            };
            let answer = match tokio::time::timeout(limit, answered).await {
                Ok(Ok(Ok(response))) => {
                    return Ok(response.map(|body| Body::new(Ending::new(body, shutdown))));
                }
                Ok(Err(_)) => {
                    tracing::error!(reason = FAILED.reason, "call failed");
                    FAILED
                }
                Err(_) => {
                    if complete.get().is_none() {
                        // Nothing has begun, and a request that trickles in for ever must not stay.
                        abort.abort();
                    }
                    tracing::info!(reason = TOO_LATE.reason, "call refused");
                    TOO_LATE
                }
            };
            Ok(answer.status().into_http())
        })
    }
}

/// Whether it is refused without telling why.
fn tells_nothing(headers: &HeaderMap) -> bool {
    [Code::NotFound, Code::PermissionDenied].iter().any(|code| {
        let code = i32::from(*code).to_string();
        headers.get("grpc-status").is_some_and(|status| status.as_bytes() == code.as_bytes())
    })
}

/// How long it is from then to the next beat.
fn until_beat(elapsed: Duration) -> Duration {
    let over = elapsed.as_nanos() % BEAT.as_nanos();
    BEAT.saturating_sub(Duration::from_nanos(u64::try_from(over).unwrap_or(0)))
}

/// The deadline that the caller asks for, if it can be read.
fn asked(headers: &HeaderMap) -> Option<Duration> {
    timeout(headers.get("grpc-timeout")?.to_str().ok()?)
}

/// Reads a `grpc-timeout` (gRPC over HTTP/2, "Requests").
pub(crate) fn timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 60 * 60)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// A request's body that notes when all of it has come.
struct Arriving {
    body: Incoming,
    complete: Arc<OnceLock<Instant>>,
}

impl Arriving {
    fn new(body: Incoming, complete: Arc<OnceLock<Instant>>) -> Arriving {
        let arriving = Arriving { body, complete };
        arriving.note();
        arriving
    }

    fn note(&self) {
        if hyper::body::Body::is_end_stream(&self.body) {
            self.complete.get_or_init(Instant::now);
        }
    }
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() {
            self.complete.get_or_init(Instant::now);
        }
        self.note();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        hyper::body::Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        hyper::body::Body::size_hint(&self.body)
    }
}
