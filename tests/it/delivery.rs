//! Does every message reach its agency exactly once, or is it said that nobody knows?

mod certificates;
mod disclosure;
mod doubt;
mod faults;
mod lost;
mod notices;
mod operators;
mod order;
mod outage;
mod races;
mod restart;
pub(crate) mod scene;
mod withdrawal;
