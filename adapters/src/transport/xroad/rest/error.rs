//! Why was a REST message refused, and with which code?
//!
//! X-Road itself answers most of these mistakes with `internal_error`. The codes here are in its words, and tell one
//! mistake from another. An error names the part and what was expected, never a value of the message.

use thiserror::Error;

use crate::transport::xroad::fault::reported;

/// What is wrong with a message, for the integrator who has to put it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RestError {
    /// What was recorded is not a head of HTTP/1.1.
    #[error("the message must begin with a line of HTTP/1.1 and headers, an empty line after them")]
    Head,
    /// The method is not one that X-Road passes on.
    #[error("the method must be one of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT and TRACE")]
    Method,
    /// The path does not begin with a version of the protocol that there is.
    #[error("the path must begin with `/r1/`")]
    Version,
    /// The path does not have the parts of a service's identifier.
    #[error(
        "the path must have instance, class, member, subsystem and service after `/r1`, none of them empty"
    )]
    Path,
    /// A part of the path or of a header is not percent-encoded UTF-8.
    #[error("{part} must be UTF-8 in percent-encoding, part by part")]
    Encoding {
        /// The path or the header.
        part: &'static str,
    },
    /// A header that must be there is not.
    #[error("header `{header}` is missing")]
    Missing {
        /// The header.
        header: &'static str,
    },
    /// A header stands twice.
    #[error("header `{header}` stands more than once")]
    Repeated {
        /// The header.
        header: &'static str,
    },
    /// A header's value is not text of ASCII, or is empty.
    #[error("header `{header}` must have a value of printable ASCII")]
    Value {
        /// The header.
        header: &'static str,
    },
    /// A header holds a personal identity code. Headers are logged on the way.
    #[error("header `{header}` must not hold a personal identity code")]
    Personal {
        /// The header.
        header: &'static str,
    },
    /// `X-Road-Client` is not an identifier.
    #[error("header `X-Road-Client` must be instance, class, member and perhaps subsystem, separated by `/`")]
    Client,
    /// `X-Road-Service` is not an identifier.
    #[error(
        "header `X-Road-Service` must be instance, class, member, subsystem and service, separated by `/`"
    )]
    Service,
    /// `X-Road-Security-Server` is not an identifier.
    #[error("header `X-Road-Security-Server` must be instance, class, member and server, separated by `/`")]
    SecurityServer,
    /// `X-Road-Represented-Party` is not one.
    #[error("header `X-Road-Represented-Party` must be a code, or a class and a code separated by `/`")]
    RepresentedParty,
    /// There is a body of which nothing says what it is.
    #[error("a body must have a header `Content-Type`")]
    ContentType,
    /// A header of the answer differs from what was asked.
    #[error("header `{header}` of the answer must be that of the request")]
    NotEchoed {
        /// The header.
        header: &'static str,
    },
    /// A failure of X-Road's is not told as X-Road tells its failures.
    #[error(
        "with `X-Road-Error` an answer must have status 400 for a code of `client`, 500 for one of `server`, and a body with \
         `type`, which is the same code"
    )]
    ErrorBody,
    /// The hash of the request is not one.
    #[error("header `X-Road-Request-Hash` must be the base64 of 64 bytes")]
    RequestHash,
}

impl RestError {
    /// Returns the code, without the prefix that says who found the mistake. It stays the same in every version.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Head => "invalid_http_head",
            Self::Method => "invalid_http_method",
            Self::Version => "invalid_protocol_version",
            Self::Path => "invalid_request_path",
            Self::Encoding { .. } => "invalid_encoding",
            Self::Missing { .. } => "missing_header_field",
            Self::Repeated { .. } => "duplicate_header_field",
            Self::Value { .. } | Self::Personal { .. } => "invalid_header_field",
            Self::Client => "invalid_client_identifier",
            Self::Service => "invalid_service_identifier",
            Self::SecurityServer => "invalid_security_server",
            Self::RepresentedParty => "invalid_represented_party",
            Self::ContentType => "invalid_content_type",
            Self::NotEchoed { .. } => "inconsistent_response",
            Self::ErrorBody => "invalid_error_body",
            Self::RequestHash => "invalid_request_hash",
        }
    }
}

/// What the caller would be told by X-Road. `Display` is the full code.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RestFault {
    /// The request is refused by the client's security server.
    #[error("client.{}", .0.code())]
    Request(#[source] RestError),
    /// The answer does not fit the request, or is none.
    #[error("server.clientproxy.service_failed.{}", .0.code())]
    Answer(#[source] RestError),
    /// The answer is a failure of X-Road, with this code.
    #[error("{}", reported(.0))]
    Passed(String),
}

impl RestFault {
    /// Returns what is wrong in words, unless the answer was a failure itself.
    #[must_use]
    pub fn reason(&self) -> Option<RestError> {
        match self {
            Self::Request(error) | Self::Answer(error) => Some(*error),
            Self::Passed(_) => None,
        }
    }
}
