//! How do the simulators read and write XML? As a small tree, strictly, written for them alone.

use std::fmt::Write;

use quick_xml::XmlVersion;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{QName, ResolveResult};
use quick_xml::reader::NsReader;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 32;

/// An element with what is in it. Comments and processing instructions are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Element>,
    /// The text directly inside, without that of the children.
    pub(crate) text: String,
}

/// An attribute that is no namespace declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Why bytes were not read as XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum XmlError {
    /// It has a document type declaration.
    Doctype,
    /// It is not well-formed.
    Malformed,
}

impl Element {
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            attributes: Vec::new(),
            children: Vec::new(),
            text: String::new(),
        }
    }

    pub(crate) fn with_text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    pub(crate) fn with_child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// Adds `<name>text</name>` of the same namespace.
    pub(crate) fn with_field(self, name: &str, text: &str) -> Self {
        let field = Self::new(&self.namespace, name).with_text(text);
        self.with_child(field)
    }

    pub(crate) fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// Whether both say the same; white space between the children is no difference.
    pub(crate) fn same_as(&self, other: &Element) -> bool {
        self.namespace == other.namespace
            && self.name == other.name
            && self.attributes == other.attributes
            && self.text.trim() == other.text.trim()
            && self.children.len() == other.children.len()
            && self.children.iter().zip(&other.children).all(|(one, another)| one.same_as(another))
    }

    /// Writes the element and what is in it. Every element declares its own namespace.
    pub(crate) fn write(&self, out: &mut String) {
        let namespace = escape(self.namespace.as_str());
        let name = &self.name;
        // Writing to a String cannot fail.
        let _ = write!(out, "<{name} xmlns=\"{namespace}\"");
        for (index, attribute) in self.attributes.iter().enumerate() {
            let value = escape(attribute.value.as_str());
            let local = &attribute.name;
            if attribute.namespace.is_empty() {
                let _ = write!(out, " {local}=\"{value}\"");
            } else {
                let namespace = escape(attribute.namespace.as_str());
                let _ = write!(out, " xmlns:a{index}=\"{namespace}\" a{index}:{local}=\"{value}\"");
            }
        }
        out.push('>');
        if self.children.is_empty() {
            out.push_str(&escape(self.text.as_str()));
        }
        for child in &self.children {
            child.write(out);
        }
        let _ = write!(out, "</{name}>");
    }
}

/// Reads one document in UTF-8.
pub(crate) fn parse(bytes: &[u8]) -> Result<Element, XmlError> {
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Malformed)?;
    let mut reader = NsReader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().map_err(|_| XmlError::Malformed)? {
            Event::DocType(_) => return Err(XmlError::Doctype),
            Event::Start(start) => {
                if root.is_some() || open.len() >= MAX_DEPTH {
                    return Err(XmlError::Malformed);
                }
                open.push(element(&reader, &start)?);
            }
            Event::Empty(start) => {
                let empty = element(&reader, &start)?;
                close(empty, &mut open, &mut root)?;
            }
            Event::End(_) => {
                let ended = open.pop().ok_or(XmlError::Malformed)?;
                close(ended, &mut open, &mut root)?;
            }
            Event::Text(piece) => add_text(&mut open, &piece.xml10_content())?,
            Event::CData(piece) => add_text(&mut open, &piece.xml10_content())?,
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().map_err(|_| XmlError::Malformed)? {
                    Some(character) => character,
                    None => predefined(&reference.xml10_content())?,
                };
                add_text(&mut open, character.encode_utf8(&mut [0; 4]))?;
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => break,
        }
    }
    if open.is_empty() { root.ok_or(XmlError::Malformed) } else { Err(XmlError::Malformed) }
}

fn close(ended: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(parent) => parent.children.push(ended),
        None if root.is_none() => *root = Some(ended),
        None => return Err(XmlError::Malformed),
    }
    Ok(())
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(XmlError::Malformed),
    }
    Ok(())
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, XmlError> {
    let (namespace, local) = reader.resolver().resolve_element(start.name());
    let mut element = Element::new(&bound(&namespace)?, local.as_ref());
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| XmlError::Malformed)?;
        if is_declaration(attribute.key) {
            continue;
        }
        let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| XmlError::Malformed)?;
        element.attributes.push(Attribute {
            namespace: bound(&namespace)?,
            name: local.as_ref().to_owned(),
            value: value.into_owned(),
        });
    }
    Ok(element)
}

fn is_declaration(name: QName<'_>) -> bool {
    name.as_namespace_binding().is_some()
}

fn bound(namespace: &ResolveResult<'_>) -> Result<String, XmlError> {
    match namespace {
        ResolveResult::Bound(namespace) => Ok(namespace.0.to_owned()),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(_) => Err(XmlError::Malformed),
    }
}

fn predefined(name: &str) -> Result<char, XmlError> {
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(XmlError::Malformed),
    }
}
