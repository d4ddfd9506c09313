//! What must every refusal look like?

use std::collections::BTreeMap;

use polku_tests::world::canaries;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Asserts that a call was refused with this code and reason, with a hint, and without repeating what was sent.
#[track_caller]
pub(crate) fn assert_refused<T>(result: Result<T, Status>, code: Code, reason: &str) -> Status {
    let Err(status) = result else { panic!("answered, instead of refused with {reason}") };
    assert_eq!(status.code(), code, "{status:?}");
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "polku"), "{status:?}");
    let hint = status.message().split_once(": ").map(|(_, hint)| hint.trim());
    assert!(hint.is_some_and(|hint| hint.len() > 10), "no hint: {status:?}");
    assert_silent(&status, &[]);
    status
}

/// Asserts that neither message nor details repeat anything personal, or one of these texts.
#[track_caller]
pub(crate) fn assert_silent(status: &Status, secrets: &[&str]) {
    let mut said = status.message().to_lowercase();
    said.push_str(&String::from_utf8_lossy(status.details()).to_lowercase());
    let canaries: Vec<&str> = canaries().collect();
    for secret in secrets.iter().chain(&canaries) {
        assert!(!said.contains(&secret.to_lowercase()), "{secret} is repeated: {status:?}");
    }
}

/// Asserts that two refusals cannot be told from one another.
#[track_caller]
pub(crate) fn assert_same_refusal(one: &Status, other: &Status) {
    assert_eq!(one.code(), other.code());
    assert_eq!(one.message(), other.message());
    // The order of the metadata differs from call to call, whatever the call.
    assert_eq!(one.details().len(), other.details().len());
    let said = |status: &Status| {
        let info = status.get_details_error_info().unwrap();
        (info.reason, info.domain, info.metadata.into_iter().collect::<BTreeMap<_, _>>())
    };
    assert_eq!(said(one), said(other));
    let named = |status: &Status| format!("{:?}", status.get_details_bad_request());
    assert_eq!(named(one), named(other));
}

/// The fields that a refusal names, in order.
#[track_caller]
pub(crate) fn fields_of(status: &Status) -> Vec<String> {
    let request = status.get_details_bad_request().unwrap_or_else(|| panic!("no BadRequest: {status:?}"));
    request.field_violations.into_iter().map(|violation| violation.field).collect()
}
