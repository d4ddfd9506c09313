//! What does the library alone need for the same bytes?
//!
//! The yardstick looks at every value and does nothing with it. For XML that is quick-xml's reader with namespaces,
//! stepping over all events, with the references in every text and attribute replaced: it builds nothing. For JSON it
//! is `serde_json::Value`; `IgnoredAny` passes over texts without decoding them, and is given beside it only to show
//! how much of the yardstick is the tree.

use std::error::Error;
use std::hint::black_box;

use quick_xml::XmlVersion;
use quick_xml::events::Event;
use quick_xml::reader::NsReader;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Parses a document, whichever of the two formats it is in.
pub(crate) fn parse(body: &[u8]) -> Result<(), Box<dyn Error>> {
    if is_xml(body) {
        return step_over(body);
    }
    drop(black_box(serde_json::from_slice::<Value>(body)?));
    Ok(())
}

/// Finds the end of a JSON document. Says nothing about XML.
pub(crate) fn skip(body: &[u8]) -> Result<(), Box<dyn Error>> {
    if !is_xml(body) {
        black_box(serde_json::from_slice::<IgnoredAny>(body)?);
    }
    Ok(())
}

pub(crate) fn is_xml(body: &[u8]) -> bool {
    body.starts_with(b"<")
}

/// Whether there is a document in one of the two formats. Some questions have no body, or one that is a form.
pub(crate) fn is_readable(body: &[u8]) -> bool {
    is_xml(body) || body.starts_with(b"{")
}

fn step_over(body: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut reader = NsReader::from_str(std::str::from_utf8(body)?);
    loop {
        match reader.read_event()? {
            Event::Start(tag) | Event::Empty(tag) => {
                black_box(reader.resolver().resolve_element(tag.name()));
                for attribute in tag.attributes() {
                    black_box(attribute?.normalized_value(XmlVersion::Implicit1_0)?);
                }
            }
            Event::Text(text) => drop(black_box(text.xml10_content())),
            Event::CData(text) => drop(black_box(text.xml10_content())),
            Event::GeneralRef(reference) => drop(black_box(reference.resolve_char_ref()?)),
            Event::End(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) => {}
            Event::Eof => return Ok(()),
        }
    }
}
