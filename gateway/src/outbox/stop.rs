//! Until when are deliveries begun and carried on when the gateway is told to stop?
//!
//! A delivery that is cut off may have arrived or not, and not every agency can say which. So none is begun that might not
//! have its time, and those under way have it.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::front::Shutdown;

/// How long after the signal deliveries may be under way. The logs are written in the rest of the 30 seconds after which a
/// service manager ends what does not end.
const UNDER_WAY: Duration = Duration::from_secs(26);

/// What an attempt takes beside the time with the agency: to decide before it, and to write down after it.
const BESIDE: Duration = Duration::from_secs(2);

/// Both from the signal on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    /// How long deliveries are begun.
    begun: Duration,
    /// How long they go on: where one attempt may take longer than there is time, as long as that.
    carried: Duration,
}

impl Times {
    fn of(attempt: Duration) -> Times {
        let longest = attempt + BESIDE;
        let carried = UNDER_WAY.max(longest);
        Times { begun: carried - longest, carried }
    }
}

/// Waits for the end of what is served. Until then somebody may wait for a delivery, so more of them are begun, as long as
/// there is the time.
pub(crate) async fn after(
    served: impl Future<Output = ()>,
    shutdown: &Shutdown,
    attempt: Duration,
    stop: watch::Sender<Option<Instant>>,
) {
    let times = Times::of(attempt);
    let mut served = pin!(served);
    let too_late = async {
        shutdown.begun().await;
        sleep_until(shutdown.end(times.begun)).await;
    };
    let is_served = tokio::select! {
        () = &mut served => true,
        () = too_late => false,
    };
    // Whoever listens may have ended.
    let _ = stop.send(Some(shutdown.end(times.carried)));
    if !is_served {
        served.await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn what_is_begun_has_its_time() {
        for (attempt, begun, carried) in [(1, 23, 26), (20, 4, 26), (24, 0, 26), (25, 0, 27), (3600, 0, 3602)]
        {
            let times = Times::of(Duration::from_secs(attempt));
            let seconds = Duration::from_secs;
            assert_eq!(times, Times { begun: seconds(begun), carried: seconds(carried) }, "{attempt}");
        }
    }

    #[tokio::test]
    async fn nothing_is_begun_any_more_that_has_no_time_though_calls_go_on() {
        let (shutdown, (stop, mut stopped)) = (Shutdown::new(), watch::channel(None));
        let (over, is_over) = oneshot::channel();
        let served = async { is_over.await.unwrap() };
        let told = async {
            tokio::task::yield_now().await;
            assert!(!stopped.has_changed().unwrap(), "nobody has told it to stop");
            shutdown.begin();
            stopped.changed().await.unwrap();
            // Only then.
            over.send(()).unwrap();
        };
        tokio::join!(after(served, &shutdown, Duration::from_secs(3600), stop), told);
        assert_eq!(*stopped.borrow(), Some(shutdown.end(Duration::from_secs(3602))));
    }

    #[tokio::test]
    async fn nothing_is_begun_any_more_when_nobody_is_served() {
        let (shutdown, (stop, stopped)) = (Shutdown::new(), watch::channel(None));
        shutdown.begin();
        after(async {}, &shutdown, Duration::from_secs(20), stop).await;
        assert_eq!(*stopped.borrow(), Some(shutdown.end(UNDER_WAY)));
    }
}
