//! Does the gateway do what a model of it says, whatever is done to it in whichever order?
//!
//! A thousand cases of up to sixty steps each, on a real store; `POLKU_MODEL_CASES` says another number. What a failing
//! case comes down to is printed. The model of joint plans is in `plan::tests::histories`.

mod consent;
mod outbox;
mod watched;

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use polku_adapters::Redelivery;
use proptest::test_runner::Config;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::world::{Setting, World, nobody};
use super::{number, seeded};
use crate::clock::ManualClock;
use crate::config::DeliverySettings;

/// How many cases one world sees: what one has left makes the next one slower.
const TOGETHER: usize = 50;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// For one of so many tests that a model has.
fn config(tests: u32) -> Config {
    let cases = number("POLKU_MODEL_CASES").unwrap_or(1_000_u32).div_ceil(tests);
    seeded(Config { cases, max_shrink_iters: 300, ..Config::default() })
}

/// A world on a clock that stands still until it is moved.
struct Stage {
    world: World,
    clock: Arc<ManualClock>,
}

/// The worlds of one model, one after the other.
struct Stages {
    te: Redelivery,
    present: Mutex<Option<(usize, Arc<Stage>)>>,
}

impl Stages {
    const fn new(te: Redelivery) -> Stages {
        Stages { te, present: Mutex::new(None) }
    }

    /// A world, and the identity code of somebody who is new in it.
    fn next(&self) -> (Arc<Stage>, String) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let place = present.take().filter(|(number, _)| *number < TOGETHER);
        let (number, stage) = place.unwrap_or_else(|| (0, Arc::new(RUNTIME.block_on(Stage::open(self.te)))));
        *present = Some((number + 1, Arc::clone(&stage)));
        (stage, nobody(number))
    }
}

impl Stage {
    async fn open(te: Redelivery) -> Stage {
        let clock = Arc::new(ManualClock::new("2026-03-02T10:00:00Z".parse().unwrap()));
        let seconds = Duration::from_secs;
        let delivery = DeliverySettings {
            lease: seconds(60),
            attempt: seconds(20),
            pauses: vec![seconds(10), seconds(60)],
            give_up_after: seconds(6 * 3_600),
            // How an agency is spared has tests of its own.
            breaker_failures: u32::MAX,
            retries_per_second: 1_000_000,
            ..DeliverySettings::default()
        };
        // What is written need not outlive the test.
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        let setting = Setting { clock: Arc::clone(&clock) as _, delivery, te };
        Stage { world: World::within(setting, folder).await, clock }
    }
}
