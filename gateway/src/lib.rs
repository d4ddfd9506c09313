//! The gateway: gRPC front, use cases, store, outbox, audit log, operations.

mod answer;
pub mod audit;
pub mod backup;
pub mod caller;
mod causes;
mod certificates;
pub mod clock;
pub mod config;
pub mod control;
pub mod directory;
pub mod error;
pub mod figures;
pub mod front;
pub mod gateway;
pub mod hex;
pub mod journey;
pub mod machine;
mod margin;
pub mod measure;
mod news;
mod once;
mod operations;
pub mod outbox;
mod person;
pub mod plan;
pub mod policy_files;
mod publish;
mod record;
pub mod reload;
mod rotation;
pub mod seal;
pub mod serve;
mod services;
mod several;
pub mod store;
mod trail;

#[cfg(test)]
mod tests;
