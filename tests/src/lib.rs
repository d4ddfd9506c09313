//! With what is the gateway tested? With simulated agencies on real sockets, and certificates made on the spot.

pub mod checks;
pub mod disk;
pub mod figures;
pub mod heap;
pub mod numbers;
pub mod pki;
pub mod postgres;
mod preload;
pub mod sandbox;
pub mod simulators;
pub mod store_suite;
pub mod truth;
pub mod world;
