//! One joint plan, kept by several agencies, by real calls.

mod agreed;
mod history;
mod kept;
mod life;
mod meetings;
mod merging;
mod rooms;
mod sizes;
mod steps;
mod systems;
pub(crate) mod table;
mod tasks;
mod views;
mod watch;
