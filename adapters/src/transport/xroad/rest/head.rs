//! Which headers of X-Road does a REST message have?

use std::fmt;

use http::header::{self, HeaderMap, HeaderName};
use polku_proto::identity::has_hetu;

use super::error::RestError;
use super::segment::decode;
use super::{CLIENT, ID, ISSUE, REPRESENTED_PARTY, SECURITY_SERVER, SERVICE, USER_ID};
use crate::transport::xroad::id::{ClientId, RepresentedParty, SecurityServerId, ServiceId};

/// The headers of a request, as a provider reads them. `Debug` shows who asks only.
#[derive(Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who asks.
    pub client: ClientId,
    /// Which service is asked, where the security server says so.
    pub service: Option<ServiceId>,
    /// The message's own id; a security server gives it one where the client has not.
    pub id: Option<String>,
    /// The person on whose behalf the message is sent, with a country prefix.
    pub user_id: Option<String>,
    /// The case or document that gave rise to the message.
    pub issue: Option<String>,
    /// The party for whom the client acts.
    pub represented_party: Option<RepresentedParty>,
    /// The security server that shall answer.
    pub security_server: Option<SecurityServerId>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Asked").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Reads the headers of a request.
///
/// # Errors
/// A header is missing, stands twice, is not what it should be, or holds a personal identity code.
pub fn read_asked(headers: &HeaderMap) -> Result<Asked, RestError> {
    only(headers, "Content-Type", &header::CONTENT_TYPE)?;
    let client = only(headers, "X-Road-Client", &CLIENT)?;
    Ok(Asked {
        client: read_client(client.ok_or(RestError::Missing { header: "X-Road-Client" })?)?,
        service: only(headers, "X-Road-Service", &SERVICE)?.map(read_service).transpose()?,
        id: impersonal(headers, "X-Road-Id", &ID)?,
        user_id: impersonal(headers, "X-Road-UserId", &USER_ID)?,
        issue: impersonal(headers, "X-Road-Issue", &ISSUE)?,
        represented_party: only(headers, "X-Road-Represented-Party", &REPRESENTED_PARTY)?
            .map(read_party)
            .transpose()?,
        security_server: only(headers, "X-Road-Security-Server", &SECURITY_SERVER)?
            .map(read_security_server)
            .transpose()?,
    })
}

/// Says whether a message has this content type, once, in UTF-8.
#[must_use]
pub fn is_content_type(headers: &HeaderMap, expected: &str) -> bool {
    let Ok(Some(value)) = only(headers, "Content-Type", &header::CONTENT_TYPE) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let is_charset = |parameter: &str| parameter.to_ascii_lowercase().starts_with("charset=");
    let is_utf8 = |parameter: &str| {
        let charset = parameter.split_once('=').map_or("", |(_, charset)| charset.trim_matches('"'));
        charset.eq_ignore_ascii_case("utf-8")
    };
    essence.eq_ignore_ascii_case(expected) && parts.filter(|part| is_charset(part)).all(is_utf8)
}

/// Gives the value of a header that stands at most once.
pub(super) fn only<'h>(
    headers: &'h HeaderMap,
    written: &'static str,
    name: &HeaderName,
) -> Result<Option<&'h str>, RestError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(RestError::Repeated { header: written });
    }
    let text = value.to_str().ok().filter(|text| !text.trim().is_empty());
    text.map(Some).ok_or(RestError::Value { header: written })
}

/// The same, if it names nobody.
fn impersonal(
    headers: &HeaderMap,
    written: &'static str,
    name: &HeaderName,
) -> Result<Option<String>, RestError> {
    let value = only(headers, written, name)?;
    if value.is_some_and(has_hetu) {
        return Err(RestError::Personal { header: written });
    }
    Ok(value.map(str::to_owned))
}

pub(super) fn read_client(value: &str) -> Result<ClientId, RestError> {
    let parts = decoded(value, "header `X-Road-Client`")?;
    let client = match parts.as_slice() {
        [instance, class, code] => ClientId::new(instance, class, code, None),
        [instance, class, code, subsystem] => ClientId::new(instance, class, code, Some(subsystem)),
        _ => return Err(RestError::Client),
    };
    client.map_err(|_| RestError::Client)
}

pub(super) fn read_service(value: &str) -> Result<ServiceId, RestError> {
    service_of(&decoded(value, "header `X-Road-Service`")?).ok_or(RestError::Service)
}

/// Reads the five parts of a service's identifier.
pub(super) fn service_of(parts: &[String]) -> Option<ServiceId> {
    let [instance, class, code, subsystem, service] = parts else { return None };
    let provider = ClientId::new(instance, class, code, Some(subsystem)).ok()?;
    ServiceId::new(provider, service, None).ok()
}

pub(super) fn decoded(value: &str, part: &'static str) -> Result<Vec<String>, RestError> {
    value.split('/').map(|segment| decode(segment).ok_or(RestError::Encoding { part })).collect()
}

fn read_party(value: &str) -> Result<RepresentedParty, RestError> {
    let parts = decoded(value, "header `X-Road-Represented-Party`")?;
    if parts.iter().any(|part| part.trim().is_empty()) {
        return Err(RestError::RepresentedParty);
    }
    if parts.iter().any(|part| has_hetu(part)) {
        return Err(RestError::Personal { header: "X-Road-Represented-Party" });
    }
    match parts.as_slice() {
        [code] => Ok(RepresentedParty { class: None, code: code.clone() }),
        [class, code] => Ok(RepresentedParty { class: Some(class.clone()), code: code.clone() }),
        _ => Err(RestError::RepresentedParty),
    }
}

fn read_security_server(value: &str) -> Result<SecurityServerId, RestError> {
    match decoded(value, "header `X-Road-Security-Server`")?.as_slice() {
        [instance, class, code, server] => SecurityServerId::new(instance, class, code, server),
        _ => return Err(RestError::SecurityServer),
    }
    .map_err(|_| RestError::SecurityServer)
}
