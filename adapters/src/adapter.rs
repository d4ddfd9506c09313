//! What does every agency's adapter promise to the gateway?

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::{AgencyFacts, Delivery, FactsQuery};
use polku_proto::{AgencyId, MessageId};
use serde::Deserialize;
use uuid::Uuid;

use crate::transport::http::{Answer, HttpClient, TransportCause, TransportError};
use crate::transport::xroad::soap::XroadFault;
use crate::{Inbound, InboundError, InboundOutcome, Received, Reply, ReplyContext};

/// The translation between the contract and one agency's own protocol, and the way there and back.
#[async_trait]
pub trait Adapter: Debug + Send + Sync {
    /// The agency at the other end.
    fn agency(&self) -> &AgencyId;

    /// The ways to its systems.
    fn connections(&self) -> Vec<&HttpClient>;

    /// What the agency does with a message that reaches it twice.
    fn redelivery(&self) -> Redelivery;

    /// Sends one authorised payload. The permit is spent: another attempt needs another decision.
    ///
    /// # Errors
    /// [`AdapterError`], whose [`AdapterError::retry`] says what may be done next.
    async fn deliver(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<Receipt, AdapterError>;

    /// Words what [`Adapter::deliver`], [`Adapter::status`] or [`Adapter::fetch`] sends, and sends nothing. A permit is
    /// spent.
    ///
    /// # Errors
    /// [`AdapterError`] when the permit does not fit, or the payload cannot be written in the agency's format.
    fn rehearse(&self, words: Words, now: Timestamp) -> Result<Rehearsal<'_>, AdapterError>;

    /// Words one authorised payload as [`Adapter::deliver`] sends it: the body.
    ///
    /// # Errors
    /// As of [`Adapter::rehearse`].
    fn compose(&self, delivery: Authorised<Delivery>, now: Timestamp) -> Result<Vec<u8>, AdapterError> {
        self.rehearse(Words::Delivery(delivery), now).map(|rehearsal| rehearsal.body.into())
    }

    /// Asks the agency whether a message has arrived.
    ///
    /// # Errors
    /// [`AdapterError`] when the agency gives no answer.
    async fn status(&self, message: &MessageId, now: Timestamp) -> Result<DeliveryStatus, AdapterError>;

    /// Asks what the agency holds on a person. The permit is for telling the agency about whom it is asked; what it
    /// answers has been decided on by nobody yet.
    ///
    /// # Errors
    /// [`AdapterError`]. Asking changes nothing: another question may follow whatever the error is.
    async fn fetch(&self, query: Authorised<FactsQuery>, now: Timestamp)
    -> Result<AgencyFacts, AdapterError>;

    /// Authenticates and reads what the agency sends of its own accord.
    ///
    /// # Errors
    /// [`InboundError`]; nothing has been changed by such a message.
    fn receive(&self, inbound: &Inbound<'_>) -> Result<Received, InboundError>;

    /// Words the gateway's answer to a message in the agency's own protocol. The context is the one that came with the
    /// message, or the empty one of a message that could not be read. The id is the one under which the gateway's log
    /// tells of the message, for protocols whose refusals name it.
    fn reply(&self, context: &ReplyContext, outcome: &InboundOutcome, log_id: Uuid) -> Reply;
}

/// What can be said to an agency.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it is spent at once, and never kept")]
pub enum Words {
    /// An authorised payload.
    Delivery(Authorised<Delivery>),
    /// The question whether a message has arrived.
    Status(MessageId),
    /// The question what is held on a person.
    Question(Authorised<FactsQuery>),
}

/// What would be sent, and how an answer to it would be read.
pub struct Rehearsal<'a> {
    /// X-Road's id of the request, which the answer repeats; empty in protocols without one.
    pub id: String,
    /// The body of the request.
    pub body: Bytes,
    pub(crate) read: ReadAnswer<'a>,
}

/// Reads an answer.
pub(crate) type ReadAnswer<'a> = Box<dyn Fn(&Answer) -> Result<Understood, AdapterError> + Send + 'a>;

impl Rehearsal<'_> {
    /// Reads an answer as if it had come to this request.
    ///
    /// # Errors
    /// [`AdapterError`], as of the method that sends the request.
    pub fn read(&self, answer: &Answer) -> Result<Understood, AdapterError> {
        (self.read)(answer)
    }
}

impl Debug for Rehearsal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rehearsal(redacted)")
    }
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq)]
pub enum Understood {
    /// The message has been taken in.
    Receipt(Receipt),
    /// Whether it has.
    Status(DeliveryStatus),
    /// What is held on the person.
    Facts(Box<AgencyFacts>),
}

/// How an agency treats a message that it gets a second time. In an adapter's settings as `redelivery`, spelt
/// `deduplicates`, `answers_status` and `neither`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redelivery {
    /// It recognises the message id: sending again is safe.
    Deduplicates,
    /// It answers whether a message has arrived: ask before sending again.
    AnswersStatus,
    /// Neither: after a silence only a person can find out.
    Neither,
}

/// The agency's word that it has the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The agency's own number of the message. Opaque, at most 128 characters.
    pub reference: String,
    /// What lies between the gateway and the agency says of the exchange.
    pub evidence: Evidence,
}

impl Receipt {
    /// A receipt with this number, of whose way nothing is known.
    #[must_use]
    pub fn new(reference: impl Into<String>) -> Self {
        Self { reference: reference.into(), evidence: Evidence::default() }
    }
}

/// What X-Road's security servers say of an exchange, by which it is found in their signed logs. Nothing of it comes from
/// the agency, and there is none of an exchange without X-Road.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Their own id of the exchange. At most 128 characters.
    pub request_id: Option<String>,
    /// Their hash of the request, SHA-512 in base64.
    pub request_hash: Option<String>,
}

/// What an agency answers when asked about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It has the message.
    Arrived(Receipt),
    /// It has never seen it.
    NotArrived,
}

/// Why a delivery did not come to its end. Never carries the agency's text, which may hold personal data.
#[derive(Debug, thiserror::Error)]
#[error("delivery to {agency} failed: {kind}")]
pub struct AdapterError {
    /// The agency.
    pub agency: AgencyId,
    /// What happened.
    pub kind: AdapterErrorKind,
    /// The cause below, without message contents.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What happened to a delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdapterErrorKind {
    /// The agency refused the message for good, with this code of its own.
    #[error("rejected with code {code}")]
    Rejected {
        /// Code of the agency's protocol. Letters, digits and `._-` only, at most 128 characters.
        code: String,
    },
    /// The agency could not be reached or asked to come back later; it has taken nothing in.
    #[error("unavailable")]
    Unavailable {
        /// How long the agency wants to be left alone, if it said so.
        after: Option<Duration>,
    },
    /// Time ran out before the message was fully written; the agency has taken nothing in.
    #[error("timed out before the message was written")]
    Timeout,
    /// The message was fully written and no usable answer came: the agency may have it.
    #[error("no answer after the message was written")]
    Unanswered,
    /// The permit was for another recipient or is too old.
    #[error("the permit does not fit this delivery")]
    PermitMismatch,
    /// The payload cannot be expressed in the agency's protocol.
    #[error("the payload cannot be written in the agency's format: {what}")]
    Unwritable {
        /// Which part of the payload.
        what: &'static str,
    },
}

/// What may be done after a failed delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Nothing: the answer is final.
    Never,
    /// Try again with increasing pauses.
    Backoff,
    /// Try again after this pause.
    After(Duration),
    /// Find out first whether the message has arrived.
    FindOut,
}

/// How long whoever is refused for now leaves the gateway alone, where nobody has said for how long.
const PAUSE: Duration = Duration::from_secs(5);

impl Retry {
    /// How long to wait before coming back, if that makes sense at all.
    #[must_use]
    pub const fn pause(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::After(pause) => Some(pause),
            Self::Backoff | Self::FindOut => Some(PAUSE),
        }
    }
}

/// The cause of [`AdapterErrorKind::Unanswered`] where an answer came and no sense can be made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be used")]
pub struct UnusableAnswer;

impl AdapterError {
    /// Says whether an answer came that cannot be used: the same question would bring the same again.
    #[must_use]
    pub fn has_unusable_answer(&self) -> bool {
        let Some(source) = &self.source else { return false };
        source.is::<UnusableAnswer>()
            || source
                .downcast_ref::<TransportError>()
                .is_some_and(|error| matches!(error.source, TransportCause::TooLarge { .. }))
            || source
                .downcast_ref::<XroadFault>()
                .is_some_and(|fault| matches!(fault, XroadFault::Answer(_) | XroadFault::Inconsistent(_)))
    }

    /// What may be done next.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match &self.kind {
            AdapterErrorKind::Rejected { .. } | AdapterErrorKind::Unwritable { .. } => Retry::Never,
            AdapterErrorKind::Unavailable { after: Some(pause) } => Retry::After(*pause),
            // A permit that ran out on the way says nothing about the next decision.
            AdapterErrorKind::Unavailable { after: None }
            | AdapterErrorKind::Timeout
            | AdapterErrorKind::PermitMismatch => Retry::Backoff,
            AdapterErrorKind::Unanswered => Retry::FindOut,
        }
    }
}
