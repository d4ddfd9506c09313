//! Where is the SOAP message in a message with attachments?
//!
//! SOAP with attachments and MTOM put the envelope into the first part. Attachments are not read: no agency
//! here sends or takes any.

use super::SoapError;

const ACCEPTED: &[&str] = &["text/xml", "application/xop+xml"];

/// Returns the first part of a multipart message, or all of a plain one. No XML begins with a hyphen.
pub(super) fn soap_part(bytes: &[u8]) -> Result<&[u8], SoapError> {
    if !bytes.starts_with(b"--") {
        return Ok(bytes);
    }
    let (boundary, mut rest) = line(bytes).ok_or(SoapError::ContentType)?;
    let mut content_type = None;
    loop {
        let (header, after) = line(rest).ok_or(SoapError::ContentType)?;
        rest = after;
        if header.is_empty() {
            break;
        }
        let header = String::from_utf8_lossy(header);
        if let Some((name, value)) = header.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-type")
        {
            content_type = Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        }
    }
    if !content_type.is_some_and(|content_type| ACCEPTED.contains(&content_type.as_str())) {
        return Err(SoapError::ContentType);
    }
    let delimiter = [b"\n", boundary].concat();
    let end = rest.windows(delimiter.len()).position(|window| window == delimiter.as_slice());
    Ok(rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest))
}

/// Splits off the first line, without its end and trailing white space.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?.trim_ascii_end(), bytes.get(end + 1..)?))
}
