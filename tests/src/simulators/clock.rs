//! What time is it at the agency?

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// The clock of one simulated agency.
#[derive(Clone)]
pub struct SimulatorClock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl fmt::Debug for SimulatorClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SimulatorClock")
    }
}

impl SimulatorClock {
    /// The clock of this machine.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place where the simulators read the host clock")]
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that is read by calling this function.
    #[must_use]
    pub fn reading(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// The present instant in the form of both agencies' documents, to the second and in UTC.
    #[must_use]
    pub fn now_text(&self) -> String {
        self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}
