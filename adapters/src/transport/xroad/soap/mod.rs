//! How is a service called in X-Road's SOAP message protocol 4.0?
//!
//! A message is read as a security server reads it, so that what is accepted and refused here is accepted and
//! refused there, with the same code. Where X-Road is lenient and leniency would let two readers see two
//! messages (two bodies, two headers), this reader refuses.

mod check;
mod error;
mod fault;
mod header;
mod http;
mod multipart;
mod parse;
mod write;

pub use super::fault::{FailedAt, FaultClass, Reached, Retry, classify, normalise};
pub use super::id::RepresentedParty;
pub use check::{
    Verdict, XroadFault, accept_answer, check_exchange, check_request, check_response, request_hash,
};
pub use error::{FaultCode, SoapError};
pub use fault::{Fault, NonTechnicalFault};
pub use header::{Headers, RequestHash};
pub use http::{CONTENT_TYPE, check_content_type, check_soap_action, soap_action};
pub use parse::{Envelope, Header, SoapMessage, parse};
pub use write::{SoapWriteError, write_answer, write_fault, write_non_technical_fault, write_request};

/// The namespace of the SOAP 1.1 envelope; X-Road speaks no other.
pub const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The namespace of X-Road's header fields.
pub const XROAD: &str = "http://x-road.eu/xsd/xroad.xsd";
/// The namespace of the parts of identifiers.
pub const IDENTIFIERS: &str = "http://x-road.eu/xsd/identifiers";
/// The namespace of the header `representedParty`.
pub const REPRESENTATION: &str = "http://x-road.eu/xsd/representation.xsd";
/// The protocol version that is written.
pub const PROTOCOL_VERSION: &str = "4.0";
/// The algorithm of the request hash, SHA-512.
pub const HASH_ALGORITHM: &str = "http://www.w3.org/2001/04/xmlenc#sha512";

#[cfg(test)]
mod tests;
