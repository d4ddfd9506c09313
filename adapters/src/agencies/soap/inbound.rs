//! How is a message of an office authenticated, and how is it answered?
//!
//! | what came of it | HTTP | answer |
//! | --- | --- | --- |
//! | taken in | 200 | the service's response |
//! | refused for good | 200 | non-technical fault with the gateway's reason code |
//! | refused for now | 500 | technical fault `server.serverproxy.service_disabled`: X-Road callers try again on it, and know that nothing has happened; `faultstring` says when |
//! | cannot be read | 500 | technical fault `client.…` |
//! | not authenticated | 500 | technical fault `client.ssl_authentication_failed` |
//!
//! X-Road passes on no other statuses, and of the headers `Content-Type` and `SOAPAction` alone.

use http::StatusCode;
use polku_proto::AgencyId;
use uuid::Uuid;

use super::Office;
use crate::agencies::form::Expected;
use crate::agencies::xroad::speaks;
use crate::transport::xml::{Element, XmlLimits, XmlWriter};
use crate::transport::xroad::rest::is_content_type;
use crate::transport::xroad::soap::{
    CONTENT_TYPE, Envelope, Header, SoapError, SoapMessage, SoapWriteError, XroadFault, check_soap_action,
    parse, write_answer, write_fault, write_non_technical_fault,
};
use crate::{Inbound, InboundError, InboundEvent, InboundOutcome, Received, Reply, ReplyContext, Retry};

/// X-Road's code of a service that is switched off for the moment.
const COME_BACK_LATER: &str = "server.serverproxy.service_disabled";
/// X-Road's code of a client that does not show the certificate that belongs to it.
const NOT_AUTHENTICATED: &str = "client.ssl_authentication_failed";
/// X-Road's code of a body that is not as its service describes it.
const INVALID_BODY: &str = "client.invalid_body";
/// X-Road's code of a content type that is not one of SOAP.
const INVALID_TYPE: &str = "client.invalid_content_type";
/// X-Road's code of a service that is not offered.
const UNKNOWN_SERVICE: &str = "client.unknown_service";

/// What the bodies of an agency's messages look like.
#[derive(Debug)]
pub(in crate::agencies) struct Protocol {
    /// The namespace of all bodies.
    pub(in crate::agencies) namespace: &'static str,
    /// The version of all services.
    pub(in crate::agencies) version: &'static str,
    /// What the gateway offers to the office.
    pub(in crate::agencies) services: &'static [Service],
}

/// A service that the gateway offers.
#[derive(Debug)]
pub(in crate::agencies) struct Service {
    /// Its code, and the name of the body's element.
    pub(in crate::agencies) code: &'static str,
    /// Reads the body's element, of which name and namespace are right, or says which part does not fit and what was
    /// expected there, without a word of what stands there. The id is the sender's, the office's own.
    pub(in crate::agencies) read: fn(&Element, &AgencyId) -> Result<InboundEvent, Expected>,
    /// Fills the answer to a message that was taken in. Refusals are worded here.
    pub(in crate::agencies) answer: fn(&InboundOutcome, &mut XmlWriter),
}

/// What the answer to a message repeats of it.
#[derive(Debug)]
pub(crate) struct Asked {
    header: Header,
    service: &'static Service,
}

impl Office {
    /// Authenticates and reads a message of the office.
    pub(in crate::agencies) fn receive(&self, inbound: &Inbound<'_>) -> Result<Received, InboundError> {
        let expected = "a client certificate that is pinned in `inbound_certificate_sha256`";
        if !inbound.peer.is_some_and(|peer| self.pins.contains(&peer)) {
            return Err(InboundError::Unauthenticated { expected });
        }
        let message = read_soap(inbound)?;
        // The whole identifier: other subsystems of the same member, a city's social services say, are others.
        if message.headers().client != self.office {
            let expected = "the office's own X-Road subsystem, that of `service`, as `client` of the message";
            return Err(InboundError::Unauthenticated { expected });
        }
        let service = self.called(&message).ok_or_else(|| malformed(UNKNOWN_SERVICE, &self.offered()))?;
        let event = self
            .read_body(service, message.body())
            .map_err(|Expected(expected)| malformed(INVALID_BODY, &expected))?;
        speaks(message.headers().user_id.as_deref(), &event.official, "`userId`")?;
        let asked = Asked { header: message.into_header(), service };
        Ok(Received { event, context: ReplyContext(Some(Box::new(asked))) })
    }

    /// Words an answer. The id is that of the message in the gateway's log.
    pub(in crate::agencies) fn reply(
        &self,
        context: &ReplyContext,
        outcome: &InboundOutcome,
        log_id: Uuid,
    ) -> Reply {
        match (outcome, context) {
            (InboundOutcome::Unreadable(InboundError::Unauthenticated { expected }), _) => {
                fault(NOT_AUTHENTICATED, &format!("expected {expected}"), log_id)
            }
            (InboundOutcome::Unreadable(InboundError::Malformed { code, expected }), _) => {
                fault(code, &format!("expected {expected}"), log_id)
            }
            (
                InboundOutcome::Refused {
                    hint,
                    retry: Retry::Backoff | Retry::After(_) | Retry::FindOut,
                    ..
                },
                _,
            ) => fault(COME_BACK_LATER, &later(hint, outcome), log_id),
            (
                InboundOutcome::Applied { .. }
                | InboundOutcome::Sent { .. }
                | InboundOutcome::PlanTaken { .. }
                | InboundOutcome::Refused { .. },
                ReplyContext(None),
            ) => fault(INVALID_BODY, "the message cannot be read", log_id),
            (InboundOutcome::Refused { reason, hint, retry: Retry::Never }, ReplyContext(Some(asked))) => {
                let namespace = self.protocol.namespace;
                answer(StatusCode::OK, write_non_technical_fault(&asked.header, namespace, reason, hint))
            }
            (
                InboundOutcome::Applied { .. }
                | InboundOutcome::Sent { .. }
                | InboundOutcome::PlanTaken { .. },
                ReplyContext(Some(asked)),
            ) => {
                let fill = |writer: &mut XmlWriter| (asked.service.answer)(outcome, writer);
                answer(StatusCode::OK, write_answer(&asked.header, self.protocol.namespace, fill))
            }
        }
    }

    /// The gateway's service that a message calls.
    fn called(&self, message: &SoapMessage) -> Option<&'static Service> {
        let asked = &message.headers().service;
        let ours = *asked.provider() == self.client && asked.service_version() == Some(self.protocol.version);
        let mut services = self.protocol.services.iter();
        services.find(|service| ours && service.code == asked.service_code())
    }

    fn read_body(&self, service: &Service, body: &Element) -> Result<InboundEvent, Expected> {
        if body.is(self.protocol.namespace, service.code) {
            return (service.read)(body, &self.agency);
        }
        let (code, namespace) = (service.code, self.protocol.namespace);
        Err(Expected(format!("`{code}` of namespace `{namespace}` as the body's element")))
    }

    fn offered(&self) -> String {
        let codes: Vec<String> =
            self.protocol.services.iter().map(|service| format!("`{}`", service.code)).collect();
        let (codes, version) = (codes.join(" or "), self.protocol.version);
        format!("{codes}, version `{version}`, of the gateway's own subsystem")
    }
}

/// The hint with the time to come back at, for which X-Road has no header.
fn later(hint: &str, outcome: &InboundOutcome) -> String {
    match outcome.retry_after_seconds() {
        Some(seconds) => format!("{hint}; come back in {seconds} s"),
        None => hint.to_owned(),
    }
}

fn fault(code: &str, string: &str, log_id: Uuid) -> Reply {
    answer(StatusCode::INTERNAL_SERVER_ERROR, write_fault(code, string, log_id))
}

fn answer(status: StatusCode, written: Result<Vec<u8>, SoapWriteError>) -> Reply {
    match written {
        Ok(body) => Reply { status, content_type: CONTENT_TYPE, body, retry_after: None },
        // Only a text that XML cannot carry comes here, and the gateway's own texts are not such.
        Err(_) => Reply {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            content_type: CONTENT_TYPE,
            body: Vec::new(),
            retry_after: None,
        },
    }
}

fn read_soap(inbound: &Inbound<'_>) -> Result<SoapMessage, InboundError> {
    // No attachments are expected, and none are looked into: what is read is the whole body.
    if !is_content_type(inbound.headers, "text/xml") {
        let expected = "one header `Content-Type: text/xml`, in UTF-8, without attachments";
        return Err(malformed(INVALID_TYPE, expected));
    }
    let mut actions = inbound.headers.get_all("soapaction").iter();
    // A value that is no text fits nothing.
    let action = actions.next().map(|value| value.to_str().unwrap_or("?"));
    let action = if actions.next().is_some() { Some("?") } else { action };
    let refused = |error: SoapError| malformed(&format!("client.{}", error.code()), &error.to_string());
    check_soap_action(action).map_err(refused)?;
    match parse(inbound.body, &XmlLimits::default()).map_err(refused)? {
        Envelope::Message(message) => Ok(*message),
        Envelope::Fault(fault) => {
            Err(malformed(&XroadFault::RequestIsFault(fault).code(), "a request, not a fault"))
        }
    }
}

fn malformed(code: &str, expected: &str) -> InboundError {
    InboundError::Malformed { code: code.to_owned(), expected: expected.to_owned() }
}
