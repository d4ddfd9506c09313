//! How is something awaited that nobody announces?

use std::time::Duration;

use tokio::time::Instant;

/// How long what comes by itself may take, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks again and again until there is something to see. Nothing when there is none within the limit.
pub async fn eventually<T, F>(limit: Duration, mut look: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let until = Instant::now() + limit;
    loop {
        if let Some(seen) = look().await {
            return Some(seen);
        }
        if Instant::now() >= until {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
