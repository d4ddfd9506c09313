//! Over which wire is an agency reached?
//!
//! Shared by all agencies and knowing none of them.

pub mod http;
pub mod stamp;
pub mod xml;
pub mod xroad;
