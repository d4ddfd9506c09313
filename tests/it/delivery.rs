//! Does every message reach its agency exactly once, or is it said that nobody knows?

mod county;
mod disclosure;
mod faults;
mod lost;
mod order;
mod races;
mod restart;
pub(crate) mod scene;
mod withdrawal;
