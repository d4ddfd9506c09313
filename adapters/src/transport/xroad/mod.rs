//! How is a service called over X-Road (Suomi.fi-palveluväylä)?
//!
//! Facts: nordic-institute/X-Road 7.8, `doc/Protocols/pr-mess_x-road_message_protocol.md` (SOAP, 4.0) and
//! `doc/Protocols/pr-rest_x-road_message_protocol_for_rest.md` (REST, r1).

pub mod fault;
pub mod id;
pub mod rest;
pub mod soap;
