//! How is a message of social services answered, and what is said of one that cannot be read?

use http::StatusCode;
use polku_proto::v1::ReferralState;
use serde_json::{Value, json};

use super::codes;
use super::organisations::Organisations;
use super::read::Reader;
use crate::agencies::xroad_rest::{Own, XroadRest};
use crate::formats::fhir::element::{Writing, coding, urn};
use crate::formats::fhir::{ImportError, Problem};
use crate::{Inbound, InboundError, InboundEvent, InboundOutcome, Reply, Retry};

/// What every answer and message is.
pub(super) const FHIR_JSON: &str = "application/fhir+json";
/// What social services send to.
const OWN: Own = Own { service: "fhir", content_type: FHIR_JSON, max_bytes: 512 * 1024 };

/// Authenticates and reads a message.
pub(super) fn receive(
    way: &XroadRest,
    reader: Reader<'_>,
    inbound: &Inbound<'_>,
) -> Result<InboundEvent, InboundError> {
    way.receive(inbound, OWN, |body| {
        reader.event(body).map_err(|error| {
            let ImportError { path, problem } = &error;
            InboundError::Malformed {
                code: issue(*problem).to_owned(),
                expected: format!("{} at {path}", wording(*problem)),
            }
        })
    })
}

/// FHIR's code for what is wrong with a message.
fn issue(problem: Problem) -> &'static str {
    match problem {
        Problem::TooLong => "too-long",
        Problem::NotJson | Problem::Twice | Problem::Form => "structure",
        Problem::Missing => "required",
        Problem::Unsupported => "not-supported",
        Problem::Unknown | Problem::UnknownOrganisation => "code-invalid",
        Problem::Unrelated => "invariant",
        // What only consents can be wrong in, and what breaks a limit of the contract.
        Problem::NotActive
        | Problem::TwoBases
        | Problem::TypeContradicts
        | Problem::TooDeep
        | Problem::Beyond
        | Problem::Unbounded
        | Problem::Inseparable
        | Problem::DenialTooFine
        | Problem::PermissionInDenial
        | Problem::Empty
        | Problem::TooMuch => "value",
    }
}

fn wording(problem: Problem) -> &'static str {
    match problem {
        Problem::TooLong | Problem::NotJson => "JSON in UTF-8, not too deep",
        Problem::Twice => "nothing said twice",
        Problem::Missing => "the element",
        Problem::Form => "the form that FHIR gives it",
        Problem::Unsupported => "no element or value but those of the document",
        Problem::Unknown => "a code or identifier of the document",
        Problem::UnknownOrganisation => {
            "an organisation of the document, the sender's own where it is the sender's"
        }
        Problem::Unrelated => "resources that belong together, each of them pointed to",
        Problem::NotActive
        | Problem::TwoBases
        | Problem::TypeContradicts
        | Problem::TooDeep
        | Problem::Beyond
        | Problem::Unbounded
        | Problem::Inseparable
        | Problem::DenialTooFine
        | Problem::PermissionInDenial
        | Problem::Empty
        | Problem::TooMuch => "what keeps the limits of the gateway's contract",
    }
}

/// Words an answer.
pub(super) fn reply(outcome: &InboundOutcome) -> Reply {
    let reply = match outcome {
        InboundOutcome::Applied { state, sequence } => {
            answer(StatusCode::OK, &informed(vec![issue_state(*state), issue_sequence(*sequence)]))
        }
        InboundOutcome::Sent { referral, state, sequence } => {
            let sent = coding("urn:ietf:rfc:3986", &urn(referral.uuid()));
            let issues = [information(&sent), issue_state(*state), issue_sequence(*sequence)];
            answer(StatusCode::CREATED, &informed(issues.to_vec()))
        }
        InboundOutcome::PlanTaken { sequence } => {
            answer(StatusCode::OK, &informed(vec![issue_sequence(*sequence)]))
        }
        InboundOutcome::Unreadable(InboundError::Unauthenticated { expected }) => {
            refusal(StatusCode::FORBIDDEN, "security", None, &format!("expected {expected}"))
        }
        InboundOutcome::Unreadable(InboundError::Malformed { code, expected }) => {
            // Codes of X-Road are no codes of FHIR.
            let (issue, own) = match code.contains('.') {
                true => ("invalid", Some(code.as_str())),
                false => (code.as_str(), None),
            };
            refusal(StatusCode::BAD_REQUEST, issue, own, &format!("expected {expected}"))
        }
        InboundOutcome::Refused { reason, hint, retry: Retry::Never } => {
            refusal(StatusCode::UNPROCESSABLE_ENTITY, "business-rule", Some(reason), hint)
        }
        InboundOutcome::Refused { reason, hint, retry: Retry::After(_) } => {
            refusal(StatusCode::TOO_MANY_REQUESTS, "throttled", Some(reason), hint)
        }
        InboundOutcome::Refused { reason, hint, retry: Retry::Backoff | Retry::FindOut } => {
            refusal(StatusCode::SERVICE_UNAVAILABLE, "transient", Some(reason), hint)
        }
    };
    Reply { retry_after: outcome.retry_after(), ..reply }
}

fn issue_state(state: ReferralState) -> Value {
    information(&coding(codes::REFERRAL_STATE, codes::state(state).unwrap_or("unknown")))
}

fn issue_sequence(sequence: u64) -> Value {
    information(&coding(codes::AUDIT_SEQUENCE, &sequence.to_string()))
}

fn information(coding: &Value) -> Value {
    json!({"severity": "information", "code": "informational", "details": {"coding": [coding]}})
}

fn informed(issues: Vec<Value>) -> Value {
    Writing::resource("OperationOutcome").with("issue", issues).done()
}

fn refusal(status: StatusCode, code: &str, reason: Option<&str>, hint: &str) -> Reply {
    let issue = Writing::part()
        .with("severity", "error")
        .with("code", code)
        .with("details", reason.map(|reason| json!({"coding": [coding(codes::REASON, reason)]})))
        .with("diagnostics", hint);
    answer(status, &informed(vec![issue.done()]))
}

fn answer(status: StatusCode, body: &Value) -> Reply {
    Reply { status, content_type: FHIR_JSON, body: body.to_string().into_bytes(), retry_after: None }
}

/// Who reads.
pub(super) fn reader<'a>(own: &'a polku_proto::AgencyId, organisations: &'a Organisations) -> Reader<'a> {
    Reader { own, organisations }
}
