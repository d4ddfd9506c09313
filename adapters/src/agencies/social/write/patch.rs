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
pub(super) struct Patch {
    /// Its type.
    kind: &'static str,
    operations: Vec<Value>,
}

impl Patch {
    /// No change yet to a resource of this type.
    pub(super) fn of(kind: &'static str) -> Self {
        Self { kind, operations: Vec::new() }
    }

    /// The type of the resource.
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Puts this in place of an element that every resource of the type has.
    pub(super) fn replace(&mut self, name: &str, value: Typed) {
        let path = self.path(name);
        self.operation("replace", &path, vec![part("value", value)]);
    }

    /// Says this of the resource, whatever was said there before; without a value nothing is said any more.
    ///
    /// An element that is not there cannot be replaced, and one that is there not be added; deleting what is not there
    /// is no error.
    pub(super) fn say(&mut self, name: &str, value: Option<Typed>) {
        let path = self.path(name);
        self.operation("delete", &path, Vec::new());
        if let Some(value) = value {
            self.operation("add", self.kind, vec![text("name", name), part("value", value)]);
        }
    }

    /// Puts this into a list, by the elements of a type that has no name, in place of the one that fits the condition, if
    /// there is one: what the same message, or an earlier one, has put there does not stand there twice.
    pub(super) fn put(&mut self, name: &str, condition: &str, parts: Vec<(&'static str, Typed)>) {
        let path = format!("{}.where({condition})", self.path(name));
        self.operation("delete", &path, Vec::new());
        let parts: Vec<Value> = parts.into_iter().map(|(name, value)| part(name, value)).collect();
        self.operation("add", self.kind, vec![text("name", name), json!({"name": "value", "part": parts})]);
    }

    /// The resource of the operations.
    pub(super) fn done(self) -> Value {
        Writing::resource("Parameters").with("parameter", self.operations).done()
    }

    fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.kind)
    }

    fn operation(&mut self, operation: &'static str, path: &str, more: Vec<Value>) {
        let mut parts = vec![part("type", ("valueCode", operation.into())), text("path", path)];
        parts.extend(more);
        self.operations.push(json!({"name": "operation", "part": parts}));
    }
}

fn text(name: &'static str, value: &str) -> Value {
    part(name, ("valueString", value.into()))
}

fn part(name: &'static str, (kind, value): Typed) -> Value {
    Writing::part().with("name", name).with(kind, value).done()
}
