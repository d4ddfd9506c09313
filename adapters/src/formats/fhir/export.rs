//! How is a consent written as a FHIR R4 Consent?

use jiff::Timestamp;
use polku_policy::purpose_name;
use polku_proto::identity::Hetu;
use polku_proto::time::OutOfRange;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{Consent, ConsentEvent, ConsentState, ConsentTerms, LegalBasis, PermitDomain, Purpose};
use polku_proto::{AgencyId, CategorySet, ConsentName, Party, YouthName, time};
use serde_json::{Map, Value, json};

use super::element::hetu_identifier;
use super::{codes, moment};
use crate::formats::Organisation;

/// A record that cannot be written in FHIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// A field of the record is missing or has no equivalent.
    #[error("the consent cannot be written: {field}")]
    Field {
        /// The field, by its path in the record.
        field: &'static str,
    },
    /// Only permits to disclose have the shape of SoteConsent.
    #[error("the consent is no permit to disclose")]
    NotAPermit,
    /// SoteConsent creates a permit in force, which this one is not.
    #[error("the permit is not in force")]
    NotInForce,
    /// SoteConsent has at most three data types in one permit.
    #[error("the permit is for {count} data types, more than three")]
    TooManyDataTypes {
        /// How many it is for.
        count: usize,
    },
}

/// Writes a consent as a `Consent` resource. With the personal identity code the patient is named by it, otherwise by
/// the gateway's name. The function gives what is said of an agency; one that it does not know is named by its id.
///
/// What anybody wrote about the young person, reasons and the place of the proof among it, is left out.
///
/// # Errors
///
/// A part of the record is missing, or is not known.
pub fn export(
    consent: &Consent,
    subject: Option<&Hetu>,
    parties: &dyn Fn(&AgencyId) -> Option<Organisation>,
) -> Result<Value, ExportError> {
    let record = Record::read(consent)?;
    let mut category = vec![codes::concept(codes::LOINC, "59284-0")];
    category.push(codes::concept(codes::KIND, record.kind_code()?));
    if let Some((domain, _)) = record.domain()? {
        category.push(codes::concept(codes::DOMAIN, domain));
    }
    Ok(Value::Object(record.resource(category, subject, parties)?))
}

/// A consent whose parts have been read.
pub(super) struct Record<'a> {
    pub(super) consent: &'a Consent,
    pub(super) terms: &'a ConsentTerms,
    pub(super) name: ConsentName,
    pub(super) kind: ConsentKind,
    pub(super) state: ConsentState,
}

impl<'a> Record<'a> {
    pub(super) fn read(consent: &'a Consent) -> Result<Self, ExportError> {
        let terms = consent.terms.as_ref().ok_or(field("terms"))?;
        Ok(Self {
            consent,
            terms,
            name: consent.name.parse().map_err(|_| field("name"))?,
            kind: ConsentKind::try_from(terms.kind).map_err(|_| field("terms.kind"))?,
            state: ConsentState::try_from(consent.state).map_err(|_| field("state"))?,
        })
    }

    fn kind_code(&self) -> Result<&'static str, ExportError> {
        codes::kind(self.kind).ok_or(field("terms.kind"))
    }

    /// Gives the codes of the domain of a permit, the contract's and SoteConsent's.
    pub(super) fn domain(&self) -> Result<Option<(&'static str, &'static str)>, ExportError> {
        let domain = PermitDomain::try_from(self.terms.permit_domain).ok();
        match (self.kind, domain) {
            (ConsentKind::DisclosurePermit, Some(domain)) => {
                codes::domain(domain).map(Some).ok_or(field("terms.permit_domain"))
            }
            (_, Some(PermitDomain::Unspecified)) => Ok(None),
            (_, _) => Err(field("terms.permit_domain")),
        }
    }

    pub(super) fn resource(
        &self,
        category: Vec<Value>,
        subject: Option<&Hetu>,
        parties: &dyn Fn(&AgencyId) -> Option<Organisation>,
    ) -> Result<Map<String, Value>, ExportError> {
        let patient = patient(self.name, subject);
        let given_by = self.given_by()?;
        let given = given_time(self.consent)?;
        let mut resource = Map::new();
        let mut put = |name: &str, value: Value| resource.insert(name.to_owned(), value);
        put("resourceType", json!("Consent"));
        put("id", json!(self.name.consent.to_string()));
        put(
            "identifier",
            json!([{"system": codes::URI, "value": format!("urn:uuid:{}", self.name.consent)}]),
        );
        put("status", json!(codes::status(self.state).ok_or(field("state"))?));
        put("scope", codes::concept(codes::SCOPE, "patient-privacy"));
        put("category", Value::Array(category));
        put("patient", patient.clone());
        if let Some(given) = given {
            put("dateTime", json!(given.to_string()));
        }
        if let Some(performer) = performer(given_by, &patient) {
            put("performer", json!([performer]));
            if matches!(self.state, ConsentState::Given | ConsentState::Renewed) {
                let mut verification = json!({"verified": true, "verifiedWith": performer});
                if let (Some(given), Some(object)) = (given, verification.as_object_mut()) {
                    object.insert("verificationDate".to_owned(), json!(given.to_string()));
                }
                put("verification", json!([verification]));
            }
        }
        if let Ok(recorder) = self.consent.recorder.parse::<AgencyId>() {
            put("organization", json!([organisation(&Party::whole(recorder), parties)]));
        }
        put("policyRule", codes::concept(codes::ACT_CODE, "OPTIN"));
        put("provision", json!({"provision": [self.permission(parties)?]}));
        Ok(resource)
    }

    fn permission(&self, parties: &dyn Fn(&AgencyId) -> Option<Organisation>) -> Result<Value, ExportError> {
        let terms = self.terms;
        let basis = LegalBasis::try_from(terms.legal_basis).ok().and_then(codes::basis);
        let basis = basis.ok_or(field("terms.legal_basis"))?;
        let mut extension = vec![json!({"url": codes::LEGAL_BASIS, "valueCode": basis})];
        if let Some(review) = instant(terms.review_time.as_ref().map(time::from_wire), "terms.review_time")? {
            extension.push(json!({"url": codes::REVIEW_TIME, "valueDateTime": review.to_string()}));
        }
        let mut provision = Map::new();
        provision.insert("extension".to_owned(), Value::Array(extension));
        provision.insert("type".to_owned(), json!("permit"));
        let mut period = Map::new();
        if let Some(from) = instant(terms.valid_from.as_ref().map(time::from_wire), "terms.valid_from")? {
            period.insert("start".to_owned(), json!(from.to_string()));
        }
        if let Some(until) = instant(terms.valid_until.as_ref().map(time::from_wire), "terms.valid_until")? {
            let end = moment::write_end(until).ok_or(field("terms.valid_until"))?;
            period.insert("end".to_owned(), json!(end));
        }
        if !period.is_empty() {
            provision.insert("period".to_owned(), Value::Object(period));
        }
        let mut actors = Vec::new();
        let roles =
            [("IRCP", &terms.recipients, "terms.recipients"), ("CST", &terms.disclosers, "terms.disclosers")];
        for (role, list, name) in roles {
            // A FHIR provision without such an actor would be for everybody.
            if list.is_empty() {
                return Err(field(name));
            }
            for party in list {
                let party: Party = party.parse().map_err(|_| field(name))?;
                let role = codes::concept(codes::PARTICIPATION, role);
                actors.push(json!({"role": role, "reference": organisation(&party, parties)}));
            }
        }
        provision.insert("actor".to_owned(), Value::Array(actors));
        provision.insert("action".to_owned(), json!([codes::concept(codes::ACTION, "disclose")]));
        provision.insert("purpose".to_owned(), self.purposes()?);
        provision.insert("class".to_owned(), self.classes()?);
        Ok(Value::Object(provision))
    }

    fn purposes(&self) -> Result<Value, ExportError> {
        let purposes = self.terms.purposes.iter().map(|purpose| match Purpose::try_from(*purpose) {
            Ok(Purpose::Unspecified) | Err(_) => Err(field("terms.purposes")),
            Ok(purpose) => Ok(json!({"system": codes::PURPOSE, "code": purpose_name(purpose)})),
        });
        filled(purposes.collect::<Result<_, _>>()?, "terms.purposes")
    }

    fn classes(&self) -> Result<Value, ExportError> {
        let explicit = CategorySet::from_wire(&self.terms.explicit_categories);
        let explicit = explicit.map_err(|_| field("terms.explicit_categories"))?;
        let classes = self.terms.categories.iter().map(|number| {
            let set = CategorySet::from_wire(&[*number]).map_err(|_| field("terms.categories"))?;
            let category = set.difference(CategorySet::ENVELOPE).iter().next();
            let category = category.ok_or(field("terms.categories"))?;
            let mut coding = Map::new();
            if explicit.contains(category) {
                let extension = json!([{"url": codes::EXPLICIT, "valueBoolean": true}]);
                coding.insert("extension".to_owned(), extension);
            }
            coding.insert("system".to_owned(), json!(codes::DATA_CATEGORY));
            coding.insert("code".to_owned(), json!(polku_proto::name(category)));
            Ok(Value::Object(coding))
        });
        filled(classes.collect::<Result<_, _>>()?, "terms.categories")
    }

    fn given_by(&self) -> Result<GivenBy, ExportError> {
        match &self.consent.evidence {
            None => Ok(GivenBy::Unspecified),
            Some(evidence) => GivenBy::try_from(evidence.given_by).map_err(|_| field("evidence.given_by")),
        }
    }
}

/// The step that gave a consent last: a renewal gives it anew.
pub(super) fn last_given(consent: &Consent) -> Option<&ConsentEvent> {
    let gives = |event: &&ConsentEvent| matches!(event.state(), ConsentState::Given | ConsentState::Renewed);
    consent.events.iter().rev().find(gives)
}

/// When a consent was given the last time, as the document says that it came in with; or else when the record was made.
fn given_time(consent: &Consent) -> Result<Option<Timestamp>, ExportError> {
    let source = consent.evidence.as_ref().and_then(|evidence| evidence.source.as_ref());
    match source.and_then(|source| source.give_time.as_ref()) {
        Some(given) => instant(Some(time::from_wire(given)), "evidence.source.give_time"),
        None => recorded_time(consent),
    }
}

/// When it was recorded here that a consent was given, the last time, or else when the record was made.
pub(super) fn recorded_time(consent: &Consent) -> Result<Option<Timestamp>, ExportError> {
    match last_given(consent) {
        Some(event) => instant(event.time.as_ref().map(time::from_wire), "events.time"),
        None => instant(consent.create_time.as_ref().map(time::from_wire), "create_time"),
    }
}

/// Names the young person.
pub(super) fn patient(name: ConsentName, subject: Option<&Hetu>) -> Value {
    let identifier = match subject {
        Some(hetu) => hetu_identifier(hetu.expose()),
        None => json!({"system": codes::YOUTH, "value": YouthName { youth: name.youth }.to_string()}),
    };
    json!({"type": "Patient", "identifier": identifier})
}

fn performer(given_by: GivenBy, patient: &Value) -> Option<Value> {
    match given_by {
        GivenBy::Unspecified => None,
        GivenBy::Self_ => Some(patient.clone()),
        GivenBy::Guardian => Some(json!({"type": "RelatedPerson", "display": "guardian"})),
        GivenBy::OtherRepresentative => {
            Some(json!({"type": "RelatedPerson", "display": "other representative"}))
        }
    }
}

/// Names an agency or a unit. An object identifier names the whole organisation, so that a unit is never named by it.
pub(crate) fn organisation(party: &Party, parties: &dyn Fn(&AgencyId) -> Option<Organisation>) -> Value {
    let known = parties(&party.agency);
    let oid = known.as_ref().and_then(|known| known.business_id.as_ref()).filter(|_| party.unit.is_none());
    let identifier = match oid {
        Some(business_id) => {
            json!({"system": codes::URI, "value": format!("{}{}", codes::OID, business_id.oid())})
        }
        None => json!({"system": codes::AGENCY, "value": party.to_string()}),
    };
    match known {
        Some(Organisation { name, .. }) if !name.is_empty() => {
            json!({"type": "Organization", "identifier": identifier, "display": name})
        }
        Some(_) | None => json!({"type": "Organization", "identifier": identifier}),
    }
}

fn filled(list: Vec<Value>, name: &'static str) -> Result<Value, ExportError> {
    if list.is_empty() { Err(field(name)) } else { Ok(Value::Array(list)) }
}

fn instant(
    read: Option<Result<Timestamp, OutOfRange>>,
    name: &'static str,
) -> Result<Option<Timestamp>, ExportError> {
    read.transpose().map_err(|_| field(name))
}

pub(super) const fn field(field: &'static str) -> ExportError {
    ExportError::Field { field }
}
