//! Does a consent live, cover and end as the contract says?

mod actors;
mod batch;
pub(crate) mod changes;
mod ending;
mod explain;
mod life;
mod reading;
mod verify;
mod watch;
