//! Is this a personal identity code, a temporary id, a business id or an object identifier, and what does it say?

mod hetu;
mod organisation;
mod temporary;

pub use hetu::{Hetu, HetuError, has_hetu};
pub use organisation::{BusinessId, BusinessIdError, Oid, OidError};
pub use temporary::{Identity, IdentityError, TemporaryId, TemporaryIdError};

#[cfg(test)]
mod tests;
