//! How is a refused call explained?

use std::error::Error;

use tonic::Status;
use tonic_types::StatusExt;

/// What a status says, line by line.
pub(super) fn lines(status: &Status) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", code(status), status.message())];
    let details = status.get_error_details();
    if let Some(info) = details.error_info() {
        lines.push(format!("  reason: {} ({})", info.reason, info.domain));
        let mut metadata: Vec<_> = info.metadata.iter().collect();
        metadata.sort();
        lines.extend(metadata.into_iter().map(|(key, value)| format!("  {key}: {value}")));
    }
    if let Some(request) = details.bad_request() {
        let fields = request.field_violations.iter();
        lines.extend(
            fields.map(|violation| format!("  field {}: {}", violation.field, violation.description)),
        );
    }
    if let Some(failure) = details.precondition_failure() {
        let violations = failure.violations.iter();
        lines.extend(
            violations
                .map(|one| format!("  precondition {} {}: {}", one.r#type, one.subject, one.description)),
        );
    }
    if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
        lines.push(format!("  try again after: {} ms", delay.as_millis()));
    }
    if let Some(message) = details.localized_message() {
        lines.push(format!("  hint: {}", message.message));
    }
    if let Some(help) = details.help() {
        lines.extend(help.links.iter().map(|link| format!("  hint: {} {}", link.description, link.url)));
    }
    let mut cause = status.source();
    while let Some(error) = cause {
        lines.push(format!("  because: {error}"));
        cause = error.source();
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The code in the spelling of the gRPC documents.
fn code(status: &Status) -> String {
    let mut spelled = String::new();
    for (index, letter) in format!("{:?}", status.code()).chars().enumerate() {
        if index > 0 && letter.is_ascii_uppercase() {
            spelled.push('_');
        }
        spelled.push(letter.to_ascii_uppercase());
    }
    spelled
}
