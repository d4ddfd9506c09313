//! What do messages to social services look like? Bundles of HL7 FHIR R4; see README.md.

mod audit;
mod content;
mod patch;
mod plan;
pub(super) mod standing;
mod task;

use bytes::Bytes;
use jiff::Timestamp;
use polku_policy::Decision;
use polku_proto::{AgencyId, MessageId, Party};
use serde_json::{Value, json};
use uuid::Uuid;

use self::patch::Patch;
use super::codes::{self, Activity};
use super::organisations::Organisations;
use crate::agencies::envelope::{Content, Envelope, Unwritable};
use crate::formats::fhir::codes as fhir;
use crate::formats::fhir::element::{Writing, coding, identifier, urn, uuid_identifier};
use crate::formats::fhir::organisation;

/// A message to social services, ready to be sent.
pub(super) struct Message {
    pub(super) id: MessageId,
    /// The referral or plan that it is about.
    pub(super) issue: String,
    /// Whose word it is.
    pub(super) speaker: AgencyId,
    pub(super) professional: Option<String>,
    /// Its JSON.
    pub(super) body: Bytes,
    /// How many entries it has.
    pub(super) entries: usize,
}

/// What every part of a message needs to know.
pub(super) struct Frame<'a> {
    pub(super) message: MessageId,
    /// Social services themselves.
    pub(super) own: &'a AgencyId,
    /// The other party of the referral or plan: whoever is not social services.
    pub(super) other: &'a AgencyId,
    pub(super) organisations: &'a Organisations,
    pub(super) now: Timestamp,
}

impl Frame<'_> {
    /// Names an agency or a unit.
    pub(super) fn party(&self, party: &Party) -> Value {
        organisation(party, &|agency| self.organisations.of(agency))
    }

    pub(super) fn agency(&self, agency: &AgencyId) -> Value {
        self.party(&Party::whole(agency.clone()))
    }

    /// The address in the bundle of one more resource of the message: no other message makes the same.
    pub(super) fn address(&self, number: u8) -> String {
        let mut bytes = *self.message.uuid().as_bytes();
        // Ids that the gateway makes begin with the time: none of them is of a time so far away.
        if let Some(first) = bytes.first_mut() {
            *first ^= 0x80 | number;
        }
        urn(Uuid::from_bytes(bytes))
    }
}

/// The place of the young person in `Frame::address`.
const PATIENT: u8 = 1;

/// What is told, before the bundle is closed.
pub(super) struct Told {
    activity: Activity,
    issue: String,
    speaker: AgencyId,
    /// When it came to be.
    occurred: Option<Timestamp>,
    entries: Vec<Entry>,
}

/// One resource of a bundle.
struct Entry {
    /// Empty where nothing points to it.
    address: String,
    /// How the Provenance points to what comes of the entry.
    target: Option<Value>,
    resource: Value,
    request: Value,
}

impl Entry {
    /// A resource that is created, unless this message has created it before.
    fn create(address: String, kind: &'static str, resource: Value, frame: &Frame<'_>) -> Self {
        // A Provenance and an AuditEvent have no identifier in FHIR R4.
        let parameter = match kind {
            "AuditEvent" | "Provenance" => "_tag",
            _ => "identifier",
        };
        let condition = format!("{parameter}={}|{}", codes::MESSAGE, frame.message);
        Self::unless(address, kind, resource, &condition)
    }

    /// A resource that is created, unless there is one already that fits this condition.
    fn unless(address: String, kind: &'static str, resource: Value, condition: &str) -> Self {
        let request = json!({"method": "POST", "url": kind, "ifNoneExist": condition});
        Self { target: pointer(&address), address, resource, request }
    }

    /// A resource that replaces the one with this identifier.
    fn replace(address: String, kind: &'static str, resource: Value, system: &str, value: &str) -> Self {
        let request = json!({"method": "PUT", "url": found(kind, system, value)});
        Self { target: pointer(&address), address, resource, request }
    }

    /// Changes to the resource with this identifier, which is another one's to keep. Its server gives an address in the
    /// bundle to what is created or replaced only: what is patched is pointed to by the identifier.
    fn patch(address: String, patch: Patch, system: &str, value: &str) -> Self {
        let kind = patch.kind();
        Self {
            address,
            target: Some(json!({"type": kind, "identifier": identifier(system, value)})),
            resource: patch.done(),
            request: json!({"method": "PATCH", "url": found(kind, system, value)}),
        }
    }
}

/// The address of the resource with this identifier, wherever its server keeps it.
fn found(kind: &str, system: &str, value: &str) -> String {
    format!("{kind}?identifier={system}|{value}")
}

/// A reference to a resource of the bundle that has an address.
fn pointer(address: &str) -> Option<Value> {
    Some(json!({"reference": address})).filter(|_| !address.is_empty())
}

/// Says by which message a resource came.
fn tag(frame: &Frame<'_>) -> Value {
    json!({"tag": [coding(codes::MESSAGE, &frame.message.to_string())]})
}

impl Message {
    /// Words a delivery. `other` is the party of it that is not social services.
    pub(super) fn of(
        envelope: Envelope,
        own: &AgencyId,
        other: &AgencyId,
        organisations: &Organisations,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<Self, Unwritable> {
        let Envelope { message, sender, professional, content } = envelope;
        let frame = Frame { message, own, other, organisations, now };
        let told = match content {
            Content::Handover(referral, handover) => {
                task::handover(&frame, referral.referral, &sender, handover)?
            }
            Content::Notice(referral, notice) => task::notice(&frame, referral.referral, &sender, notice)?,
            Content::PlanPart(part) => plan::told(&frame, *part)?,
            Content::Disclosure(about, notice) => {
                audit::told(&frame, about.map(|name| name.referral), notice)?
            }
        };
        told.close(&frame, professional, decision)
    }
}

impl Told {
    fn close(
        self,
        frame: &Frame<'_>,
        professional: Option<String>,
        decision: &Decision,
    ) -> Result<Message, Unwritable> {
        let provenance = self.provenance(frame, professional.as_deref(), decision);
        let Self { activity: _, issue, speaker, occurred: _, entries } = self;
        let mut written: Vec<Value> = entries
            .into_iter()
            .map(|Entry { address, target: _, resource, request }| match address.is_empty() {
                true => json!({"resource": resource, "request": request}),
                false => json!({"fullUrl": address, "resource": resource, "request": request}),
            })
            .collect();
        let Entry { resource, request, .. } = Entry::create(String::new(), "Provenance", provenance, frame);
        written.push(json!({"resource": resource, "request": request}));
        let entries = written.len();
        let bundle = Writing::resource("Bundle")
            .with("identifier", uuid_identifier(frame.message.uuid()))
            .with("type", "transaction")
            .with("timestamp", frame.now.to_string())
            .with("entry", written);
        let body = serde_json::to_vec(&bundle.done()).map_err(|_| Unwritable("json"))?;
        Ok(Message { id: frame.message, issue, speaker, professional, body: body.into(), entries })
    }

    /// Whose word it is, what it is about and on what it rests.
    fn provenance(&self, frame: &Frame<'_>, professional: Option<&str>, decision: &Decision) -> Value {
        let organisation = frame.agency(&self.speaker);
        let agent = Writing::part().with("type", fhir::concept(fhir::PROVENANCE_AGENT, "author"));
        let agent = match professional {
            Some(id) => agent
                .with("who", json!({"type": "Practitioner", "identifier": {"system": fhir::PROFESSIONAL, "value": id}}))
                .with("onBehalfOf", organisation),
            None => agent.with("who", organisation),
        };
        let mut grounds: Vec<String> = decision
            .bases()
            .iter()
            .map(|basis| match basis.consent {
                Some((consent, _)) => urn(consent.uuid()),
                None => format!("{}{}", codes::RULE, basis.rule),
            })
            .collect();
        grounds.sort_unstable();
        grounds.dedup();
        let targets: Vec<Value> = self.entries.iter().filter_map(|entry| entry.target.clone()).collect();
        Writing::resource("Provenance")
            .with("meta", tag(frame))
            .with("target", targets)
            .with("occurredDateTime", self.occurred.map(|instant| instant.to_string()))
            .with("recorded", frame.now.to_string())
            .with("policy", grounds)
            .with("activity", fhir::concept(codes::ACTIVITY, self.activity.code()))
            .with("agent", vec![agent.done()])
            .done()
    }
}
