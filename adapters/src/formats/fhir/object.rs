//! Which members does an object have, and has every one been read?

use serde_json::{Map, Value};

use super::error::{ImportError, Place, Problem};

/// Elements that an error may name when they are not expected: the element names of Consent in R4 and R5, of the types
/// it is made of, and of the resources beside it. Other names may be anything, so that only their parent is named.
const NAMES: [&str; 77] = [
    "action",
    "actor",
    "agent",
    "assigner",
    "attachment",
    "category",
    "class",
    "code",
    "coding",
    "contained",
    "contentType",
    "controller",
    "data",
    "dataPeriod",
    "date",
    "dateTime",
    "decision",
    "display",
    "documentType",
    "end",
    "entry",
    "expression",
    "extension",
    "fullUrl",
    "grantee",
    "grantor",
    "id",
    "identifier",
    "ifMatch",
    "ifModifiedSince",
    "ifNoneExist",
    "ifNoneMatch",
    "implicitRules",
    "language",
    "link",
    "manager",
    "meta",
    "method",
    "modifierExtension",
    "onBehalfOf",
    "organization",
    "patient",
    "performer",
    "period",
    "policy",
    "policyBasis",
    "policyRule",
    "policyText",
    "profile",
    "provision",
    "purpose",
    "recorded",
    "reference",
    "regulatoryBasis",
    "request",
    "resource",
    "resourceType",
    "response",
    "role",
    "scope",
    "search",
    "security",
    "securityLabel",
    "signature",
    "sourceAttachment",
    "sourceReference",
    "start",
    "status",
    "subject",
    "system",
    "tag",
    "text",
    "total",
    "type",
    "userSelected",
    "verification",
    "who",
];

/// An object whose members are taken out one by one. What is left at the end was not understood.
pub(crate) struct Object {
    place: Place,
    members: Map<String, Value>,
}

impl Object {
    pub(crate) fn of(value: Value, place: Place) -> Result<Self, ImportError> {
        match value {
            Value::Object(members) if !members.is_empty() => Ok(Self { place, members }),
            Value::Object(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(place.fault(Problem::Form)),
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The place of a member.
    pub(crate) fn at(&self, name: &'static str) -> Place {
        self.place.below(name)
    }

    pub(crate) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.members.remove(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Takes a text, if it is there.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, ImportError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(self.at(name).fault(Problem::Form)),
        }
    }

    /// Takes a text that only some readings know.
    pub(crate) fn text_if(&mut self, known: bool, name: &'static str) -> Result<Option<String>, ImportError> {
        if known { self.text(name) } else { Ok(None) }
    }

    /// Tells whether a member is a list.
    pub(crate) fn is_list(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(Value::is_array)
    }

    /// Gives the same object with another place.
    pub(crate) fn renamed(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// Takes a text that must be there.
    pub(crate) fn required_text(&mut self, name: &'static str) -> Result<String, ImportError> {
        self.text(name)?.ok_or_else(|| self.at(name).fault(Problem::Missing))
    }

    /// Takes an object, if it is there.
    pub(crate) fn object(&mut self, name: &'static str) -> Result<Option<Object>, ImportError> {
        self.take(name).map(|value| Object::of(value, self.at(name))).transpose()
    }

    /// Takes an object that must be there.
    pub(crate) fn required_object(&mut self, name: &'static str) -> Result<Object, ImportError> {
        self.object(name)?.ok_or_else(|| self.at(name).fault(Problem::Missing))
    }

    /// Takes a list of objects, none if it is not there.
    pub(crate) fn objects(&mut self, name: &'static str) -> Result<Vec<Object>, ImportError> {
        let place = self.at(name);
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) if !items.is_empty() => {
                let items = items.into_iter().enumerate();
                items.map(|(number, item)| Object::of(item, place.item(number))).collect()
            }
            Some(_) => Err(place.fault(Problem::Form)),
        }
    }

    /// Takes members that describe without meaning anything for what is permitted.
    pub(crate) fn pass_over(&mut self, names: &[&'static str]) {
        for name in names {
            self.take(name);
        }
    }

    /// Says that everything has been read, or what has not.
    pub(crate) fn end(self) -> Result<(), ImportError> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(left) if NAMES.contains(&left.as_str()) => {
                Err(self.place.below(left).fault(Problem::Unsupported))
            }
            Some(_) => Err(self.place.fault(Problem::Unsupported)),
        }
    }
}
