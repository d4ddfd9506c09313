//! How does a failure look on the gRPC wire?
//!
//! One `google.rpc.Status` with `ErrorInfo` (stable reason, domain `polku`), and `BadRequest`, `PreconditionFailure` or
//! `RetryInfo` where they say more. The texts are fixed: nothing of a request is repeated.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::ErrorDetails;

use crate::caller::CallerError;
use crate::causes::told;
use crate::error::Error;
use crate::front::refusal::Refusal;
use crate::plan::Fault;
use crate::store::StoreError;

/// When to come back after a failure that passes.
const PAUSE: Duration = Duration::from_millis(500);

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        log(&error);
        let mut details = ErrorDetails::new();
        let mut metadata = HashMap::new();
        match &error {
            Error::Invalid(violations) => {
                for violation in violations.iter() {
                    details.add_bad_request_violation(&violation.field, &violation.expected);
                }
            }
            Error::Field { field, expected, .. } => {
                details.add_bad_request_violation(*field, *expected);
                metadata.insert("field".into(), (*field).to_owned());
            }
            Error::Plan(error) => {
                details.add_bad_request_violation(&error.path, error.expected);
                metadata.insert("field".into(), error.path.clone());
            }
            Error::Document(error) => {
                // A path has names of FHIR elements and numbers in it, nothing that the document brought.
                details.add_bad_request_violation("content", error.to_string());
                metadata.insert("field".into(), "content".to_owned());
                metadata.insert("path".into(), error.path.clone());
            }
            Error::Caller(CallerError::ActorMalformed(violations)) => {
                for violation in violations.iter() {
                    details.add_bad_request_violation(&violation.field, &violation.expected);
                }
            }
            Error::NotPermitted(decision) => {
                // Only what was asked for and is not permitted, whether or not there is such data.
                metadata.insert("withheld".into(), decision.withheld().to_string());
            }
            Error::TransitionNotAllowed { state, expected } => {
                metadata.insert("state".into(), state.as_str_name().to_owned());
                details.add_precondition_failure_violation("STATE", state.as_str_name(), *expected);
            }
            Error::RecordState { expected } => {
                details.add_precondition_failure_violation("STATE", "record", *expected);
            }
            Error::Quota { after } => {
                details.set_retry_info(Some(*after));
            }
            Error::ConsentStale
            | Error::Unreachable
            | Error::RulesFailed
            | Error::Store(_)
            | Error::MasterKeyMissing { .. }
            | Error::Audit(_) => {
                details.set_retry_info(Some(PAUSE));
            }
            Error::Caller(_)
            | Error::Unreadable { .. }
            | Error::RequestIdReused
            | Error::NotFound
            | Error::ActorNotAllowed { .. }
            | Error::EtagMismatch
            | Error::PlanEmpty
            | Error::IdentityCodeMissing
            | Error::Unusable
            | Error::Seal(_)
            | Error::Inconsistent(_) => {}
        }
        let refusal = Refusal {
            code: code(&error),
            reason: error.reason(),
            text: &text(&error),
            hint: &error.hint(),
            retry: retry(&error),
        };
        refusal.status_with(details, metadata)
    }
}

/// Writes down, once, what went wrong on our side. What callers do wrong is theirs to see.
pub(crate) fn log(error: &Error) {
    match error {
        Error::Audit(_)
        | Error::Store(_)
        | Error::MasterKeyMissing { .. }
        | Error::Seal(_)
        | Error::Inconsistent(_) => {
            tracing::error!(reason = error.reason(), error = told(error), "call failed");
        }
        Error::RulesFailed => {
            tracing::error!(reason = error.reason(), "the rules cannot be evaluated: everything is refused");
        }
        Error::Caller(_)
        | Error::Unreadable { .. }
        | Error::Invalid(_)
        | Error::Field { .. }
        | Error::Plan(_)
        | Error::Unreachable
        | Error::Unusable
        | Error::Document(_)
        | Error::RequestIdReused
        | Error::NotFound
        | Error::NotPermitted(_)
        | Error::ActorNotAllowed { .. }
        | Error::TransitionNotAllowed { .. }
        | Error::RecordState { .. }
        | Error::PlanEmpty
        | Error::IdentityCodeMissing
        | Error::EtagMismatch
        | Error::ConsentStale
        | Error::Quota { .. } => tracing::info!(reason = error.reason(), "call refused"),
    }
}

fn code(error: &Error) -> Code {
    match error {
        Error::Caller(CallerError::NoCertificate | CallerError::UnknownCertificate) => Code::Unauthenticated,
        Error::Caller(
            CallerError::ActorMissing | CallerError::ActorUnreadable | CallerError::ActorMalformed(_),
        ) => Code::InvalidArgument,
        Error::Caller(
            CallerError::NoOperator
            | CallerError::MethodNotAllowed(_)
            | CallerError::ActorNotAllowed(_)
            | CallerError::UnknownUnit
            | CallerError::UnknownRole,
        ) => Code::PermissionDenied,
        Error::Unreadable { .. }
        | Error::Invalid(_)
        | Error::Field { .. }
        | Error::Document(_)
        | Error::RequestIdReused => Code::InvalidArgument,
        Error::Plan(error) => match error.fault {
            Fault::NotOwned | Fault::NotTold => Code::PermissionDenied,
            Fault::Transition => Code::FailedPrecondition,
            Fault::Dangling | Fault::TooLarge | Fault::Duplicate | Fault::Invalid => Code::InvalidArgument,
        },
        Error::NotFound => Code::NotFound,
        Error::RulesFailed => Code::Unavailable,
        Error::NotPermitted(_) | Error::ActorNotAllowed { .. } => Code::PermissionDenied,
        Error::TransitionNotAllowed { .. }
        | Error::RecordState { .. }
        | Error::PlanEmpty
        | Error::IdentityCodeMissing
        | Error::Unusable => Code::FailedPrecondition,
        Error::EtagMismatch => Code::Aborted,
        Error::Quota { .. } | Error::Store(StoreError::Busy) => Code::ResourceExhausted,
        Error::ConsentStale
        | Error::Unreachable
        | Error::Audit(_)
        | Error::Store(_)
        | Error::MasterKeyMissing { .. } => Code::Unavailable,
        Error::Seal(_) | Error::Inconsistent(_) => Code::Internal,
    }
}

/// Whether the same call may be made again.
fn retry(error: &Error) -> &'static str {
    match error {
        Error::Quota { .. }
        | Error::ConsentStale
        | Error::Unreachable
        | Error::RulesFailed
        | Error::Store(_)
        | Error::MasterKeyMissing { .. }
        | Error::Audit(_) => "same call later",
        Error::EtagMismatch => "after reading again",
        Error::PlanEmpty => "after something is written in it",
        Error::IdentityCodeMissing => "after the identity is linked",
        Error::NotPermitted(_) => "after a consent is recorded",
        Error::Caller(_)
        | Error::Unreadable { .. }
        | Error::Invalid(_)
        | Error::Field { .. }
        | Error::Plan(_)
        | Error::Unusable
        | Error::Document(_)
        | Error::RequestIdReused
        | Error::NotFound
        | Error::ActorNotAllowed { .. }
        | Error::TransitionNotAllowed { .. }
        | Error::RecordState { .. }
        | Error::Seal(_)
        | Error::Inconsistent(_) => "no",
    }
}

/// What is said of failures on our side does not tell which part failed how.
fn text(error: &Error) -> String {
    match error {
        Error::Seal(_) | Error::Inconsistent(_) => "the gateway made a mistake".to_owned(),
        Error::Field { .. } => "the message does not follow the contract".to_owned(),
        Error::Caller(_)
        | Error::Unreadable { .. }
        | Error::Invalid(_)
        | Error::Plan(_)
        | Error::Unreachable
        | Error::Unusable
        | Error::Document(_)
        | Error::RequestIdReused
        | Error::NotFound
        | Error::NotPermitted(_)
        | Error::RulesFailed
        | Error::ActorNotAllowed { .. }
        | Error::TransitionNotAllowed { .. }
        | Error::RecordState { .. }
        | Error::PlanEmpty
        | Error::IdentityCodeMissing
        | Error::EtagMismatch
        | Error::ConsentStale
        | Error::Quota { .. }
        | Error::Audit(_)
        | Error::MasterKeyMissing { .. }
        | Error::Store(_) => error.to_string(),
    }
}
