//! How does a test wait for something that nobody tells it of?

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

/// How long to pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until there is something to see.
///
/// # Errors
/// Fails when nothing has been seen within the time.
pub async fn eventually<T, L, F>(within: Duration, mut look: L) -> Result<T>
where
    L: FnMut() -> F,
    F: Future<Output = Option<T>>,
{
    let until = Instant::now() + within;
    loop {
        if let Some(seen) = look().await {
            return Ok(seen);
        }
        if Instant::now() >= until {
            bail!("not seen within {} ms", within.as_millis());
        }
        sleep(PAUSE).await;
    }
}
