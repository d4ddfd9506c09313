//! Is the workspace built as its design says?

mod packages;
mod readme;
mod reasons;
mod rows;
mod secrets;
mod sources;
