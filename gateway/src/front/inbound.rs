//! How does a message in an agency's own protocol reach its adapter?

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use polku_adapters::{Inbound, Reply};
use polku_proto::AgencyId;

use super::{Limits, Peer, Running};
use crate::clock::Clock;

#[cfg(test)]
mod tests;

/// Whom agencies' messages go to.
#[async_trait]
pub trait InboundHandler: Debug + Send + Sync {
    /// Takes in one message and words the answer in the agency's protocol. `None`: there is no such agency, or it
    /// has no protocol of its own.
    async fn inbound(&self, agency: &AgencyId, inbound: Inbound<'_>) -> Option<Reply>;
}

/// The one route `POST /inbound/{agency}`; everything else is not found.
pub fn router(
    handler: Arc<dyn InboundHandler>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    running: Running,
) -> Router {
    let entry = Entry { handler, clock, limits, running };
    Router::new().fallback(move |request: Request<Body>| entry.clone().take(request))
}

#[derive(Clone)]
struct Entry {
    handler: Arc<dyn InboundHandler>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    running: Running,
}

impl Entry {
    async fn take(self, request: Request<Body>) -> Response<Body> {
        let Some(agency) = addressed(&request) else {
            return plain(StatusCode::NOT_FOUND);
        };
        let now = self.clock.now();
        let peer = request.extensions().get::<Peer>().and_then(|peer| peer.certificate_sha256);
        let (parts, body) = request.into_parts();
        let body = match self.body(&parts.headers, body).await {
            Ok(body) => body,
            Err(status) => return plain(status),
        };
        let handler = Arc::clone(&self.handler);
        // A message that is complete is carried to its end, whether or not the agency waits for the answer.
        let work = self.running.spawn(async move {
            let inbound = Inbound { headers: &parts.headers, body: &body, peer, now };
            handler.inbound(&agency, inbound).await
        });
        match work.await {
            Ok(Some(reply)) => worded(reply),
            Ok(None) => plain(StatusCode::NOT_FOUND),
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    async fn body(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, StatusCode> {
        let announced =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > self.limits.body_size) {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let limited = Limited::new(body, self.limits.body_size).collect();
        match tokio::time::timeout(self.limits.body_read, limited).await {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
            Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
            Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
        }
    }
}

/// The agency that a request is for, if it has the one form that is answered.
fn addressed(request: &Request<Body>) -> Option<AgencyId> {
    if request.method() != Method::POST {
        return None;
    }
    request.uri().path().strip_prefix("/inbound/")?.parse().ok()
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if status == StatusCode::REQUEST_TIMEOUT || status == StatusCode::PAYLOAD_TOO_LARGE {
        // The rest of the body is not waited for.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn worded(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
