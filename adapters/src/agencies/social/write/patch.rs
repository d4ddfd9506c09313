//! How is changed what somebody else keeps? FHIRPath Patch: the operations of a `Parameters` resource, in their order
//! (FHIR R4, fhirpatch.html; in a transaction by http.html, 3.1.0.6 and 3.1.0.11.2).
//!
//! The server applies them to its own copy. What they do not name stays as it is, without having been read: it need not
//! be told to the gateway, and nobody's edit in between is lost.

use serde_json::{Value, json};

use crate::formats::fhir::element::Writing;

/// A value of an operation: the name of the data type, as in `valueCode`, and what it is.
pub(super) type Typed = (&'static str, Value);

/// Changes to one resource.
#[derive(Default)]
pub(super) struct Patch(Vec<Value>);

impl Patch {
    /// Puts this in place of an element that every resource of the type has.
    pub(super) fn replace(&mut self, path: &str, value: Typed) {
        self.operation("replace", path, vec![part("value", value)]);
    }

    /// Says this of the resource, whatever was said there before; without a value nothing is said any more.
    ///
    /// An element that is not there cannot be replaced, and one that is there not be added; deleting what is not there
    /// is no error.
    pub(super) fn say(&mut self, kind: &str, name: &str, value: Option<Typed>) {
        self.operation("delete", &format!("{kind}.{name}"), Vec::new());
        if let Some(value) = value {
            self.operation("add", kind, vec![text("name", name), part("value", value)]);
        }
    }

    /// Takes away the element of a list that fits this, if there is one.
    pub(super) fn remove(&mut self, path: &str) {
        self.operation("delete", path, Vec::new());
    }

    /// Adds an element to a list whose type has no name, by its own elements.
    pub(super) fn append(&mut self, kind: &str, name: &str, parts: Vec<(&'static str, Typed)>) {
        let parts: Vec<Value> = parts.into_iter().map(|(name, value)| part(name, value)).collect();
        self.operation("add", kind, vec![text("name", name), json!({"name": "value", "part": parts})]);
    }

    /// The resource of the operations.
    pub(super) fn done(self) -> Value {
        Writing::resource("Parameters").with("parameter", self.0).done()
    }

    fn operation(&mut self, operation: &'static str, path: &str, more: Vec<Value>) {
        let mut parts = vec![part("type", ("valueCode", operation.into())), text("path", path)];
        parts.extend(more);
        self.0.push(json!({"name": "operation", "part": parts}));
    }
}

fn text(name: &'static str, value: &str) -> Value {
    part(name, ("valueString", value.into()))
}

fn part(name: &'static str, (kind, value): Typed) -> Value {
    Writing::part().with("name", name).with(kind, value).done()
}
