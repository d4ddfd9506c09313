//! Does a consent live, cover and end as the contract says?

mod actors;
mod batch;
pub(crate) mod changes;
mod clock;
mod ending;
mod exchange;
mod explain;
mod history;
mod life;
mod minors;
mod reading;
mod receipt;
mod records;
mod silence;
mod terms;
mod verify;
mod watch;
