//! Does every message reach its agency exactly once, or is it said that nobody knows?

mod faults;
mod minimisation;
mod order;
mod races;
mod restart;
mod scene;
mod withdrawal;
