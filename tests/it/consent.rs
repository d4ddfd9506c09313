//! Does a consent live, cover and end as the contract says?

mod actors;
pub(crate) mod changes;
mod ending;
mod life;
mod reading;
mod verify;
