//! How is a request to a service written?

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use thiserror::Error;

use super::segment::encode;
use super::{CLIENT, ID, ISSUE, REPRESENTED_PARTY, USER_ID, VERSION};
use crate::transport::xroad::id::{ClientId, RepresentedParty, ServiceId};

/// A call of a service. `Debug` shows who calls what only.
#[derive(Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Who calls.
    pub client: ClientId,
    /// What is called: a service of a subsystem, without version.
    pub service: ServiceId,
    /// The parts of the path behind the service, each as it is.
    pub path: Vec<String>,
    /// The names and values of the query, each as it is.
    pub query: Vec<(String, String)>,
    /// The message's own id, a UUID.
    pub id: String,
    /// The person on whose behalf the message is sent, with a country prefix.
    pub user_id: String,
    /// The case or document that gave rise to the message.
    pub issue: Option<String>,
    /// The party for whom the client acts.
    pub represented_party: RepresentedParty,
    /// Which content type is understood.
    pub accept: &'static str,
    /// What is sent.
    pub content: Option<Content>,
    /// Further headers, such as those for conditions. X-Road passes them on.
    pub headers: HeaderMap,
}

/// A body and what it is.
#[derive(Clone)]
pub struct Content {
    /// Its type.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A call cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CallError {
    /// The service has no subsystem, or a version.
    #[error("a REST service must be one of a subsystem, without version")]
    Service,
    /// A value cannot stand in a header.
    #[error("header `{header}` cannot have the value")]
    Header {
        /// The header.
        header: &'static str,
    },
    /// A part of the path is empty, or would be taken for a step up or on the spot.
    #[error("a part of the path is empty or consists of dots")]
    Path,
    /// The address of the security server cannot be put before the path.
    #[error("the address cannot be written")]
    Address,
}

impl Call {
    /// Writes the call for the security server at an address, whose path, if it has one, comes first.
    ///
    /// # Errors
    /// Something of the call cannot be written.
    pub fn request(&self, security_server: &Uri) -> Result<Request<Bytes>, CallError> {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = self.method.clone();
        let address = security_server.to_string();
        let uri = format!("{}{}", address.trim_end_matches('/'), self.target()?);
        *request.uri_mut() = uri.parse().map_err(|_| CallError::Address)?;
        let headers = request.headers_mut();
        headers.extend(self.headers.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static(self.accept));
        let parts = |id: &ClientId| id.to_string().split('/').map(encode).collect::<Vec<_>>().join("/");
        put(headers, &CLIENT, "X-Road-Client", Some(&parts(&self.client)))?;
        put(headers, &ID, "X-Road-Id", Some(&self.id))?;
        put(headers, &USER_ID, "X-Road-UserId", Some(&self.user_id))?;
        put(headers, &ISSUE, "X-Road-Issue", self.issue.as_deref())?;
        let RepresentedParty { class, code } = &self.represented_party;
        let party = match class {
            Some(class) => format!("{}/{}", encode(class), encode(code)),
            None => encode(code),
        };
        put(headers, &REPRESENTED_PARTY, "X-Road-Represented-Party", Some(&party))?;
        if let Some(Content { content_type, bytes }) = &self.content {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            *request.body_mut() = bytes.clone();
        }
        Ok(request)
    }

    /// `/r1/{instance}/{class}/{member}/{subsystem}/{service}[/path][?query]`.
    fn target(&self) -> Result<String, CallError> {
        let provider = self.service.provider();
        let (Some(subsystem), None) = (provider.subsystem_code(), self.service.service_version()) else {
            return Err(CallError::Service);
        };
        let service = [
            provider.instance(),
            provider.member_class(),
            provider.member_code(),
            subsystem,
            self.service.service_code(),
        ];
        let mut target = format!("/{VERSION}");
        for part in service.into_iter().chain(self.path.iter().map(String::as_str)) {
            if part.trim_matches('.').is_empty() {
                return Err(CallError::Path);
            }
            target.push('/');
            target.push_str(&encode(part));
        }
        for (place, (name, value)) in self.query.iter().enumerate() {
            target.push(if place == 0 { '?' } else { '&' });
            target.push_str(&format!("{}={}", encode(name), encode(value)));
        }
        Ok(target)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut call = formatter.debug_struct("Call");
        call.field("client", &self.client).field("service", &self.service).finish_non_exhaustive()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Content(redacted)")
    }
}

fn put(
    headers: &mut HeaderMap,
    name: &HeaderName,
    written: &'static str,
    value: Option<&str>,
) -> Result<(), CallError> {
    let Some(value) = value else { return Ok(()) };
    let unwritable = CallError::Header { header: written };
    if value.is_empty() || !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Err(unwritable);
    }
    headers.insert(name.clone(), HeaderValue::from_str(value).map_err(|_| unwritable)?);
    Ok(())
}
