//! How does a message in an agency's own protocol reach its adapter?
//!
//! What no adapter gets to see is answered here with problem details (RFC 9457), for the front speaks no agency's
//! protocol: `title`, `status`, `detail` with what to do about it, and `reason`, which stays as it is.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use polku_adapters::{Inbound, Reply, whole_seconds};
use polku_proto::AgencyId;
use tokio::time::timeout_at;

use super::admission::{Full, Place, Room, SOONEST};
use super::{Limits, Peer, Running};
use crate::clock::Clock;

#[cfg(test)]
mod tests;

/// The one way in, as a kind of call.
const WAY_IN: &str = "/inbound";

/// How many times the largest message is passed over, unread, of one that is larger.
const PASSED_OVER: usize = 32;

/// Whom agencies' messages go to.
#[async_trait]
pub trait InboundHandler: Debug + Send + Sync {
    /// Takes in one message and words the answer in the agency's protocol. `None`: there is no such agency, or it
    /// has no protocol of its own.
    async fn inbound(&self, agency: &AgencyId, inbound: Inbound<'_>) -> Option<Answer>;
}

/// How a message is answered in the agency's protocol, and who is.
#[derive(Debug)]
pub enum Answer {
    /// The agency, whatever has become of the message.
    Agency(Reply),
    /// Somebody who is not: not every protocol says so by its status.
    Stranger(Reply),
}

/// The one route `POST /inbound/{agency}`; everything else is not found, or not allowed.
/// Messages have a room of their own: anybody can send one, and those that are refused take no time.
pub(super) fn router(
    handler: Arc<dyn InboundHandler>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    room: Arc<Room>,
    running: Running,
) -> Router {
    let entry = Entry { handler, clock, limits, room, running };
    Router::new().fallback(move |request: Request<Body>| entry.clone().take(request))
}

#[derive(Clone)]
struct Entry {
    handler: Arc<dyn InboundHandler>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    room: Arc<Room>,
    running: Running,
}

impl Entry {
    /// Whoever is refused at the door does not keep it: a connection that was not worth an answer is closed.
    async fn take(self, request: Request<Body>) -> Response<Body> {
        let mut response = self.answer(request).await;
        let unwelcome = [
            StatusCode::NOT_FOUND,
            StatusCode::METHOD_NOT_ALLOWED,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::PAYLOAD_TOO_LARGE,
        ];
        if unwelcome.contains(&response.status()) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn answer(self, request: Request<Body>) -> Response<Body> {
        let Some(agency) = addressed(&request) else {
            return Problem::NotFound.response();
        };
        if request.method() != Method::POST {
            return Problem::MethodNotAllowed.response();
        }
        let now = self.clock.now();
        let peer = request.extensions().get::<Peer>().and_then(|peer| peer.certificate_sha256);
        let (parts, body) = request.into_parts();
        let body = match self.body(&parts.headers, body).await {
            Ok(body) => body,
            Err(problem) => return problem.response(),
        };
        let place = match self.place().await {
            Ok(place) => place,
            Err(full) => return Problem::Overloaded { after: full.after }.response(),
        };
        let handler = Arc::clone(&self.handler);
        // A message that is complete is carried to its end, whether or not the agency waits for the answer.
        let work = self.running.spawn(async move {
            let inbound = Inbound { headers: &parts.headers, body: &body, peer, now };
            let answer = handler.inbound(&agency, inbound).await;
            // How long messages take is told by those that are taken in.
            if let Some(Answer::Agency(reply)) = &answer
                && reply.status.is_success()
            {
                place.answered();
            }
            drop(place);
            answer
        });
        match work.await {
            Ok(Some(Some(Answer::Agency(reply)))) => worded(reply),
            Ok(Some(Some(Answer::Stranger(reply)))) => {
                let mut response = worded(reply);
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                response
            }
            Ok(Some(None)) => Problem::NotFound.response(),
            Ok(None) | Err(_) => Problem::Internal.response(),
        }
    }

    /// Waits for a place, no longer than a call may take.
    async fn place(&self) -> Result<Place, Full> {
        let until = Instant::now() + self.limits.call;
        let entering = Arc::clone(&self.room).enter(WAY_IN.to_owned(), until);
        timeout_at(until.into(), entering).await.unwrap_or(Err(Full { after: SOONEST }))
    }

    async fn body(&self, headers: &HeaderMap, mut body: Body) -> Result<Bytes, Problem> {
        let announced =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > self.limits.body_size) {
            self.pass_over(body);
            return Err(self.too_large());
        }
        let limited = Limited::new(&mut body, self.limits.body_size).collect();
        match tokio::time::timeout(self.limits.body_read, limited).await {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                self.pass_over(body);
                Err(self.too_large())
            }
            Ok(Err(_)) => Err(Problem::Incomplete),
            Err(_) => Err(Problem::TooSlow { within: self.limits.body_read }),
        }
    }

    /// Reads on behind the answer, no longer than a message may take: a connection that is closed while its client still
    /// sends takes the answer with it, and the client would never learn why.
    fn pass_over(&self, body: Body) {
        let mut rest = Limited::new(body, self.limits.body_size.saturating_mul(PASSED_OVER));
        let passing = async move { while let Some(Ok(_)) = rest.frame().await {} };
        tokio::spawn(tokio::time::timeout(self.limits.body_read, passing));
    }

    fn too_large(&self) -> Problem {
        Problem::TooLarge { bytes: self.limits.body_size }
    }
}

/// The agency that a request is for, if its path has the one form that is answered.
fn addressed(request: &Request<Body>) -> Option<AgencyId> {
    request.uri().path().strip_prefix("/inbound/")?.parse().ok()
}

/// Why no adapter gets to see a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    NotFound,
    MethodNotAllowed,
    TooLarge { bytes: usize },
    TooSlow { within: Duration },
    Incomplete,
    Overloaded { after: Duration },
    Internal,
}

impl Problem {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::Overloaded { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::TooLarge { .. } => "MESSAGE_TOO_LARGE",
            Self::TooSlow { .. } => "MESSAGE_TOO_SLOW",
            Self::Incomplete => "MESSAGE_INCOMPLETE",
            Self::Overloaded { .. } => "OVERLOADED",
            Self::Internal => "INTERNAL",
        }
    }

    fn hint(self) -> String {
        match self {
            Self::NotFound => {
                "post to /inbound/ and the id of an agency whose own protocol this gateway speaks".into()
            }
            Self::MethodNotAllowed => "use POST".into(),
            Self::TooLarge { bytes } => format!("send at most {bytes} bytes"),
            Self::TooSlow { within } => format!("send the whole message within {} ms", within.as_millis()),
            Self::Incomplete => "send the whole message, as long as its headers announce it".into(),
            Self::Overloaded { .. } => "send the same message again after the time in Retry-After".into(),
            Self::Internal => "tell the operator of the gateway the time of this message".into(),
        }
    }

    fn response(self) -> Response<Body> {
        let status = self.status();
        if self == Self::Internal {
            tracing::error!(reason = self.reason(), "taking in an agency's message failed");
        } else {
            tracing::info!(reason = self.reason(), "message of an agency refused");
        }
        let body = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.hint(),
            "reason": self.reason(),
        });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::MethodNotAllowed => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            // The answer does not wait for the rest of the body, and nothing comes behind it.
            Self::TooLarge { .. } | Self::TooSlow { .. } => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Self::Overloaded { after } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
            }
            Self::NotFound | Self::Incomplete | Self::Internal => {}
        }
        response
    }
}

fn worded(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(pause) = reply.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(pause)));
    }
    response
}
