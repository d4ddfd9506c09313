//! Would the security servers on both sides let this exchange through?
//!
//! The prefix of a code says who found the mistake: `client` for a request that our own security server refuses,
//! `server.clientproxy.service_failed` for an answer that does not fit the request.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::VERSION;
use super::answer::{read_echo, read_error};
use super::error::{RestError, RestFault};
use super::head::{Asked, decoded, read_asked, service_of};
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

/// Says whether a recorded request is one of REST: a line of HTTP whose path begins with a version, `/r1/` say.
#[must_use]
pub fn is_rest(request: &[u8]) -> bool {
    let line = request.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let mut words = line.trim_end().split(' ');
    let (Some(_), Some(target), Some(protocol)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let version = target.strip_prefix("/r").and_then(|rest| rest.split(['/', '?']).next());
    let is_version = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    protocol.starts_with("HTTP/1.") && version.is_some_and(is_version)
}

/// Checks a request recorded from the wire, its line and headers before the body, and its answer if there is one.
#[must_use]
pub fn check_exchange(request: &[u8], response: Option<&[u8]>) -> RestVerdict {
    let checked = read_request(request).map_err(RestFault::Request).and_then(|(service, asked)| {
        response.map_or(Ok(()), |response| check_answer(&service, &asked, response))
    });
    match checked {
        Ok(()) => RestVerdict::Accept,
        Err(fault) => RestVerdict::Reject(fault),
    }
}

fn read_request(bytes: &[u8]) -> Result<(ServiceId, Asked), RestError> {
    let (line, headers, body) = split(bytes)?;
    let [method, target, "HTTP/1.1" | "HTTP/1.0"] = line.split(' ').collect::<Vec<_>>()[..] else {
        return Err(RestError::Head);
    };
    if !METHODS.contains(&method) {
        return Err(RestError::Method);
    }
    let service = read_target(target)?;
    let asked = read_asked(&headers)?;
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

fn check_answer(service: &ServiceId, asked: &Asked, bytes: &[u8]) -> Result<(), RestFault> {
    let (line, headers, body) = split(bytes).map_err(RestFault::Answer)?;
    let status = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "));
    let status = status.and_then(|rest| rest.split(' ').next()).map(str::as_bytes);
    let status = status.and_then(|code| StatusCode::from_bytes(code).ok());
    let status = status.ok_or(RestFault::Answer(RestError::Head))?;
    if let Some(error) = read_error(status, &headers, body).map_err(RestFault::Answer)? {
        return Err(RestFault::Passed(error.code().to_owned()));
    }
    read_echo(&headers, &asked.client, service, asked.id.as_deref()).map_err(RestFault::Answer)?;
    if !body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        return Err(RestFault::Answer(RestError::ContentType));
    }
    Ok(())
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
