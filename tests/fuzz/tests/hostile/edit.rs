//! How is a good document made into a hostile one?

/// Puts a text in place of the one that the document has.
pub fn text(document: &str, text: &str) -> Vec<u8> {
    assert!(document.contains("Sana."));
    document.replace("Sana.", text).into_bytes()
}

/// Replaces something that stands in the document.
pub fn replaced(document: &str, from: &str, to: &str) -> Vec<u8> {
    assert!(document.contains(from), "there is no {from} to be replaced");
    document.replace(from, to).into_bytes()
}

/// Puts something between the declaration and the root of an XML document.
pub fn before_root(document: &str, what: &str) -> Vec<u8> {
    replaced(document, "<SOAP-ENV:Envelope", &format!("{what}<SOAP-ENV:Envelope"))
}

/// Puts something behind the root of an XML document.
pub fn after_root(document: &str, what: &str) -> Vec<u8> {
    format!("{document}{what}").into_bytes()
}

/// Gives the XML element with the text these attributes too.
pub fn attributes(document: &str, attributes: &str) -> Vec<u8> {
    replaced(document, ">Sana.<", &format!(" {attributes}>Sana.<"))
}

/// Puts something into the SOAP header, last.
pub fn in_header(document: &str, what: &str) -> Vec<u8> {
    replaced(document, "</SOAP-ENV:Header>", &format!("{what}</SOAP-ENV:Header>"))
}

/// Puts something into the SOAP body, last.
pub fn in_body(document: &str, what: &str) -> Vec<u8> {
    replaced(document, "</SOAP-ENV:Body>", &format!("{what}</SOAP-ENV:Body>"))
}

/// Puts another XML declaration in place of the document's.
pub fn declared(document: &str, declaration: &str) -> String {
    let (_, rest) = document.split_once("?>").unwrap();
    format!("{declaration}{rest}")
}

/// Puts another namespace in place of the agency's own.
pub fn namespace(document: &str, namespace: &str) -> Vec<u8> {
    let (before, rest) = document.split_once("xmlns:tns=\"").unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    format!("{before}xmlns:tns=\"{namespace}\"{after}").into_bytes()
}

/// The element of the body, with all that is in it.
pub fn body(document: &str) -> &str {
    let (_, rest) = document.split_once("<SOAP-ENV:Body>").unwrap();
    rest.split_once("</SOAP-ENV:Body>").unwrap().0
}

/// Writes a text in UTF-16, little-endian, without mark.
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Puts a member into a JSON object, first.
pub fn member(document: &str, member: &str) -> Vec<u8> {
    let rest = document.strip_prefix('{').unwrap();
    format!("{{{member},{rest}").into_bytes()
}

/// Puts a value of JSON in place of the text.
pub fn value(document: &str, value: &str) -> Vec<u8> {
    replaced(document, r#""Sana.""#, value)
}

/// So many of something.
pub fn times(what: &str, count: usize) -> String {
    what.repeat(count)
}

/// So many different ones, numbered.
pub fn numbered(before: &str, after: &str, count: usize) -> String {
    (0..count).map(|number| format!("{before}{number}{after}")).collect()
}
