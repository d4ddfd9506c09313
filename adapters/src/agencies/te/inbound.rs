//! How is a message of the employment services authenticated, and how is it answered?
//!
//! | what came of it | HTTP | answer |
//! | --- | --- | --- |
//! | applied | 200 | `paivitaLaheteResponse` |
//! | refused for good | 200 | non-technical fault with the gateway's reason code |
//! | refused for now | 500 | technical fault `server.serverproxy.service_disabled`: X-Road callers try again on it, and know that nothing has happened |
//! | cannot be read | 500 | technical fault `client.…` |
//! | not authenticated | 403 | technical fault `client.ssl_authentication_failed` |

use http::{StatusCode, header};
use uuid::Uuid;

use super::{EmploymentServices, codes, update, wire};
use crate::transport::xroad::soap::{
    CONTENT_TYPE, SoapMessage, SoapWriteError, check_content_type, check_request, check_soap_action,
    write_answer, write_fault, write_non_technical_fault,
};
use crate::{Inbound, InboundError, InboundEvent, InboundOutcome, Reply, Retry};

/// X-Road's code of a service that is switched off for the moment.
const COME_BACK_LATER: &str = "server.serverproxy.service_disabled";
/// X-Road's code of a client that does not show the certificate that belongs to it.
const NOT_AUTHENTICATED: &str = "client.ssl_authentication_failed";
/// X-Road's code of a body that is not as its service describes it.
const INVALID_BODY: &str = "client.invalid_body";
/// X-Road's code of a service that is not offered.
const UNKNOWN_SERVICE: &str = "client.unknown_service";

impl EmploymentServices {
    pub(super) fn read_inbound(&self, inbound: &Inbound<'_>) -> Result<InboundEvent, InboundError> {
        let expected = "a client certificate that is pinned in `inbound_certificate_sha256`";
        if !inbound.peer.is_some_and(|peer| self.pins.contains(&peer)) {
            return Err(InboundError::Unauthenticated { expected });
        }
        let message = read_soap(inbound)?;
        let headers = message.headers();
        // The whole identifier: other subsystems of the same member, a city's social services say, are others.
        if headers.client != self.office {
            let expected = "the office's own X-Road subsystem, that of `service`, as `client` of the message";
            return Err(InboundError::Unauthenticated { expected });
        }
        let service = &headers.service;
        let ours = *service.provider() == self.client
            && service.service_code() == update::SERVICE
            && service.service_version() == Some(wire::VERSION);
        if !ours {
            return Err(malformed(
                UNKNOWN_SERVICE,
                "`paivitaLahete`, version `v1`, of the gateway's own subsystem",
            ));
        }
        update::read(message.body()).map_err(|expected| malformed(INVALID_BODY, expected))
    }
}

/// Words an answer.
pub(super) fn reply(inbound: &Inbound<'_>, outcome: &InboundOutcome) -> Reply {
    match outcome {
        InboundOutcome::Unreadable(InboundError::Unauthenticated { expected }) => {
            let written = write_fault(NOT_AUTHENTICATED, &format!("expected {expected}"), Uuid::nil());
            answer(StatusCode::FORBIDDEN, written)
        }
        InboundOutcome::Unreadable(InboundError::Malformed { code, expected }) => {
            fault(code, &format!("expected {expected}"), Uuid::nil())
        }
        InboundOutcome::Applied { .. }
        | InboundOutcome::Sent { .. }
        | InboundOutcome::PlanTaken { .. }
        | InboundOutcome::Refused { .. } => match read_soap(inbound) {
            Ok(message) => reply_to(&message, outcome),
            Err(_) => fault(INVALID_BODY, "the message cannot be read", Uuid::nil()),
        },
    }
}

fn reply_to(message: &SoapMessage, outcome: &InboundOutcome) -> Reply {
    let written = match outcome {
        InboundOutcome::Applied { state, sequence } => write_answer(message, wire::NAMESPACE, |writer| {
            writer
                .element("tns:tila", codes::state(*state).unwrap_or_default())
                .element("tns:tapahtumanumero", &sequence.to_string());
        }),
        InboundOutcome::Refused { reason, hint, retry: Retry::Never } => {
            write_non_technical_fault(message, wire::NAMESPACE, reason, hint)
        }
        InboundOutcome::Refused {
            hint, retry: Retry::Backoff | Retry::After(_) | Retry::FindOut, ..
        } => {
            let detail = update::read(message.body()).map_or(Uuid::nil(), |event| event.message);
            return fault(COME_BACK_LATER, hint, detail);
        }
        InboundOutcome::Unreadable(_) | InboundOutcome::Sent { .. } | InboundOutcome::PlanTaken { .. } => {
            return fault(INVALID_BODY, "the message cannot be read", Uuid::nil());
        }
    };
    answer(StatusCode::OK, written)
}

fn fault(code: &str, string: &str, detail: Uuid) -> Reply {
    answer(StatusCode::INTERNAL_SERVER_ERROR, write_fault(code, string, detail))
}

fn answer(status: StatusCode, written: Result<Vec<u8>, SoapWriteError>) -> Reply {
    match written {
        Ok(body) => Reply { status, content_type: CONTENT_TYPE, body },
        // Only a text that XML cannot carry comes here, and the gateway's own texts are not such.
        Err(_) => {
            Reply { status: StatusCode::INTERNAL_SERVER_ERROR, content_type: CONTENT_TYPE, body: Vec::new() }
        }
    }
}

fn read_soap(inbound: &Inbound<'_>) -> Result<SoapMessage, InboundError> {
    let header = |name| match inbound.headers.get(name) {
        // A value that is no text fits nothing.
        Some(value) => Some(value.to_str().unwrap_or("?")),
        None => None,
    };
    let action = header(header::HeaderName::from_static("soapaction"));
    // No attachments are expected, and none are looked into: what is read is the whole body.
    let is_multipart =
        header(header::CONTENT_TYPE).is_some_and(|value| value.trim_start().starts_with("multipart/"));
    if is_multipart {
        return Err(malformed("client.invalid_content_type", "`text/xml`, without attachments"));
    }
    check_content_type(header(header::CONTENT_TYPE))
        .and_then(|()| check_soap_action(action))
        .map_err(|error| malformed(&format!("client.{}", error.code()), &error.to_string()))?;
    check_request(inbound.body).map_err(|fault| {
        let expected = fault.reason().map_or("a request, not a fault".to_owned(), ToString::to_string);
        malformed(&fault.code(), &expected)
    })
}

fn malformed(code: &str, expected: &str) -> InboundError {
    InboundError::Malformed { code: code.to_owned(), expected: expected.to_owned() }
}
