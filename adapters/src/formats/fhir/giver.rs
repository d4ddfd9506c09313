//! Who has given a consent, as far as its document says?
//!
//! `performer` in R4 lists who agrees to the consent: the patient or a related person who gives it, and whoever is to
//! comply with it. In R5 those who give it are `grantor`.

use super::codes;
use super::error::{ImportError, Place, Problem};
use super::frame::identifier_of;
use super::import::Patient;
use super::object::Object;

/// Who has given a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    /// The patient, in person.
    Patient,
    /// Somebody who may decide for the patient: a guardian, or another legal representative. Which of them it is, a document
    /// does not say.
    RelatedPerson,
}

/// Who takes part in a consent and does not give it: those who are to comply with it, and who witness it.
const OTHERS: [&str; 5] =
    ["Organization", "Practitioner", "PractitionerRole", "CareTeam", "HealthcareService"];

/// Reads who is listed under this name; nothing where nobody is who could give it.
///
/// # Errors
/// The one who gives it is not the consent's own patient, two differ, or somebody is listed of whom it is not told who they
/// are: a patient by a literal reference alone is one of these.
pub(super) fn read(
    consent: &mut Object,
    name: &'static str,
    patient: &Patient,
) -> Result<Option<Giver>, ImportError> {
    let mut giver = None;
    for reference in consent.objects(name)? {
        let place = reference.place().clone();
        let Some(found) = who(reference, &place, patient)? else { continue };
        if giver.is_some_and(|giver| giver != found) {
            return Err(place.fault(Problem::Unsupported));
        }
        giver = Some(found);
    }
    Ok(giver)
}

fn who(reference: Object, place: &Place, patient: &Patient) -> Result<Option<Giver>, ImportError> {
    let Somebody { kind, identifier, is_literal } = Somebody::read(reference)?;
    let named = identifier.map(|(system, value)| named(&system, &value));
    match (kind.as_deref(), named) {
        // Of a literal reference nobody can tell which patient it leads to: a parent may be one, too.
        (Some("Patient"), None) if !is_literal => Ok(Some(Giver::Patient)),
        (Some("Patient") | None, Some(Some(named))) if named == *patient => Ok(Some(Giver::Patient)),
        (Some("Patient"), Some(_)) => Err(place.fault(Problem::Unrelated)),
        (Some("RelatedPerson"), _) => Ok(Some(Giver::RelatedPerson)),
        (Some(other), _) if OTHERS.contains(&other) => Ok(None),
        (Some(_) | None, _) => Err(place.fault(Problem::Unknown)),
    }
}

/// To whom a reference leads.
pub(super) struct Somebody {
    /// The type of the resource, where it says so.
    pub(super) kind: Option<String>,
    /// System and value.
    pub(super) identifier: Option<(String, String)>,
    /// Whether it leads to a resource.
    pub(super) is_literal: bool,
}

impl Somebody {
    pub(super) fn read(mut reference: Object) -> Result<Self, ImportError> {
        let place = reference.place().clone();
        let literal = reference.text("reference")?;
        let literal_kind = literal.as_deref().and_then(kind_of);
        let kind = match (reference.text("type")?, literal_kind) {
            (Some(kind), Some(other)) if kind != other => return Err(place.fault(Problem::Unsupported)),
            (kind, literal_kind) => kind.or(literal_kind),
        };
        let identifier = reference.object("identifier")?.map(identifier_of).transpose()?;
        reference.pass_over(&["display", "id"]);
        reference.end()?;
        Ok(Self { kind, identifier, is_literal: literal.is_some() })
    }
}

/// The person whom an identifier names; nothing, if that cannot be told.
pub(super) fn named(system: &str, value: &str) -> Option<Patient> {
    match system {
        codes::HETU => value.parse().ok().map(Patient::Hetu),
        codes::YOUTH => value.parse().ok().map(Patient::Youth),
        _ => None,
    }
}

/// The type of what a literal reference refers to, as `Patient/1` and `https://fhir.example/Patient/1/_history/2` say it.
fn kind_of(literal: &str) -> Option<String> {
    let path = literal.split_once("/_history/").map_or(literal, |(path, _)| path);
    let (before, _id) = path.rsplit_once('/')?;
    let kind = before.rsplit_once('/').map_or(before, |(_, kind)| kind);
    Some(kind.to_owned())
}
