//! An agency that takes in whatever it is sent, in the mood that a test puts it in.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use http::StatusCode;
use jiff::Timestamp;
use polku_adapters::{
    Adapter, AdapterError, AdapterErrorKind, DeliveryStatus, Evidence, Inbound, InboundError, InboundEvent,
    InboundOutcome, Receipt, Received, Redelivery, Rehearsal, Reply, ReplyContext, Words,
};
use polku_policy::{Authorised, Reader};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{AgencyFacts, Delivery, DisclosureNotice, FactsQuery};
use polku_proto::{AgencyId, MessageId};

/// How an agency answers a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Fine,
    /// Takes it in and says nothing.
    Silent,
    /// Takes nothing in and says nothing.
    Deaf,
    /// Takes it in and never comes to an end.
    Endless,
    Refusing,
    /// Cannot be reached.
    Down,
}

#[derive(Debug)]
pub(super) struct TestAgency {
    agency: AgencyId,
    redelivery: Redelivery,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    taken: Vec<Delivery>,
    /// The ids of the messages in it.
    ids: BTreeSet<String>,
    told: Vec<InboundEvent>,
    outcomes: Vec<InboundOutcome>,
    held: Option<AgencyFacts>,
    asked: usize,
}

impl TestAgency {
    pub(super) fn new(agency: &str, redelivery: Redelivery) -> Self {
        let state = State {
            mood: Mood::Fine,
            taken: Vec::new(),
            ids: BTreeSet::new(),
            told: Vec::new(),
            outcomes: Vec::new(),
            held: None,
            asked: 0,
        };
        Self { agency: agency.parse().unwrap(), redelivery, state: Mutex::new(state) }
    }

    pub(super) fn become_(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// What it answers when it is asked; before that it cannot be asked.
    pub(super) fn holds(&self, facts: AgencyFacts) {
        self.state.lock().unwrap().held = Some(facts);
    }

    /// How often it was asked what it holds.
    pub(super) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// All that it has taken in, in order.
    pub(super) fn taken(&self) -> Vec<Delivery> {
        self.state.lock().unwrap().taken.clone()
    }

    /// Whether it has taken in the message with this id.
    pub(super) fn has(&self, message: &str) -> bool {
        self.state.lock().unwrap().ids.contains(message)
    }

    /// It has this, from an attempt that nobody has written down.
    pub(super) fn has_taken(&self, delivery: Delivery) {
        let mut state = self.state.lock().unwrap();
        state.ids.insert(delivery.message_id.clone());
        state.taken.push(delivery);
    }

    pub(super) fn disclosures(&self) -> Vec<DisclosureNotice> {
        let taken = self.taken().into_iter();
        taken
            .filter_map(|delivery| match delivery.item {
                Some(Item::Disclosure(notice)) => Some(notice),
                _ => None,
            })
            .collect()
    }

    /// Makes a message of an event: its number.
    pub(super) fn message(&self, event: InboundEvent) -> String {
        let mut state = self.state.lock().unwrap();
        state.told.push(event);
        (state.told.len() - 1).to_string()
    }

    pub(super) fn last_outcome(&self) -> InboundOutcome {
        self.state.lock().unwrap().outcomes.last().unwrap().clone()
    }

    fn fails(&self, kind: AdapterErrorKind) -> AdapterError {
        AdapterError { agency: self.agency.clone(), kind, source: None }
    }

    fn down(&self) -> AdapterError {
        self.fails(AdapterErrorKind::Unavailable { after: None })
    }

    fn take(&self, delivery: Delivery) {
        let mut state = self.state.lock().unwrap();
        let is_new = state.ids.insert(delivery.message_id.clone());
        assert!(self.redelivery == Redelivery::Deduplicates || is_new, "sent twice");
        if is_new {
            state.taken.push(delivery);
        }
    }
}

#[async_trait]
impl Adapter for TestAgency {
    fn agency(&self) -> &AgencyId {
        &self.agency
    }

    fn connections(&self) -> Vec<&polku_adapters::transport::http::HttpClient> {
        Vec::new()
    }

    fn redelivery(&self) -> Redelivery {
        self.redelivery
    }

    async fn deliver(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<Receipt, AdapterError> {
        let (delivery, _) = delivery.spend(&Reader::Agency(self.agency.clone()), now).unwrap();
        let mood = self.state.lock().unwrap().mood;
        // The message is on its way, and later the answer.
        tokio::task::yield_now().await;
        match mood {
            Mood::Fine | Mood::Silent | Mood::Endless => self.take(delivery),
            Mood::Deaf | Mood::Refusing | Mood::Down => {}
        }
        tokio::task::yield_now().await;
        match mood {
            Mood::Fine => {
                let (request_id, request_hash) = (Some("vaihto-1".to_owned()), Some("tiiviste".to_owned()));
                Ok(Receipt { evidence: Evidence { request_id, request_hash }, ..Receipt::new("saapunut") })
            }
            Mood::Silent | Mood::Deaf => Err(self.fails(AdapterErrorKind::Unanswered)),
            Mood::Endless => std::future::pending().await,
            Mood::Refusing => Err(self.fails(AdapterErrorKind::Rejected { code: "EI".to_owned() })),
            Mood::Down => Err(self.down()),
        }
    }

    fn rehearse(&self, _: Words, _: Timestamp) -> Result<Rehearsal<'_>, AdapterError> {
        Err(self.fails(AdapterErrorKind::Unwritable { what: "delivery" }))
    }

    async fn status(&self, message: &MessageId, _: Timestamp) -> Result<DeliveryStatus, AdapterError> {
        if self.state.lock().unwrap().mood == Mood::Down {
            return Err(self.down());
        }
        Ok(match self.has(&message.to_string()) {
            true => DeliveryStatus::Arrived(Receipt::new("saapunut")),
            false => DeliveryStatus::NotArrived,
        })
    }

    async fn fetch(&self, _: Authorised<FactsQuery>, _: Timestamp) -> Result<AgencyFacts, AdapterError> {
        let held = {
            let mut state = self.state.lock().unwrap();
            state.asked += 1;
            state.held.clone()
        };
        held.ok_or_else(|| self.fails(AdapterErrorKind::Unwritable { what: "query" }))
    }

    fn receive(&self, inbound: &Inbound<'_>) -> Result<Received, InboundError> {
        let number: usize = std::str::from_utf8(inbound.body).unwrap().parse().unwrap();
        Ok(self.state.lock().unwrap().told[number].clone().into())
    }

    fn reply(&self, _: &ReplyContext, outcome: &InboundOutcome, _: uuid::Uuid) -> Reply {
        self.state.lock().unwrap().outcomes.push(outcome.clone());
        Reply {
            status: StatusCode::OK,
            content_type: "text/plain",
            body: Vec::new(),
            retry_after: outcome.retry_after(),
        }
    }
}
