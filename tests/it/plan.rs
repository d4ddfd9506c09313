//! One joint plan, kept by several agencies, by real calls.

mod agreed;
mod bursts;
mod doubles;
mod history;
mod hostile;
mod kept;
mod life;
mod meetings;
mod merging;
mod random;
mod rooms;
mod sizes;
mod sources;
mod states;
mod steps;
pub(crate) mod systems;
pub(crate) mod table;
mod tasks;
mod units;
mod views;
mod watch;
