//! How does a consent look as a Kantara Consent Receipt 1.1?
//!
//! The receipt is the young person's copy. It has all the members that the specification requires, and says of each
//! purpose who tells what to whom. The specification cannot express a refusal, and a receipt of something that was not
//! given would mislead: only consents that have been given have one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use polku_policy::{SPECIAL, purpose_name};
use polku_proto::time::OutOfRange;
use polku_proto::v1::consent_evidence::Form;
use polku_proto::v1::{Consent, ConsentEvidence, ConsentState, ConsentTerms, Purpose};
use polku_proto::{AgencyId, CategorySet, ConsentName, Party, YouthName, time};
use serde_json::{Map, Value, json};

#[cfg(test)]
mod tests;

/// The version of the specification.
const VERSION: &str = "KI-CR-v1.1.0";

/// What the receipt says of an organisation that discloses or receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// The name, as people read it.
    pub name: String,
    /// Who answers questions about personal data there.
    pub contact: String,
    /// The street or post-office box.
    pub street_address: String,
    /// The postal code.
    pub postal_code: String,
    /// The town.
    pub city: String,
    /// The address for e-mail.
    pub email: String,
    /// The telephone number.
    pub phone: String,
}

/// A consent of which no receipt can be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It has never been given.
    #[error("the consent has not been given")]
    NotGiven,
    /// A field of the record is missing or not known.
    #[error("the receipt cannot be written: {field}")]
    Field {
        /// The field, by its path in the record.
        field: &'static str,
    },
    /// Nothing is known of a party, which a receipt has to name.
    #[error("{agency} has no contact details")]
    UnknownParty {
        /// The agency.
        agency: AgencyId,
    },
}

/// Writes the receipt of a consent that has been given. The function gives what is said of an agency; `policy_url` is
/// where the privacy notice can be read, which also says how a consent is withdrawn.
///
/// # Errors
///
/// The consent has never been given, a part of the record is missing, or a party is not known.
pub fn receipt(
    consent: &Consent,
    controllers: &dyn Fn(&AgencyId) -> Option<Controller>,
    policy_url: &str,
) -> Result<Value, ReceiptError> {
    let name: ConsentName = consent.name.parse().map_err(|_| field("name"))?;
    let terms = consent.terms.as_ref().ok_or(field("terms"))?;
    let evidence = consent.evidence.as_ref().ok_or(field("evidence"))?;
    let given = given_time(consent)?;
    let disclosers = parties(&terms.disclosers, "terms.disclosers")?;
    let recipients = parties(&terms.recipients, "terms.recipients")?;
    let categories = CategorySet::from_wire(&terms.categories).map_err(|_| field("terms.categories"))?;
    let categories = categories.difference(CategorySet::ENVELOPE);
    let agencies: BTreeSet<&AgencyId> = disclosers.iter().map(|party| &party.agency).collect();
    let controllers_of = agencies.into_iter().map(|agency| controller(agency, controllers));
    let third_parties = named(&recipients, controllers)?;
    let service = named(&disclosers, controllers)?;
    let special: Vec<&str> = categories.intersection(SPECIAL).iter().map(polku_proto::name).collect();
    let mut receipt = Map::new();
    let mut put = |name: &str, value: Value| receipt.insert(name.to_owned(), value);
    put("version", json!(VERSION));
    put("jurisdiction", json!("FI"));
    put("consentTimestamp", json!(given.as_second().max(0)));
    put("collectionMethod", json!(collection_method(evidence)?));
    put("consentReceiptID", json!(name.consent.to_string()));
    if !evidence.notice_language.is_empty() {
        put("language", json!(evidence.notice_language));
    }
    put("piiPrincipalId", json!(YouthName { youth: name.youth }.to_string()));
    put("piiControllers", controllers_of.collect::<Result<_, _>>()?);
    put("policyUrl", json!(policy_url));
    let purposes = purposes(terms, categories, &third_parties)?;
    put("services", json!([{"service": service, "purposes": purposes}]));
    put("sensitive", json!(!special.is_empty()));
    put("spiCat", json!(special));
    Ok(Value::Object(receipt))
}

/// When it was given the last time.
fn given_time(consent: &Consent) -> Result<Timestamp, ReceiptError> {
    let given = [i32::from(ConsentState::Given), i32::from(ConsentState::Renewed)];
    let last = consent.events.iter().rev().find(|event| given.contains(&event.state));
    match last {
        Some(event) => {
            instant(event.time.as_ref().map(time::from_wire), "events.time")?.ok_or(field("events.time"))
        }
        None if given.contains(&consent.state) => {
            let created = instant(consent.create_time.as_ref().map(time::from_wire), "create_time")?;
            created.ok_or(field("create_time"))
        }
        None => Err(ReceiptError::NotGiven),
    }
}

/// One entry for each purpose, as each is consented to by itself.
fn purposes(
    terms: &ConsentTerms,
    categories: CategorySet,
    third_parties: &str,
) -> Result<Vec<Value>, ReceiptError> {
    let explicit = CategorySet::from_wire(&terms.explicit_categories);
    let explicit = explicit.map_err(|_| field("terms.explicit_categories"))?;
    if categories.is_empty() || terms.purposes.is_empty() {
        return Err(field(if categories.is_empty() { "terms.categories" } else { "terms.purposes" }));
    }
    let until = instant(terms.valid_until.as_ref().map(time::from_wire), "terms.valid_until")?;
    let termination = match until {
        Some(until) => format!("{until}, or when it is withdrawn"),
        None => "when it is withdrawn".to_owned(),
    };
    let consent_type = if explicit.is_empty() { "CONSENT" } else { "EXPLICIT" };
    let one = |(number, purpose): (usize, &i32)| match Purpose::try_from(*purpose) {
        Ok(Purpose::Unspecified) | Err(_) => Err(field("terms.purposes")),
        Ok(purpose) => Ok(json!({
            "purpose": purpose_name(purpose),
            "purposeCategory": [purpose_name(purpose)],
            "consentType": consent_type,
            "piiCategory": categories.iter().map(polku_proto::name).collect::<Vec<_>>(),
            "primaryPurpose": number == 0,
            "termination": termination,
            "thirdPartyDisclosure": true,
            "thirdPartyName": third_parties,
        })),
    };
    terms.purposes.iter().enumerate().map(one).collect()
}

fn controller(
    agency: &AgencyId,
    controllers: &dyn Fn(&AgencyId) -> Option<Controller>,
) -> Result<Value, ReceiptError> {
    let Controller { name, contact, street_address, postal_code, city, email, phone } =
        controllers(agency).ok_or_else(|| ReceiptError::UnknownParty { agency: agency.clone() })?;
    Ok(json!({
        "piiController": name,
        "contact": contact,
        "address": {
            "streetAddress": street_address,
            "postalCode": postal_code,
            "addressLocality": city,
            "addressCountry": "FI",
        },
        "email": email,
        "phone": phone,
    }))
}

/// Gives the names of parties in one line, with the units that are meant.
fn named(
    parties: &[Party],
    controllers: &dyn Fn(&AgencyId) -> Option<Controller>,
) -> Result<String, ReceiptError> {
    let one = |party: &Party| {
        let agency = &party.agency;
        let known =
            controllers(agency).ok_or_else(|| ReceiptError::UnknownParty { agency: agency.clone() })?;
        Ok(match &party.unit {
            Some(unit) => format!("{} ({unit})", known.name),
            None => known.name,
        })
    };
    let names: Result<Vec<String>, ReceiptError> = parties.iter().map(one).collect();
    Ok(names?.join(", "))
}

fn parties(list: &[String], name: &'static str) -> Result<Vec<Party>, ReceiptError> {
    let read: Result<Vec<Party>, _> = list.iter().map(|party| party.parse()).collect();
    read.ok().filter(|parties| !parties.is_empty()).ok_or(field(name))
}

fn collection_method(evidence: &ConsentEvidence) -> Result<&'static str, ReceiptError> {
    match Form::try_from(evidence.form) {
        Ok(Form::Written) => Ok("written form"),
        Ok(Form::Electronic) => Ok("electronic form"),
        Ok(Form::OralRecorded) => Ok("spoken, and recorded by a professional"),
        Ok(Form::Unspecified) | Err(_) => Err(field("evidence.form")),
    }
}

fn instant(
    read: Option<Result<Timestamp, OutOfRange>>,
    name: &'static str,
) -> Result<Option<Timestamp>, ReceiptError> {
    read.transpose().map_err(|_| field(name))
}

const fn field(field: &'static str) -> ReceiptError {
    ReceiptError::Field { field }
}
