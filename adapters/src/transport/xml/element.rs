//! What does this element hold?
//!
//! A small tree for the agencies' own readers. A child is found by its name in its parent's namespace or in
//! none, so that an element of a foreign namespace can never stand in for the expected one.

use std::sync::Arc;

use thiserror::Error;

use super::event::{Attribute, StartTag};

/// An element with its attributes, children and text. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Element {
    namespace: Arc<str>,
    name: String,
    attributes: Vec<Attribute>,
    children: Vec<Element>,
    text: String,
}

impl std::fmt::Debug for Element {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Element(redacted)")
    }
}

/// An element does not have the children that its reader needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ShapeError {
    /// A needed element is not there.
    #[error("element `{name}` is missing")]
    Missing {
        /// The name that was looked for.
        name: &'static str,
    },
    /// An element that may stand once stands more often.
    #[error("element `{name}` stands more than once")]
    Repeated {
        /// The name that was looked for.
        name: &'static str,
    },
    /// An element that holds text has elements inside.
    #[error("element `{name}` must hold text only")]
    NotText {
        /// The name that was looked for.
        name: &'static str,
    },
}

impl Element {
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

    /// Says whether this is the named element of the namespace.
    #[must_use]
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        *self.namespace == *namespace && self.name == name
    }

    /// Returns the text directly inside, as written: not trimmed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns all children in their order, whatever their namespace.
    #[must_use]
    pub fn children(&self) -> &[Element] {
        &self.children
    }

    /// Returns all attributes in their order.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// Returns the value of an attribute; an attribute without prefix has the empty namespace.
    #[must_use]
    pub fn attribute(&self, namespace: &str, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|attribute| *attribute.namespace == *namespace && attribute.name == name)
            .map(|attribute| attribute.value.as_str())
    }

    /// Returns the first child of the name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.all(name).next()
    }

    /// Returns the text of the first child of the name.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(Element::text)
    }

    /// Returns every child of the name.
    pub fn all<'e>(&'e self, name: &str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| {
            child.name == name && (child.namespace == self.namespace || child.namespace.is_empty())
        })
    }

    /// Returns the child of the name, which may stand once.
    ///
    /// # Errors
    /// The child stands more than once.
    pub fn optional(&self, name: &'static str) -> Result<Option<&Element>, ShapeError> {
        let mut found = self.all(name);
        let first = found.next();
        if found.next().is_some() {
            return Err(ShapeError::Repeated { name });
        }
        Ok(first)
    }

    /// Returns the child of the name, which must stand once.
    ///
    /// # Errors
    /// The child is missing or stands more than once.
    pub fn required(&self, name: &'static str) -> Result<&Element, ShapeError> {
        self.optional(name)?.ok_or(ShapeError::Missing { name })
    }

    /// Returns the text of the child of the name, which may stand once and holds no elements.
    ///
    /// # Errors
    /// The child stands more than once, or holds elements.
    pub fn optional_text(&self, name: &'static str) -> Result<Option<&str>, ShapeError> {
        match self.optional(name)? {
            Some(child) if child.children.is_empty() => Ok(Some(&child.text)),
            Some(_) => Err(ShapeError::NotText { name }),
            None => Ok(None),
        }
    }

    /// Returns the text of the child of the name, which must stand once and holds no elements.
    ///
    /// # Errors
    /// The child is missing, stands more than once, or holds elements.
    pub fn required_text(&self, name: &'static str) -> Result<&str, ShapeError> {
        self.optional_text(name)?.ok_or(ShapeError::Missing { name })
    }

    pub(super) fn push_child(&mut self, child: Element) {
        self.children.push(child);
    }

    pub(super) fn push_text(&mut self, text: String) {
        match self.text.is_empty() {
            true => self.text = text,
            false => self.text.push_str(&text),
        }
    }
}

impl From<StartTag> for Element {
    fn from(tag: StartTag) -> Self {
        let StartTag { namespace, name, attributes } = tag;
        Self { namespace, name, attributes, children: Vec::new(), text: String::new() }
    }
}
