//! How are the small parts of FHIR written and read, whatever resource they stand in?

use jiff::Timestamp;
use polku_proto::identity::TemporaryId;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::error::{ImportError, Place, Problem};
use super::object::Object;
use super::{codes, moment};

/// Before a UUID that is an identifier.
pub(crate) const UUID: &str = "urn:uuid:";
/// Types of identifiers; `NNFIN` is the national one of Finland.
const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";
/// Labels on what a resource holds (HL7 version 3, ObservationValue).
const LABEL: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
/// The label of a resource that something was left out of.
const REDACTED: &str = "REDACTED";

/// A resource, or a part of one, that is being written. FHIR has no empty texts, lists and objects: those are left out.
pub(crate) struct Writing(Map<String, Value>);

impl Writing {
    /// A part of a resource.
    pub(crate) fn part() -> Self {
        Self(Map::new())
    }

    /// A resource of this type.
    pub(crate) fn resource(kind: &'static str) -> Self {
        Self::part().with("resourceType", kind)
    }

    /// Puts a member in.
    pub(crate) fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        let value = value.into();
        let empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        if !empty {
            self.0.insert(name.to_owned(), value);
        }
    }

    /// With this member.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.put(name, value);
        self
    }

    /// With all that another part has.
    pub(crate) fn and(mut self, other: Writing) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Tells whether nothing was put in.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives what was written.
    pub(crate) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// Gives a text if it says anything. FHIR has no text of white space only.
pub(crate) fn said(text: String) -> Option<String> {
    Some(text).filter(|text| !text.trim().is_empty())
}

pub(crate) fn coding(system: &str, code: &str) -> Value {
    json!({"system": system, "code": code})
}

pub(crate) fn identifier(system: &str, value: &str) -> Value {
    json!({"system": system, "value": value})
}

/// A UUID as an identifier.
pub(crate) fn uuid_identifier(uuid: Uuid) -> Value {
    identifier(codes::URI, &urn(uuid))
}

/// A personal identity code, as the Finnish base profiles write it.
pub(crate) fn hetu_identifier(hetu: &str) -> Value {
    json!({
        "use": "official",
        "type": codes::concept(IDENTIFIER_TYPE, "NNFIN"),
        "system": codes::HETU,
        "value": hetu,
    })
}

/// A temporary id, as the Finnish base profiles write it: organisation and year are the system, the number is the value.
/// Nothing for a text without a number.
pub(crate) fn temporary_identifier(id: &TemporaryId) -> Option<Value> {
    let (system, number) = id.expose().rsplit_once('.')?;
    Some(json!({"use": "temp", "system": format!("urn:oid:{system}"), "value": number}))
}

/// A UUID as a URN.
pub(crate) fn urn(uuid: Uuid) -> String {
    format!("{UUID}{}", uuid.hyphenated())
}

/// Reads a URN of a UUID.
pub(crate) fn read_urn(text: &str) -> Option<Uuid> {
    let uuid = text.strip_prefix(UUID).filter(|uuid| uuid.len() == 36)?;
    Uuid::try_parse(uuid).ok().filter(|_| !uuid.bytes().any(|byte| byte.is_ascii_uppercase()))
}

/// The label of a resource that something was left out of.
pub(crate) fn redacted() -> Value {
    json!({"security": [coding(LABEL, REDACTED)]})
}

/// Reads `meta`: whether something was left out. Any other label might forbid what is done here, and is refused.
pub(crate) fn read_redacted(resource: &mut Object) -> Result<bool, ImportError> {
    let Some(mut meta) = resource.object("meta")? else { return Ok(false) };
    let mut redacted = false;
    for label in meta.objects("security")? {
        let place = label.place().clone();
        let mut label = label;
        let (system, code) = (label.required_text("system")?, label.required_text("code")?);
        label.pass_over(&["display", "version"]);
        label.end()?;
        if (system.as_str(), code.as_str()) != (LABEL, REDACTED) {
            return Err(place.fault(Problem::Unsupported));
        }
        redacted = true;
    }
    meta.pass_over(&["versionId", "lastUpdated", "source", "profile", "tag"]);
    meta.end()?;
    Ok(redacted)
}

/// Reads the identifiers of a resource: system and value of each.
pub(crate) fn read_identifiers(resource: &mut Object) -> Result<Vec<(String, String)>, ImportError> {
    resource.objects("identifier")?.into_iter().map(super::frame::identifier_of).collect()
}

/// Reads a reference to a resource within the same document, by `fullUrl` or `#id`.
pub(crate) fn read_reference(mut reference: Object) -> Result<String, ImportError> {
    let target = reference.required_text("reference")?;
    reference.pass_over(&["type", "display"]);
    reference.end()?;
    Ok(target)
}

/// Takes a code that must be one of those known.
pub(crate) fn read_code<T>(
    object: &mut Object,
    name: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, ImportError> {
    let code = object.required_text(name)?;
    read(&code).ok_or_else(|| object.at(name).fault(Problem::Unknown))
}

/// Takes an instant, if it is there.
pub(crate) fn read_instant(
    object: &mut Object,
    name: &'static str,
) -> Result<Option<Timestamp>, ImportError> {
    let place = object.at(name);
    let text = object.text(name)?;
    text.map(|text| moment::start(&text).ok_or_else(|| place.fault(Problem::Form))).transpose()
}

/// Takes a whole day, `YYYY-MM-DD`, if it is there.
pub(crate) fn read_day(object: &mut Object, name: &'static str) -> Result<Option<String>, ImportError> {
    let place = object.at(name);
    let text = object.text(name)?;
    text.map(|text| if moment::is_day(&text) { Ok(text) } else { Err(place.fault(Problem::Form)) })
        .transpose()
}

/// Reads the one coding of this system out of a concept that has no other.
pub(crate) fn read_concept(concept: Object, system: &str) -> Result<String, ImportError> {
    let place = concept.place().clone();
    let (found, code) = super::frame::only_coding(concept)?;
    if found == system { Ok(code) } else { Err(place.fault(Problem::Unknown)) }
}

/// Takes a list of texts, none if it is not there.
pub(crate) fn read_texts(object: &mut Object, name: &'static str) -> Result<Vec<String>, ImportError> {
    let place = object.at(name);
    let form = |place: &Place| place.fault(Problem::Form);
    match object.take(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) if !items.is_empty() => items
            .into_iter()
            .map(|item| match item {
                Value::String(text) if !text.is_empty() => Ok(text),
                Value::String(_)
                | Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_) => Err(form(&place)),
            })
            .collect(),
        Some(_) => Err(form(&place)),
    }
}

/// Takes a whole number, if it is there.
pub(crate) fn read_number(object: &mut Object, name: &'static str) -> Result<Option<i64>, ImportError> {
    match object.take(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| object.at(name).fault(Problem::Form)),
    }
}

/// Takes a yes or no, if it is there.
pub(crate) fn read_boolean(object: &mut Object, name: &'static str) -> Result<Option<bool>, ImportError> {
    match object.take(name) {
        None => Ok(None),
        Some(value) => value.as_bool().map(Some).ok_or_else(|| object.at(name).fault(Problem::Form)),
    }
}
