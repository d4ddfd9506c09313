//! What comes next in this document?
//!
//! A pull cursor with namespaces resolved and the limits enforced. It never recurses.

use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, QName, ResolveResult};
use quick_xml::reader::NsReader;

use super::element::Element;
use super::event::{Attribute, StartTag, XmlEvent};
use super::{XmlError, XmlErrorKind, XmlLimits, is_allowed, is_name, is_qualified_name};

/// Namespaces remembered, so that a thousand elements of one namespace share its text.
const SHARED_NAMESPACES: usize = 16;

/// A pull cursor over one document.
pub struct XmlReader<'a> {
    inner: NsReader<&'a [u8]>,
    limits: XmlLimits,
    depth: usize,
    nodes: usize,
    root: Root,
    shared: Vec<Arc<str>>,
}

impl std::fmt::Debug for XmlReader<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("XmlReader(redacted)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Awaited,
    Open,
    Closed,
}

impl<'a> XmlReader<'a> {
    /// Starts at the beginning of a decoded text.
    #[must_use]
    pub fn new(text: &'a str, limits: XmlLimits) -> Self {
        let mut inner = NsReader::from_str(text);
        let config = inner.config_mut();
        config.check_comments = true;
        config.expand_empty_elements = true;
        inner.resolver_mut().set_max_namespace_bindings(limits.namespaces);
        Self { inner, limits, depth: 0, nodes: 0, root: Root::Awaited, shared: Vec::new() }
    }

    /// How far the cursor has come, in bytes of the text.
    fn offset(&self) -> usize {
        usize::try_from(self.inner.buffer_position()).unwrap_or(usize::MAX)
    }

    /// Takes the next step.
    ///
    /// # Errors
    /// The document breaks XML's rules or a limit. The reader must not be used after an error.
    pub fn event(&mut self) -> Result<XmlEvent, XmlError> {
        loop {
            let before = self.offset();
            let event = self.inner.read_event();
            let event = event.map_err(|error| self.error(XmlErrorKind::from(&error)))?;
            match event {
                Event::Start(tag) | Event::Empty(tag) => {
                    return self.start(&tag).map(XmlEvent::Start);
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.root = Root::Closed;
                    }
                    return Ok(XmlEvent::End);
                }
                Event::Text(text) if self.root == Root::Open => {
                    if text.contains("]]>") {
                        return Err(self.error(XmlErrorKind::Malformed));
                    }
                    return Ok(XmlEvent::Text(text.xml10_content().into_owned()));
                }
                Event::Text(text) if text.bytes().all(|byte| byte.is_ascii_whitespace()) => {}
                Event::CData(text) if self.root == Root::Open => {
                    return Ok(XmlEvent::Text(text.xml10_content().into_owned()));
                }
                Event::GeneralRef(reference) if self.root == Root::Open => {
                    return self.reference(&reference).map(XmlEvent::Text);
                }
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    return Err(self.error(XmlErrorKind::OutsideRoot));
                }
                Event::Comment(_) => {}
                Event::PI(instruction) => {
                    if !is_name(instruction.target()) || instruction.target().eq_ignore_ascii_case("xml") {
                        return Err(self.error(XmlErrorKind::InvalidDeclaration));
                    }
                }
                Event::Decl(declaration) => self.declaration(&declaration, before)?,
                Event::DocType(_) => return Err(self.error(XmlErrorKind::DocumentType)),
                Event::Eof => return self.end_of_input(),
            }
        }
    }

    /// Steps to the root element.
    ///
    /// # Errors
    /// The document breaks XML's rules or a limit.
    pub fn root(&mut self) -> Result<StartTag, XmlError> {
        match self.event()? {
            XmlEvent::Start(tag) => Ok(tag),
            XmlEvent::Text(_) | XmlEvent::End | XmlEvent::EndOfDocument => {
                Err(self.error(XmlErrorKind::OutsideRoot))
            }
        }
    }

    /// Reads the rest of an element that has begun, as a tree.
    ///
    /// # Errors
    /// The document breaks XML's rules or a limit.
    pub fn element(&mut self, start: StartTag) -> Result<Element, XmlError> {
        let mut open = Vec::new();
        let mut current = Element::from(start);
        loop {
            match self.event()? {
                XmlEvent::Start(tag) => open.push(std::mem::replace(&mut current, Element::from(tag))),
                XmlEvent::Text(text) => current.push_text(text),
                XmlEvent::End => match open.pop() {
                    Some(mut parent) => {
                        parent.push_child(current);
                        current = parent;
                    }
                    None => return Ok(current),
                },
                XmlEvent::EndOfDocument => return Err(self.error(XmlErrorKind::UnmatchedTags)),
            }
        }
    }

    /// Requires that nothing but comments and white space follows the root element.
    ///
    /// # Errors
    /// Something else follows.
    pub fn end_of_document(&mut self) -> Result<(), XmlError> {
        match self.event()? {
            XmlEvent::EndOfDocument => Ok(()),
            XmlEvent::Start(_) | XmlEvent::Text(_) | XmlEvent::End => {
                Err(self.error(XmlErrorKind::OutsideRoot))
            }
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<StartTag, XmlError> {
        if self.root == Root::Closed {
            return Err(self.error(XmlErrorKind::OutsideRoot));
        }
        self.root = Root::Open;
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(self.error(XmlErrorKind::TooDeep { limit: self.limits.depth }));
        }
        self.count_node()?;
        let attributes = self.attributes(tag)?;
        let qualified = tag.name();
        self.check_name(qualified)?;
        let (namespace, name) = self.inner.resolver().resolve_element(qualified);
        let namespace = namespace_of(&namespace).ok_or_else(|| self.error(XmlErrorKind::InvalidNamespace))?;
        let namespace = share(&mut self.shared, namespace);
        Ok(StartTag { namespace, name: name.as_ref().to_owned(), attributes })
    }

    fn attributes(&mut self, tag: &BytesStart<'_>) -> Result<Vec<Attribute>, XmlError> {
        if !are_separated(tag.attributes_raw()) {
            return Err(self.error(XmlErrorKind::InvalidAttribute));
        }
        let mut attributes: Vec<Attribute> = Vec::new();
        for (index, attribute) in tag.attributes().enumerate() {
            if index >= self.limits.attributes {
                return Err(self.error(XmlErrorKind::TooManyAttributes { limit: self.limits.attributes }));
            }
            self.count_node()?;
            let attribute = attribute.map_err(|_| self.error(XmlErrorKind::InvalidAttribute))?;
            self.check_name(attribute.key)?;
            if attribute.value.contains('<') {
                return Err(self.error(XmlErrorKind::InvalidAttribute));
            }
            if attribute.key.as_namespace_binding().is_some() {
                self.check_namespace(&attribute.value)?;
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| self.error(XmlErrorKind::from(&error)))?.into_owned();
            if !value.chars().all(is_allowed) {
                return Err(self.error(XmlErrorKind::IllegalCharacter));
            }
            let (namespace, name) = self.inner.resolver().resolve_attribute(attribute.key);
            let namespace =
                namespace_of(&namespace).ok_or_else(|| self.error(XmlErrorKind::InvalidNamespace))?;
            let namespace = share(&mut self.shared, namespace);
            let name = name.as_ref().to_owned();
            // Two prefixes of one namespace make the same attribute twice.
            if attributes.iter().any(|earlier| earlier.name == name && earlier.namespace == namespace) {
                return Err(self.error(XmlErrorKind::InvalidAttribute));
            }
            attributes.push(Attribute { namespace, name, value });
        }
        Ok(attributes)
    }

    /// References in a namespace would make it compare unequal to itself.
    fn check_namespace(&self, namespace: &str) -> Result<(), XmlError> {
        if namespace.len() > self.limits.name_bytes {
            return Err(self.error(XmlErrorKind::NameTooLong { limit: self.limits.name_bytes }));
        }
        if namespace.contains(['&', '\t', '\n', '\r']) {
            return Err(self.error(XmlErrorKind::InvalidNamespace));
        }
        Ok(())
    }

    fn check_name(&self, name: QName<'_>) -> Result<(), XmlError> {
        if name.0.len() > self.limits.name_bytes {
            return Err(self.error(XmlErrorKind::NameTooLong { limit: self.limits.name_bytes }));
        }
        if !is_qualified_name(name.0) {
            return Err(self.error(XmlErrorKind::InvalidName));
        }
        Ok(())
    }

    fn count_node(&mut self) -> Result<(), XmlError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(self.error(XmlErrorKind::TooManyNodes { limit: self.limits.nodes }));
        }
        Ok(())
    }

    fn reference(&self, reference: &BytesRef<'_>) -> Result<String, XmlError> {
        let character = match reference.as_ref() {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "apos" => '\'',
            "quot" => '"',
            _ => match reference.resolve_char_ref() {
                Ok(Some(character)) => character,
                Ok(None) => return Err(self.error(XmlErrorKind::UnknownEntity)),
                Err(_) => return Err(self.error(XmlErrorKind::IllegalCharacter)),
            },
        };
        if !is_allowed(character) {
            return Err(self.error(XmlErrorKind::IllegalCharacter));
        }
        Ok(character.to_string())
    }

    fn declaration(&self, declaration: &BytesDecl<'_>, before: usize) -> Result<(), XmlError> {
        match declaration.version() {
            Ok(version) if before == 0 && version.as_ref() == "1.0" => Ok(()),
            Ok(_) | Err(_) => Err(self.error(XmlErrorKind::InvalidDeclaration)),
        }
    }

    fn end_of_input(&self) -> Result<XmlEvent, XmlError> {
        match self.root {
            Root::Awaited => Err(self.error(XmlErrorKind::Empty)),
            Root::Open => Err(self.error(XmlErrorKind::UnmatchedTags)),
            Root::Closed => Ok(XmlEvent::EndOfDocument),
        }
    }

    fn error(&self, kind: XmlErrorKind) -> XmlError {
        XmlError::new(kind, self.inner.buffer_position())
    }
}

/// Returns the namespace of a resolved name, or nothing if its prefix is not declared.
fn namespace_of<'n>(result: &ResolveResult<'n>) -> Option<&'n str> {
    match result {
        ResolveResult::Bound(Namespace(namespace)) => Some(namespace),
        ResolveResult::Unbound => Some(""),
        ResolveResult::Unknown(_) => None,
    }
}

fn share(shared: &mut Vec<Arc<str>>, namespace: &str) -> Arc<str> {
    if let Some(known) = shared.iter().find(|known| ***known == *namespace) {
        return Arc::clone(known);
    }
    let namespace: Arc<str> = Arc::from(namespace);
    if shared.len() < SHARED_NAMESPACES {
        shared.push(Arc::clone(&namespace));
    }
    namespace
}

/// Says whether white space follows every attribute but the last.
fn are_separated(attributes: &str) -> bool {
    let mut open = None;
    let mut closed = false;
    for byte in attributes.bytes() {
        if closed && !byte.is_ascii_whitespace() {
            return false;
        }
        closed = open == Some(byte);
        open = match (open, byte) {
            (None, b'"' | b'\'') => Some(byte),
            (Some(quote), _) if quote != byte => open,
            (_, _) => None,
        };
    }
    true
}
