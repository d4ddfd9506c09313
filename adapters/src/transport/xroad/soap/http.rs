//! Which HTTP headers does a message in SOAP need?

use super::SoapError;
use super::multipart::{Unpacked, unpack, unpack_parts, whole};

/// The content type that is sent.
pub const CONTENT_TYPE: &str = "text/xml; charset=UTF-8";

const MULTIPART: &str = "multipart/related";
const ACCEPTED: &[&str] = &["text/xml", "application/xop+xml", MULTIPART];

/// Returns the value of `SOAPAction` for an action, which X-Road wants in double quotes.
///
/// # Errors
/// The action is not a URI that can stand in quotes.
pub fn soap_action(action: &str) -> Result<String, SoapError> {
    let value = format!("\"{action}\"");
    check_soap_action(Some(&value))?;
    Ok(value)
}

/// Checks the value of `SOAPAction`: absent, empty, or a URI in double quotes.
///
/// # Errors
/// The value is anything else.
pub fn check_soap_action(value: Option<&str>) -> Result<(), SoapError> {
    let action = match value {
        None | Some("") => return Ok(()),
        Some(value) => value.strip_prefix('"').and_then(|value| value.strip_suffix('"')),
    };
    let is_uri = |action: &str| {
        action.chars().all(|character| !character.is_control() && !" \"<>\\^`{|}".contains(character))
    };
    match action {
        Some(action) if is_uri(action) => Ok(()),
        Some(_) | None => Err(SoapError::SoapAction),
    }
}

/// Checks that a content type is one of SOAP.
///
/// # Errors
/// The content type is missing or another.
pub fn check_content_type(value: Option<&str>) -> Result<(), SoapError> {
    match value.map(essence) {
        Some(essence) if ACCEPTED.contains(&essence.as_str()) => Ok(()),
        Some(_) | None => Err(SoapError::ContentType),
    }
}

/// The lines before a body.
#[derive(Default)]
pub(super) struct Head {
    status: Option<String>,
    headers: Vec<(String, String)>,
}

impl Head {
    /// The status of an answer, if it was recorded: three digits, unless something else stands there.
    pub(super) fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    pub(super) fn content_type(&self) -> Option<&str> {
        self.value("content-type")
    }

    pub(super) fn soap_action(&self) -> Option<&str> {
        self.value("soapaction")
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Splits a message as it was recorded from the wire, with HTTP's lines or only headers before the body. A
/// message without them is all body: XML begins neither with a name nor with a hyphen.
pub(super) fn split_recorded(bytes: &[u8]) -> (Head, &[u8]) {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if !first.first().is_some_and(u8::is_ascii_alphabetic) {
        return (Head::default(), bytes);
    }
    let name = first.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_header =
        name.len() < first.len() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let is_http = first.starts_with(b"HTTP/1.") || first.trim_ascii_end().ends_with(b" HTTP/1.1");
    if is_header || is_http { read_head(bytes) } else { (Head::default(), bytes) }
}

/// Finds the SOAP message in a body, by its content type if that is known.
pub(super) fn unpack_recorded<'m>(head: &Head, body: &'m [u8]) -> Result<Unpacked<'m>, SoapError> {
    let Some(content_type) = head.content_type() else {
        return unpack(body);
    };
    check_content_type(Some(content_type))?;
    if essence(content_type) != MULTIPART {
        return Ok(whole(body));
    }
    match boundary(content_type) {
        Some(boundary) => unpack_parts(body, format!("--{boundary}").as_bytes()),
        None => unpack(body),
    }
}

/// Reads header lines up to the first empty one; a line that begins with white space continues the one before.
pub(super) fn read_head(bytes: &[u8]) -> (Head, &[u8]) {
    let mut head: Vec<(String, String)> = Vec::new();
    let status = bytes.split(|byte| *byte == b'\n').next().filter(|line| line.starts_with(b"HTTP/1."));
    let status = status.map(|line| {
        let line = String::from_utf8_lossy(line);
        line.split_ascii_whitespace().nth(1).unwrap_or_default().to_owned()
    });
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        rest = after;
        if line.trim_ascii().is_empty() {
            break;
        }
        let text = String::from_utf8_lossy(line);
        if text.starts_with([' ', '\t']) {
            if let Some((_, value)) = head.last_mut() {
                value.push_str(text.trim_end());
            }
        } else if let Some((name, value)) = text.split_once(':') {
            head.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    (Head { status, headers: head }, rest)
}

/// Returns a content type without its parameters, in lower case.
pub(super) fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn boundary(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })
}
