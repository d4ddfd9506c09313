//! What does the seed have happen?

use std::sync::{Arc, Mutex};
use std::time::Duration;

use polku_gateway::machine::Random;
use polku_tests::numbers::Numbers;
use ring::error::Unspecified;
use uuid::Uuid;

/// One stream of numbers of a seed. Clones draw from the same one.
#[derive(Debug, Clone)]
pub(crate) struct Chance(Arc<Mutex<Numbers>>);

impl Chance {
    /// The streams of a seed are independent: what one part draws changes nothing for another.
    pub(crate) fn of(seed: u64, stream: u64) -> Self {
        let mut numbers = Numbers::of(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ (stream << 56));
        for _ in 0..8 {
            numbers.below(2);
        }
        Self(Arc::new(Mutex::new(numbers)))
    }

    pub(crate) fn below(&self, limit: usize) -> usize {
        self.0.lock().unwrap().below(limit)
    }

    pub(crate) fn one_in(&self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub(crate) fn millis(&self, from: usize, to: usize) -> Duration {
        Duration::from_millis((from + self.below(to - from)) as u64)
    }

    pub(crate) fn seconds(&self, from: usize, to: usize) -> Duration {
        self.millis(from * 1_000, to * 1_000)
    }

    pub(crate) fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes).unwrap();
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

impl Random for Chance {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unspecified> {
        bytes.iter_mut().for_each(|byte| *byte = u8::try_from(self.below(256)).unwrap());
        Ok(())
    }
}
