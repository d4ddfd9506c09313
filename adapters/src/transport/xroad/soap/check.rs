//! Would the security servers on both sides let this exchange through?
//!
//! The prefix of a code says who found the mistake: `client` for a request that our own security server
//! refuses, `server.serverproxy.service_failed` for an answer that the provider's refuses,
//! `server.clientproxy.service_failed` for an answer that ours refuses because it does not fit the request.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use super::fault::Fault;
use super::header::Headers;
use super::http::{check_soap_action, split_recorded, unpack_recorded};
use super::multipart::{Attachments, Unpacked, unpack};
use super::parse::{Envelope, SoapMessage, parse};
use super::{HASH_ALGORITHM, SoapError};
use crate::transport::xml::XmlLimits;
use crate::transport::xroad::fault::reported;

/// What the caller would be told by X-Road. `Display` is the full code.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum XroadFault {
    /// The request is refused by the client's security server.
    #[error("client.{}", .0.code())]
    Request(#[source] SoapError),
    /// The request is itself a fault.
    #[error("client.{}", reported(.0.code()))]
    RequestIsFault(Fault),
    /// The answer is refused by the provider's security server.
    #[error("server.serverproxy.service_failed.{}", .0.code())]
    Answer(#[source] SoapError),
    /// The answer is refused by the client's security server.
    #[error("server.clientproxy.service_failed.{}", .0.code())]
    Inconsistent(#[source] SoapError),
    /// The answer is a fault, passed on as it is.
    #[error("{}", reported(.0.code()))]
    Passed(Fault),
}

impl XroadFault {
    /// Returns the full code in the spelling of X-Road 7.8, or the code of a fault as its sender spells it.
    #[must_use]
    pub fn code(&self) -> String {
        self.to_string()
    }

    /// Returns what is wrong in words, unless the message was a fault.
    #[must_use]
    pub fn reason(&self) -> Option<&SoapError> {
        match self {
            Self::Request(error) | Self::Answer(error) | Self::Inconsistent(error) => Some(error),
            Self::RequestIsFault(_) | Self::Passed(_) => None,
        }
    }
}

/// The outcome of checking an exchange. `Display` is `accept` or `reject CODE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Both security servers let the messages through.
    Accept,
    /// One of them does not.
    Reject(XroadFault),
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => formatter.write_str("accept"),
            Self::Reject(fault) => write!(formatter, "reject {fault}"),
        }
    }
}

/// Statuses of answers that the provider's security server passes on.
const PASSED_ON: [&str; 2] = ["200", "500"];

/// Checks a request, and its answer if there is one, as the security servers on both sides would. Each may be
/// recorded with the HTTP lines before it; then its content type, `SOAPAction` and status are checked too.
#[must_use]
pub fn check_exchange(request: &[u8], response: Option<&[u8]>) -> Verdict {
    let checked = asked(read_recorded_request(request)).and_then(|request| match response {
        Some(response) => answered(request.headers(), read_recorded_answer(response)).map(drop),
        None => Ok(()),
    });
    match checked {
        Ok(()) => Verdict::Accept,
        Err(fault) => Verdict::Reject(fault),
    }
}

/// Reads a request as the client's security server would. Of a message with attachments the first part is
/// read.
///
/// # Errors
/// The request is refused.
pub fn check_request(request: &[u8]) -> Result<SoapMessage, XroadFault> {
    asked(read(request))
}

/// Reads an answer as the provider's and then the client's security server would. As there, the protocol
/// version and the exact name of the body's element are not compared.
///
/// # Errors
/// The answer is refused, or is a technical fault.
pub fn check_response(request: &Headers, response: &[u8]) -> Result<SoapMessage, XroadFault> {
    answered(request, read(response))
}

/// Reads an answer to our own request, given by its headers and its [`request_hash`], as strictly as the protocol is written: beside what
/// [`check_response`] compares, the protocol version, the name of the body's element and, where the answer
/// has one by SHA-512, the hash of the request must fit.
///
/// # Errors
/// The answer is refused, or is a technical fault.
pub fn accept_answer(asked: &Headers, hash: &str, response: &[u8]) -> Result<SoapMessage, XroadFault> {
    let answer = check_response(asked, response)?;
    strictly(hash, asked, &answer).map_err(XroadFault::Inconsistent)?;
    Ok(answer)
}

fn asked(read: Result<Envelope, SoapError>) -> Result<SoapMessage, XroadFault> {
    match read {
        Ok(Envelope::Message(message)) => Ok(*message),
        Ok(Envelope::Fault(fault)) => Err(XroadFault::RequestIsFault(fault)),
        Err(error) => Err(XroadFault::Request(error)),
    }
}

fn answered(request: &Headers, read: Result<Envelope, SoapError>) -> Result<SoapMessage, XroadFault> {
    let answer = match read {
        Ok(Envelope::Message(message)) => *message,
        Ok(Envelope::Fault(fault)) => return Err(XroadFault::Passed(fault)),
        Err(SoapError::NoSoapPart) => return Err(XroadFault::Answer(SoapError::NoSoapAnswer)),
        Err(error) => return Err(XroadFault::Answer(error)),
    };
    match answer.headers().first_difference(request) {
        Some(field) => Err(XroadFault::Inconsistent(SoapError::NotEchoed { field })),
        None => Ok(answer),
    }
}

fn read(bytes: &[u8]) -> Result<Envelope, SoapError> {
    // What is too large is not even searched for parts.
    if bytes.len() > XmlLimits::default().bytes {
        return parse(bytes, &XmlLimits::default());
    }
    read_unpacked(&unpack(bytes)?)
}

fn read_recorded(bytes: &[u8]) -> Result<Envelope, SoapError> {
    let (head, body) = split_recorded(bytes);
    read_unpacked(&unpack_recorded(&head, body)?)
}

fn read_recorded_request(bytes: &[u8]) -> Result<Envelope, SoapError> {
    let (head, _) = split_recorded(bytes);
    check_soap_action(head.soap_action())?;
    read_recorded(bytes)
}

fn read_recorded_answer(bytes: &[u8]) -> Result<Envelope, SoapError> {
    let (head, _) = split_recorded(bytes);
    if head.status().is_some_and(|status| !PASSED_ON.contains(&status)) {
        return Err(SoapError::HttpStatus);
    }
    read_recorded(bytes)
}

/// The message comes first on the wire, so that its mistakes come before those of the attachments.
fn read_unpacked(unpacked: &Unpacked<'_>) -> Result<Envelope, SoapError> {
    match (parse(unpacked.soap, &XmlLimits::default())?, unpacked.attachments) {
        (Envelope::Message(_), Attachments::Untyped) => Err(SoapError::UntypedAttachment),
        (envelope, _) => Ok(envelope),
    }
}

fn strictly(own_hash: &str, asked: &Headers, answer: &SoapMessage) -> Result<(), SoapError> {
    if answer.headers().protocol_version != asked.protocol_version {
        return Err(SoapError::NotEchoed { field: "protocolVersion" });
    }
    let service_code = asked.service.service_code();
    if answer.body().name().strip_suffix("Response") != Some(service_code) {
        return Err(SoapError::NotAnAnswer);
    }
    if let Some(hash) = &answer.headers().request_hash
        && hash.algorithm.as_deref() == Some(HASH_ALGORITHM)
        && hash.value.trim() != own_hash
    {
        return Err(SoapError::RequestHash);
    }
    Ok(())
}

/// Returns the hash that a security server gives of a request, in base64.
#[must_use]
pub fn request_hash(request: &[u8]) -> String {
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA512, request))
}
