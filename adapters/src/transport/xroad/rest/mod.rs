//! How is a service called in X-Road's message protocol for REST, r1?
//!
//! A request is written and read with all five parts of a service's identifier, as security servers want it. Where
//! they take the last of two headers, this reader refuses: two readers must not see two callers.

mod answer;
mod call;
mod check;
mod error;
mod head;
mod segment;

pub use answer::{AnswerError, Provided, XroadError, read_answer};
pub use call::{Call, CallError, Content};
pub use check::{RestVerdict, check_exchange, is_rest};
pub use error::{RestError, RestFault};
pub use head::{Asked, is_content_type, read_asked};

use http::HeaderName;

/// The protocol's version, as the path begins.
pub const VERSION: &str = "r1";
/// Who asks.
pub static CLIENT: HeaderName = HeaderName::from_static("x-road-client");
/// Which service is asked; in answers, and in what a provider's security server passes on.
pub static SERVICE: HeaderName = HeaderName::from_static("x-road-service");
/// The message's own id. X-Road does not de-duplicate on it.
pub static ID: HeaderName = HeaderName::from_static("x-road-id");
/// The person on whose behalf the message is sent, with a country prefix.
pub static USER_ID: HeaderName = HeaderName::from_static("x-road-userid");
/// The case or document that gave rise to the message.
pub static ISSUE: HeaderName = HeaderName::from_static("x-road-issue");
/// The party for whom the client acts.
pub static REPRESENTED_PARTY: HeaderName = HeaderName::from_static("x-road-represented-party");
/// The security server that shall answer, where a client chooses one.
pub static SECURITY_SERVER: HeaderName = HeaderName::from_static("x-road-security-server");
/// The security servers' own id of an exchange.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-road-request-id");
/// The hash of the request, in answers.
pub static REQUEST_HASH: HeaderName = HeaderName::from_static("x-road-request-hash");
/// The code of a failure of X-Road itself.
pub static ERROR: HeaderName = HeaderName::from_static("x-road-error");

#[cfg(test)]
mod tests;
