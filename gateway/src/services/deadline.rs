//! How long may a call wait for a delivery?

use std::time::{Duration, Instant};

use tonic::Request;

use crate::front::Limits;
use crate::front::call::Until;
use crate::margin::without;

/// Kept free for the answer itself, at most.
const MARGIN: Duration = Duration::from_millis(200);

/// By when the caller has to be answered. The time runs from the call's first byte on, while it waits for its turn too.
pub(super) fn until<X>(request: &Request<X>) -> Instant {
    // Every call that comes in through a port has it.
    request.extensions().get().map_or_else(|| Instant::now() + Limits::default().call, |Until(until)| *until)
}

/// As long as the caller still waits, less a margin: a fifth, or less of a long time.
pub(super) fn patience(until: Instant) -> Duration {
    without(until.saturating_duration_since(Instant::now()), MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of what is left when the call's turn comes: of two seconds an answer is made in time for a caller who wants it
    /// 100 ms before they are over.
    #[test]
    fn an_answer_is_ready_before_the_callers_time_is_up() {
        let mut request = Request::new(());
        let end = Instant::now() + Duration::from_secs(2);
        request.extensions_mut().insert(Until(end));
        assert_eq!(until(&request), end);
        let left = patience(end);
        assert!(left <= Duration::from_millis(1_800) && left > Duration::from_millis(800), "{left:?}");
        assert_eq!(patience(Instant::now()), Duration::ZERO);
    }
}
