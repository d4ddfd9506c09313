//! Where is the SOAP message in a message with attachments?
//!
//! SOAP with attachments and MTOM put the envelope into the first part. Attachments are not read, for no agency
//! here sends or takes any; but each must say its type, or X-Road refuses the message.

use super::SoapError;
use super::http::{essence, read_head};

const ACCEPTED: &[&str] = &["text/xml", "application/xop+xml"];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const HYPHENS: &[u8] = b"--";

/// The SOAP message, and whether the attachments beside it are as they must be.
pub(super) struct Unpacked<'m> {
    pub(super) soap: &'m [u8],
    pub(super) attachments: Attachments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attachments {
    Typed,
    Untyped,
}

/// Finds the SOAP message in bytes of which nothing is known. No XML begins with a hyphen, so that a first line
/// that does is the boundary of a multipart message.
pub(super) fn unpack(bytes: &[u8]) -> Result<Unpacked<'_>, SoapError> {
    let unmarked = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    match unmarked.split(|byte| *byte == b'\n').next().map(<[u8]>::trim_ascii_end) {
        Some(delimiter) if delimiter.starts_with(HYPHENS) => unpack_parts(unmarked, delimiter),
        Some(_) | None => Ok(whole(bytes)),
    }
}

/// Takes bytes as one XML document.
pub(super) fn whole(bytes: &[u8]) -> Unpacked<'_> {
    Unpacked { soap: bytes, attachments: Attachments::Typed }
}

/// Finds the SOAP message in the first part; `delimiter` is the boundary with the hyphens before it.
pub(super) fn unpack_parts<'m>(bytes: &'m [u8], delimiter: &[u8]) -> Result<Unpacked<'m>, SoapError> {
    let mut parts = split(bytes, delimiter).into_iter().map(read_head);
    let (head, soap) = parts.next().ok_or(SoapError::NoSoapPart)?;
    if !head.content_type().is_some_and(|found| ACCEPTED.contains(&essence(found).as_str())) {
        return Err(SoapError::ContentType);
    }
    let typed = parts.all(|(head, _)| head.content_type().is_some());
    Ok(Unpacked { soap, attachments: if typed { Attachments::Typed } else { Attachments::Untyped } })
}

/// Returns what stands between the delimiters, without the line end that belongs to the delimiter. Of a message
/// that breaks off the last part is left out.
fn split<'m>(bytes: &'m [u8], delimiter: &[u8]) -> Vec<&'m [u8]> {
    let mut parts = Vec::new();
    let mut part_start = None;
    let mut line_start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let line_end = line_start + line.len();
        if let Some(rest) = line.trim_ascii_end().strip_prefix(delimiter)
            && (rest.is_empty() || rest == HYPHENS)
        {
            if let Some(part) = part_start.and_then(|start| bytes.get(start..line_start)) {
                let part = part.strip_suffix(b"\n").unwrap_or(part);
                parts.push(part.strip_suffix(b"\r").unwrap_or(part));
            }
            if rest == HYPHENS {
                break;
            }
            part_start = Some(line_end);
        }
        line_start = line_end;
    }
    parts
}
