//! One joint plan, kept by several agencies, by real calls.

mod agreed;
mod bursts;
mod decisions;
mod doubles;
mod held;
mod history;
mod hostile;
mod kept;
mod life;
mod meetings;
mod merging;
mod questionnaires;
mod random;
mod removals;
mod rooms;
mod short;
mod sizes;
mod sources;
mod standing;
mod states;
mod steps;
pub(crate) mod systems;
pub(crate) mod table;
mod tasks;
mod units;
pub(crate) mod views;
mod watch;
