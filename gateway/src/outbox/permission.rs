//! As what was a consent in force when something was told on it?
//!
//! It is kept with what was told, sealed with the leaf: the notice to the discloser may be sent long after, and a renewal
//! overwrites terms and evidence.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use polku_proto::v1::{Consent, ConsentEvent, ConsentEvidence, ConsentState};
use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::record::instant;

/// A consent that something was told on, as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Permission {
    /// Name of the consent.
    name: String,
    /// The contract's message, in base64.
    message: String,
}

impl Permission {
    pub(super) fn of(consent: &Consent) -> Self {
        Self { name: consent.name.clone(), message: STANDARD.encode(consent.encode_to_vec()) }
    }

    pub(super) fn is_of(&self, name: &str) -> bool {
        self.name == name
    }

    pub(super) fn consent(&self) -> Result<Consent, Error> {
        const BROKEN: Error = Error::Inconsistent("a kept consent that was told on is unreadable");
        let bytes = STANDARD.decode(&self.message).map_err(|_| BROKEN)?;
        Consent::decode(bytes.as_slice()).map_err(|_| BROKEN)
    }
}

impl Gateway {
    /// The consent with this name as it was in force at an instant, as far as it says today what it said then.
    pub(super) async fn permission(
        &self,
        person: &Person,
        name: &str,
        told_at: Timestamp,
        now: Timestamp,
    ) -> Result<Consent, Error> {
        let name = name.parse().map_err(|_| Error::Inconsistent("a consent that was told on is none"))?;
        as_told(self.consent_of(person, name, now).await?.message, told_at)
    }
}

/// A consent as it was in force when something was told on it: without what came after, without the place of the proof,
/// without what anybody has written about it, and without what was asked for and where it was recorded before.
fn as_told(consent: Consent, told_at: Timestamp) -> Result<Consent, Error> {
    let Consent {
        name,
        etag: _,
        state: _,
        terms,
        evidence,
        recorder,
        recorder_unit,
        events,
        schema_version,
        create_time,
        supersedes,
        superseded_by: _,
        recorder_professional,
    } = consent;
    let mut earlier = Vec::new();
    for event in events {
        let time = event.time.as_ref().ok_or(Error::Inconsistent("a step of a consent without its time"))?;
        if instant(time)? <= told_at {
            let evidence = event.evidence.map(as_evidence_told);
            earlier.push(ConsentEvent { reason: String::new(), evidence, requested_terms: None, ..event });
        }
    }
    let is_renewed = earlier.iter().any(|event| event.state() == ConsentState::Renewed);
    let state = if is_renewed { ConsentState::Renewed } else { ConsentState::Given };
    Ok(Consent {
        name,
        etag: String::new(),
        state: state as i32,
        terms,
        evidence: evidence.map(as_evidence_told),
        recorder,
        recorder_unit,
        events: earlier,
        schema_version,
        create_time,
        supersedes,
        superseded_by: String::new(),
        recorder_professional,
    })
}

fn as_evidence_told(evidence: ConsentEvidence) -> ConsentEvidence {
    ConsentEvidence { reference: String::new(), source: None, ..evidence }
}
