//! How is XML from outside read, and XML of ours written, without surprises?
//!
//! Everything that an agency sends is hostile until read. The limits stand here and nowhere else: size before
//! parsing, depth, nodes, attributes and names while parsing; a document type declaration, an unknown entity
//! and a character that XML does not allow are refused outright.

mod decode;
mod element;
mod error;
mod event;
mod reader;
mod writer;

pub use element::{Element, ShapeError};
pub use error::{XmlError, XmlErrorKind};
pub use event::{Attribute, StartTag, XmlEvent};
pub use reader::XmlReader;
pub use writer::{XmlWriteError, XmlWriter};

use std::borrow::Cow;

/// What a document may cost before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XmlLimits {
    /// Size of the document as received, in bytes; checked before anything is parsed.
    pub bytes: usize,
    /// Elements inside each other, the root included.
    pub depth: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Elements and attributes of the whole document.
    pub nodes: usize,
    /// Length of an element's or attribute's name, prefix included, and of a namespace, in bytes.
    pub name_bytes: usize,
    /// Namespace declarations in scope at one place.
    pub namespaces: usize,
}

impl Default for XmlLimits {
    fn default() -> Self {
        Self {
            bytes: 1024 * 1024,
            depth: 32,
            attributes: 64,
            nodes: 32_768,
            name_bytes: 256,
            namespaces: 128,
        }
    }
}

/// Turns received bytes into text: UTF-8, UTF-16 or ISO-8859-1, by byte order mark and XML declaration.
///
/// # Errors
/// The document is empty, larger than allowed, in another encoding, or holds a character outside XML 1.0.
pub fn decode<'a>(bytes: &'a [u8], limits: &XmlLimits) -> Result<Cow<'a, str>, XmlError> {
    decode::decode(bytes, limits)
}

/// Reads a whole document as a tree.
///
/// # Errors
/// The document is not well formed or goes beyond a limit.
///
/// ```
/// use polku_adapters::transport::xml::{XmlLimits, read_document};
///
/// let order = read_document(b"<order><item>tea</item></order>", &XmlLimits::default())?;
/// assert_eq!(order.text_of("item"), Some("tea"));
/// # Ok::<(), polku_adapters::transport::xml::XmlError>(())
/// ```
pub fn read_document(bytes: &[u8], limits: &XmlLimits) -> Result<Element, XmlError> {
    let text = decode(bytes, limits)?;
    let mut reader = XmlReader::new(&text, *limits);
    let root = reader.root()?;
    let root = reader.element(root)?;
    reader.end_of_document()?;
    Ok(root)
}

/// Says whether XML 1.0 allows the character in a document (production `Char`).
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Says whether the text is a name with at most one prefix, in the characters that XML allows for names.
fn is_qualified_name(name: &str) -> bool {
    match name.split_once(':') {
        Some((prefix, local)) => is_name(prefix) && is_name(local),
        None => is_name(name),
    }
}

/// Says whether the text is a name without prefix.
fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(starts_name) && characters.all(continues_name)
}

fn starts_name(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}'
        | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

fn continues_name(character: char) -> bool {
    starts_name(character)
        || matches!(character,
            '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests;
