//! What does this message say?

use std::fmt;

use super::fault::{Fault, NonTechnicalFault};
use super::header::{Draft, Headers};
use super::{ENVELOPE, SoapError, XROAD};
use crate::transport::xml::{Element, StartTag, XmlEvent, XmlLimits, XmlReader, decode};

/// A message, or the word that something failed on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope {
    /// A request or an answer.
    Message(Box<SoapMessage>),
    /// A technical fault.
    Fault(Fault),
}

/// A request or an answer with its header and the one element of its body. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct SoapMessage {
    header: Header,
    body: Element,
}

/// The header of a message: what an answer repeats of its request. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    fields: Headers,
    elements: Vec<Element>,
}

impl Header {
    /// Returns the header fields.
    #[must_use]
    pub fn fields(&self) -> &Headers {
        &self.fields
    }

    /// Returns every element in its order, X-Road's and others.
    #[must_use]
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Header").field("fields", &self.fields).finish_non_exhaustive()
    }
}

impl SoapMessage {
    /// Returns the header fields.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.header.fields
    }

    /// Returns the one element of the body, for the agency's own reader.
    #[must_use]
    pub fn body(&self) -> &Element {
        &self.body
    }

    /// Returns the header, for an answer.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Parts with the body, where only the header is needed on.
    #[must_use]
    pub fn into_header(self) -> Header {
        self.header
    }

    /// Parts with the header, where only the one element of the body is needed on.
    #[must_use]
    pub fn into_body(self) -> Element {
        self.body
    }

    /// Returns the failure that a provider reports inside an ordinary answer, if this answer is one.
    #[must_use]
    pub fn non_technical_fault(&self) -> Option<NonTechnicalFault> {
        NonTechnicalFault::find(&self.body)
    }
}

impl fmt::Debug for SoapMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SoapMessage").field("headers", self.headers()).finish_non_exhaustive()
    }
}

/// Reads a message.
///
/// Mistakes inside the header and the body are found in the order in which they stand; what is missing is
/// found at the end of the envelope, header first.
///
/// # Errors
/// The message is not XML within the limits, not SOAP 1.1, or not X-Road's message protocol 4.
pub fn parse(bytes: &[u8], limits: &XmlLimits) -> Result<Envelope, SoapError> {
    let text = decode(bytes, limits)?;
    let mut reader = XmlReader::new(&text, *limits);
    if !reader.root()?.is(ENVELOPE, "Envelope") {
        return Err(SoapError::NotAnEnvelope);
    }
    let mut parts = Parts::default();
    while let Some(child) = next_child(&mut reader)? {
        if child.is(ENVELOPE, "Header") {
            parts.read_header(&mut reader)?;
        } else if child.is(ENVELOPE, "Body") {
            parts.read_body(&mut reader)?;
        } else {
            reader.element(child)?;
        }
    }
    let envelope = parts.finish()?;
    reader.end_of_document()?;
    Ok(envelope)
}

#[derive(Default)]
struct Parts {
    header: Option<(Draft, Vec<Element>)>,
    body: Option<Body>,
}

enum Body {
    Empty,
    Wrapper(Element),
    Fault(Fault),
}

impl Parts {
    fn read_header(&mut self, reader: &mut XmlReader<'_>) -> Result<(), SoapError> {
        if self.header.is_some() {
            return Err(SoapError::RepeatedHeader);
        }
        let mut draft = Draft::default();
        let mut elements = Vec::new();
        while let Some(child) = next_child(reader)? {
            let element = reader.element(child)?;
            draft.read(&element)?;
            elements.push(element);
        }
        self.header = Some((draft, elements));
        Ok(())
    }

    fn read_body(&mut self, reader: &mut XmlReader<'_>) -> Result<(), SoapError> {
        if self.body.is_some() {
            return Err(SoapError::RepeatedBody);
        }
        let mut body = Body::Empty;
        while let Some(child) = next_child(reader)? {
            if !matches!(body, Body::Empty) {
                return Err(SoapError::BodyChildren);
            }
            let element = reader.element(child)?;
            body = if element.is(ENVELOPE, "Fault") {
                Body::Fault(Fault::read(&element))
            } else {
                Body::Wrapper(element)
            };
        }
        self.body = Some(body);
        Ok(())
    }

    fn finish(self) -> Result<Envelope, SoapError> {
        if let Some(Body::Fault(fault)) = self.body {
            return Ok(Envelope::Fault(fault));
        }
        let (draft, elements) = self.header.ok_or(SoapError::MissingHeader)?;
        let fields = draft.finish()?;
        let body = match self.body {
            Some(Body::Wrapper(body)) => body,
            Some(Body::Empty | Body::Fault(_)) => return Err(SoapError::BodyChildren),
            None => return Err(SoapError::MissingBody),
        };
        if !body.name().starts_with(fields.service.service_code()) {
            return Err(SoapError::ServiceCode);
        }
        Ok(Envelope::Message(Box::new(SoapMessage { header: Header { fields, elements }, body })))
    }
}

/// Returns the next child of the open element, or nothing at its end; text between children means nothing.
fn next_child(reader: &mut XmlReader<'_>) -> Result<Option<StartTag>, SoapError> {
    loop {
        match reader.event()? {
            XmlEvent::Start(tag) => return Ok(Some(tag)),
            XmlEvent::Text(_) => {}
            XmlEvent::End | XmlEvent::EndOfDocument => return Ok(None),
        }
    }
}

/// Says whether a header element is the request hash, which belongs to one answer and is never copied.
pub(super) fn is_request_hash(element: &Element) -> bool {
    element.is(XROAD, "requestHash")
}
