//! Is a message that came over X-Road the agency's own?
//!
//! The gateway is the provider here, behind its own security server. X-Road puts its headers to the answer itself, so
//! that an answer needs none.

use super::XroadRest;
use crate::agencies::xroad::speaks;
use crate::transport::xroad::id::ServiceId;
use crate::transport::xroad::rest::{is_content_type, read_asked};
use crate::{Inbound, InboundError, InboundEvent};

/// What the agency sends to, and how.
#[derive(Debug, Clone, Copy)]
pub(in crate::agencies) struct Own {
    /// The code of the gateway's service.
    pub(in crate::agencies) service: &'static str,
    /// Its content type.
    pub(in crate::agencies) content_type: &'static str,
    /// Largest body, in bytes.
    pub(in crate::agencies) max_bytes: usize,
}

const NOT_AUTHENTICATED: &str = "a client certificate that is pinned in `inbound_certificate_sha256`";
const NOT_THE_AGENCY: &str = "the agency's own X-Road subsystem, that of `service`, in `X-Road-Client`";

impl XroadRest {
    /// Authenticates a message, says of what comes with it that it fits, and reads the body.
    ///
    /// # Errors
    /// The message is not the agency's own, or does not follow X-Road's protocol, or the agency's.
    pub(in crate::agencies) fn receive(
        &self,
        inbound: &Inbound<'_>,
        own: Own,
        read: impl FnOnce(&[u8]) -> Result<InboundEvent, InboundError>,
    ) -> Result<InboundEvent, InboundError> {
        let user_id = self.authenticate(inbound, own)?;
        let event = read(inbound.body)?;
        speaks(user_id.as_deref(), &event.official, "`X-Road-UserId`")?;
        Ok(event)
    }

    /// Gives the user, if the message names one. The body stays to be read.
    fn authenticate(&self, inbound: &Inbound<'_>, own: Own) -> Result<Option<String>, InboundError> {
        if !inbound.peer.is_some_and(|peer| self.pins.contains(&peer)) {
            return Err(InboundError::Unauthenticated { expected: NOT_AUTHENTICATED });
        }
        let asked =
            read_asked(inbound.headers).map_err(|error| malformed(error.code(), &error.to_string()))?;
        // The whole identifier: other subsystems of the same member are others.
        if asked.client != self.provider {
            return Err(InboundError::Unauthenticated { expected: NOT_THE_AGENCY });
        }
        let is_ours =
            |service: &ServiceId| *service.provider() == self.client && service.service_code() == own.service;
        if !asked.service.as_ref().is_none_or(is_ours) {
            let expected = format!("the gateway's own service `{}` in `X-Road-Service`", own.service);
            return Err(malformed("unknown_service", &expected));
        }
        if asked.id.is_none() {
            return Err(malformed("missing_header_field", "header `X-Road-Id`"));
        }
        if !is_content_type(inbound.headers, own.content_type) {
            let expected = format!("one header `Content-Type: {}`, in UTF-8", own.content_type);
            return Err(malformed("invalid_content_type", &expected));
        }
        if inbound.headers.contains_key(http::header::CONTENT_ENCODING) {
            return Err(malformed("invalid_content_type", "a body without `Content-Encoding`"));
        }
        if inbound.body.len() > own.max_bytes {
            return Err(malformed("invalid_body", &format!("a body of at most {} bytes", own.max_bytes)));
        }
        Ok(asked.user_id)
    }
}

fn malformed(code: &str, expected: &str) -> InboundError {
    InboundError::Malformed { code: format!("client.{code}"), expected: expected.to_owned() }
}
