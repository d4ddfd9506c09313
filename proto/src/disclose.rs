//! What does a message tell about a young person, and how is it cut down?

use crate::CategorySet;

#[cfg(test)]
mod tests;

/// A message that can carry personal data across the gateway.
///
/// The implementations are generated from the option `polku.v1.category` of every field, for every message with the
/// option `polku.v1.payload`.
pub trait Disclose: prost::Message + Default + Clone + PartialEq {
    /// Gives the categories of the fields that are present: set, not empty and not zero.
    #[must_use]
    fn categories(&self) -> CategorySet;

    /// Removes every field whose category is not permitted. The envelope always stays.
    ///
    /// A payload message inside is cut down in turn, and removed when nothing of it is left. Elements of a list stay
    /// in their places, if need be empty; but those that name a category of their own (option
    /// `polku.v1.names_category`) go with it, so that their number does not show. Nor does an id stay of an element that
    /// is not there, where the elements of another list refer to it (option `polku.v1.refers_to`).
    fn restrict(&mut self, permitted: CategorySet);
}
