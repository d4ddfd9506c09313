//! Until when does the caller wait?

use std::time::Duration;

use tonic::metadata::MetadataMap;

/// For callers that do not say.
const DEFAULT: Duration = Duration::from_secs(10);
/// Nobody is waited for longer.
const LONGEST: Duration = Duration::from_secs(60);
/// Kept free for the answer itself.
const MARGIN: Duration = Duration::from_millis(200);

/// How long a call may wait for something, from its `grpc-timeout` (gRPC over HTTP/2, "Requests").
pub(super) fn patience(metadata: &MetadataMap) -> Duration {
    let timeout = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(parse);
    timeout.unwrap_or(DEFAULT).min(LONGEST).saturating_sub(MARGIN)
}

fn parse(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    if number.is_empty() || number.len() > 8 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    match unit {
        'H' => Some(Duration::from_secs(number.saturating_mul(3600))),
        'M' => Some(Duration::from_secs(number.saturating_mul(60))),
        'S' => Some(Duration::from_secs(number)),
        'm' => Some(Duration::from_millis(number)),
        'u' => Some(Duration::from_micros(number)),
        'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_units_of_the_grpc_protocol() {
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse("3S"), Some(Duration::from_secs(3)));
        assert_eq!(parse("1H"), Some(Duration::from_secs(3600)));
        for wrong in ["", "S", "123456789S", "5", "5x", "-5S", "5.0S"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
