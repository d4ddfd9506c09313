//! Does every kind of agency keep the promises of an adapter, and of what its kind says that it can do?
//!
//! Nothing here knows an agency: whatever is registered as a kind is driven through the handle of its simulator, and a
//! kind without simulator fails. Referrals and what is told about them go through a whole gateway ([`gateway`], [`doubt`]); the
//! rest goes from an adapter as the registry builds it to the simulator, with permits that the policy engine gives.

pub(crate) mod bench;
mod beside;
mod claims;
mod codes;
mod connections;
mod delivers;
mod doubt;
mod faults;
mod fetches;
mod gateway;
mod kinds;
mod listener;
mod minimised;
mod payloads;
mod peers;
mod placed;
mod plans;
mod questions;
mod receives;
mod samples;
mod switches;
mod tokens;
