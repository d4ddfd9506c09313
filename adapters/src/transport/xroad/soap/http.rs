//! Which HTTP headers does a message in SOAP need?

use super::SoapError;

/// The content type that is sent.
pub const CONTENT_TYPE: &str = "text/xml; charset=UTF-8";

const ACCEPTED: &[&str] = &["text/xml", "application/xop+xml", "multipart/related"];

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
    let essence = value.and_then(|value| value.split(';').next()).map(str::trim);
    match essence {
        Some(essence) if ACCEPTED.iter().any(|accepted| essence.eq_ignore_ascii_case(accepted)) => Ok(()),
        Some(_) | None => Err(SoapError::ContentType),
    }
}
