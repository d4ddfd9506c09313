//! One binary for all tests that need more than one package.

#![cfg(test)]

mod agencies;
mod architecture;
mod backup;
mod bad_days;
mod bench;
mod canary;
mod clients;
mod consent;
mod crash;
mod delivery;
mod directory;
mod disclosures;
mod doctor;
mod erasure;
mod front;
mod inbound;
mod journey;
mod kela;
mod law;
mod matrix;
mod plan;
mod policy;
mod power;
mod referral;
mod refused;
mod sandbox;
mod several;
mod stage;
mod store;
mod suite;
mod tampered;
mod te;
mod window;
