//! How long may a call wait for a delivery?

use std::time::Duration;

use tonic::metadata::MetadataMap;

use crate::front::{Limits, call};
use crate::margin::without;

/// Kept free for the answer itself, at most.
const MARGIN: Duration = Duration::from_millis(200);

/// As long as the caller waits, less a margin: a fifth, or less of a long time.
pub(super) fn patience(metadata: &MetadataMap) -> Duration {
    let limits = Limits::default();
    let asked = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(call::timeout);
    without(asked.unwrap_or(limits.call).min(limits.longest_call), MARGIN)
}
