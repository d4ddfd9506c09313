//! What can a cursor over a document meet?

use std::sync::Arc;

/// One step of the cursor. Comments and processing instructions are passed over; an empty element is a start
/// and an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum XmlEvent {
    /// An element begins.
    Start(StartTag),
    /// Character data: text, CDATA or one reference, with line ends normalised.
    Text(String),
    /// The innermost open element ends.
    End,
    /// The document ends, well formed.
    EndOfDocument,
}

/// The beginning of an element.
#[derive(Clone, PartialEq, Eq)]
pub struct StartTag {
    pub(super) namespace: Arc<str>,
    pub(super) name: String,
    pub(super) attributes: Vec<Attribute>,
}

impl StartTag {
    /// Says whether this is the named element of the namespace.
    #[must_use]
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        *self.namespace == *namespace && self.name == name
    }

    /// Returns the name without prefix.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the namespace, empty if there is none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }
}

impl std::fmt::Debug for StartTag {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("StartTag(redacted)")
    }
}

/// An attribute; namespace declarations are not attributes here.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The namespace, empty if there is none.
    pub namespace: Arc<str>,
    /// The name without prefix.
    pub name: String,
    /// The value with references replaced and white space normalised.
    pub value: String,
}

impl std::fmt::Debug for Attribute {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Attribute(redacted)")
    }
}
