//! How do social services take referrals in, and tell about them? FHIR R4 over X-Road REST; see README.md.

mod answers;
mod codes;
mod inbound;
mod organisations;
mod query;
mod read;
mod settings;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use polku_policy::{Authorised, Decision, Reader as Eyes};
use polku_proto::v1::{AgencyFacts, DataCategory, Delivery, FactsQuery};
use polku_proto::{AgencyId, CategorySet, MessageId};
use uuid::Uuid;

use self::answers::{Cause, Refusal};
use self::inbound::FHIR_JSON;
use self::organisations::Organisations;
use self::query::Question;
use self::settings::Settings;
use self::write::Message;
use crate::agencies::answer::Failure;
use crate::agencies::envelope::Envelope;
use crate::agencies::xroad::question_id;
use crate::agencies::xroad_rest::{Ask, XroadRest, refused};
use crate::registry::{BuildError, Kind, Matter};
use crate::transport::http::{HttpClient, Network};
use crate::transport::xroad::rest::{Content, Provided};
use crate::{
    Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Inbound, InboundError, InboundOutcome, Receipt,
    Received, Redelivery, Rehearsal, Reply, ReplyContext, Understood, Words,
};

#[cfg(test)]
mod tests;

/// The adapter of the social services of one wellbeing services county.
#[derive(Debug)]
struct SocialServices {
    agency: AgencyId,
    way: XroadRest,
    organisations: Organisations,
    redelivery: Redelivery,
}

/// What the adapter can do.
pub const KIND: Kind = Kind {
    id: "social",
    name: "social services of a wellbeing services county",
    speaks: "HL7 FHIR R4 over X-Road REST r1",
    delivers: &Matter::ALL,
    fetches: CategorySet::of(&[
        DataCategory::ServiceAttendance,
        DataCategory::EducationWork,
        DataCategory::SocialSituation,
        DataCategory::HealthCapacity,
        DataCategory::ServiceNeeds,
        DataCategory::JointPlan,
        DataCategory::GuidanceNotes,
        DataCategory::Housing,
        DataCategory::BenefitsIncome,
        DataCategory::OutcomeMeasures,
        DataCategory::QualityOfLife,
    ]),
    receives: &[Matter::Referral, Matter::StateChange, Matter::Information, Matter::PlanPart],
    build,
};

/// Makes the adapter of an agency of kind `social` from its table.
///
/// # Errors
/// The table does not fit, or a file in it cannot be used.
fn build(
    agency: AgencyId,
    mut table: toml::Table,
    network: &Network,
) -> Result<Arc<dyn Adapter>, BuildError> {
    let way = XroadRest::take(&mut table, network)?;
    let settings: Settings = table.try_into()?;
    let organisations = settings.organisations()?;
    Ok(Arc::new(SocialServices { agency, way, organisations, redelivery: settings.redelivery }))
}

#[async_trait]
impl Adapter for SocialServices {
    fn agency(&self) -> &AgencyId {
        &self.agency
    }

    fn connections(&self) -> Vec<&HttpClient> {
        vec![self.way.connection()]
    }

    fn redelivery(&self) -> Redelivery {
        self.redelivery
    }

    async fn deliver(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<Receipt, AdapterError> {
        let result = match self.word(delivery, now) {
            Ok(message) => {
                let exchanged = self.way.exchange(Post::delivering(&message).ask()).await;
                exchanged.and_then(|provided| receipt(&provided, message.id, message.entries))
            }
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| failure.of(&self.agency))
    }

    fn rehearse(&self, words: Words, now: Timestamp) -> Result<Rehearsal<'_>, AdapterError> {
        let rehearsed = match words {
            Words::Delivery(delivery) => self.word(delivery, now).and_then(|message| {
                let (id, entries) = (message.id, message.entries);
                let post = Post::delivering(&message);
                self.way.rehearse(post.ask(), &self.agency, move |provided| {
                    receipt(provided, id, entries).map(Understood::Receipt)
                })
            }),
            Words::Status(id) => {
                self.way.rehearse(Post::inquiring(id, now).ask(), &self.agency, move |provided| {
                    status(provided, id).map(Understood::Status)
                })
            }
            Words::Question(query) => self.question(query, now).and_then(|question| {
                let ask = Post::asking(&question).ask();
                let (person, categories) = (question.person.clone(), question.categories);
                self.way.rehearse(ask, &self.agency, move |provided| {
                    let facts = self.facts(provided, &person, categories, now);
                    facts.map(|facts| Understood::Facts(Box::new(facts)))
                })
            }),
        };
        rehearsed.map_err(|failure| failure.of(&self.agency))
    }

    async fn status(&self, message: &MessageId, now: Timestamp) -> Result<DeliveryStatus, AdapterError> {
        let exchanged = self.way.exchange(Post::inquiring(*message, now).ask()).await;
        let status = exchanged.and_then(|provided| status(&provided, *message));
        status.map_err(|failure| failure.of(&self.agency))
    }

    async fn fetch(
        &self,
        query: Authorised<FactsQuery>,
        now: Timestamp,
    ) -> Result<AgencyFacts, AdapterError> {
        let result = match self.question(query, now) {
            Ok(question) => {
                let exchanged = self.way.exchange(Post::asking(&question).ask()).await;
                exchanged
                    .and_then(|provided| self.facts(&provided, &question.person, question.categories, now))
            }
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| failure.of(&self.agency))
    }

    fn receive(&self, inbound: &Inbound<'_>) -> Result<Received, InboundError> {
        let reader = inbound::reader(&self.agency, &self.organisations);
        inbound::receive(&self.way, reader, inbound).map(Received::from)
    }

    fn reply(&self, _: &ReplyContext, outcome: &InboundOutcome, _: Uuid) -> Reply {
        inbound::reply(outcome)
    }
}

/// The service of social services over X-Road: the base of their FHIR interface.
const SERVICE: &str = "fhir";
/// What a search is written in.
const FORM: &str = "application/x-www-form-urlencoded";

impl SocialServices {
    /// Spends the permit, and words what it permits.
    fn word(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<Message, Failure> {
        let spent = delivery.spend(&Eyes::Agency(self.agency.clone()), now);
        let (delivery, decision) =
            spent.map_err(|mismatch| Failure::new(AdapterErrorKind::PermitMismatch, mismatch))?;
        self.message(delivery, &decision, now)
    }

    fn message(&self, delivery: Delivery, decision: &Decision, now: Timestamp) -> Result<Message, Failure> {
        let unwritable = |_| Failure::from(AdapterErrorKind::Unwritable { what: "recipient" });
        let other: AgencyId = match delivery.sender == self.agency.as_str() {
            true => delivery.recipient.parse().map_err(unwritable)?,
            false => delivery.sender.parse().map_err(unwritable)?,
        };
        let envelope = Envelope::open(delivery)?;
        Ok(Message::of(envelope, &self.agency, &other, &self.organisations, decision, now)?)
    }

    /// Spends the permit, and words the question.
    fn question(&self, query: Authorised<FactsQuery>, now: Timestamp) -> Result<Question, Failure> {
        let spent = query.spend(&Eyes::Agency(self.agency.clone()), now);
        let (query, _) =
            spent.map_err(|mismatch| Failure::new(AdapterErrorKind::PermitMismatch, mismatch))?;
        Ok(Question::of(query, &self.organisations)?)
    }

    fn facts(
        &self,
        provided: &Provided,
        person: &str,
        categories: CategorySet,
        now: Timestamp,
    ) -> Result<AgencyFacts, Failure> {
        let reader = inbound::reader(&self.agency, &self.organisations);
        match provided.status {
            StatusCode::OK => {
                reader.facts(&provided.body, person, categories, now).ok_or_else(Failure::unusable)
            }
            _ => Err(unwilling(provided)),
        }
    }
}

fn receipt(provided: &Provided, message: MessageId, entries: usize) -> Result<Receipt, Failure> {
    match provided.status {
        StatusCode::OK => {
            let receipt = answers::read_receipt(&provided.body, message, entries).ok_or(UNUSABLE)?;
            Ok(Receipt { evidence: provided.evidence.clone(), ..receipt })
        }
        _ => Err(unwilling(provided)),
    }
}

fn status(provided: &Provided, message: MessageId) -> Result<DeliveryStatus, Failure> {
    match provided.status {
        StatusCode::OK => answers::read_status(&provided.body, message).ok_or(UNUSABLE.into()),
        _ => Err(unwilling(provided)),
    }
}

/// What is posted to social services: everything is.
struct Post<'a> {
    path: &'a [&'a str],
    id: String,
    sender: Option<&'a AgencyId>,
    professional: Option<&'a str>,
    issue: Option<String>,
    content_type: &'static str,
    body: Bytes,
}

impl<'a> Post<'a> {
    fn delivering(message: &'a Message) -> Self {
        let Message { id, issue, speaker, professional, body, entries: _ } = message;
        Self {
            path: &[],
            id: id.to_string(),
            sender: Some(speaker),
            professional: professional.as_deref(),
            issue: Some(issue.clone()),
            content_type: FHIR_JSON,
            body: body.clone(),
        }
    }

    fn inquiring(message: MessageId, now: Timestamp) -> Self {
        let condition = format!("_tag={}%7C{message}", codes::MESSAGE.replace(':', "%3A"));
        Self {
            path: &["Provenance", "_search"],
            id: question_id(&message, now),
            sender: None,
            professional: None,
            issue: None,
            content_type: FORM,
            body: condition.into(),
        }
    }

    fn asking(question: &'a Question) -> Self {
        let Question { id, requester, professional, categories: _, person: _, body } = question;
        Self {
            path: &["$person-facts"],
            id: id.to_string(),
            sender: Some(requester),
            professional: professional.as_deref(),
            issue: Some(id.to_string()),
            content_type: FHIR_JSON,
            body: body.clone(),
        }
    }

    fn ask(self) -> Ask<'a> {
        let Post { path, id, sender, professional, issue, content_type, body } = self;
        Ask {
            method: Method::POST,
            service: SERVICE,
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            query: Vec::new(),
            id,
            sender,
            professional,
            issue,
            accept: FHIR_JSON,
            content: Some(Content { content_type, bytes: body }),
            headers: HeaderMap::new(),
        }
    }
}

/// An answer that cannot be used leaves it open whether the message was taken in.
const UNUSABLE: AdapterErrorKind = AdapterErrorKind::Unanswered;

/// Reads an answer other than the documented good ones.
fn unwilling(provided: &Provided) -> Failure {
    let refusal = answers::read_error(&provided.body);
    let after = provided.retry_after;
    match (&refusal, provided.status) {
        (Some(Refusal { cause: Cause::TimedOut, .. }), _) | (_, StatusCode::REQUEST_TIMEOUT) => {
            UNUSABLE.into()
        }
        // Somebody else was at work on the same record, or the cause passes: the same message can be taken in later.
        (Some(_), StatusCode::CONFLICT) => AdapterErrorKind::Unavailable { after }.into(),
        (Some(Refusal { cause: Cause::Passing, .. }), status) if status.is_client_error() => {
            AdapterErrorKind::Unavailable { after }.into()
        }
        (_, _) => refused(provided, refusal.as_ref().map(|refusal| refusal.code.as_str())),
    }
}
