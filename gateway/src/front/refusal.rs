//! What does every refusal on the gRPC wire say?

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// `ErrorInfo.domain`.
const DOMAIN: &str = "polku";

/// A refusal in words. Nothing of a request is repeated in any of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal<'words> {
    /// Code of the status.
    pub(crate) code: Code,
    /// `ErrorInfo.reason`: it stays as it is.
    pub(crate) reason: &'words str,
    /// What is the matter.
    pub(crate) text: &'words str,
    /// What the integrator can do about it.
    pub(crate) hint: &'words str,
    /// `ErrorInfo.metadata["retry"]`: whether the same call may be made again.
    pub(crate) retry: &'words str,
}

impl Refusal<'_> {
    /// The status, with `ErrorInfo` only.
    pub(crate) fn status(&self) -> Status {
        self.status_with(ErrorDetails::new(), HashMap::new())
    }

    /// The status, with `ErrorInfo` beside what is in `details`.
    pub(crate) fn status_with(
        &self,
        mut details: ErrorDetails,
        mut metadata: HashMap<String, String>,
    ) -> Status {
        metadata.insert("retry".into(), self.retry.into());
        details.set_error_info(self.reason, DOMAIN, metadata);
        Status::with_error_details(self.code, format!("{}: {}", self.text, self.hint), details)
    }
}
