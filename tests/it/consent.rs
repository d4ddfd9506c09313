//! Does a consent live, cover and end as the contract says?

mod actors;
pub(crate) mod changes;
mod clock;
mod ending;
mod exchange;
mod life;
mod minors;
mod reading;
mod receipt;
mod records;
mod terms;
mod verify;
