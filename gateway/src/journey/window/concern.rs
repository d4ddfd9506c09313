//! Has the caller to do with the young person, and what is written down where they are told nothing?
//!
//! Whoever states a purpose asks for a disclosure. That it is refused, wholly or of a category, is one leaf for each look. It
//! has no details, as that of a question about a consent has none: so it takes the same work of somebody whom the caller has
//! nothing to do with and of nobody.

use polku_proto::CategorySet;
use polku_proto::YouthName;
use polku_proto::v1::Purpose;

use super::sight::{Look, Looks as _};
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::trail::Entry;

/// Whatever is personal.
const ALL: CategorySet = CategorySet::ALL.difference(CategorySet::ENVELOPE);

impl Gateway {
    /// Lets a professional go on whose agency has anything to do with the person here.
    ///
    /// Nothing of the journey is opened before: of somebody whom it has nothing to do with, it takes as long as of nobody,
    /// however much there is.
    ///
    /// # Errors
    /// [`Error::NotFound`]: somebody whom the caller has nothing to do with looks like nobody.
    async fn check_concern(&self, look: &Look<'_>) -> Result<(), Error> {
        if look.is_own_side() {
            return Ok(());
        }
        self.learn().await?;
        // Who is in the journey is answered. That it takes less than of a stranger tells nobody anything: of the log, which
        // has got longer with every look, nothing has to be read for it.
        if self.is_in_journey(look.caller, look.youth).await? {
            return Ok(());
        }
        let is_tied = self.is_tied_otherwise(look.caller, look.youth).await?;
        if is_tied && !self.kept_here(look).await?.is_empty() { Ok(()) } else { Err(Error::NotFound) }
    }

    /// The same, and writes down whom it refuses this part of the journey.
    ///
    /// # Errors
    /// As [`Self::check_concern`].
    pub(super) async fn check_concern_of(&self, look: &Look<'_>, part: &str) -> Result<(), Error> {
        match self.check_concern(look).await {
            Err(Error::NotFound) => {
                let name = format!("{}/{part}", YouthName { youth: look.youth });
                if let Some(refusal) = self.refusal(look, &name, ALL) {
                    self.note(refusal, self.now()).await?;
                }
                Err(Error::NotFound)
            }
            result => result,
        }
    }

    /// That these categories were held back from a look that states a purpose, at what this names.
    pub(super) fn refusal<'a>(
        &self,
        look: &Look<'a>,
        name: &'a str,
        withheld: CategorySet,
    ) -> Option<Entry<'a>> {
        if look.is_own_side() || look.purpose == Purpose::Unspecified || withheld.is_empty() {
            return None;
        }
        let policy = self.engine().policy_digest();
        let entry = Entry::of(Event::Refusal, look.youth).by(look.caller).for_purpose(look.purpose);
        Some(entry.withholding(withheld, policy).of_what(name))
    }
}
