//! Does the consent service keep its word?
