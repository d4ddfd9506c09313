//! Who may change a consent?
//!
//! Whoever is named in it, recorded it or gave it. Guardians change what guardians have given or are asked for, and leave
//! to the minor what the minor decides (domain.md, P6): what the minor has given, and what is asked about social and
//! health care of a minor who was assessed as able to decide.

use polku_policy::{Capacity, Sector};
use polku_proto::Party;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{ConsentState, ConsentTerms, DataCategory};

use super::consent::is_guardian;
use super::terms::names;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::record::ConsentRecord;

/// The categories that are about social and health care, whoever discloses them.
const ABOUT_CARE: [DataCategory; 3] =
    [DataCategory::SocialSituation, DataCategory::HealthCapacity, DataCategory::QualityOfLife];

impl Gateway {
    /// # Errors
    /// [`Error::NotFound`] for who has no part in it, [`Error::ActorNotAllowed`] for a guardian.
    pub(super) fn check_consent_party(
        &self,
        caller: &Caller,
        person: &Person,
        record: &ConsentRecord,
    ) -> Result<(), Error> {
        let consent = &record.message;
        let named = consent.terms.as_ref().is_some_and(|terms| {
            names(&terms.disclosers, &caller.agency) || names(&terms.recipients, &caller.agency)
        });
        match caller.actor {
            Actor::Representative { .. } if is_guardian(caller) => {
                let given = consent.evidence.as_ref();
                let guardians = given.is_some_and(|given| given.given_by() == GivenBy::Guardian);
                let asked = consent.state() == ConsentState::Requested
                    && !self.is_for_the_minor(person, record.terms()?);
                if guardians || asked {
                    return Ok(());
                }
                Err(Error::ActorNotAllowed {
                    expected: "a guardian changes what a guardian has given, or what is still requested and not for \
                               the minor to decide",
                })
            }
            Actor::Subject(_) | Actor::Representative { .. } => Ok(()),
            Actor::Professional { .. } if named || consent.recorder == caller.agency.as_str() => Ok(()),
            Actor::Professional { .. } => Err(Error::NotFound),
        }
    }

    /// Whether terms are about social or health care and the person was assessed as able to decide: no guardian answers
    /// then. The rules keep a guardian's word from opening such data all the same.
    pub(super) fn is_for_the_minor(&self, person: &Person, terms: &ConsentTerms) -> bool {
        let capacity = self.index().capacity(person.id).map(|(_, capacity)| capacity);
        let able = matches!(capacity, Some(Capacity::Capable | Capacity::CapableHidden));
        let in_care = |party: &String| {
            let agency = party.parse::<Party>().ok().and_then(|party| self.directory.agency(&party.agency));
            agency.is_some_and(|agency| matches!(agency.sector, Sector::Social | Sector::Health))
        };
        able && (terms.kind() == ConsentKind::DisclosurePermit
            || terms.categories().any(|category| ABOUT_CARE.contains(&category))
            || terms.disclosers.iter().any(in_care))
    }
}
