//! How does a Walmu-like case management take referrals in, and tell about them? REST; see README.md.

mod codes;
mod content;
mod facts;
mod items;
mod plan;
mod settings;
mod token;
mod told;
mod webhook;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use jiff::Timestamp;
use polku_policy::{Authorised, Reader};
use polku_proto::v1::{AgencyFacts, DataCategory, Delivery, FactsQuery};
use polku_proto::{AgencyId, CategorySet, MessageId};
use ring::hmac;
use tokio::time::Instant;
use uuid::Uuid;

use self::facts::Asked;
use self::settings::{Credentials, Settings};
use self::token::{Token, Tokens};
use self::wire::Message;
use crate::adapter::ReadAnswer;
use crate::agencies::answer::Failure;
use crate::agencies::envelope::Envelope;
use crate::registry::{BuildError, Kind, Matter};
use crate::setting::https_url;
use crate::transport::http::{Answer, HttpClient, Network};
use crate::{
    Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Inbound, InboundError, InboundOutcome, Receipt,
    Received, Redelivery, Rehearsal, Reply, ReplyContext, Understood, Words,
};

#[cfg(test)]
mod tests;

/// The adapter of one case management.
#[derive(Debug)]
struct CaseManagement {
    agency: AgencyId,
    http: HttpClient,
    base: String,
    access: Access,
    webhook_key: hmac::Key,
    redelivery: Redelivery,
}

/// How the gateway is let in.
#[derive(Debug)]
enum Access {
    /// With an access token in every request.
    Token(Box<Tokens>),
    /// With its certificate, which the connection has.
    Certificate,
}

/// A message of the case management that cannot be read: what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Misread(&'static str);

/// What the adapter can do.
pub const KIND: Kind = Kind {
    id: "walmu",
    name: "case management of a youth workshop",
    speaks: "REST JSON, OAuth 2.0 or mutual TLS, signed webhooks",
    delivers: &[
        Matter::Referral,
        Matter::StateChange,
        Matter::Information,
        Matter::ConsentWithdrawal,
        Matter::PlanPart,
    ],
    fetches: CategorySet::of(&[
        DataCategory::ServiceAttendance,
        DataCategory::ServiceNeeds,
        DataCategory::JointPlan,
        DataCategory::GuidanceNotes,
    ]),
    receives: &[Matter::Referral, Matter::StateChange, Matter::Information, Matter::PlanPart],
    build,
};

/// Makes the adapter of an agency of kind `walmu` from its table.
///
/// # Errors
/// The table does not fit, or a file in it cannot be used.
fn build(agency: AgencyId, table: toml::Table, network: &Network) -> Result<Arc<dyn Adapter>, BuildError> {
    let settings: Settings = table.try_into()?;
    let base_url = https_url("base_url", &settings.base_url)?;
    let access = match settings.credentials()? {
        Credentials::Certificate => Access::Certificate,
        Credentials::Client { token_url, id, secret, scope } => {
            let http = HttpClient::new(&token_url, &settings.connection, network)?;
            Access::Token(Box::new(Tokens::new(http, token_url, &id, &secret, &scope)))
        }
    };
    Ok(Arc::new(CaseManagement {
        agency,
        webhook_key: webhook::key(&settings.webhook_secret()?),
        access,
        redelivery: settings.redelivery,
        http: HttpClient::new(&base_url, &settings.connection, network)?,
        base: base_url.to_string().trim_end_matches('/').to_owned(),
    }))
}

#[async_trait]
impl Adapter for CaseManagement {
    fn agency(&self) -> &AgencyId {
        &self.agency
    }

    fn connections(&self) -> Vec<&HttpClient> {
        let tokens = match &self.access {
            Access::Token(tokens) => Some(tokens.connection()),
            Access::Certificate => None,
        };
        std::iter::once(&self.http).chain(tokens).collect()
    }

    fn redelivery(&self) -> Redelivery {
        self.redelivery
    }

    async fn deliver(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<Receipt, AdapterError> {
        let result = match self.word(delivery, now) {
            Ok((id, message)) => self.send(id, message, now).await,
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| failure.of(&self.agency))
    }

    fn rehearse(&self, words: Words, now: Timestamp) -> Result<Rehearsal<'_>, AdapterError> {
        let of = |failure: Failure| failure.of(&self.agency);
        let (body, read): (Vec<u8>, ReadAnswer<'_>) = match words {
            Words::Delivery(delivery) => {
                let (_, message) = self.word(delivery, now).map_err(of)?;
                (message.body, Box::new(move |answer| receipt(answer).map(Understood::Receipt).map_err(of)))
            }
            Words::Status(_) => {
                (Vec::new(), Box::new(move |answer| status(answer).map(Understood::Status).map_err(of)))
            }
            Words::Question(query) => {
                let (asked, body) = self.question(query, now).map_err(of)?;
                let read = move |answer: &Answer| {
                    let facts = self.facts(answer, &asked);
                    facts.map(|facts| Understood::Facts(Box::new(facts))).map_err(of)
                };
                (body, Box::new(read))
            }
        };
        Ok(Rehearsal { id: String::new(), body: body.into(), read })
    }

    async fn status(&self, message: &MessageId, now: Timestamp) -> Result<DeliveryStatus, AdapterError> {
        let status = self.ask(message, now).await;
        status.map_err(|failure| failure.of(&self.agency))
    }

    async fn fetch(
        &self,
        query: Authorised<FactsQuery>,
        now: Timestamp,
    ) -> Result<AgencyFacts, AdapterError> {
        let result = match self.question(query, now) {
            Ok((asked, body)) => self.find(&asked, body, now).await,
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| failure.of(&self.agency))
    }

    fn receive(&self, inbound: &Inbound<'_>) -> Result<Received, InboundError> {
        webhook::receive(&self.webhook_key, &self.agency, inbound).map(Received::from)
    }

    fn reply(&self, _: &ReplyContext, outcome: &InboundOutcome, _: Uuid) -> Reply {
        webhook::reply(outcome)
    }
}

impl CaseManagement {
    /// Spends the permit, and words what it permits. With the id of the message, which does not stand in its body.
    fn word(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<(MessageId, Message), Failure> {
        let spent = delivery.spend(&Reader::Agency(self.agency.clone()), now);
        let (delivery, decision) =
            spent.map_err(|mismatch| Failure::new(AdapterErrorKind::PermitMismatch, mismatch))?;
        let envelope = Envelope::open(delivery)?;
        let id = envelope.message;
        Ok((id, Message::of(envelope, &self.agency, &decision)?))
    }

    async fn send(&self, id: MessageId, message: Message, now: Timestamp) -> Result<Receipt, Failure> {
        let mut request = post(uri(&self.base, &message.path)?, message.body);
        let key = HeaderValue::try_from(id.to_string()).map_err(|_| unwritable("message_id"))?;
        request.headers_mut().insert("idempotency-key", key);
        let answer = self.exchange(request, now).await?;
        match answer.status {
            StatusCode::CONFLICT => self.conflict(&answer, id, now).await,
            _ => receipt(&answer),
        }
    }

    /// An earlier attempt has arrived with other contents: the permission was another one then. Only if there was
    /// none is the conflict a refusal.
    async fn conflict(&self, answer: &Answer, id: MessageId, now: Timestamp) -> Result<Receipt, Failure> {
        match self.ask(&id, now).await {
            Ok(DeliveryStatus::Arrived(receipt)) => Ok(receipt),
            Ok(DeliveryStatus::NotArrived) => Err(refused(answer)),
            Err(Failure { source, .. }) => Err(Failure { kind: AdapterErrorKind::Unanswered, source }),
        }
    }

    /// Spends the permit, and words the question, with what its answer is held against.
    fn question(&self, query: Authorised<FactsQuery>, now: Timestamp) -> Result<(Asked, Vec<u8>), Failure> {
        let spent = query.spend(&Reader::Agency(self.agency.clone()), now);
        let (query, _) =
            spent.map_err(|mismatch| Failure::new(AdapterErrorKind::PermitMismatch, mismatch))?;
        Ok(facts::ask(query)?)
    }

    async fn find(&self, asked: &Asked, body: Vec<u8>, now: Timestamp) -> Result<AgencyFacts, Failure> {
        let request = post(uri(&self.base, "/asiakkaat/haku")?, body);
        self.facts(&self.exchange(request, now).await?, asked)
    }

    fn facts(&self, answer: &Answer, asked: &Asked) -> Result<AgencyFacts, Failure> {
        match answer.status {
            StatusCode::OK => {
                let told = facts::read(&answer.body, asked, &self.agency);
                told.map_err(|Misread(_)| Failure::unusable())
            }
            _ => Err(refused(answer)),
        }
    }

    async fn ask(&self, message: &MessageId, now: Timestamp) -> Result<DeliveryStatus, Failure> {
        status(&self.exchange(inquiry(&self.base, message)?, now).await?)
    }

    /// Sends a request. With a token, if the gateway is known by one, and once more with a new one if that one is
    /// refused: a refused token means that nothing was taken in.
    ///
    /// All of it takes no longer than one call may: whoever waits for it would cut it off otherwise, and not know that
    /// nothing was written. At most half of that time goes by before a token is there, and the message has the rest.
    async fn exchange(&self, request: Request<Bytes>, now: Timestamp) -> Result<Answer, Failure> {
        let Access::Token(tokens) = &self.access else {
            return Ok(self.http.send(request).await?);
        };
        let (began, time) = (Instant::now(), self.http.timeout());
        let (authorised, until) = (began + time / 2, began + time);
        let token = tokens.get(now, authorised).await?;
        let answer = self.http.send_by(with(&request, &token), until).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let token = tokens.replace(&token, now, authorised).await?;
        Ok(self.http.send_by(with(&request, &token), until).await?)
    }
}

fn receipt(answer: &Answer) -> Result<Receipt, Failure> {
    match answer.status {
        StatusCode::OK | StatusCode::CREATED => {
            wire::read_receipt(&answer.body).ok_or(AdapterErrorKind::Unanswered.into())
        }
        _ => Err(refused(answer)),
    }
}

fn status(answer: &Answer) -> Result<DeliveryStatus, Failure> {
    match answer.status {
        StatusCode::OK => wire::read_receipt(&answer.body)
            .map(DeliveryStatus::Arrived)
            .ok_or(AdapterErrorKind::Unanswered.into()),
        // In the case management's own words only: a proxy that has lost its way says 404 as well.
        StatusCode::NOT_FOUND if wire::read_error(&answer.body).is_some() => Ok(DeliveryStatus::NotArrived),
        StatusCode::NOT_FOUND => Err(AdapterErrorKind::Unanswered.into()),
        _ => Err(refused(answer)),
    }
}

fn uri(base: &str, path: &str) -> Result<Uri, Failure> {
    format!("{base}{path}").parse().map_err(|_| unwritable("address"))
}

fn inquiry(base: &str, message: &MessageId) -> Result<Request<Bytes>, Failure> {
    Ok(request(Method::GET, uri(base, &format!("/sanomat/{message}"))?, Bytes::new()))
}

fn request(method: Method, uri: Uri, body: Bytes) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    request
}

fn post(uri: Uri, body: Vec<u8>) -> Request<Bytes> {
    let mut request = request(Method::POST, uri, Bytes::from(body));
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

fn with(request: &Request<Bytes>, token: &Token) -> Request<Bytes> {
    let mut request = request.clone();
    request.headers_mut().insert(header::AUTHORIZATION, token.authorization.clone());
    request
}

fn unwritable(what: &'static str) -> Failure {
    AdapterErrorKind::Unwritable { what }.into()
}

/// Reads an answer other than the documented good ones.
fn refused(answer: &Answer) -> Failure {
    let status = answer.status;
    match status {
        // Not the message is refused but the gateway, or for now: both can be put right.
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::TOO_EARLY
        | StatusCode::TOO_MANY_REQUESTS => {
            AdapterErrorKind::Unavailable { after: answer.retry_after() }.into()
        }
        // A proxy says this too when the case management fell silent behind it, and may have taken the message in.
        StatusCode::SERVICE_UNAVAILABLE
            if answer.retry_after().is_some() || wire::read_error(&answer.body).is_some() =>
        {
            AdapterErrorKind::Unavailable { after: answer.retry_after() }.into()
        }
        StatusCode::REQUEST_TIMEOUT => AdapterErrorKind::Unanswered.into(),
        StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
            let code = wire::read_error(&answer.body).unwrap_or_else(|| format!("HTTP_{}", status.as_u16()));
            Failure::rejected(&code)
        }
        // Any other refusal is one only in the case management's own words: it may come from a proxy.
        _ => match wire::read_error(&answer.body).filter(|_| status.is_client_error()) {
            Some(code) => Failure::rejected(&code),
            None => AdapterErrorKind::Unanswered.into(),
        },
    }
}
