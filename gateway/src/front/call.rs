//! How long may a call take, when does a refusal leave, and what becomes of a call when its caller goes away?
//!
//! It takes longer to find out that somebody is none of the caller's concern than that there is nobody of that id. So what
//! must not be told apart leaves at the next multiple of a fixed time after its request was there: by when it comes, it
//! tells nothing that its words do not.
//!
//! A call that has been let in is carried to its end, whatever its caller does: between its audit leaf and
//! its state, and between its state and what is kept in memory, there is no good moment to drop it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use polku_proto::CallerRoles;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout_at;
use tonic::Code;
use tonic_types::ErrorDetails;
use tower::{Service, ServiceExt};

use super::admission::Admission;
use super::arriving::{Arriving, Door, Patience, Refused};
use super::ending::{Ending, SHUTTING_DOWN, UNREAD};
use super::refusal::Refusal;
use super::unread::Unread;
use super::{Limits, MethodClass, Shutdown};

#[cfg(test)]
mod tests;

/// What "there is nothing" and "it is not permitted" leave at multiples of: longer than it takes to find either out.
const BEAT: Duration = Duration::from_millis(25);

/// The one method that takes more than one message, in each version of reflection.
const STREAM_OF_REQUESTS: &str = "/ServerReflectionInfo";

/// When somebody may have read what stands still.
const WHEN_READ: Duration = Duration::from_secs(1);

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

const OVERLOADED: Refusal<'_> = Refusal {
    code: Code::ResourceExhausted,
    reason: "OVERLOADED",
    text: "there is more to do than can be done in time",
    hint: "repeat the call after the time in RetryInfo, best with a longer deadline",
    retry: "same call later",
};
const TOO_SLOW: Refusal<'_> = Refusal {
    code: Code::DeadlineExceeded,
    reason: "MESSAGE_TOO_SLOW",
    text: "the request did not come in time",
    hint: "send the whole request at once, and end it",
    retry: "same call later",
};

/// By when a call has to be answered. An extension of its request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Until(pub(crate) Instant);

/// How long what is cut off has to be gone: until the next time that it waits for something.
const CUT_OFF: Duration = Duration::from_secs(2);

/// Counts what is at work, so that the end can wait for it.
#[derive(Debug, Clone)]
pub struct Running {
    // Nothing is ever sent: the channel closes when the last holder is gone.
    sender: mpsc::Sender<Infallible>,
    receiver: Arc<tokio::sync::Mutex<mpsc::Receiver<Infallible>>>,
    over: Arc<watch::Sender<bool>>,
}

impl Default for Running {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        Self { sender, receiver, over: Arc::new(watch::Sender::new(false)) }
    }
}

impl Running {
    /// Starts work that goes on even when nobody waits for it any more. It has no output when it is cut off at the end.
    pub fn spawn<F>(&self, work: F) -> tokio::task::JoinHandle<Option<F::Output>>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let (holder, mut over) = (self.sender.clone(), self.over.subscribe());
        // Without the counter there is nobody to cut it off.
        let cut_off = async move { over.wait_for(|over| *over).await.is_ok() };
        tokio::spawn(async move {
            let output = tokio::select! {
                // What is done next is always the same.
                biased;
                output = work => Some(output),
                true = cut_off => None,
            };
            drop(holder);
            output
        })
    }

    /// Waits for the end of all that has been started, and cuts off what has not ended by then: nothing of it works any more
    /// behind this. Tells whether all has ended by itself. Every other holder of the counter has to be gone.
    pub async fn finished_by(self, end: tokio::time::Instant) -> bool {
        let Running { sender, receiver, over } = self;
        drop(sender);
        let mut receiver = receiver.lock().await;
        let has_ended = timeout_at(end, receiver.recv()).await.is_ok();
        if !has_ended {
            over.send_replace(true);
            // Work that never waits for anything cannot be cut off.
            let _: Result<Option<Infallible>, _> = tokio::time::timeout(CUT_OFF, receiver.recv()).await;
        }
        has_ended
    }
}

/// The gRPC services, each call with a deadline.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    routes: axum::Router,
    limits: Limits,
    admission: Admission,
    running: Running,
    shutdown: Shutdown,
}

impl Calls {
    pub(super) fn new(
        routes: axum::Router,
        limits: Limits,
        admission: Admission,
        running: Running,
        shutdown: Shutdown,
    ) -> Calls {
        Calls { routes, limits, admission, running, shutdown }
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
        let path = request.uri().path();
        let roles = CallerRoles::of_method(path);
        let class = MethodClass::of_method(path);
        let room = self.admission.room(path).map(|room| (room, path.to_owned()));
        let patience = if path.ends_with(STREAM_OF_REQUESTS) {
            Patience::Part(self.limits.stream_idle)
        } else {
            Patience::Whole(self.limits.body_read)
        };
        let door = Arc::<Door>::default();
        let at_door = Arc::clone(&door);
        let mut request =
            request.map(|body| Body::new(Arriving::new(body, at_door, room, patience, begun + limit)));
        request.extensions_mut().insert(roles);
        request.extensions_mut().insert(class);
        request.extensions_mut().insert(Until(begun + limit));
        let unread = request.extensions().get::<Unread>().cloned().unwrap_or_default();
        let (routes, at_door) = (self.routes.clone(), Arc::clone(&door));
        let work = self.running.spawn(async move {
            let answer = routes.oneshot(request).await;
            at_door.leave(matches!(&answer, Ok(response) if is_answered(response.headers())));
            answer
        });
        let waiting = WaitedFor { door, work: work.abort_handle() };
        let shutdown = self.shutdown.clone();
        Box::pin(async move {
            let door = &waiting.door;
            let answered = async {
                let answer = work.await;
                if matches!(&answer, Ok(Some(Ok(response))) if tells_nothing(response.headers())) {
                    // A caller who lets a request trickle in does not choose where in the beat it is worked on.
                    let since = door.complete().unwrap_or(begun);
                    tokio::time::sleep(until_beat(since.elapsed())).await;
                }
                answer
            };
            let answer = tokio::time::timeout(limit, answered).await;
            if let Some(refused) = door.refused() {
                return Ok(turned_away(refused));
            }
            let answer = match answer {
                Ok(Ok(Some(Ok(response)))) => {
                    let (parts, body) = response.into_parts();
                    let mut ending = Ending::new(body, shutdown, unread.answered());
                    if ending.has_room(class == MethodClass::Withdrawals).await {
                        return Ok(Response::from_parts(parts, Body::new(ending)));
                    }
                    return Ok(refused_for_now(UNREAD, Some(WHEN_READ)));
                }
                Ok(Ok(None)) => SHUTTING_DOWN,
                Ok(Err(_)) => {
                    tracing::error!(reason = FAILED.reason, "call failed");
                    FAILED
                }
                Err(_) => {
                    tracing::info!(reason = TOO_LATE.reason, "call refused");
                    TOO_LATE
                }
            };
            Ok(answer.status().into_http())
        })
    }
}

/// A call that somebody waits for. When nobody does any more, it is dropped unless it has been let in: nothing has begun
/// then, and neither a request that trickles in for ever nor one that waits in vain must stay.
struct WaitedFor {
    door: Arc<Door>,
    work: AbortHandle,
}

impl Drop for WaitedFor {
    fn drop(&mut self) {
        if self.door.forsake() {
            self.work.abort();
        }
    }
}

/// What is said to a call that is not let in.
fn turned_away(refused: Refused) -> Response<Body> {
    let (refusal, after) = match refused {
        Refused::Full(full) => (OVERLOADED, Some(full.after)),
        Refused::TooSlow => (TOO_SLOW, None),
    };
    refused_for_now(refusal, after)
}

fn refused_for_now(refusal: Refusal<'_>, after: Option<Duration>) -> Response<Body> {
    tracing::info!(reason = refusal.reason, "call refused");
    let mut details = ErrorDetails::new();
    if after.is_some() {
        details.set_retry_info(after);
    }
    refusal.status_with(details, HashMap::new()).into_http()
}

/// Whether it is no refusal: those take less time than the work.
fn is_answered(headers: &HeaderMap) -> bool {
    headers.get("grpc-status").is_none_or(|status| status.as_bytes() == b"0")
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
fn timeout(text: &str) -> Option<Duration> {
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
