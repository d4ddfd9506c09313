//! How does a message that is none of the contract's look on the gRPC wire?
//!
//! Such a message fails in the codec of the library, before any service sees it, and the library answers with a bare
//! status and a text of its own. Here it gets a reason and a hint like every other refusal.

use axum::body::Body;
use http::Response;
use tonic::{Code, Status};

use crate::error::Error;

const UNREADABLE: Error = Error::Unreadable {
    reason: "MESSAGE_UNREADABLE",
    expected: "send one whole message of the method's request type, encoded as proto3, with texts in UTF-8",
};
const TOO_LARGE: Error =
    Error::Unreadable { reason: "MESSAGE_TOO_LARGE", expected: "send at most 262144 bytes in one message" };

/// The answer, with the codec's own refusals worded anew. INVARIANT: what services refuse has details.
pub(super) async fn worded(response: Response<Body>) -> Response<Body> {
    let Some(status) = response.extensions().get::<Status>().filter(|status| status.details().is_empty())
    else {
        return response;
    };
    let error = if status.code() == Code::OutOfRange {
        TOO_LARGE
    } else if status.code() == Code::Internal {
        UNREADABLE
    } else {
        return response;
    };
    Status::from(error).into_http()
}
