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

#[cfg(test)]
mod tests {
    use super::{Duration, MetadataMap, patience};

    /// Of two seconds an answer is made in time for a caller who wants it 100 ms before they are over.
    #[test]
    fn an_answer_is_ready_before_the_callers_time_is_up() {
        let mut metadata = MetadataMap::new();
        metadata.insert("grpc-timeout", "2000m".parse().unwrap());
        assert_eq!(patience(&metadata), Duration::from_millis(1_800));
    }
}
