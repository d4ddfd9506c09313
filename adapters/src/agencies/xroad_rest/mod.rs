//! What do all agencies have in common that speak REST over X-Road?
//!
//! The way there: who asks, for whom, and what an answer means. The way back: whether a message is the agency's own.

mod inbound;
mod settings;

use http::{HeaderMap, Method, StatusCode, Uri};
use polku_proto::AgencyId;
use polku_proto::identity::has_hetu;

use crate::agencies::answer::{Failure, code};
use crate::agencies::xroad::{Represented, user};
use crate::transport::http::{Answer, HttpClient};
use crate::transport::xroad::fault::{Reached, Retry};
use crate::transport::xroad::id::{ClientId, ServiceId};
use crate::transport::xroad::rest::{AnswerError, Call, Content, Provided, XroadError, read_answer};
use crate::{AdapterErrorKind, Rehearsal, Understood};

pub(super) use inbound::Own;

#[cfg(test)]
mod tests;

/// The way to one agency over X-Road, and back.
#[derive(Debug)]
pub(super) struct XroadRest {
    http: HttpClient,
    url: Uri,
    client: ClientId,
    provider: ClientId,
    /// With the country prefix.
    user_id: String,
    represented: Represented,
    pins: Vec<[u8; 32]>,
}

/// What is asked of the agency.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// The code of the service.
    pub(super) service: &'a str,
    /// The parts of the path behind it, each as it is. Never a personal identity code.
    pub(super) path: Vec<String>,
    /// The names and values of the query, each as it is. Never a personal identity code.
    pub(super) query: Vec<(String, String)>,
    /// The message's own id, a UUID. A question whether another message has arrived is a message of its own.
    pub(super) id: String,
    /// The agency for which the gateway speaks, if it speaks for one.
    pub(super) sender: Option<&'a AgencyId>,
    /// That agency's own id of the professional whose word this is.
    pub(super) professional: Option<&'a str>,
    /// The id of the referral, plan or question that it is about.
    pub(super) issue: Option<String>,
    pub(super) accept: &'static str,
    pub(super) content: Option<Content>,
    /// Further headers, such as those for conditions.
    pub(super) headers: HeaderMap,
}

impl XroadRest {
    /// The way to the own security server.
    pub(super) fn connection(&self) -> &HttpClient {
        &self.http
    }

    /// Asks, and gives the provider's answer, good or bad.
    ///
    /// # Errors
    /// There is none; the failure says whether the agency can have seen the message.
    pub(super) async fn exchange(&self, ask: Ask<'_>) -> Result<Provided, Failure> {
        let call = self.call(ask)?;
        let request = call.request(&self.url).map_err(|error| Failure::new(UNWRITABLE, error))?;
        let answer = self.http.send(request).await?;
        read(&call, &answer)
    }

    /// Words the call, and says how its answer is read by the agency's own reader.
    pub(super) fn rehearse<'a>(
        &self,
        ask: Ask<'_>,
        own: &'a AgencyId,
        read_own: impl Fn(&Provided) -> Result<Understood, Failure> + Send + 'a,
    ) -> Result<Rehearsal<'a>, Failure> {
        let call = self.call(ask)?;
        let id = call.id.clone();
        let body = call.content.as_ref().map(|content| content.bytes.clone()).unwrap_or_default();
        let read = move |answer: &Answer| {
            let understood = read(&call, answer).and_then(|provided| read_own(&provided));
            understood.map_err(|failure| failure.of(own))
        };
        Ok(Rehearsal { id, body, read: Box::new(read) })
    }

    /// Words the call.
    pub(super) fn call(&self, ask: Ask<'_>) -> Result<Call, Failure> {
        let Ask { method, service, path, query, id, sender, professional, issue, accept, content, headers } =
            ask;
        let service = ServiceId::new(self.provider.clone(), service, None)
            .map_err(|error| Failure::new(UNWRITABLE, error))?;
        let values = query.iter().flat_map(|(name, value)| [name, value]);
        if path.iter().chain(values).chain(&issue).any(|text| has_hetu(text)) {
            return Err(UNWRITABLE.into());
        }
        Ok(Call {
            method,
            client: self.client.clone(),
            service,
            path,
            query,
            id,
            user_id: professional.and_then(user).unwrap_or_else(|| self.user_id.clone()),
            issue,
            represented_party: self.represented.party(sender),
            accept,
            content,
            headers,
        })
    }
}

const UNWRITABLE: AdapterErrorKind = AdapterErrorKind::Unwritable { what: "X-Road request" };

/// Reads an answer to a request that was fully written.
pub(super) fn read(call: &Call, answer: &Answer) -> Result<Provided, Failure> {
    read_answer(call, answer).map_err(|error| {
        // Whoever says that all is well and is not X-Road has answered nothing that can be used.
        if matches!(error, AnswerError::Foreign(_)) && answer.status.is_success() {
            return Failure::unusable();
        }
        let after = answer.retry_after();
        let kind = match (&error, answer.status) {
            (AnswerError::Xroad(xroad), _) => of_xroad(xroad),
            // Whoever says so did not pass the message on: there is a time to come back at, or a quota.
            (AnswerError::Foreign(_), StatusCode::TOO_MANY_REQUESTS) => {
                AdapterErrorKind::Unavailable { after }
            }
            (AnswerError::Foreign(_), StatusCode::SERVICE_UNAVAILABLE) if after.is_some() => {
                AdapterErrorKind::Unavailable { after }
            }
            // Any other answer may come from a proxy that lost the provider's.
            (AnswerError::Foreign(_), _) => AdapterErrorKind::Unanswered,
        };
        Failure::new(kind, error)
    })
}

fn of_xroad(error: &XroadError) -> AdapterErrorKind {
    let class = error.class();
    match (class.reached, class.retry) {
        (Reached::Possibly, Retry::Later | Retry::Never) => AdapterErrorKind::Unanswered,
        (Reached::No, Retry::Later) => AdapterErrorKind::Unavailable { after: None },
        (Reached::No, Retry::Never) => AdapterErrorKind::Rejected { code: code(error.code()) },
    }
}

/// Reads the agency's own refusal, with the code in it if it could be read.
pub(super) fn refused(provided: &Provided, own_code: Option<&str>) -> Failure {
    let after = provided.retry_after;
    match provided.status {
        // Not the message is refused but the gateway, or for now: both can be put right.
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::TOO_EARLY
        | StatusCode::TOO_MANY_REQUESTS => AdapterErrorKind::Unavailable { after }.into(),
        // A proxy says this too when the agency fell silent behind it, and may have taken the message in.
        StatusCode::SERVICE_UNAVAILABLE if after.is_some() || own_code.is_some() => {
            AdapterErrorKind::Unavailable { after }.into()
        }
        StatusCode::REQUEST_TIMEOUT => AdapterErrorKind::Unanswered.into(),
        // Any other refusal is one only in the agency's own words: it may come from a proxy.
        status => match own_code.filter(|_| status.is_client_error()) {
            Some(own_code) => Failure::rejected(own_code),
            None => AdapterErrorKind::Unanswered.into(),
        },
    }
}
