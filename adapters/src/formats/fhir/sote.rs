//! How is a permit to disclose written in the shape of SoteConsent?

use jiff::Timestamp;
use polku_proto::identity::Hetu;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{Consent, ConsentState};
use polku_proto::{AgencyId, Party, UnitId};
use serde_json::{Value, json};

use super::codes;
use super::export::{ExportError, Record, field, organisation, patient};
use crate::formats::Organisation;

/// The most data types of one permit.
const MOST_CLASSES: usize = 3;

/// Who recorded the permit: exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorder {
    /// A professional, in the service unit where it was recorded.
    Professional {
        /// The agency's own id of the professional.
        id: String,
        /// The agency.
        agency: AgencyId,
        /// The unit.
        unit: UnitId,
    },
    /// The young person.
    Client,
    /// A guardian or another legal representative.
    LegalRepresentative,
}

/// Writes a permit to disclose in force as a transaction `Bundle` that creates the `Consent` and its `Provenance`,
/// recorded at the given instant. The patient is named by the personal identity code when it is given, and else by the
/// gateway's own name (system `urn:polku:youth`).
///
/// # Errors
///
/// The consent is no permit to disclose, is not in force, is for more than three data types, or a part of the record is
/// missing or not known.
pub fn export_sote(
    consent: &Consent,
    subject: Option<&Hetu>,
    recorder: &Recorder,
    recorded: Timestamp,
    parties: &dyn Fn(&AgencyId) -> Option<Organisation>,
) -> Result<Value, ExportError> {
    let record = Record::read(consent)?;
    if record.kind != ConsentKind::DisclosurePermit {
        return Err(ExportError::NotAPermit);
    }
    if !matches!(record.state, ConsentState::Given | ConsentState::Renewed) {
        return Err(ExportError::NotInForce);
    }
    let count = record.terms.categories.len();
    if count > MOST_CLASSES {
        return Err(ExportError::TooManyDataTypes { count });
    }
    let (_, category) = record.domain()?.ok_or(field("terms.permit_domain"))?;
    let category = vec![codes::concept(codes::SOTE_CATEGORY, category)];
    let mut resource = record.resource(category, subject, parties)?;
    // The server gives the id.
    resource.remove("id");
    let url = format!("urn:uuid:{}", record.name.consent);
    let provenance = json!({
        "resourceType": "Provenance",
        "target": [{"reference": url}],
        "recorded": recorded.to_string(),
        "agent": [agent(recorder, &patient(record.name, subject), parties)],
    });
    let request = |url: &str| json!({"method": "POST", "url": url});
    Ok(json!({
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": url, "resource": resource, "request": request("Consent")},
            {"resource": provenance, "request": request("Provenance")},
        ],
    }))
}

fn agent(recorder: &Recorder, patient: &Value, parties: &dyn Fn(&AgencyId) -> Option<Organisation>) -> Value {
    let enterer = codes::concept(codes::PROVENANCE_AGENT, "enterer");
    match recorder {
        Recorder::Professional { id, agency, unit } => {
            let unit = Party { agency: agency.clone(), unit: Some(unit.clone()) };
            json!({
                "type": enterer,
                "who": {"type": "Practitioner", "identifier": {"system": codes::PROFESSIONAL, "value": id}},
                "onBehalfOf": organisation(&unit, parties),
            })
        }
        Recorder::Client => json!({"type": enterer, "who": patient}),
        Recorder::LegalRepresentative => {
            json!({"type": enterer, "who": {"type": "RelatedPerson", "display": "legal representative"}})
        }
    }
}
