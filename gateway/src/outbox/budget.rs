//! How many deliveries that have waited or failed may be sent to an agency beside those that come fresh?
//!
//! A tenth, say, of what comes fresh, and some every second whatever comes: so what has piled up for an agency that was
//! down does not fall upon it all at once. What finds nothing left is told when to come back: one after the other, each at
//! an instant of its own.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What is allowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// Of a hundred fresh ones.
    pub(super) percent: u32,
    /// Every second, and at once after a pause.
    pub(super) per_second: f64,
}

impl Allowance {
    fn most(self) -> f64 {
        self.per_second.max(1.0)
    }

    /// Between two that come back.
    fn step(self) -> Duration {
        // Between a thousand years and a microsecond, whatever is configured.
        Duration::from_secs_f64(1.0 / self.per_second.clamp(1e-9, 1e6))
    }
}

/// From how much on there is one: what is told to come back does so at a whole millisecond.
const ENOUGH: f64 = 0.99;

/// What is left of it for one agency.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    left: f64,
    counted: Timestamp,
    /// The instant that the last one was told to come back at.
    last_turn: Timestamp,
}

impl Budget {
    pub(super) fn new(allowance: Allowance, now: Timestamp) -> Self {
        Self { left: allowance.most(), counted: now, last_turn: now }
    }

    /// A fresh one is sent.
    pub(super) fn earn(&mut self, allowance: Allowance) {
        self.add(allowance, f64::from(allowance.percent) / 100.0);
    }

    /// One that has waited is to be sent.
    ///
    /// # Errors
    /// When it may come back, if nothing is left.
    pub(super) fn take(&mut self, allowance: Allowance, now: Timestamp) -> Result<(), Timestamp> {
        self.look(allowance, now)?;
        self.count_one();
        Ok(())
    }

    /// Whether one may be sent.
    ///
    /// # Errors
    /// When it may come back, if nothing is left.
    pub(super) fn look(&mut self, allowance: Allowance, now: Timestamp) -> Result<(), Timestamp> {
        if self.has_one(allowance, now) {
            return Ok(());
        }
        self.last_turn = self.last_turn.max(now) + allowance.step();
        Err(self.last_turn)
    }

    /// The same for what does not come back, and so is given no turn.
    pub(super) fn has_one(&mut self, allowance: Allowance, now: Timestamp) -> bool {
        let passed = now.duration_since(self.counted).max(SignedDuration::ZERO);
        self.add(allowance, passed.as_secs_f64() * allowance.per_second);
        self.counted = self.counted.max(now);
        self.left >= ENOUGH
    }

    /// One is sent.
    pub(super) fn count_one(&mut self) {
        self.left -= 1.0;
    }

    fn add(&mut self, allowance: Allowance, more: f64) {
        self.left = (self.left + more).min(allowance.most());
    }
}

#[cfg(test)]
mod tests;
