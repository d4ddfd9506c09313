//! What does a call over X-Road come to?

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};

use super::wire::{self, Message};
use super::{EmploymentServices, UNUSABLE};
use crate::AdapterErrorKind;
use crate::agencies::answer::Failure;
use crate::transport::http::Answer;
use crate::transport::xml::{Element, XmlLimits};
use crate::transport::xroad::id::ServiceId;
use crate::transport::xroad::soap::{
    self, CONTENT_TYPE, Envelope, Fault, Headers, Reached, Retry, XroadFault, accept_answer, write_request,
};

impl EmploymentServices {
    /// Sends a message and gives the body's element of the answer.
    pub(super) async fn exchange(&self, message: &Message) -> Result<Element, Failure> {
        let request = self.write(message)?;
        let mut http = Request::new(Bytes::from(request.clone()));
        *http.method_mut() = http::Method::POST;
        *http.uri_mut() = self.url.clone();
        http.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        http.headers_mut().insert("soapaction", HeaderValue::from_static("\"\""));
        let answer = self.http.send(http).await?;
        read(message, &request, &answer)
    }

    pub(super) fn write(&self, message: &Message) -> Result<Vec<u8>, Failure> {
        let unwritable = AdapterErrorKind::Unwritable { what: "soap message" };
        let service = ServiceId::new(self.office.clone(), message.service(), Some(wire::VERSION))
            .map_err(|error| Failure::new(unwritable.clone(), error))?;
        let mut headers = Headers::new(self.client.clone(), service, message.id());
        headers.user_id.clone_from(&self.user_id);
        headers.represented_party.clone_from(&self.represented_party);
        headers.issue = message.referral().map(str::to_owned);
        write_request(&headers, wire::NAMESPACE, |writer| message.write(writer))
            .map_err(|error| Failure::new(unwritable, error))
    }
}

/// Reads an answer to a request that was fully written.
pub(super) fn read(message: &Message, request: &[u8], answer: &Answer) -> Result<Element, Failure> {
    if answer.status != StatusCode::OK {
        return Err(not_ok(answer));
    }
    let accepted = accept_answer(request, &answer.body).map_err(refused)?;
    if let Some(fault) = accepted.non_technical_fault() {
        return Err(Failure::rejected(fault.code()));
    }
    let body = accepted.body();
    if !body.is(wire::NAMESPACE, &format!("{}Response", message.service())) {
        return Err(UNUSABLE.into());
    }
    Ok(body.clone())
}

/// Reads an answer with a status other than 200: faults come so, and the word of a proxy on the way.
fn not_ok(answer: &Answer) -> Failure {
    if let Ok(Envelope::Fault(fault)) = soap::parse(&answer.body, &XmlLimits::default()) {
        return refused(XroadFault::Passed(fault));
    }
    let after = answer.retry_after();
    match answer.status {
        // Whoever says so did not pass the message on: there is a time to come back at, or a quota.
        StatusCode::TOO_MANY_REQUESTS => AdapterErrorKind::Unavailable { after }.into(),
        StatusCode::SERVICE_UNAVAILABLE if after.is_some() => AdapterErrorKind::Unavailable { after }.into(),
        // Any other status may come from a proxy that lost the answer.
        _ => UNUSABLE.into(),
    }
}

fn refused(fault: XroadFault) -> Failure {
    let kind = match &fault {
        XroadFault::Request(_) | XroadFault::RequestIsFault(_) => {
            AdapterErrorKind::Unwritable { what: "soap message" }
        }
        XroadFault::Answer(_) | XroadFault::Inconsistent(_) => UNUSABLE,
        XroadFault::Passed(passed) => of_fault(passed, &fault.code()),
    };
    Failure::new(kind, fault)
}

fn of_fault(fault: &Fault, code: &str) -> AdapterErrorKind {
    let class = fault.class();
    match (class.reached, class.retry) {
        (Reached::Possibly, Retry::Later | Retry::Never) => UNUSABLE,
        (Reached::No, Retry::Later) => AdapterErrorKind::Unavailable { after: None },
        (Reached::No, Retry::Never) => {
            AdapterErrorKind::Rejected { code: crate::agencies::answer::code(code) }
        }
    }
}
