//! By which handle do tests hold a running simulator?

use std::net::SocketAddr;

use crate::pki::Identity;
use crate::simulators::door::Door;
use crate::simulators::faults::Faults;
use crate::simulators::ledger::Ledger;

/// The certificates of a simulated agency.
#[derive(Debug, Clone)]
pub struct SimulatorTls {
    /// What its server shows. Must be valid for `localhost`.
    pub server: Identity,
    /// Whose certificates it trusts, of callers and of the gateway, PEM.
    pub authority_pem: String,
}

/// What all simulators have in common. Clones hold the same simulator.
#[derive(Debug, Clone)]
pub struct Control {
    door: Door,
    faults: Faults,
    ledger: Ledger,
}

impl Control {
    pub(crate) fn new(door: Door, ledger: Ledger) -> Self {
        Self { faults: Faults::new(door.clone()), door, ledger }
    }

    /// Where the simulator listens. Stays the same while it is dead.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// `https://localhost:PORT`, without a path.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.address().port())
    }

    /// The fault knobs.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What reached the agency and what took effect.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Ends the simulator for good: the listener and all connections are closed.
    pub fn stop(&self) {
        self.door.stop();
    }

    pub(crate) fn door(&self) -> &Door {
        &self.door
    }
}
