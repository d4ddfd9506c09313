//! Why was an XML document refused?
//!
//! An error names the rule and the place, never the content.

use quick_xml::Error;
use quick_xml::name::NamespaceError;
use thiserror::Error as ThisError;

/// A document was refused, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[error("{kind} (at byte {at} of the text)")]
pub struct XmlError {
    kind: XmlErrorKind,
    at: u64,
}

impl XmlError {
    pub(super) fn new(kind: XmlErrorKind, at: u64) -> Self {
        Self { kind, at }
    }

    /// Returns the rule that was broken.
    #[must_use]
    pub fn kind(&self) -> XmlErrorKind {
        self.kind
    }

    /// Returns the place, in bytes of the text as UTF-8.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.at
    }
}

/// The rule that a refused document breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
pub enum XmlErrorKind {
    /// There is no root element.
    #[error("the document is empty")]
    Empty,
    /// The document is larger than the caller allows.
    #[error("the document is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The bytes do not fit the encoding.
    #[error("the bytes do not fit the encoding")]
    InvalidEncoding,
    /// The declared encoding is not one that is read here.
    #[error("the encoding is not supported, expected UTF-8, UTF-16 or ISO-8859-1")]
    UnsupportedEncoding,
    /// The declaration says another encoding than the bytes show.
    #[error("the declared encoding differs from the one in which the document is written")]
    EncodingMismatch,
    /// XML 1.0 does not allow the character.
    #[error("the document holds a character that XML does not allow")]
    IllegalCharacter,
    /// There is a document type declaration.
    #[error("a document type declaration is not accepted")]
    DocumentType,
    /// A reference names an entity other than the five of XML.
    #[error("only the entities `lt`, `gt`, `amp`, `apos` and `quot` and character references are accepted")]
    UnknownEntity,
    /// Elements are too deep inside each other.
    #[error("elements are nested deeper than {limit}")]
    TooDeep {
        /// The limit, in elements.
        limit: usize,
    },
    /// One element has too many attributes.
    #[error("an element has more than {limit} attributes")]
    TooManyAttributes {
        /// The limit, in attributes.
        limit: usize,
    },
    /// The document has too many elements and attributes.
    #[error("the document has more than {limit} elements and attributes")]
    TooManyNodes {
        /// The limit, in elements and attributes together.
        limit: usize,
    },
    /// Too many namespaces are declared at one place.
    #[error("more than {limit} namespaces are in scope")]
    TooManyNamespaces {
        /// The limit, in declarations.
        limit: usize,
    },
    /// A name or namespace is too long.
    #[error("a name or namespace is longer than {limit} bytes")]
    NameTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A name has characters that names cannot have.
    #[error("a name is not an XML name")]
    InvalidName,
    /// A prefix is used that no declaration binds, or a declaration is not allowed.
    #[error("a namespace prefix is not declared, or declared wrongly")]
    InvalidNamespace,
    /// An attribute is not written as XML wants it, or stands twice.
    #[error("an attribute is malformed or repeated")]
    InvalidAttribute,
    /// Start and end tags do not pair.
    #[error("start and end tags do not match")]
    UnmatchedTags,
    /// Something stands outside the root element.
    #[error("there is content outside the root element")]
    OutsideRoot,
    /// The XML declaration is not at the start, or not of version 1.0.
    #[error("the XML declaration is misplaced or not of version 1.0")]
    InvalidDeclaration,
    /// Any other breach of XML's syntax.
    #[error("the document is not well-formed XML")]
    Malformed,
}

impl From<&Error> for XmlErrorKind {
    fn from(error: &Error) -> Self {
        match error {
            Error::Syntax(_) | Error::Io(_) => Self::Malformed,
            Error::IllFormed(_) => Self::UnmatchedTags,
            Error::InvalidAttr(_) => Self::InvalidAttribute,
            Error::Encoding(_) => Self::InvalidEncoding,
            Error::Escape(_) => Self::UnknownEntity,
            Error::Namespace(NamespaceError::TooManyBindings(limit)) => {
                Self::TooManyNamespaces { limit: *limit }
            }
            Error::Namespace(_) => Self::InvalidNamespace,
        }
    }
}
