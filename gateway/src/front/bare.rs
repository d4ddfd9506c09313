//! How does a call that reaches no method of a service look on the gRPC wire?
//!
//! Such a call fails in the routes or the codec of the library, before any service sees it, and the library answers
//! with a bare status and a text of its own. Here it gets a reason and a hint like every other refusal.

use axum::body::Body;
use http::Response;
use tonic::{Code, Status};

use super::refusal::Refusal;
use crate::error::Error;

const UNREADABLE: Error = Error::Unreadable {
    reason: "MESSAGE_UNREADABLE",
    expected: "send one whole message of the method's request type, encoded as proto3, with texts in UTF-8",
};
const TOO_LARGE: Error = Error::Unreadable {
    reason: "MESSAGE_TOO_LARGE",
    expected: "send at most 262144 bytes in one message; 1048576 about a plan or a task",
};
/// Refused by [`polku_proto::codec`].
const TOO_MANY_ITEMS: Error = Error::Unreadable {
    reason: "MESSAGE_TOO_MANY_ITEMS",
    expected: "send fewer list items in one message: read, they may take 2097152 bytes of memory",
};
const METHOD_UNKNOWN: Refusal<'_> = Refusal {
    code: Code::Unimplemented,
    reason: "METHOD_UNKNOWN",
    text: "there is no such method",
    hint: "call a method of the contract: `polku call --list` names them",
    retry: "no",
};
const COMPRESSED: Refusal<'_> = Refusal {
    code: Code::Unimplemented,
    reason: "COMPRESSION_NOT_SUPPORTED",
    text: "the message is compressed",
    hint: "send messages uncompressed, with grpc-encoding identity or without it",
    retry: "no",
};
/// Of the health service: the contract of gRPC health checking sets the code.
const SERVICE_UNKNOWN: Refusal<'_> = Refusal {
    code: Code::NotFound,
    reason: "SERVICE_UNKNOWN",
    text: "the health of no such service is known",
    hint: "ask for the empty name, a service of the contract or an agency with an adapter",
    retry: "no",
};

/// Only the refusal of a compressed message tells which encodings are taken.
const ACCEPTED_ENCODINGS: &str = "grpc-accept-encoding";

/// The answer, with the library's own refusals worded anew. INVARIANT: what services refuse has details.
pub(super) async fn worded(response: Response<Body>) -> Response<Body> {
    let bare = Status::from_header_map(response.headers()).filter(|status| status.details().is_empty());
    match bare.map(|status| status.code()) {
        Some(Code::OutOfRange) => Status::from(TOO_LARGE).into_http(),
        Some(Code::ResourceExhausted) => Status::from(TOO_MANY_ITEMS).into_http(),
        Some(Code::Internal) => Status::from(UNREADABLE).into_http(),
        Some(Code::NotFound) => refused(&SERVICE_UNKNOWN),
        Some(Code::Unimplemented) => match response.headers().get(ACCEPTED_ENCODINGS) {
            Some(encodings) => {
                let mut refused = refused(&COMPRESSED);
                refused.headers_mut().insert(ACCEPTED_ENCODINGS, encodings.clone());
                refused
            }
            None => refused(&METHOD_UNKNOWN),
        },
        Some(_) | None => response,
    }
}

fn refused(refusal: &Refusal<'_>) -> Response<Body> {
    tracing::info!(reason = refusal.reason, "call refused");
    refusal.status().into_http()
}
