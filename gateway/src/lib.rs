//! The gateway: gRPC front, use cases, store, outbox, audit log, operations.

mod answer;
pub mod audit;
pub mod caller;
pub mod clock;
pub mod config;
pub mod directory;
pub mod error;
pub mod figures;
pub mod front;
pub mod gateway;
pub mod journey;
pub mod measure;
mod news;
mod once;
pub mod outbox;
mod person;
pub mod plan;
pub mod policy_files;
mod publish;
mod record;
pub mod reload;
pub mod seal;
pub mod serve;
mod services;
pub mod store;
mod trail;

#[cfg(test)]
mod tests;
