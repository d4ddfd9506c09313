//! Who may change a consent?
//!
//! Whoever is named in it, recorded it or gave it. Guardians change what guardians have given or are asked for, and leave
//! to the minor what the minor decides (domain.md, P6): what the minor has given, and what is asked about social and
//! health care of a minor who was assessed as able to decide.

use jiff::Timestamp;
use polku_policy::{Capacity, Sector};
use polku_proto::Party;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{ConsentEvidence, ConsentState, ConsentTerms, DataCategory};

use super::consent::is_guardian;
use super::evidence::may_be_a_minor;
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

    /// Nobody puts the word of a guardian, or of another representative of a minor, in the place of what a minor who is
    /// able to decide has given: that would take it back.
    ///
    /// # Errors
    /// A field that makes no sense.
    pub(super) fn check_own_word_stays(
        &self,
        person: &Person,
        old: &ConsentRecord,
        new: Option<&ConsentEvidence>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let own = old.message.evidence.as_ref().is_some_and(|given| given.given_by() == GivenBy::Self_);
        let another = new.map(|given| decides_for_a_minor(person, given.given_by(), now)).transpose()?;
        if own && another == Some(true) && self.is_able(person) {
            return Err(own_decision_governs(
                "the minor's own word: the minor has given the consent, and was assessed as able to decide",
            ));
        }
        Ok(())
    }

    /// Whether terms are about social or health care and the person was assessed as able to decide: no guardian answers
    /// then. The rules keep a guardian's word from opening such data all the same.
    pub(super) fn is_for_the_minor(&self, person: &Person, terms: &ConsentTerms) -> bool {
        let in_care = |party: &String| {
            let agency = party.parse::<Party>().ok().and_then(|party| self.directory.agency(&party.agency));
            agency.is_some_and(|agency| matches!(agency.sector, Sector::Social | Sector::Health))
        };
        self.is_able(person)
            && (terms.kind() == ConsentKind::DisclosurePermit
                || terms.categories().any(|category| ABOUT_CARE.contains(&category))
                || terms.disclosers.iter().any(in_care))
    }
    /// Whether the person was assessed as able to decide.
    fn is_able(&self, person: &Person) -> bool {
        let capacity = self.index().capacity(person.id).map(|(_, capacity)| capacity);
        matches!(capacity, Some(Capacity::Capable | Capacity::CapableHidden))
    }
}

/// Whether this one gives in the place of somebody who may be a minor. Guardians give for minors only.
pub(super) fn decides_for_a_minor(person: &Person, given_by: GivenBy, now: Timestamp) -> Result<bool, Error> {
    match given_by {
        GivenBy::Guardian => Ok(true),
        GivenBy::OtherRepresentative => may_be_a_minor(person, now),
        GivenBy::Self_ | GivenBy::Unspecified => Ok(false),
    }
}

/// The word of another one where the minor's own counts.
pub(super) fn own_decision_governs(expected: &'static str) -> Error {
    Error::Field { field: "evidence.given_by", reason: "OWN_DECISION_GOVERNS", expected }
}
