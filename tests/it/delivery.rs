//! Does every message reach its agency exactly once, or is it said that nobody knows?

mod disclosure;
mod faults;
mod lost;
mod notices;
mod order;
mod races;
mod restart;
pub(crate) mod scene;
mod withdrawal;
