//! How does Kela take referrals in, tell what it holds, and send its own? X-Road REST r1; see README.md.

mod codes;
mod content;
mod facts;
mod inbound;
mod json;
mod plan;
mod referral;
mod settings;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use polku_policy::{Authorised, Reader};
use polku_proto::v1::{AgencyFacts, Delivery, FactsQuery};
use polku_proto::{AgencyId, CategorySet, MessageId};
use uuid::Uuid;

use self::facts::Question;
use self::inbound::{JSON, MAX_BYTES, SERVICE};
use self::settings::{Ages, Settings};
use self::wire::{Coached, Message};
use crate::agencies::answer::Failure;
use crate::agencies::xroad::question_id;
use crate::agencies::xroad_rest::{Ask, Own, XroadRest, refused};
use crate::registry::{BuildError, Kind, Matter};
use crate::transport::http::{HttpClient, Network};
use crate::transport::xroad::rest::{Content, Provided};
use crate::{
    Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Inbound, InboundError, InboundOutcome, Receipt,
    Received, Redelivery, Rehearsal, Reply, ReplyContext, Understood, Words,
};

#[cfg(test)]
mod tests;

/// The code of Kela's service.
const KELAS_SERVICE: &str = "nuorten-palvelut";

/// An answer that cannot be used leaves it open whether the message was taken in.
const UNUSABLE: AdapterErrorKind = AdapterErrorKind::Unanswered;

/// The adapter of Kela.
#[derive(Debug)]
struct Kela {
    agency: AgencyId,
    xroad: XroadRest,
    redelivery: Redelivery,
    /// Who can have Nuotti coaching.
    nuotti: Ages,
}

/// What the adapter can do.
pub const KIND: Kind = Kind {
    id: "kela",
    name: "the Social Insurance Institution",
    speaks: "X-Road REST r1, JSON",
    delivers: &[
        Matter::Referral,
        Matter::StateChange,
        Matter::Information,
        Matter::ConsentWithdrawal,
        Matter::PlanPart,
    ],
    fetches: codes::facts::FETCHED,
    receives: &[Matter::Referral, Matter::StateChange, Matter::Information],
    build,
};

/// Makes the adapter of an agency of kind `kela` from its table.
///
/// # Errors
/// The table does not fit, or a file in it cannot be used.
fn build(
    agency: AgencyId,
    mut table: toml::Table,
    network: &Network,
) -> Result<Arc<dyn Adapter>, BuildError> {
    let xroad = XroadRest::take(&mut table, network)?;
    let settings: Settings = table.try_into()?;
    let nuotti = settings.nuotti()?;
    Ok(Arc::new(Kela { agency, xroad, redelivery: settings.redelivery, nuotti }))
}

#[async_trait]
impl Adapter for Kela {
    fn agency(&self) -> &AgencyId {
        &self.agency
    }

    fn connections(&self) -> Vec<&HttpClient> {
        vec![self.xroad.connection()]
    }

    fn redelivery(&self) -> Redelivery {
        self.redelivery
    }

    async fn deliver(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<Receipt, AdapterError> {
        let result = match self.word(delivery, now) {
            Ok(message) => {
                self.xroad.exchange(delivering(&message)).await.and_then(|provided| receipt(&provided))
            }
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| failure.of(&self.agency))
    }

    fn rehearse(&self, words: Words, now: Timestamp) -> Result<Rehearsal<'_>, AdapterError> {
        let rehearsed = match words {
            Words::Delivery(delivery) => self.word(delivery, now).and_then(|message| {
                self.xroad.rehearse(delivering(&message), &self.agency, |provided| {
                    receipt(provided).map(Understood::Receipt)
                })
            }),
            Words::Status(id) => self.xroad.rehearse(inquiring(&id, now), &self.agency, |provided| {
                status(provided).map(Understood::Status)
            }),
            Words::Question(query) => self.question(query, now).and_then(|question| {
                let ask = asking(&question);
                let (id, asked) = (question.id.clone(), question.asked);
                self.xroad.rehearse(ask, &self.agency, move |provided| {
                    self.facts(provided, &id, asked, now).map(|facts| Understood::Facts(Box::new(facts)))
                })
            }),
        };
        rehearsed.map_err(|failure| failure.of(&self.agency))
    }

    async fn status(&self, message: &MessageId, now: Timestamp) -> Result<DeliveryStatus, AdapterError> {
        let status = match self.redelivery {
            Redelivery::AnswersStatus | Redelivery::Deduplicates => {
                self.xroad.exchange(inquiring(message, now)).await.and_then(|provided| status(&provided))
            }
            Redelivery::Neither => Err(AdapterErrorKind::Unwritable { what: "status query" }.into()),
        };
        status.map_err(|failure| failure.of(&self.agency))
    }

    async fn fetch(
        &self,
        query: Authorised<FactsQuery>,
        now: Timestamp,
    ) -> Result<AgencyFacts, AdapterError> {
        let result = match self.question(query, now) {
            Ok(question) => self
                .xroad
                .exchange(asking(&question))
                .await
                .and_then(|provided| self.facts(&provided, &question.id, question.asked, now)),
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| failure.of(&self.agency))
    }

    fn receive(&self, inbound: &Inbound<'_>) -> Result<Received, InboundError> {
        let own = Own { service: SERVICE, content_type: JSON, max_bytes: MAX_BYTES };
        self.xroad.receive(inbound, own, inbound::read).map(Received::from)
    }

    fn reply(&self, _: &ReplyContext, outcome: &InboundOutcome, _: Uuid) -> Reply {
        inbound::reply(outcome)
    }
}

impl Kela {
    /// Spends the permit, and words what it permits.
    fn word(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<Message, Failure> {
        let spent = delivery.spend(&Reader::Agency(self.agency.clone()), now);
        let (delivery, decision) =
            spent.map_err(|mismatch| Failure::new(AdapterErrorKind::PermitMismatch, mismatch))?;
        let coached = Coached { ages: self.nuotti, now };
        Ok(Message::delivering(delivery, &self.agency, &decision, coached)?)
    }

    /// Spends the permit, and words the question.
    fn question(&self, query: Authorised<FactsQuery>, now: Timestamp) -> Result<Question, Failure> {
        let spent = query.spend(&Reader::Agency(self.agency.clone()), now);
        let (query, _) =
            spent.map_err(|mismatch| Failure::new(AdapterErrorKind::PermitMismatch, mismatch))?;
        Ok(Question::of(query)?)
    }

    fn facts(
        &self,
        provided: &Provided,
        id: &str,
        asked: CategorySet,
        now: Timestamp,
    ) -> Result<AgencyFacts, Failure> {
        match provided.status {
            StatusCode::OK => {
                facts::read(&provided.body, id, asked, &self.agency, now).ok_or_else(Failure::unusable)
            }
            _ => Err(refusal(provided)),
        }
    }
}

fn receipt(provided: &Provided) -> Result<Receipt, Failure> {
    match provided.status {
        StatusCode::CREATED => {
            let receipt = wire::read_receipt(&provided.body).ok_or(UNUSABLE)?;
            Ok(Receipt { evidence: provided.evidence.clone(), ..receipt })
        }
        _ => Err(refusal(provided)),
    }
}

fn status(provided: &Provided) -> Result<DeliveryStatus, Failure> {
    match provided.status {
        StatusCode::OK => {
            wire::read_receipt(&provided.body).map(DeliveryStatus::Arrived).ok_or(UNUSABLE.into())
        }
        StatusCode::NOT_FOUND => Ok(DeliveryStatus::NotArrived),
        _ => Err(refusal(provided)),
    }
}

fn inquiring(message: &MessageId, now: Timestamp) -> Ask<'static> {
    let path = vec!["sanomat".to_owned(), message.to_string()];
    Ask { path, ..plain(Method::GET, question_id(message, now)) }
}

fn delivering(message: &Message) -> Ask<'_> {
    let Message { id, path, issue, sender, professional, body } = message;
    Ask {
        path: vec![(*path).to_owned()],
        sender: Some(sender),
        professional: professional.as_deref(),
        issue: issue.clone(),
        content: Some(Content { content_type: JSON, bytes: Bytes::clone(body) }),
        ..plain(Method::POST, id.clone())
    }
}

fn asking(question: &Question) -> Ask<'_> {
    let Question { id, requester, professional, asked: _, body } = question;
    Ask {
        path: vec!["haku".to_owned()],
        sender: Some(requester),
        professional: professional.as_deref(),
        issue: Some(id.clone()),
        content: Some(Content { content_type: JSON, bytes: Bytes::clone(body) }),
        ..plain(Method::POST, id.clone())
    }
}

fn plain(method: Method, id: String) -> Ask<'static> {
    Ask {
        method,
        service: KELAS_SERVICE,
        path: Vec::new(),
        query: Vec::new(),
        id,
        sender: None,
        professional: None,
        issue: None,
        accept: JSON,
        content: None,
        headers: HeaderMap::new(),
    }
}

fn refusal(provided: &Provided) -> Failure {
    refused(provided, wire::read_error(&provided.body).as_deref())
}
