//! What is known of a message that has been checked, and what is said of one that failed?

use std::fmt;

use super::{Checker, Validate};

/// A message that keeps every rule of the contract.
///
/// All its text is free of control characters (other than line ends and tab) and of characters that XML 1.0 forbids,
/// and all its instants can be expressed by [`crate::time::from_wire`].
#[derive(Clone, PartialEq)]
pub struct Valid<X>(X);

impl<X: Validate> Valid<X> {
    /// Checks a message.
    ///
    /// # Errors
    ///
    /// Lists the rules that the message breaks, without its content.
    pub fn check(message: X) -> Result<Valid<X>, Violations> {
        let mut checker = Checker::new();
        message.validate(&mut checker);
        match checker.finish() {
            violations if violations.is_empty() => Ok(Valid(message)),
            violations => Err(Violations(violations)),
        }
    }
}

impl<X> Valid<X> {
    /// Shows the message.
    pub fn get(&self) -> &X {
        &self.0
    }

    /// Gives the message away. What is made of it is not known to be valid any more.
    pub fn into_inner(self) -> X {
        self.0
    }
}

impl<X> fmt::Debug for Valid<X> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Valid(redacted)")
    }
}

/// One rule that a message breaks. Never holds the value that breaks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where, from the outermost message on: `terms.disclosers[2]`.
    pub field: String,
    /// The name of the rule, as in Protovalidate where it has one: `string.max_len`.
    pub rule: &'static str,
    /// What the rule asks for: `at most 200 characters`.
    pub expected: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: expected {}", self.field, self.expected)
    }
}

/// The rules that a message breaks: at least one, and at most [`Violations::MAX`] of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// How many violations are listed at most; further ones of the same message are left out.
    pub const MAX: usize = 32;

    /// Goes through the violations in the order of the fields.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.0.iter()
    }
}

impl IntoIterator for Violations {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("; ")?;
            }
            violation.fmt(formatter)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}
