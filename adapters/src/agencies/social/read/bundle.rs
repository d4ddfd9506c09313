//! Which resources does a bundle have?

use uuid::Uuid;

use crate::formats::fhir::element::{read_instant, read_redacted, read_urn};
use crate::formats::fhir::object::Object;
use crate::formats::fhir::{ImportError, Place, Problem, codes, identifier_of, json};

/// The resources that a message can be made of, each of them once.
const KINDS: [&str; 5] = ["Patient", "ServiceRequest", "Task", "CarePlan", "Provenance"];

/// A transaction whose resources are taken out one by one.
pub(super) struct Bundle {
    pub(super) place: Place,
    /// The id of the message.
    pub(super) message: Uuid,
    entries: Vec<(&'static str, Entry)>,
}

/// A resource and the address by which others of the bundle point to it.
pub(super) struct Entry {
    pub(super) address: Option<String>,
    pub(super) resource: Object,
}

impl Bundle {
    pub(super) fn read(body: &[u8]) -> Result<Self, ImportError> {
        let place = Place::root("Bundle");
        let text = std::str::from_utf8(body).map_err(|_| place.fault(Problem::NotJson))?;
        let mut bundle = Object::of(json::read_bounded(text, &place)?, place.clone())?;
        let fixed = [("resourceType", "Bundle"), ("type", "transaction")];
        for (name, expected) in fixed {
            if bundle.required_text(name)? != expected {
                return Err(place.below(name).fault(Problem::Unsupported));
            }
        }
        let (system, value) = identifier_of(bundle.required_object("identifier")?)?;
        let message = Some(value).filter(|_| system == codes::URI);
        let message = message.as_deref().and_then(read_urn);
        let message = message.ok_or_else(|| place.below("identifier").fault(Problem::Unknown))?;
        read_instant(&mut bundle, "timestamp")?;
        let mut entries: Vec<(&'static str, Entry)> = Vec::new();
        for entry in bundle.objects("entry")? {
            let place = entry.place().clone();
            let (kind, entry) = read_entry(entry)?;
            let known = |other: &Entry| other.address.is_some() && other.address == entry.address;
            if entries.iter().any(|(other, read)| *other == kind || known(read)) {
                return Err(place.fault(Problem::Twice));
            }
            entries.push((kind, entry));
        }
        pass_meta(&mut bundle)?;
        bundle.pass_over(&["id", "language"]);
        bundle.end()?;
        Ok(Self { place, message, entries })
    }

    /// Takes a resource that may be there.
    pub(super) fn take(&mut self, kind: &str) -> Option<Entry> {
        let found = self.entries.iter().position(|(known, _)| *known == kind)?;
        Some(self.entries.remove(found).1)
    }

    /// Takes a resource that must be there.
    pub(super) fn required(&mut self, kind: &str) -> Result<Entry, ImportError> {
        self.take(kind).ok_or_else(|| self.place.below("entry").fault(Problem::Missing))
    }

    /// The addresses of the resources that have not been taken yet.
    pub(super) fn addresses(&self) -> Vec<String> {
        self.entries.iter().filter_map(|(_, entry)| entry.address.clone()).collect()
    }

    /// Says that every resource has been taken.
    pub(super) fn end(self) -> Result<(), ImportError> {
        match self.entries.first() {
            None => Ok(()),
            Some((_, entry)) => Err(entry.resource.place().fault(Problem::Unrelated)),
        }
    }
}

fn read_entry(mut entry: Object) -> Result<(&'static str, Entry), ImportError> {
    let place = entry.at("fullUrl");
    let address = entry.text("fullUrl")?;
    if address.as_deref().is_some_and(|address| read_urn(address).is_none()) {
        return Err(place.fault(Problem::Form));
    }
    let mut request = entry.required_object("request")?;
    let method_place = request.at("method");
    if !matches!(request.required_text("method")?.as_str(), "POST" | "PUT") {
        return Err(method_place.fault(Problem::Unsupported));
    }
    request.required_text("url")?;
    request.pass_over(&["ifNoneExist"]);
    request.end()?;
    let mut resource = entry.required_object("resource")?;
    let kind_place = resource.at("resourceType");
    let kind = resource.required_text("resourceType")?;
    let kind = KINDS.into_iter().find(|known| *known == kind);
    let kind = kind.ok_or_else(|| kind_place.fault(Problem::Unsupported))?;
    // Another resource of the bundle can point to it, or nobody.
    if kind != "Provenance" && address.is_none() {
        return Err(place.fault(Problem::Missing));
    }
    entry.pass_over(&["id"]);
    entry.end()?;
    Ok((kind, Entry { address, resource }))
}

/// Takes what describes a resource without meaning anything for what it says.
pub(super) fn pass_description(resource: &mut Object) {
    resource.pass_over(&["id", "resourceType", "text", "language"]);
}

/// Takes `meta`, in which no label is known for this resource: what it says about the handling cannot be kept here.
pub(super) fn pass_meta(resource: &mut Object) -> Result<(), ImportError> {
    let place = resource.at("meta");
    if read_redacted(resource)? { Err(place.fault(Problem::Unsupported)) } else { Ok(()) }
}

/// Takes a resource out of those that another one holds.
pub(super) fn contained(resource: &mut Object) -> Result<Vec<(String, Object)>, ImportError> {
    let mut found: Vec<(String, Object)> = Vec::new();
    for mut inner in resource.objects("contained")? {
        let id = inner.required_text("id")?;
        if found.iter().any(|(other, _)| *other == id) {
            return Err(inner.place().fault(Problem::Twice));
        }
        found.push((id, inner));
    }
    Ok(found)
}

/// Checks that a resource points to this address.
pub(super) fn points_to(object: &mut Object, name: &'static str, address: &str) -> Result<(), ImportError> {
    let place = object.at(name);
    let target = crate::formats::fhir::element::read_reference(object.required_object(name)?)?;
    if target == address { Ok(()) } else { Err(place.fault(Problem::Unrelated)) }
}

/// Takes a text that must be one of these.
pub(super) fn one_of(object: &mut Object, name: &'static str, known: &[&str]) -> Result<(), ImportError> {
    let place = object.at(name);
    let text = object.required_text(name)?;
    if known.contains(&text.as_str()) { Ok(()) } else { Err(place.fault(Problem::Unsupported)) }
}
