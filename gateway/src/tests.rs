//! What does a whole gateway do between agencies that stand in its own process?

mod agency;
mod asked;
mod disclosures;
mod ends;
mod follow_ups;
mod inbound;
mod kept;
mod listed;
mod notices;
mod owed;
mod parts;
mod permissions;
mod readings;
mod second_looks;
mod shown;
mod slow;
mod table;
mod tellings;
mod trials;
mod urgent;
mod watch;
mod world;
