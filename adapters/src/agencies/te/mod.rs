//! How do the employment services take referrals in, and tell about them? X-Road SOAP 4.0; see README.md.

mod codes;
mod details;
mod plan;
mod query;
mod referral;
mod sent;
mod settings;
mod update;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use polku_policy::{Authorised, Reader};
use polku_proto::v1::{AgencyFacts, Delivery, FactsQuery};
use polku_proto::{AgencyId, MessageId};
use uuid::Uuid;

use self::settings::Settings;
use self::wire::Message;
use crate::agencies::answer::Failure;
use crate::agencies::soap::Office;
use crate::registry::{BuildError, Kind, Matter};
use crate::transport::http::{HttpClient, Network};
use crate::transport::xml::Element;
use crate::{
    Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Inbound, InboundError, InboundOutcome, Receipt,
    Received, Redelivery, Rehearsal, Reply, ReplyContext, Understood, Words,
};

#[cfg(test)]
mod tests;

/// The adapter of one employment services' office.
#[derive(Debug)]
struct EmploymentServices {
    office: Office,
    redelivery: Redelivery,
}

/// What the adapter can do.
pub const KIND: Kind = Kind {
    id: "te",
    name: "employment services",
    speaks: "X-Road SOAP 4.0",
    delivers: &[
        Matter::Referral,
        Matter::StateChange,
        Matter::Information,
        Matter::ConsentWithdrawal,
        Matter::PlanPart,
    ],
    fetches: query::ANSWERED,
    receives: &[Matter::Referral, Matter::StateChange, Matter::Information, Matter::PlanPart],
    build,
};

/// Makes the adapter of an agency of kind `te` from its table.
///
/// # Errors
/// The table does not fit, or a file in it cannot be used.
fn build(agency: AgencyId, table: toml::Table, network: &Network) -> Result<Arc<dyn Adapter>, BuildError> {
    let settings: Settings = table.try_into()?;
    Ok(Arc::new(EmploymentServices {
        office: settings.office(agency, network)?,
        redelivery: settings.redelivery,
    }))
}

#[async_trait]
impl Adapter for EmploymentServices {
    fn agency(&self) -> &AgencyId {
        &self.office.agency
    }

    fn connections(&self) -> Vec<&HttpClient> {
        vec![&self.office.http]
    }

    fn redelivery(&self) -> Redelivery {
        self.redelivery
    }

    async fn deliver(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<Receipt, AdapterError> {
        let result = match self.word(delivery, now) {
            Ok(message) => self.office.exchange(&message).await.and_then(|answer| answer.receipt(receipt)),
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| failure.of(&self.office.agency))
    }

    fn rehearse(&self, words: Words, now: Timestamp) -> Result<Rehearsal<'_>, AdapterError> {
        let rehearsed = match words {
            Words::Delivery(delivery) => self.word(delivery, now).and_then(|message| {
                self.office.rehearse(&message, |answer| answer.receipt(receipt).map(Understood::Receipt))
            }),
            Words::Status(id) => self.office.rehearse(&Message::status_of(&id, now), |answer| {
                status(&answer.body).map(Understood::Status)
            }),
            Words::Question(query) => self.question(query, now).and_then(|(question, asked)| {
                self.office.rehearse(&question, move |answer| {
                    self.facts(&answer.body, &asked).map(|facts| Understood::Facts(Box::new(facts)))
                })
            }),
        };
        rehearsed.map_err(|failure| failure.of(&self.office.agency))
    }

    async fn status(&self, message: &MessageId, now: Timestamp) -> Result<DeliveryStatus, AdapterError> {
        let answer = self.office.exchange(&Message::status_of(message, now)).await;
        let status = answer.and_then(|answer| status(&answer.body));
        status.map_err(|failure| failure.of(&self.office.agency))
    }

    async fn fetch(
        &self,
        query: Authorised<FactsQuery>,
        now: Timestamp,
    ) -> Result<AgencyFacts, AdapterError> {
        let result = match self.question(query, now) {
            Ok((question, asked)) => {
                self.office.exchange(&question).await.and_then(|answer| self.facts(&answer.body, &asked))
            }
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| failure.of(&self.office.agency))
    }

    fn receive(&self, inbound: &Inbound<'_>) -> Result<Received, InboundError> {
        self.office.receive(inbound)
    }

    fn reply(&self, context: &ReplyContext, outcome: &InboundOutcome, log_id: Uuid) -> Reply {
        self.office.reply(context, outcome, log_id)
    }
}

/// An answer that cannot be used leaves it open whether the message was taken in.
const UNUSABLE: AdapterErrorKind = AdapterErrorKind::Unanswered;

impl EmploymentServices {
    /// Spends the permit, and words what it permits.
    fn word(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<Message, Failure> {
        let spent = delivery.spend(&Reader::Agency(self.office.agency.clone()), now);
        let (delivery, _) =
            spent.map_err(|mismatch| Failure::new(AdapterErrorKind::PermitMismatch, mismatch))?;
        Ok(Message::delivering(delivery, &self.office.agency)?)
    }

    /// Spends the permit, and words the question, with what its answer is held against.
    fn question(
        &self,
        query: Authorised<FactsQuery>,
        now: Timestamp,
    ) -> Result<(Message, query::Asked), Failure> {
        let spent = query.spend(&Reader::Agency(self.office.agency.clone()), now);
        let (query, _) =
            spent.map_err(|mismatch| Failure::new(AdapterErrorKind::PermitMismatch, mismatch))?;
        let (query, asked) = query::outgoing(query)?;
        Ok((Message::asking(query), asked))
    }

    fn facts(&self, answer: &Element, asked: &query::Asked) -> Result<AgencyFacts, Failure> {
        query::read(answer, &self.office.agency, asked).map_err(|_| Failure::unusable())
    }
}

fn receipt(answer: &Element) -> Result<Receipt, Failure> {
    wire::read_receipt(answer).ok_or(UNUSABLE.into())
}

fn status(answer: &Element) -> Result<DeliveryStatus, Failure> {
    wire::read_status(answer).ok_or(UNUSABLE.into())
}
