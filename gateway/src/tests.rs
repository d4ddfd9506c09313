//! What does a whole gateway do between agencies that stand in its own process?

mod agency;
mod disclosures;
mod inbound;
mod urgent;
mod world;
