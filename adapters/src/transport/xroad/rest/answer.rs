//! Whose answer is it: the provider's, or X-Road's own failure?

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use polku_proto::identity::has_hetu;
use serde::Deserialize;
use thiserror::Error;

use super::error::RestError;
use super::head::{only, read_client, read_service};
use super::{CLIENT, Call, ERROR, ID, REQUEST_HASH, REQUEST_ID, SERVICE};
use crate::Evidence;
use crate::transport::http::Answer;
use crate::transport::xroad::fault::{FaultClass, Reached, Retry, classify, normalise, reported};
use crate::transport::xroad::id::{ClientId, ServiceId};

/// SHA-512, in bytes.
const HASH_BYTES: usize = 64;
/// A longer id is not kept: X-Road's own is a UUID.
const REQUEST_ID_BYTES: usize = 128;

/// What a provider has answered, good or bad. `Debug` shows the status only.
#[derive(Clone)]
pub struct Provided {
    /// Status code.
    pub status: StatusCode,
    /// How long the provider wants to be left alone, if it says so. At most a day.
    pub retry_after: Option<Duration>,
    /// Body.
    pub body: Bytes,
    /// What the security servers say of the exchange. The caller cannot check it: the hash covers headers in an order
    /// that the caller does not know.
    pub evidence: Evidence,
}

/// A failure of X-Road itself. Nothing of its text is kept: that can hold internal addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XroadError {
    code: String,
    told: bool,
}

/// There is no answer of the provider's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// X-Road says that it has failed.
    #[error("X-Road failed with code {}", reported(.0.code()))]
    Xroad(XroadError),
    /// The answer does not come from X-Road, or belongs to another request.
    #[error("the answer does not belong to the request")]
    Foreign(#[source] RestError),
}

impl XroadError {
    /// Returns the code as X-Road spells it. It is somebody else's text.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Says whether the body says it too, in the protocol's own form.
    pub(super) fn is_told(&self) -> bool {
        self.told
    }

    /// Returns where it failed and whether to try again. A failure that is not told in the protocol's own form may be
    /// anybody's word: then the request may have arrived.
    #[must_use]
    pub fn class(&self) -> FaultClass {
        let class = classify(&self.code);
        if self.told {
            class
        } else {
            FaultClass { retry: Retry::Never, reached: Reached::Possibly, ..class }
        }
    }
}

/// Reads the answer to a call.
///
/// # Errors
/// X-Road has failed, or the answer does not belong to the call.
pub fn read_answer(call: &Call, answer: &Answer) -> Result<Provided, AnswerError> {
    let Answer { status, headers, body } = answer;
    if let Some(error) = read_error(*status, headers, body).map_err(AnswerError::Foreign)? {
        return Err(AnswerError::Xroad(error));
    }
    let evidence = read_echo(headers, &call.client, &call.service, Some(&call.id));
    Ok(Provided {
        status: *status,
        retry_after: answer.retry_after(),
        body: body.clone(),
        evidence: evidence.map_err(AnswerError::Foreign)?,
    })
}

/// Reads X-Road's own failure, if the answer is one.
pub(super) fn read_error(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<XroadError>, RestError> {
    let Some(code) = only(headers, "X-Road-Error", &ERROR)? else { return Ok(None) };
    // The same failure in XML comes only to who asks for it, and we do not.
    let told =
        serde_json::from_slice(body).is_ok_and(|Told { r#type }: Told| normalise(&r#type) == normalise(code));
    let fails = status.is_client_error() || status.is_server_error();
    Ok(Some(XroadError { code: code.to_owned(), told: told && fails }))
}

/// Reads what the security servers have put to an answer: it must be to this request.
pub(super) fn read_echo(
    headers: &HeaderMap,
    client: &ClientId,
    service: &ServiceId,
    id: Option<&str>,
) -> Result<Evidence, RestError> {
    let must = |written, name| only(headers, written, name)?.ok_or(RestError::Missing { header: written });
    // What was sent comes back as it was sent: only what does not is read to be compared.
    let echoed = must("X-Road-Client", &CLIENT)?;
    if !is_written(echoed, parts(client)) && read_client(echoed)? != *client {
        return Err(RestError::NotEchoed { header: "X-Road-Client" });
    }
    let echoed = must("X-Road-Service", &SERVICE)?;
    let service_parts = parts(service.provider()).chain([service.service_code()]);
    let is_service = service.service_version().is_none() && is_written(echoed, service_parts);
    if !is_service && read_service(echoed)? != *service {
        return Err(RestError::NotEchoed { header: "X-Road-Service" });
    }
    let own_id = must("X-Road-Id", &ID)?;
    if id.is_some_and(|id| id != own_id) {
        return Err(RestError::NotEchoed { header: "X-Road-Id" });
    }
    let hash = only(headers, "X-Road-Request-Hash", &REQUEST_HASH)?;
    if !hash.is_none_or(is_hash) {
        return Err(RestError::RequestHash);
    }
    let request_id = only(headers, "X-Road-Request-Id", &REQUEST_ID)?;
    let has_form = |id: &&str| id.len() <= REQUEST_ID_BYTES && !has_hetu(id);
    Ok(Evidence {
        request_id: request_id.filter(has_form).map(str::to_owned),
        request_hash: hash.map(str::to_owned),
    })
}

/// Whether this is a hash in base64, of which the last group has two characters of four.
fn is_hash(text: &str) -> bool {
    let mut bytes = [0; HASH_BYTES + 2];
    STANDARD.decode_slice(text, &mut bytes) == Ok(HASH_BYTES)
}

fn parts(client: &ClientId) -> impl Iterator<Item = &str> {
    let member = [client.instance(), client.member_class(), client.member_code()];
    member.into_iter().chain(client.subsystem_code())
}

/// Whether these parts stand there with nothing in them that is encoded.
fn is_written<'a>(value: &str, parts: impl Iterator<Item = &'a str>) -> bool {
    let is_plain =
        |byte: u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/');
    value.bytes().all(is_plain) && value.split('/').eq(parts)
}

/// The body of X-Road's own failure; `message` and `detail` stay unread.
#[derive(Deserialize)]
struct Told {
    r#type: String,
}

impl fmt::Debug for Provided {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Provided").field("status", &self.status).finish_non_exhaustive()
    }
}
