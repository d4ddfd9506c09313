//! Which person, referral, consent, message or agency? Identifiers that cannot be mixed up.

mod agency;
mod names;
mod party;

pub use agency::{AgencyId, AgencyIdError};
pub use names::{
    ConsentName, EntryName, LegalStatusName, NameError, PlanName, ProhibitionName, ReferralName, TaskName,
    YouthName,
};
pub use party::{Party, PartyError, UnitId, UnitIdError};

use std::{fmt, str::FromStr};

use uuid::Uuid;

#[cfg(test)]
mod tests;

/// A text that is no UUID in lower case with hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID in lower case with hyphens")]
pub struct IdError;

macro_rules! ids {
    ($($(#[$comment:meta])* $name:ident,)*) => {$(
        $(#[$comment])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes the identifier of a UUID.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> $name {
                $name(uuid)
            }

            /// Gives the UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<$name, IdError> {
                parse(text).map($name)
            }
        }
    )*};
}

ids! {
    /// A young person. Says nothing about who they are.
    YouthId,
    /// A referral of a young person.
    ReferralId,
    /// A consent or permit of a young person.
    ConsentId,
    /// A prohibition of a young person.
    ProhibitionId,
    /// A legal status of a young person.
    LegalStatusId,
    /// A joint plan of a young person.
    PlanId,
    /// A task about a young person.
    TaskId,
    /// An entry of a young person's journey.
    EntryId,
    /// A message to an agency. Stays the same through every attempt to deliver it.
    MessageId,
    /// A call, as its caller named it. A repetition has the same one.
    RequestId,
}

/// One spelling only: names are compared as text by callers.
fn parse(text: &str) -> Result<Uuid, IdError> {
    let uuid = Uuid::try_parse(text).map_err(|_| IdError)?;
    if text.len() != 36 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(IdError);
    }
    Ok(uuid)
}
