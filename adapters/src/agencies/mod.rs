//! What is known of each agency? One folder for each; nothing of an agency's format leaves its folder.

mod answer;
mod envelope;
mod event;
mod form;
pub mod kela;
mod plan;
mod soap;
pub mod social;
mod standing;
pub mod te;
#[cfg(test)]
mod trial;
pub mod typpi;
pub mod walmu;
mod xroad;
mod xroad_rest;

pub(crate) use soap::Asked;
