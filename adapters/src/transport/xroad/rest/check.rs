//! Would the security servers on both sides let this exchange through?
//!
//! The prefix of a code says who found the mistake: `client` for a request that our own security server refuses,
//! `server.clientproxy.service_failed` for an answer that does not fit the request.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::answer::{XroadError, read_echo, read_error};
use super::error::{RestError, RestFault};
use super::head::{Asked, decoded, is_content_type, read_asked, service_of};
use super::{CLIENT, VERSION};
use crate::transport::xml::{XmlLimits, read_document};
use crate::transport::xroad::fault::normalise;
use crate::transport::xroad::id::ServiceId;

const METHODS: [&str; 8] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// The outcome of checking an exchange. `Display` is `accept` or `reject CODE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestVerdict {
    /// Both security servers let the messages through.
    Accept,
    /// One of them does not.
    Reject(RestFault),
}

impl fmt::Display for RestVerdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => formatter.write_str("accept"),
            Self::Reject(fault) => write!(formatter, "reject {fault}"),
        }
    }
}

/// Says whether a recorded request is one of REST: a line of HTTP whose path begins with a version, `/r1/` say, or which
/// has the header `X-Road-Client` below it. SOAP has neither.
#[must_use]
pub fn is_rest(request: &[u8]) -> bool {
    let mut lines = request.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let line = lines.next().and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default();
    let mut words = line.split(' ');
    let (Some(_), Some(target), Some(protocol)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let is_client = |line: &[u8]| {
        let name = line.split(|byte| *byte == b':').next();
        name.is_some_and(|name| name.eq_ignore_ascii_case(CLIENT.as_str().as_bytes()))
    };
    protocol.starts_with("HTTP/1.")
        && (has_version(target) || lines.take_while(|line| !line.is_empty()).any(is_client))
}

/// Says whether a path begins with a version of the protocol. What a client sends to its security server does; what a
/// provider gets from its own stands under whatever address the provider has told it.
fn has_version(target: &str) -> bool {
    let version = target.strip_prefix("/r").and_then(|rest| rest.split(['/', '?']).next());
    version.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Checks a request recorded from the wire, its line and headers before the body, and its answer if there is one: as a
/// client sends it and is answered, or, under another path than one of REST, as a provider gets it and answers.
#[must_use]
pub fn check_exchange(request: &[u8], response: Option<&[u8]>) -> RestVerdict {
    let checked = read_request(request).map_err(RestFault::Request).and_then(|(service, asked)| {
        response.map_or(Ok(()), |response| check_answer(service.as_ref(), &asked, response))
    });
    match checked {
        Ok(()) => RestVerdict::Accept,
        Err(fault) => RestVerdict::Reject(fault),
    }
}

/// The service is in the path of what a client sends alone.
fn read_request(bytes: &[u8]) -> Result<(Option<ServiceId>, Asked), RestError> {
    let (line, headers, body) = split(bytes)?;
    let [method, target, "HTTP/1.1" | "HTTP/1.0"] = line.split(' ').collect::<Vec<_>>()[..] else {
        return Err(RestError::Head);
    };
    if !METHODS.contains(&method) {
        return Err(RestError::Method);
    }
    let service = if has_version(target) { Some(read_target(target)?) } else { None };
    let asked = read_asked(&headers)?;
    // Whoever sends it may leave it to the security server to give it one.
    if service.is_none() && asked.id.is_none() {
        return Err(RestError::Missing { header: "X-Road-Id" });
    }
    if !body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        return Err(RestError::ContentType);
    }
    Ok((service, asked))
}

fn read_target(target: &str) -> Result<ServiceId, RestError> {
    let path = target.split('?').next().unwrap_or_default();
    let mut parts = path.split('/');
    if parts.next() != Some("") || parts.next() != Some(VERSION) {
        return Err(RestError::Version);
    }
    let encoding = "the path";
    let parts = decoded(&parts.collect::<Vec<_>>().join("/"), encoding)?;
    let service = parts.get(..5).and_then(service_of).ok_or(RestError::Path)?;
    let query = target.split_once('?').map_or("", |(_, query)| query);
    // A query may have what a path's part may, and `/` and `?`.
    decoded(&query.replace('?', "/"), "the query").map(|_| service)
}

/// A provider puts no header of X-Road to its answer: its security server does.
fn check_answer(service: Option<&ServiceId>, asked: &Asked, bytes: &[u8]) -> Result<(), RestFault> {
    let (line, headers, body) = split(bytes).map_err(RestFault::Answer)?;
    let status = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "));
    let status = status.and_then(|rest| rest.split(' ').next()).map(str::as_bytes);
    let status = status.and_then(|code| StatusCode::from_bytes(code).ok());
    let status = status.ok_or(RestFault::Answer(RestError::Head))?;
    if let Some(service) = service {
        if let Some(error) = read_error(status, &headers, body).map_err(RestFault::Answer)? {
            if !is_told(&error, status, &headers, body) {
                return Err(RestFault::Answer(RestError::ErrorBody));
            }
            return Err(RestFault::Passed(error.code().to_owned()));
        }
        read_echo(&headers, &asked.client, service, asked.id.as_deref()).map_err(RestFault::Answer)?;
    }
    if !body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        return Err(RestFault::Answer(RestError::ContentType));
    }
    Ok(())
}

/// Whether a failure is told as X-Road tells its own: the status is the one of its code's prefix, and the body has the
/// code. The body is in JSON, or in XML for who has asked for that.
fn is_told(error: &XroadError, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> bool {
    let code = normalise(error.code());
    let expected = match code.split('.').next() {
        Some("client") => StatusCode::BAD_REQUEST,
        Some("server") => StatusCode::INTERNAL_SERVER_ERROR,
        Some(_) | None => return false,
    };
    let is_xml = ["text/xml", "application/xml"].into_iter().any(|xml| is_content_type(headers, xml));
    let is_same = || {
        let document = read_document(body, &XmlLimits::default()).ok()?;
        Some(normalise(document.text_of("type")?) == code)
    };
    status == expected && if is_xml { is_same() == Some(true) } else { error.is_told() }
}

/// Splits a message into its first line, its headers and its body.
fn split(bytes: &[u8]) -> Result<(&str, HeaderMap, &[u8]), RestError> {
    let mut rest = bytes;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (line, after) = rest.split_at_checked(end)?;
        rest = after.get(1..)?;
        std::str::from_utf8(line).ok().map(|line| line.strip_suffix('\r').unwrap_or(line))
    };
    let first = line().ok_or(RestError::Head)?;
    let mut headers = HeaderMap::new();
    loop {
        let header = line().ok_or(RestError::Head)?;
        if header.is_empty() {
            return Ok((first, headers, rest));
        }
        let (name, value) = header.split_once(':').ok_or(RestError::Head)?;
        let name: HeaderName = name.parse().map_err(|_| RestError::Head)?;
        let value = HeaderValue::from_str(value.trim()).map_err(|_| RestError::Head)?;
        headers.append(name, value);
    }
}
