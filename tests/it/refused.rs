//! Is bad input refused with a clear error, and is nothing lost by it?

mod callers;
mod fields;
mod hostile;
mod identity;
mod quota;
mod repeat;
mod replay;
mod wire;
