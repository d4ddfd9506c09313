//! How long may a call wait for a delivery?

use std::time::Duration;

use tonic::metadata::MetadataMap;

use crate::front::{Limits, call};

/// Kept free for the answer itself.
const MARGIN: Duration = Duration::from_millis(200);

/// As long as the caller waits, less a margin.
pub(super) fn patience(metadata: &MetadataMap) -> Duration {
    let limits = Limits::default();
    let asked = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(call::timeout);
    asked.unwrap_or(limits.call).min(limits.longest_call).saturating_sub(MARGIN)
}
