//! Does every message reach its agency exactly once, or is it said that nobody knows?

mod county;
mod disclosure;
mod faults;
mod lost;
mod minimisation;
mod order;
mod races;
mod restart;
mod scene;
mod withdrawal;
