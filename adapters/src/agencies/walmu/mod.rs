//! How does a Walmu-like case management take referrals in, and tell about them? REST; see README.md.

mod codes;
mod settings;
mod token;
mod webhook;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use jiff::Timestamp;
use polku_policy::{Authorised, Decision, Reader};
use polku_proto::v1::{AgencyFacts, Delivery, FactsQuery};
use polku_proto::{AgencyId, CategorySet, MessageId};
use ring::hmac;

use self::settings::Settings;
use self::token::{Token, Tokens};
use self::wire::Message;
use crate::agencies::answer::Failure;
use crate::agencies::envelope::Envelope;
use crate::registry::{BuildError, Kind, Matter};
use crate::setting::https_url;
use crate::transport::http::{Answer, HttpClient};
use crate::{
    Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Inbound, InboundError, InboundEvent,
    InboundOutcome, Receipt, Redelivery, Reply,
};

#[cfg(test)]
mod tests;

/// The adapter of one case management.
#[derive(Debug)]
struct CaseManagement {
    agency: AgencyId,
    http: HttpClient,
    base: String,
    tokens: Tokens,
    webhook_key: hmac::Key,
}

/// What the adapter can do.
pub const KIND: Kind = Kind {
    id: "walmu",
    name: "case management of a youth workshop",
    speaks: "REST JSON, OAuth 2.0, signed webhooks",
    delivers: &[Matter::Referral, Matter::StateChange, Matter::Information, Matter::ConsentWithdrawal],
    fetches: CategorySet::EMPTY,
    receives: &[Matter::StateChange],
    build,
};

/// Makes the adapter of an agency of kind `walmu` from its table.
///
/// # Errors
/// The table does not fit, or a file in it cannot be used.
fn build(agency: AgencyId, table: toml::Table) -> Result<Arc<dyn Adapter>, BuildError> {
    let settings: Settings = table.try_into()?;
    let base_url = https_url("base_url", &settings.base_url)?;
    let token_url = https_url("token_url", &settings.token_url)?;
    let secret = settings.client_secret()?;
    let token_client = HttpClient::new(&token_url, &settings.connection)?;
    Ok(Arc::new(CaseManagement {
        agency,
        webhook_key: webhook::key(&settings.webhook_secret()?),
        tokens: Tokens::new(token_client, token_url, settings.client_id()?, &secret),
        http: HttpClient::new(&base_url, &settings.connection)?,
        base: base_url.to_string().trim_end_matches('/').to_owned(),
    }))
}

#[async_trait]
impl Adapter for CaseManagement {
    fn agency(&self) -> &AgencyId {
        &self.agency
    }

    fn redelivery(&self) -> Redelivery {
        Redelivery::Deduplicates
    }

    async fn deliver(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<Receipt, AdapterError> {
        let spent = delivery.spend(&Reader::Agency(self.agency.clone()), now);
        let result = match spent {
            Ok((delivery, decision)) => self.send(delivery, &decision, now).await,
            Err(mismatch) => Err(Failure::new(AdapterErrorKind::PermitMismatch, mismatch)),
        };
        result.map_err(|failure| failure.of(&self.agency))
    }

    async fn status(&self, message: &MessageId, now: Timestamp) -> Result<DeliveryStatus, AdapterError> {
        let status = self.ask(message, now).await;
        status.map_err(|failure| failure.of(&self.agency))
    }

    async fn fetch(&self, _: Authorised<FactsQuery>, _: Timestamp) -> Result<AgencyFacts, AdapterError> {
        Err(Failure::from(AdapterErrorKind::Unwritable { what: "query" }).of(&self.agency))
    }

    fn receive(&self, inbound: &Inbound<'_>) -> Result<InboundEvent, InboundError> {
        webhook::receive(&self.webhook_key, inbound)
    }

    fn reply(&self, _: &Inbound<'_>, outcome: &InboundOutcome) -> Reply {
        webhook::reply(outcome)
    }
}

impl CaseManagement {
    async fn send(
        &self,
        delivery: Delivery,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<Receipt, Failure> {
        let envelope = Envelope::open(delivery)?;
        let id = envelope.message;
        let message = Message::of(envelope, &self.agency, decision)?;
        let mut request = request(Method::POST, self.uri(&message.path)?, Bytes::from(message.body));
        let key = HeaderValue::try_from(id.to_string()).map_err(|_| unwritable("message_id"))?;
        request.headers_mut().insert("idempotency-key", key);
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = self.exchange(request, now).await?;
        match answer.status {
            StatusCode::OK | StatusCode::CREATED => {
                wire::read_receipt(&answer.body).ok_or(AdapterErrorKind::Unanswered.into())
            }
            StatusCode::CONFLICT => self.conflict(&answer, id, now).await,
            _ => Err(refused(&answer)),
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

    async fn ask(&self, message: &MessageId, now: Timestamp) -> Result<DeliveryStatus, Failure> {
        let request = request(Method::GET, self.uri(&format!("/sanomat/{message}"))?, Bytes::new());
        let answer = self.exchange(request, now).await?;
        match answer.status {
            StatusCode::OK => wire::read_receipt(&answer.body)
                .map(DeliveryStatus::Arrived)
                .ok_or(AdapterErrorKind::Unanswered.into()),
            StatusCode::NOT_FOUND => Ok(DeliveryStatus::NotArrived),
            _ => Err(refused(&answer)),
        }
    }

    /// Sends a request with a token, and once more with a new one if that one is refused: a refused token means
    /// that nothing was taken in.
    async fn exchange(&self, request: Request<Bytes>, now: Timestamp) -> Result<Answer, Failure> {
        let token = self.tokens.get(now).await?;
        let answer = self.http.send(with(&request, &token)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let token = self.tokens.replace(&token, now).await?;
        Ok(self.http.send(with(&request, &token)).await?)
    }

    fn uri(&self, path: &str) -> Result<Uri, Failure> {
        format!("{}{path}", self.base).parse().map_err(|_| unwritable("address"))
    }
}

fn request(method: Method, uri: Uri, body: Bytes) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
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
