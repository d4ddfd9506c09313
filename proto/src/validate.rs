//! Is a message well formed, by the rules that stand in the contract?

mod checker;
mod valid;

pub use checker::is_plain;
pub(crate) use checker::{Checker, Pattern, Presence};
pub use valid::{Valid, Violation, Violations};

#[cfg(test)]
mod tests;

/// A message of the contract that can be checked.
///
/// The implementations are generated from the `buf.validate` options, for every message. Use [`Valid::check`].
pub trait Validate {
    /// Reports to the checker what is wrong with the message.
    fn validate(&self, checker: &mut Checker);
}
