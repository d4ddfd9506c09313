//! Does a consent live, cover and end as the contract says?

mod actors;
mod changes;
mod clock;
mod ending;
mod life;
mod reading;
mod verify;
