//! What does a whole gateway do between agencies that stand in its own process?

mod agency;
mod agreements;
mod asked;
mod clocks;
mod deciding;
mod disclosures;
mod ends;
mod evidence;
mod follow_ups;
mod foreign;
mod inbound;
mod kept;
mod listed;
mod long;
mod looks;
mod models;
mod notices;
mod owed;
mod pages;
mod pairs;
mod parts;
mod past;
mod permissions;
mod races;
mod readings;
mod room;
mod second_looks;
mod shown;
mod slow;
mod steps;
mod table;
mod tellings;
mod trials;
mod urgent;
mod used;
mod watch;
mod world;

/// A number from the environment, as in long runs.
pub(crate) fn number<N: std::str::FromStr<Err: std::fmt::Debug>>(name: &str) -> Option<N> {
    std::env::var_os(name).map(|value| value.to_str().unwrap().parse().unwrap())
}
