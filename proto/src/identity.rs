//! Is this a personal identity code, a business id or an object identifier, and what does it say?

mod hetu;
mod organisation;

pub use hetu::{Hetu, HetuError, has_hetu};
pub use organisation::{BusinessId, BusinessIdError, Oid, OidError};

#[cfg(test)]
mod tests;
