//! How is XML of ours written, so that no value can become markup?
//!
//! Every value is escaped, and a value that XML cannot carry makes the whole document fail: nothing is
//! dropped in silence.

use thiserror::Error;

use super::element::Element;
use super::{is_allowed, is_qualified_name};

/// Writes one document from top to bottom. The first mistake is kept and returned by
/// [`finish`](XmlWriter::finish), so that calls can be chained.
pub struct XmlWriter {
    text: String,
    open: Vec<String>,
    failed: Option<XmlWriteError>,
}

impl std::fmt::Debug for XmlWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("XmlWriter(redacted)")
    }
}

/// A document could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum XmlWriteError {
    /// XML 1.0 does not allow a character of a value.
    #[error("a value holds a character that XML does not allow")]
    IllegalCharacter,
    /// An element's or attribute's name is not an XML name.
    #[error("a name is not an XML name")]
    InvalidName,
    /// An element was ended that was not open, or left open.
    #[error("elements are not ended as they were started")]
    Unbalanced,
}

impl XmlWriter {
    /// Starts a document with the XML declaration, in UTF-8.
    #[must_use]
    pub fn document() -> Self {
        let mut writer = Self::fragment();
        writer.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        writer
    }

    /// Starts a piece of XML without declaration.
    #[must_use]
    pub fn fragment() -> Self {
        Self { text: String::new(), open: Vec::new(), failed: None }
    }

    /// Starts an element. Namespaces are declared as attributes (`("xmlns:te", "...")`).
    pub fn start(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.text.push('<');
        self.name(name);
        for (attribute, value) in attributes {
            self.text.push(' ');
            self.name(attribute);
            self.text.push_str("=\"");
            self.escaped(value, Place::Attribute);
            self.text.push('"');
        }
        self.text.push('>');
        self.open.push(name.to_owned());
        self
    }

    /// Writes character data.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.escaped(text, Place::Text);
        self
    }

    /// Ends the innermost open element.
    pub fn end(&mut self) -> &mut Self {
        match self.open.pop() {
            Some(name) => {
                self.text.push_str("</");
                self.text.push_str(&name);
                self.text.push('>');
            }
            None => self.fail(XmlWriteError::Unbalanced),
        }
        self
    }

    /// Writes an element that holds text only.
    pub fn element(&mut self, name: &str, text: &str) -> &mut Self {
        self.start(name, &[]).text(text).end()
    }

    /// Writes an element that holds text only, if there is a value.
    pub fn optional(&mut self, name: &str, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.element(name, text),
            None => self,
        }
    }

    /// Writes a tree that was read, with namespaces declared where they change. White space between elements
    /// and the order of text among elements are not kept.
    pub fn tree(&mut self, root: &Element) -> &mut Self {
        let mut open = vec![(root, self.tree_start(root, ""))];
        while let Some((element, children)) = open.last_mut() {
            let namespace = element.namespace();
            match children.next() {
                Some(child) => {
                    let grandchildren = self.tree_start(child, namespace);
                    open.push((child, grandchildren));
                }
                None => {
                    self.end();
                    open.pop();
                }
            }
        }
        self
    }

    /// Returns the document.
    ///
    /// # Errors
    /// A value or name cannot be written, or elements are not balanced.
    pub fn finish(mut self) -> Result<String, XmlWriteError> {
        if !self.open.is_empty() {
            self.fail(XmlWriteError::Unbalanced);
        }
        match self.failed {
            Some(error) => Err(error),
            None => Ok(self.text),
        }
    }

    fn tree_start<'e>(&mut self, element: &'e Element, around: &str) -> std::slice::Iter<'e, Element> {
        let prefixes: Vec<(String, String)> = (0..element.attributes().len())
            .map(|index| (format!("xmlns:a{index}"), format!("a{index}:")))
            .collect();
        let mut names: Vec<(String, &str)> = Vec::new();
        // The root always declares its namespace: the prefix free name must not take that of the surroundings.
        if element.namespace() != around || around.is_empty() {
            names.push(("xmlns".to_owned(), element.namespace()));
        }
        for (attribute, (declaration, prefix)) in element.attributes().iter().zip(prefixes) {
            match &*attribute.namespace {
                "" => names.push((attribute.name.clone(), &attribute.value)),
                "http://www.w3.org/XML/1998/namespace" => {
                    names.push((format!("xml:{}", attribute.name), &attribute.value));
                }
                namespace => {
                    names.push((declaration, namespace));
                    names.push((format!("{prefix}{}", attribute.name), &attribute.value));
                }
            }
        }
        let names: Vec<(&str, &str)> = names.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.start(element.name(), &names);
        if element.children().is_empty() || !element.text().trim().is_empty() {
            self.text(element.text());
        }
        element.children().iter()
    }

    fn name(&mut self, name: &str) {
        if !is_qualified_name(name) {
            self.fail(XmlWriteError::InvalidName);
        }
        self.text.push_str(name);
    }

    fn escaped(&mut self, text: &str, place: Place) {
        for character in text.chars() {
            match (character, place) {
                ('&', _) => self.text.push_str("&amp;"),
                ('<', _) => self.text.push_str("&lt;"),
                ('>', _) => self.text.push_str("&gt;"),
                ('"', Place::Attribute) => self.text.push_str("&quot;"),
                ('\t', Place::Attribute) => self.text.push_str("&#9;"),
                ('\n', Place::Attribute) => self.text.push_str("&#10;"),
                // A reader would turn a bare carriage return into a line feed.
                ('\r', _) => self.text.push_str("&#13;"),
                (character, _) if is_allowed(character) => self.text.push(character),
                (_, _) => self.fail(XmlWriteError::IllegalCharacter),
            }
        }
    }

    fn fail(&mut self, error: XmlWriteError) {
        self.failed.get_or_insert(error);
    }
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Text,
    Attribute,
}
