//! Why can a call fail, and what is the caller told?
//!
//! One variant for each kind of failure, each with a stable reason code, a fixed text and a hint for the integrator.
//! How they look on the gRPC wire is in `services::status`.

use std::time::Duration;

use polku_adapters::formats::fhir::ImportError;
use polku_policy::{Decision, Denied};
use polku_proto::Violations;
use polku_proto::v1::ReferralState;

use crate::audit::AuditError;
use crate::caller::CallerError;
use crate::plan::EditError;
use crate::seal::SealError;
use crate::store::StoreError;

/// Why a call was not carried out. Nothing in here holds personal data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's certificate or actor is not accepted.
    #[error("the caller is not accepted")]
    Caller(#[from] CallerError),
    /// The bytes are no message of the contract.
    #[error("the message cannot be read")]
    Unreadable {
        /// Stable reason code.
        reason: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// The message breaks the rules of the contract.
    #[error("the message does not follow the contract")]
    Invalid(#[from] Violations),
    /// A field is well formed and makes no sense here.
    #[error("field {field} is not acceptable: {expected}")]
    Field {
        /// Path of the field in the request.
        field: &'static str,
        /// Stable reason code.
        reason: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// A change of a plan is not acceptable.
    #[error("the change of the plan is not acceptable")]
    Plan(#[from] EditError),
    /// An agency's own system does not answer.
    #[error("an agency's system does not answer")]
    Unreachable,
    /// An agency's own system answers, and what it answers cannot be used.
    #[error("an agency's system answers nothing that can be used")]
    Unusable,
    /// A document that is brought in cannot be recorded to the point.
    #[error("the document cannot be recorded")]
    Document(#[source] ImportError),
    /// The request id was used for another call.
    #[error("the request id was used for another call")]
    RequestIdReused,
    /// There is no such thing, or the caller may not know of it: the two look alike.
    #[error("not found")]
    NotFound,
    /// Nothing permits the disclosure.
    #[error("not permitted")]
    NotPermitted(Box<Decision>),
    /// The rules could not be evaluated. Nothing is disclosed then, and an operator has to act.
    #[error("the rules cannot be evaluated")]
    RulesFailed,
    /// The acting person may not do this.
    #[error("the actor may not do this")]
    ActorNotAllowed {
        /// Who may.
        expected: &'static str,
    },
    /// The referral is in another state.
    #[error("not allowed in state {}", state.as_str_name())]
    TransitionNotAllowed {
        /// The state it is in.
        state: ReferralState,
        /// What is allowed.
        expected: &'static str,
    },
    /// A consent or prohibition is in another state.
    #[error("not allowed in the record's present state")]
    RecordState {
        /// What is allowed.
        expected: &'static str,
    },
    /// There is nothing in the plan to accept, as far as the caller sees.
    #[error("there is nothing in the plan yet")]
    PlanEmpty,
    /// The person has no identity code yet, and this cannot be done without one.
    #[error("the person has no identity code yet")]
    IdentityCodeMissing,
    /// The caller has read an older version.
    #[error("the record has changed since it was read")]
    EtagMismatch,
    /// The consents that would be gone by are older than the caller asks for, or than what is known by now.
    #[error("the consents known here have changed, or are older than asked for")]
    ConsentStale,
    /// Too many calls.
    #[error("too many calls")]
    Quota {
        /// When to come back.
        after: Duration,
    },
    /// The audit log does not take leaves: nothing is disclosed.
    #[error("the audit log is not available")]
    Audit(#[from] AuditError),
    /// The store does not work.
    #[error("the store is not available")]
    Store(#[source] StoreError),
    /// Another gateway uses a master key that is not here: what is wrapped by it does not open.
    #[error("a master key is missing")]
    MasterKeyMissing {
        /// Which version.
        version: u8,
    },
    /// A sealed record cannot be opened.
    #[error("sealed data cannot be read")]
    Seal(#[source] SealError),
    /// The gateway contradicts itself.
    #[error("internal inconsistency: {0}")]
    Inconsistent(&'static str),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::EtagMismatch,
            StoreError::RequestTaken => Self::RequestIdReused,
            StoreError::IdentityTaken
            | StoreError::NotHeld
            | StoreError::Unreadable { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::Busy
            | StoreError::Failed(_)
            | StoreError::NotWritten(_)
            | StoreError::Damaged
            | StoreError::Unknown(_) => Self::Store(error),
        }
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        match error {
            SealError::UnknownMasterKey { version } => Self::MasterKeyMissing { version },
            SealError::NotAuthentic | SealError::Failed => Self::Seal(error),
        }
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Self::refused(denied.into_decision())
    }
}

/// Passes over a refusal, for whoever goes on with what it leaves.
///
/// # Errors
/// [`Error::RulesFailed`]: nothing was refused, it could not be decided.
pub(crate) fn check_refused(denied: &Denied) -> Result<(), Error> {
    check_decided(denied.decision())
}

/// Lets only those go on who go by a decision, whatever it is.
///
/// # Errors
/// [`Error::RulesFailed`]: it could not be decided.
pub(crate) fn check_decided(decision: &Decision) -> Result<(), Error> {
    if decision.rules_failed() { Err(Error::RulesFailed) } else { Ok(()) }
}

impl Error {
    /// Whether it is certain that nothing was made durable.
    pub(crate) fn changed_nothing(&self) -> bool {
        !matches!(self, Self::Store(StoreError::Failed(_) | StoreError::Unknown(_) | StoreError::Damaged))
    }

    /// What a decision means that is no permit. Rules that cannot be evaluated have refused nothing: whoever goes on with
    /// what a refusal leaves must not go on then.
    pub(crate) fn refused(decision: Decision) -> Self {
        if decision.rules_failed() { Self::RulesFailed } else { Self::NotPermitted(Box::new(decision)) }
    }

    /// The stable reason code, as in `google.rpc.ErrorInfo.reason`.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Caller(error) => error.reason(),
            Self::Invalid(_) => "INVALID_FIELDS",
            Self::Unreadable { reason, .. } | Self::Field { reason, .. } => reason,
            Self::Plan(error) => error.fault.reason(),
            Self::Unreachable => "AGENCY_UNREACHABLE",
            Self::Unusable => "AGENCY_ANSWER_UNUSABLE",
            Self::Document(_) => "DOCUMENT_REFUSED",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::NotFound => "NOT_FOUND",
            Self::RulesFailed => "POLICY_UNAVAILABLE",
            Self::NotPermitted(_) => "NOT_PERMITTED",
            Self::ActorNotAllowed { .. } => "ACTOR_NOT_ALLOWED",
            Self::TransitionNotAllowed { .. } => "TRANSITION_NOT_ALLOWED",
            Self::RecordState { .. } => "RECORD_STATE",
            Self::PlanEmpty => "PLAN_EMPTY",
            Self::IdentityCodeMissing => "IDENTITY_CODE_MISSING",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::ConsentStale => "CONSENT_STALE",
            Self::Quota { .. } => "QUOTA_EXCEEDED",
            Self::Audit(_) => "AUDIT_UNAVAILABLE",
            Self::Store(StoreError::Busy) => "BACKLOG_FULL",
            Self::Store(StoreError::Damaged) => "STORE_DAMAGED",
            Self::Store(_) => "STORE_UNAVAILABLE",
            Self::MasterKeyMissing { .. } => "MASTER_KEY_MISSING",
            Self::Seal(_) | Self::Inconsistent(_) => "INTERNAL",
        }
    }

    /// What the integrator can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Caller(CallerError::NoOperator) => {
                "call with a client certificate that is registered for an [[operator]]".into()
            }
            Self::Caller(CallerError::MethodNotAllowed(roles)) => roles.to_string(),
            Self::Caller(_) => {
                "present a registered client certificate and a polku.v1.Actor in the metadata polku-actor-bin".into()
            }
            Self::Invalid(_) => "correct the fields named in the details".into(),
            Self::Field { field, expected, .. } => format!("{field}: {expected}"),
            Self::Plan(error) => error.to_string(),
            Self::Unreachable => "nothing was changed: repeat the call later".into(),
            Self::Unusable => {
                "nothing was changed, and repeating the call does not help: what your own system answers is refused or cannot be read, tell whoever operates it".into()
            }
            Self::Document(error) => format!("content: {error}"),
            Self::RequestIdReused => {
                "a request id belongs to one call: repeat that call unchanged within seven days, or make a new UUID for another one".into()
            }
            Self::NotFound => "check the name, and that your agency is a party".into(),
            Self::RulesFailed => {
                "nothing was disclosed: repeat the call later, unchanged".into()
            }
            Self::NotPermitted(_) => {
                "no valid permission covers this disclosure: ask the young person, then record the consent".into()
            }
            Self::Unreadable { expected, .. }
            | Self::ActorNotAllowed { expected }
            | Self::TransitionNotAllowed { expected, .. }
            | Self::RecordState { expected } => (*expected).into(),
            Self::PlanEmpty => {
                "write a goal or an action in the plan that the young person may be told, then read it again and repeat the call".into()
            }
            Self::IdentityCodeMissing => {
                "nothing was changed: when the person has an identity code, call LinkIdentity and then repeat the call".into()
            }
            Self::EtagMismatch => "read the record again, look at the change, and send the new etag".into(),
            Self::ConsentStale => "repeat the call in a moment".into(),
            Self::Quota { after } => format!("repeat the call after {} ms", after.as_millis()),
            Self::Audit(_) | Self::Store(_) | Self::MasterKeyMissing { .. } => {
                "nothing was disclosed or changed beyond what an earlier answer said: repeat the call with the same \
                 request id later"
                    .into()
            }
            Self::Seal(_) | Self::Inconsistent(_) => "tell the operator of the gateway the time of this call".into(),
        }
    }
}
