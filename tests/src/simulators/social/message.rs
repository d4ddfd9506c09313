//! What do social services tell the gateway, and what do they read in the answers?

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{LegalClaim, PlanPart, ReferralContent};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::simulators::client::RawReply;
use crate::simulators::official::{Action, Official};
use crate::simulators::social::tables::{GROUNDS, STATES};
use crate::simulators::social::words::{care_plan, concept, instant, left_out, observations, patient, put};
use crate::simulators::xroad::Beside;
use crate::simulators::xroad_rest::leaves_headers_to_x_road;

const PERSON: &str = "urn:uuid:0190bbbb-0000-7000-8000-000000000001";
const REQUEST: &str = "urn:uuid:0190bbbb-0000-7000-8000-000000000002";
const TASK: &str = "urn:uuid:0190bbbb-0000-7000-8000-000000000003";
const PLAN: &str = "urn:uuid:0190bbbb-0000-7000-8000-000000000004";

/// A message of the county.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// UUID of the message; the same in every attempt.
    pub message_id: Uuid,
    /// Whose word it is.
    pub official: Official,
    /// What it says.
    pub what: What,
}

/// What the county says.
#[derive(Clone, PartialEq)]
pub enum What {
    /// How a referral stands now.
    Step {
        /// UUID of the referral.
        referral: String,
        /// What was done.
        action: Action,
        /// Code of the reason, with a refusal.
        reason: Option<String>,
        /// Code of the outcome, with an end.
        outcome: Option<String>,
        /// The word on it.
        note: String,
    },
    /// The answer to a question.
    Answer {
        /// UUID of the referral.
        referral: String,
        /// The answer.
        answer: Box<ReferralContent>,
    },
    /// A referral.
    Referral {
        /// About whom.
        identity_code: String,
        /// `agency`, or `agency/unit`.
        recipient: String,
        /// Code of the purpose.
        purpose: String,
        /// What is told.
        content: Box<ReferralContent>,
        /// Until when an answer is expected.
        respond_by: Option<String>,
        /// The ground in law on which it is told without permission, if it is.
        claim: Option<LegalClaim>,
        /// Service task and documents that it stems from.
        origin: Option<(String, Vec<String>)>,
        /// Whether it says that it has left something out.
        redacted: bool,
    },
    /// A plan.
    Plan {
        /// About whom.
        identity_code: String,
        /// The plan.
        part: Box<PlanPart>,
    },
}

impl std::fmt::Debug for What {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("What(redacted)")
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Message({})", self.message_id)
    }
}

impl Message {
    /// A message by `sosiaaliohjaaja-1` of `nuorten-palvelut`.
    #[must_use]
    pub fn new(what: What) -> Self {
        let official = Official::new("sosiaaliohjaaja-1", "nuorten-palvelut");
        Self { message_id: Uuid::now_v7(), official, what }
    }

    /// What stands beside it.
    pub(crate) fn beside(&self) -> Beside {
        let referral = match &self.what {
            What::Step { referral, .. } | What::Answer { referral, .. } => Some(referral.as_str()),
            What::Referral { .. } | What::Plan { .. } => None,
        };
        Beside::own(&self.official, referral)
    }

    /// The bytes of the message, from the county with this agency id.
    #[must_use]
    pub fn body(&self, own: &str) -> String {
        self.bundle(own).unwrap_or_default().to_string()
    }

    fn bundle(&self, own: &str) -> Result<Value> {
        let mut occurred = None;
        let (activity, resources) = match &self.what {
            What::Step { referral, action, reason, outcome, note } => {
                let task = step(referral, action, reason.as_deref(), outcome.as_deref(), note);
                ("state-changed", vec![(TASK, task)])
            }
            What::Answer { referral, answer } => ("information-provided", answered(referral, answer)),
            What::Referral {
                identity_code,
                recipient,
                purpose,
                content,
                respond_by,
                claim,
                origin,
                redacted,
            } => {
                let person = patient(Some(identity_code), content);
                let parties = (own, recipient.as_str());
                let mut request = request(parties, purpose, content);
                if let Some((service_task, documents)) = origin {
                    let code = json!({"system": "urn:oid:1.2.246.537.6.1221", "code": service_task});
                    let mut extensions = vec![json!({"url": "urn:polku:service-task", "valueCoding": code})];
                    extensions.extend(
                        documents.iter().map(|id| json!({"url": "urn:polku:document", "valueString": id})),
                    );
                    put(&mut request, "extension", json!(extensions));
                }
                if *redacted {
                    put(&mut request, "meta", left_out());
                }
                let mut task = task(parties, respond_by.as_deref());
                if let Some(claim) = claim {
                    let (ground, priority) = ground(claim)?;
                    put(&mut request, "reasonCode", json!([ground]));
                    for resource in [&mut request, &mut task] {
                        put(resource, "priority", json!(priority));
                    }
                }
                ("referral-sent", vec![(PERSON, person), (REQUEST, request), (TASK, task)])
            }
            What::Plan { identity_code, part } => {
                occurred = part.update_time.as_ref().map(instant).transpose()?;
                let person = patient(Some(identity_code), &part.background.clone().unwrap_or_default());
                ("plan-told", vec![(PERSON, person), (PLAN, care_plan(part, own, PERSON)?)])
            }
        };
        let targets: Vec<Value> =
            resources.iter().map(|(address, _)| json!({"reference": address})).collect();
        let mut entries: Vec<Value> = resources
            .into_iter()
            .map(|(address, resource)| {
                let kind = resource.get("resourceType").cloned().unwrap_or_default();
                json!({"fullUrl": address, "resource": resource, "request": {"method": "POST", "url": kind}})
            })
            .collect();
        let mut provenance = json!({
            "resourceType": "Provenance",
            "target": targets,
            "recorded": "2026-11-21T09:30:30Z",
            "activity": concept("urn:polku:activity", activity),
            "agent": [{
                "type": concept("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author"),
                "who": {
                    "type": "Practitioner",
                    "identifier": {"system": "urn:polku:professional", "value": self.official.id},
                },
                "onBehalfOf": organisation(&format!("{own}/{}", self.official.unit)),
            }],
        });
        put(&mut provenance, "occurredDateTime", json!(occurred));
        entries.push(json!({"resource": provenance, "request": {"method": "POST", "url": "Provenance"}}));
        Ok(json!({
            "resourceType": "Bundle",
            "identifier": {"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{}", self.message_id)},
            "type": "transaction",
            "entry": entries,
        }))
    }
}

fn organisation(party: &str) -> Value {
    json!({"type": "Organization", "identifier": {"system": "urn:polku:agency", "value": party}})
}

fn known(referral: &str, state: &str) -> Value {
    let status = STATES.iter().find(|(known, _)| *known == state).map_or(state, |(_, status)| status);
    json!({
        "resourceType": "Task",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{referral}")}],
        "status": status,
        "businessStatus": concept("urn:polku:referral-state", state),
        "intent": "order",
        "focus": {
            "type": "ServiceRequest",
            "identifier": {"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{referral}")},
        },
    })
}

fn step(referral: &str, action: &Action, reason: Option<&str>, outcome: Option<&str>, note: &str) -> Value {
    let state = match action {
        Action::Accept => "accepted",
        Action::Reject => "rejected",
        Action::AskForInformation => "info-requested",
        Action::Start => "in-progress",
        Action::Interrupt => "on-hold",
        Action::Complete => "completed",
        Action::Fail => "failed",
        Action::Cancel => "cancel-requested",
        Action::ConfirmCancellation => "cancelled",
        Action::Code(code) => code,
    };
    let mut task = known(referral, state);
    let mut why = json!({});
    put(&mut why, "text", json!(note));
    if let Some(code) = reason {
        put(&mut why, "coding", json!([{"system": "urn:polku:rejection-reason", "code": code}]));
    }
    put(&mut task, "statusReason", why);
    if let Some(code) = outcome {
        let output = json!([{
            "type": concept("urn:polku:task-part", "outcome"),
            "valueCodeableConcept": concept("urn:polku:outcome", code),
        }]);
        put(&mut task, "output", output);
    }
    task
}

fn answered(referral: &str, answer: &ReferralContent) -> Vec<(&'static str, Value)> {
    let mut task = known(referral, "requested");
    let held = observations(answer);
    let inputs: Vec<Value> = held
        .iter()
        .map(|(id, _)| {
            json!({
                "type": concept("urn:polku:task-part", "answer"),
                "valueReference": {"reference": format!("#{id}")},
            })
        })
        .collect();
    put(&mut task, "input", json!(inputs));
    put(&mut task, "contained", json!(held.into_iter().map(|(_, resource)| resource).collect::<Vec<_>>()));
    let person = patient(None, answer);
    if person == json!({"resourceType": "Patient"}) {
        return vec![(TASK, task)];
    }
    put(&mut task, "for", json!({"reference": PERSON}));
    vec![(PERSON, person), (TASK, task)]
}

fn request((own, recipient): (&str, &str), purpose: &str, content: &ReferralContent) -> Value {
    let held = observations(content);
    let supporting: Vec<Value> = held.iter().map(|(id, _)| json!({"reference": format!("#{id}")})).collect();
    let mut request = json!({
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "category": [concept("urn:polku:purpose", purpose)],
        "subject": {"reference": PERSON},
        "requester": organisation(own),
        "performer": [organisation(recipient)],
    });
    put(&mut request, "contained", json!(held.into_iter().map(|(_, resource)| resource).collect::<Vec<_>>()));
    put(&mut request, "supportingInfo", json!(supporting));
    request
}

fn task((own, recipient): (&str, &str), respond_by: Option<&str>) -> Value {
    let mut task = json!({
        "resourceType": "Task",
        "status": "requested",
        "businessStatus": concept("urn:polku:referral-state", "requested"),
        "intent": "order",
        "focus": {"reference": REQUEST},
        "for": {"reference": PERSON},
        "requester": organisation(own),
        "owner": organisation(recipient),
    });
    if let Some(end) = respond_by {
        put(&mut task, "restriction", json!({"period": {"end": end}}));
    }
    task
}

/// The ground in law, and how urgent it makes the referral.
fn ground(claim: &LegalClaim) -> Result<(Value, &'static str)> {
    let known = GROUNDS.iter().find(|(ground, ..)| *ground == claim.ground());
    let (_, code, priority) = known.context("the county has no word for this ground")?;
    let asked = match claim.consent_asked() {
        ConsentAsked::Unspecified => "",
        ConsentAsked::NotGiven => "not-given",
        ConsentAsked::NotReached => "not-reached",
        ConsentAsked::No => "no",
    };
    let mut ground = concept("urn:polku:legal-ground", code);
    put(&mut ground, "text", json!(claim.statement));
    put(&mut ground, "extension", json!([{"url": "urn:polku:consent-asked", "valueCode": asked}]));
    Ok((ground, priority))
}

/// The gateway's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageReply {
    /// The step was taken.
    Applied {
        /// Code of the referral's state now.
        state: String,
        /// The gateway's audit sequence.
        sequence: u64,
    },
    /// The referral is on its way.
    Sent {
        /// Its UUID.
        referral: String,
        /// Code of its state.
        state: String,
        /// The gateway's audit sequence.
        sequence: u64,
    },
    /// The plan was taken in.
    PlanTaken {
        /// The gateway's audit sequence.
        sequence: u64,
    },
    /// It was refused.
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// The gateway's reason, or else FHIR's code.
        code: String,
    },
    /// An HTTP error that is not in the form of the document.
    HttpError {
        /// HTTP status.
        status: StatusCode,
    },
}

impl MessageReply {
    pub(crate) fn read(reply: &RawReply) -> Result<Self> {
        leaves_headers_to_x_road(reply)?;
        let status = reply.status;
        let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let outcome =
            body.filter(|body| body.get("resourceType").and_then(Value::as_str) == Some("OperationOutcome"));
        let Some(outcome) = outcome else {
            ensure!(!status.is_success(), "the answer under {status} is no OperationOutcome");
            return Ok(Self::HttpError { status });
        };
        let content_type = reply.headers.get("content-type").and_then(|value| value.to_str().ok());
        ensure!(content_type == Some("application/fhir+json"), "the answer has another content type");
        let issues = outcome.get("issue").and_then(Value::as_array).context("no issue")?;
        let told = |system: &str| {
            let codings = issues.iter().filter_map(|issue| issue.pointer("/details/coding/0"));
            let mut codings =
                codings.filter(|coding| coding.get("system").and_then(Value::as_str) == Some(system));
            codings.next().and_then(|coding| coding.get("code")?.as_str()).map(str::to_owned)
        };
        let severity = |expected: &str| {
            issues.iter().all(|issue| issue.get("severity").and_then(Value::as_str) == Some(expected))
        };
        if !status.is_success() {
            ensure!(severity("error"), "a refusal of another severity");
            let issue = issues.first().and_then(|issue| issue.get("code")?.as_str()).context("no code")?;
            let code = told("urn:polku:reason").unwrap_or_else(|| issue.to_owned());
            return Ok(Self::Refused { status, code });
        }
        ensure!(severity("information"), "good news of another severity");
        let sequence = told("urn:polku:audit-sequence").context("no audit sequence")?.parse()?;
        let Some(state) = told("urn:polku:referral-state") else { return Ok(Self::PlanTaken { sequence }) };
        ensure!(STATES.iter().any(|(known, _)| *known == state), "unknown state {state}");
        Ok(match told("urn:ietf:rfc:3986") {
            Some(urn) => {
                ensure!(status == StatusCode::CREATED, "a new referral under {status}");
                let referral = urn.strip_prefix("urn:uuid:").context("no UUID")?.to_owned();
                Self::Sent { referral, state, sequence }
            }
            None => Self::Applied { state, sequence },
        })
    }
}
