//! What does an agency send to the gateway, and how is it answered?

use std::fmt::Debug;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use polku_proto::identity::Hetu;
use polku_proto::v1::{
    LegalClaim, Origin, Outcome, PlanPart, Purpose, ReferralContent, ReferralState, RejectionReason,
};
use polku_proto::{Party, ReferralId};
use uuid::Uuid;

use crate::Retry;
use crate::agencies::Asked;

/// A message that an agency sent to the gateway's inbound listener, as it came.
#[derive(Clone, Copy)]
pub struct Inbound<'a> {
    /// HTTP headers.
    pub headers: &'a HeaderMap,
    /// Body, at most the listener's limit.
    pub body: &'a [u8],
    /// SHA-256 of the client certificate in DER, if one was presented and its chain verified.
    pub peer: Option<[u8; 32]>,
    /// The instant of arrival.
    pub now: Timestamp,
}

impl Debug for Inbound<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inbound(redacted)")
    }
}

/// A message of an agency, read once: what it tells, and what its answer repeats of it.
#[derive(Debug)]
pub struct Received {
    /// What it tells.
    pub event: InboundEvent,
    /// To be given back to [`Adapter::reply`](crate::Adapter::reply) of the same adapter.
    pub context: ReplyContext,
}

impl From<InboundEvent> for Received {
    /// A message whose answer repeats nothing of it.
    fn from(event: InboundEvent) -> Self {
        Self { event, context: ReplyContext::default() }
    }
}

/// What the answer to a message repeats of it. Only the adapter that made it can look into it.
#[derive(Debug, Default)]
pub struct ReplyContext(pub(crate) Option<Box<Asked>>);

/// What an agency tells of its own accord.
#[derive(Clone, PartialEq)]
pub struct InboundEvent {
    /// The agency's id of the message: a repetition has the same effect and answer as the first one.
    pub message: Uuid,
    /// The agency's own id of the official, as the contract's `Professional.id`.
    pub official: String,
    /// The official's unit.
    pub unit: String,
    /// What it is about.
    pub matter: InboundMatter,
}

impl Debug for InboundEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "InboundEvent({})", self.message)
    }
}

/// What an agency's message is about.
#[derive(Clone, PartialEq)]
pub enum InboundMatter {
    /// A step in a referral that the agency sent or received.
    Change {
        /// The referral.
        referral: ReferralId,
        /// What is to happen.
        change: InboundChange,
    },
    /// A referral that the agency sends.
    Referral(Box<InboundReferral>),
    /// The agency's own plan, or its part of the joint one.
    PlanPart(Box<InboundPlanPart>),
}

impl Debug for InboundMatter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InboundMatter(redacted)")
    }
}

/// A referral that an agency sends in its own protocol: what `SendReferral` takes, with the person by identity.
#[derive(Clone, PartialEq)]
pub struct InboundReferral {
    /// Whom it is about.
    pub identity: Hetu,
    /// To whom: an agency, or one of its units.
    pub recipient: Party,
    /// What for.
    pub purpose: Purpose,
    /// What is told. Without the identity code.
    pub content: ReferralContent,
    /// Until when an answer is expected, if the sender says so.
    pub respond_by: Option<Timestamp>,
    /// The ground in law, where it is told without permission.
    pub claim: Option<LegalClaim>,
    /// Where in the sender's records it stems from, if said.
    pub origin: Option<Origin>,
    /// Whether the sender says that it has left something out.
    pub redacted: bool,
}

impl Debug for InboundReferral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InboundReferral(redacted)")
    }
}

/// A plan that an agency tells of in its own protocol.
#[derive(Clone, PartialEq)]
pub struct InboundPlanPart {
    /// Whom it is about.
    pub identity: Hetu,
    /// The plan. Without the identity code.
    pub part: PlanPart,
}

impl Debug for InboundPlanPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InboundPlanPart(redacted)")
    }
}

/// A change that an agency makes in its own protocol.
#[derive(Clone, PartialEq)]
pub enum InboundChange {
    /// Takes the referral.
    Accept {
        /// Free text.
        note: String,
    },
    /// Declines it.
    Reject {
        /// Why.
        reason: RejectionReason,
        /// Free text.
        note: String,
    },
    /// Asks the sender.
    RequestInformation {
        /// The question.
        question: String,
    },
    /// The sender answers a question.
    ProvideInformation {
        /// The answer. Without the identity code.
        answer: Box<ReferralContent>,
        /// Where in the sender's records it stems from, if said.
        origin: Option<Origin>,
    },
    /// Begins or goes on.
    Start {
        /// Free text.
        note: String,
    },
    /// Pauses.
    Hold {
        /// Why, free text.
        note: String,
    },
    /// Ends with an outcome.
    Complete {
        /// What became of it.
        outcome: Outcome,
        /// Free text.
        note: String,
    },
    /// Ends without success.
    Fail {
        /// What became of it.
        outcome: Outcome,
        /// Free text.
        note: String,
    },
    /// Asks to cancel.
    Cancel {
        /// Free text.
        note: String,
    },
    /// Confirms a cancellation that the sender asked for.
    ConfirmCancellation {
        /// Free text.
        note: String,
    },
}

impl Debug for InboundChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InboundChange(redacted)")
    }
}

/// Why a message from an agency was not taken in. Carries nothing of its contents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InboundError {
    /// The sender is not who the configuration says.
    #[error("the sender could not be authenticated: {expected}")]
    Unauthenticated {
        /// What was expected.
        expected: &'static str,
    },
    /// The message does not follow the protocol.
    #[error("malformed message, code {code}: {expected}")]
    Malformed {
        /// Code of the agency's protocol for it, for example an X-Road fault code.
        code: String,
        /// Which part, and what was expected there.
        expected: String,
    },
}

/// What came of a message from an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboundOutcome {
    /// It has taken effect, and that is on disk.
    Applied {
        /// The referral's state now.
        state: ReferralState,
        /// Place of the audit leaf.
        sequence: u64,
    },
    /// The agency's referral is on its way, and that is on disk.
    Sent {
        /// Its id, by which the agency will hear of it.
        referral: ReferralId,
        /// Its state now.
        state: ReferralState,
        /// Place of the audit leaf.
        sequence: u64,
    },
    /// The plan has been taken in, and that is on disk.
    PlanTaken {
        /// Place of the audit leaf.
        sequence: u64,
    },
    /// It could not be authenticated or read.
    Unreadable(InboundError),
    /// It was understood and refused.
    Refused {
        /// The contract's reason code, for example `TRANSITION_NOT_ALLOWED`.
        reason: &'static str,
        /// A hint for the integrator. No personal data.
        hint: String,
        /// What the sender may do.
        retry: Retry,
    },
}

impl InboundOutcome {
    /// After how long the agency may come back, if it was refused for now.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry, .. } => retry.pause(),
            Self::Applied { .. } | Self::Sent { .. } | Self::PlanTaken { .. } | Self::Unreadable(_) => None,
        }
    }

    /// The same in whole seconds, and never too early.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after().map(whole_seconds)
    }
}

/// A pause in whole seconds, at least one, and never too short.
#[must_use]
pub fn whole_seconds(pause: Duration) -> u64 {
    pause.as_secs().saturating_add(u64::from(pause.subsec_nanos() > 0)).max(1)
}

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Status code.
    pub status: StatusCode,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Body.
    pub body: Vec<u8>,
    /// `Retry-After`. X-Road drops it from answers in SOAP, so that none of those has it.
    pub retry_after: Option<Duration>,
}
