//! How is a permit to disclose written in the shape of SoteConsent?

use polku_proto::identity::Hetu;
use polku_proto::v1::consent_event::By;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{Consent, ConsentState};
use polku_proto::{AgencyId, ConsentName, Party, UnitId};
use serde_json::{Map, Value, json};

use super::codes;
use super::export::{ExportError, Record, field, last_given, organisation, patient, recorded_time};
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

impl Recorder {
    /// Reads who recorded a consent as it is now: a professional with the unit, or whoever gave it. Of one that was given
    /// anew it is whoever recorded that. Nothing if the record does not say.
    #[must_use]
    pub fn of(consent: &Consent) -> Option<Self> {
        if let Some(given) = last_given(consent) {
            match given.by() {
                By::Subject => return Some(Self::Client),
                By::Guardian | By::OtherRepresentative => return Some(Self::LegalRepresentative),
                By::Professional if !given.unit.is_empty() => {
                    return Self::professional(&given.agency, &given.unit, &given.professional);
                }
                // The step does not say, and the record does.
                By::Professional | By::Unspecified => {}
            }
        }
        if consent.recorder_unit.is_empty() {
            return match consent.evidence.as_ref()?.given_by() {
                GivenBy::Self_ => Some(Self::Client),
                GivenBy::Guardian | GivenBy::OtherRepresentative => Some(Self::LegalRepresentative),
                GivenBy::Unspecified => None,
            };
        }
        Self::professional(&consent.recorder, &consent.recorder_unit, &consent.recorder_professional)
    }

    fn professional(agency: &str, unit: &str, id: &str) -> Option<Self> {
        let at: Party = format!("{agency}/{unit}").parse().ok()?;
        Some(Self::Professional { id: id.to_owned(), agency: at.agency, unit: at.unit? })
    }
}

/// Writes a permit to disclose in force as a transaction `Bundle` that creates the `Consent` and its `Provenance`, recorded
/// when it was given the last time. The patient is named by the personal identity code when it is given, and else by the
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
    parties: &dyn Fn(&AgencyId) -> Option<Organisation>,
) -> Result<Value, ExportError> {
    let resource = sote(consent, subject, parties)?;
    let provenance = provenance(consent, subject, recorder, parties)?;
    let url = provenance.get("target").and_then(|target| target.pointer("/0/reference")).cloned();
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

/// Writes a permit to disclose in force as the `Consent` alone.
pub(crate) fn sote(
    consent: &Consent,
    subject: Option<&Hetu>,
    parties: &dyn Fn(&AgencyId) -> Option<Organisation>,
) -> Result<Map<String, Value>, ExportError> {
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
    Ok(resource)
}

/// Writes who recorded a consent, and when it was given the last time, whatever shape the consent itself has. It points to
/// the consent by `urn:uuid:` and its id.
pub(crate) fn provenance(
    consent: &Consent,
    subject: Option<&Hetu>,
    recorder: &Recorder,
    parties: &dyn Fn(&AgencyId) -> Option<Organisation>,
) -> Result<Map<String, Value>, ExportError> {
    let name: ConsentName = consent.name.parse().map_err(|_| field("name"))?;
    let recorded = recorded_time(consent)?.ok_or(field("create_time"))?;
    let url = format!("urn:uuid:{}", name.consent);
    let members = [
        ("resourceType", json!("Provenance")),
        ("target", json!([{"reference": url}])),
        ("recorded", json!(recorded.to_string())),
        ("agent", json!([agent(recorder, &patient(name, subject), parties)])),
    ];
    Ok(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn agent(recorder: &Recorder, patient: &Value, parties: &dyn Fn(&AgencyId) -> Option<Organisation>) -> Value {
    let enterer = codes::concept(codes::PROVENANCE_AGENT, "enterer");
    match recorder {
        Recorder::Professional { id, agency, unit } => {
            let unit = Party { agency: agency.clone(), unit: Some(unit.clone()) };
            // Whoever may not hear who it was hears that it was somebody.
            let who = match id.is_empty() {
                true => json!({"type": "Practitioner", "display": "professional"}),
                false => {
                    json!({"type": "Practitioner", "identifier": {"system": codes::PROFESSIONAL, "value": id}})
                }
            };
            json!({
                "type": enterer,
                "who": who,
                "onBehalfOf": organisation(&unit, parties),
            })
        }
        Recorder::Client => json!({"type": enterer, "who": patient}),
        Recorder::LegalRepresentative => {
            json!({"type": enterer, "who": {"type": "RelatedPerson", "display": "legal representative"}})
        }
    }
}
