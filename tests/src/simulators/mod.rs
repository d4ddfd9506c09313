//! How do the tests play the agencies at the other end? On real sockets, with real TLS, from the agencies' documents.
//!
//! The simulators share no code with the adapters, so that a misreading on one side shows.
//! Every simulator can be told to misbehave ([`Faults`]) and notes what reached it and what it did ([`Ledger`]).

pub mod agency;
pub mod client;
pub mod clock;
pub mod codes;
pub mod faults;
pub mod kela;
pub mod ledger;
pub mod official;
pub mod social;
pub mod te;
pub mod typpi;
pub mod walmu;
pub mod xroad;

mod control;
mod door;
mod ground;
mod outflow;
mod server;
mod socket;
mod xml;
mod xroad_rest;
mod xroad_soap;

#[cfg(test)]
mod tests;

pub use agency::{Held, Message, Outgoing, Reply, Setup, SimulatedAgency, Surroundings, Taken, Way, start};
pub use client::RawReply;
pub use clock::SimulatorClock;
pub use control::{Control, Exchange, Side, SimulatorTls};
pub use faults::{Duplicates, Fault, Faults, Operation, Repetition};
pub use kela::KelaSimulator;
pub use ledger::{Ledger, Received, TakenIn, TakenInKind};
pub use official::{Action, Official};
pub use social::SocialSimulator;
pub use te::TeSimulator;
pub use walmu::WalmuSimulator;
