//! What do agencies that speak X-Road SOAP have in common?
//!
//! The exchange of one message, the way of a message into the gateway, and a strict reader of elements.
//! Knows no agency: what a message says stands in the agency's own folder, behind [`Outgoing`] and [`Protocol`].

mod inbound;
mod office;
mod parts;
pub(super) mod tree;

pub(crate) use inbound::Asked;
pub(super) use inbound::{Protocol, Service};
pub(super) use office::{Head, Office, Outgoing};
pub(super) use parts::Parts;
