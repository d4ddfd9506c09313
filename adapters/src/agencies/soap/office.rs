//! What does a call over X-Road come to?

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use polku_proto::AgencyId;

use super::inbound::Protocol;
use crate::agencies::answer::Failure;
use crate::agencies::xroad::{Represented, user};
use crate::transport::http::{Answer, HttpClient};
use crate::transport::xml::{Element, XmlLimits, XmlWriter};
use crate::transport::xroad::id::{ClientId, ServiceId};
use crate::transport::xroad::soap::{
    self, CONTENT_TYPE, Envelope, Fault, HASH_ALGORITHM, Headers, Reached, RequestHash, Retry, XroadFault,
    accept_answer, request_hash, write_request,
};
use crate::{AdapterErrorKind, Evidence, Receipt, Rehearsal, Understood};

/// An agency's office, reached through the gateway's own security server.
#[derive(Debug)]
pub(in crate::agencies) struct Office {
    /// The agency's id.
    pub(in crate::agencies) agency: AgencyId,
    /// The way to the security server.
    pub(in crate::agencies) http: HttpClient,
    /// Its address.
    pub(in crate::agencies) url: Uri,
    /// The gateway's own member or subsystem: who calls, and who offers the services for the office.
    pub(in crate::agencies) client: ClientId,
    /// The office's member or subsystem: whose services are called, and who may call the gateway's.
    pub(in crate::agencies) office: ClientId,
    /// `userId` where nobody in particular speaks, with the country prefix.
    pub(in crate::agencies) user_id: String,
    /// For whom the gateway acts.
    pub(in crate::agencies) represented: Represented,
    /// SHA-256 of the certificates that may call the inbound endpoint.
    pub(in crate::agencies) pins: Vec<[u8; 32]>,
    /// What the bodies look like.
    pub(in crate::agencies) protocol: &'static Protocol,
}

/// A message to an office, ready to be written.
pub(in crate::agencies) trait Outgoing: Sync {
    /// Says what of it stands in the headers.
    fn head(&self) -> Head<'_>;
    /// Fills the body's element, which is named after the service. The prefix `tns` is bound to the namespace.
    fn fill(&self, writer: &mut XmlWriter);
}

/// What a message says in its headers. Never anything about the young person.
#[derive(Debug, Clone, Copy)]
pub(in crate::agencies) struct Head<'m> {
    /// The code of the service that takes the message in.
    pub(in crate::agencies) service: &'static str,
    /// `id`: the id of the message, the same in every attempt; of a question whether one has arrived another each time.
    pub(in crate::agencies) id: &'m str,
    /// `issue`: the referral, plan or question that it is about.
    pub(in crate::agencies) issue: Option<&'m str>,
    /// `userId`: the professional whose word it is, without the country prefix.
    pub(in crate::agencies) professional: Option<&'m str>,
    /// `representedParty`: the agency for whom the gateway acts.
    pub(in crate::agencies) sender: Option<&'m AgencyId>,
}

/// An answer that belongs to its request, and refuses nothing.
#[derive(Debug)]
pub(in crate::agencies) struct Accepted {
    /// The body's element.
    pub(in crate::agencies) body: Element,
    /// What X-Road says of the exchange.
    evidence: Evidence,
}

impl Accepted {
    /// Reads the receipt that it is.
    pub(in crate::agencies) fn receipt(
        self,
        read: impl FnOnce(&Element) -> Result<Receipt, Failure>,
    ) -> Result<Receipt, Failure> {
        Ok(Receipt { evidence: self.evidence, ..read(&self.body)? })
    }
}

impl Office {
    /// Sends a message and gives the answer.
    pub(in crate::agencies) async fn exchange(&self, message: &impl Outgoing) -> Result<Accepted, Failure> {
        let headers = self.headers(message)?;
        let request = Bytes::from(self.word(&headers, message)?);
        let hash = request_hash(&request);
        let mut http = Request::new(request);
        *http.method_mut() = http::Method::POST;
        *http.uri_mut() = self.url.clone();
        http.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        http.headers_mut().insert("soapaction", HeaderValue::from_static("\"\""));
        let answer = self.http.send(http).await?;
        self.read(&headers, &hash, &answer)
    }

    /// Writes a message, and says how its answer is read.
    pub(in crate::agencies) fn rehearse<'a>(
        &'a self,
        message: &impl Outgoing,
        read: impl Fn(Accepted) -> Result<Understood, Failure> + Send + 'a,
    ) -> Result<Rehearsal<'a>, Failure> {
        let headers = self.headers(message)?;
        let body = Bytes::from(self.word(&headers, message)?);
        let (id, hash) = (headers.id.clone(), request_hash(&body));
        let read = move |answer: &Answer| {
            let understood = self.read(&headers, &hash, answer).and_then(&read);
            understood.map_err(|failure| failure.of(&self.agency))
        };
        Ok(Rehearsal { id, body, read: Box::new(read) })
    }

    /// Writes a message.
    #[cfg(test)]
    pub(in crate::agencies) fn write(&self, message: &impl Outgoing) -> Result<Vec<u8>, Failure> {
        self.word(&self.headers(message)?, message)
    }

    /// Gives the headers of a message, which its answer is compared with.
    pub(in crate::agencies) fn headers(&self, message: &impl Outgoing) -> Result<Headers, Failure> {
        let Head { service, id, issue, professional, sender } = message.head();
        let service = ServiceId::new(self.office.clone(), service, Some(self.protocol.version))
            .map_err(|error| Failure::new(UNWRITABLE, error))?;
        let mut headers = Headers::new(self.client.clone(), service, id);
        headers.user_id = Some(professional.and_then(user).unwrap_or_else(|| self.user_id.clone()));
        headers.represented_party = Some(self.represented.party(sender));
        headers.issue = issue.map(str::to_owned);
        Ok(headers)
    }

    fn word(&self, headers: &Headers, message: &impl Outgoing) -> Result<Vec<u8>, Failure> {
        let request = write_request(headers, self.protocol.namespace, |writer| message.fill(writer))
            .map_err(|error| Failure::new(UNWRITABLE, error))?;
        // Whoever reads it has the same limit: too late to find out there.
        if request.len() > XmlLimits::default().bytes {
            return Err(UNWRITABLE.into());
        }
        Ok(request)
    }

    /// Reads an answer to a request that was fully written.
    pub(in crate::agencies) fn read(
        &self,
        asked: &Headers,
        hash: &str,
        answer: &Answer,
    ) -> Result<Accepted, Failure> {
        if answer.status != StatusCode::OK {
            return Err(not_ok(answer));
        }
        let accepted = accept_answer(asked, hash, &answer.body).map_err(refused)?;
        if let Some(fault) = accepted.non_technical_fault() {
            return Err(Failure::rejected(fault.code()));
        }
        // The answer's own was held against it.
        let hashed = accepted.headers().request_hash.as_ref();
        let is_checked = |hash: &&RequestHash| hash.algorithm.as_deref() == Some(HASH_ALGORITHM);
        let request_hash = hashed.filter(is_checked).map(|_| hash.to_owned());
        // The name of the body's element is that of the answer to this service.
        let body = accepted.into_body();
        if body.namespace() != self.protocol.namespace {
            return Err(UNUSABLE.into());
        }
        Ok(Accepted { body, evidence: Evidence { request_id: None, request_hash } })
    }
}

/// A message that X-Road cannot carry.
const UNWRITABLE: AdapterErrorKind = AdapterErrorKind::Unwritable { what: "soap message" };
/// An answer that cannot be used leaves it open whether the message was taken in.
const UNUSABLE: AdapterErrorKind = AdapterErrorKind::Unanswered;

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
        XroadFault::Request(_) | XroadFault::RequestIsFault(_) => UNWRITABLE,
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
