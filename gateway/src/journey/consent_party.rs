//! Who may change a consent?
//!
//! Whoever is named in it, recorded it or gave it. Who speaks for a minor, a guardian or another representative, changes
//! what such a one has given, and answers what is asked for. What the minor has given is left to the minor (domain.md,
//! P6), and so is what is asked about social and health care of a minor who was assessed as able to decide. Another
//! representative of somebody of unknown age may be one of a minor.

use jiff::Timestamp;
use polku_policy::{Capacity, Sector};
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{ConsentEvidence, ConsentState, ConsentTerms, DataCategory, representative_actor};
use polku_proto::{Party, YouthId};

use super::evidence::may_be_a_minor;
use super::terms::names;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::record::ConsentRecord;

/// The categories of which a minor who is able to decide does so in person, whoever discloses them.
const ABOUT_CARE: [DataCategory; 3] =
    [DataCategory::SocialSituation, DataCategory::HealthCapacity, DataCategory::QualityOfLife];

impl Gateway {
    /// # Errors
    /// [`Error::NotFound`] for who has no part in it, [`Error::ActorNotAllowed`] for whoever speaks for a minor where the
    /// minor decides.
    pub(super) fn check_consent_party(
        &self,
        caller: &Caller,
        person: &Person,
        record: &ConsentRecord,
        now: Timestamp,
    ) -> Result<(), Error> {
        let consent = &record.message;
        if let Some(by) = spoken_by(caller) {
            let asked = consent.state() == ConsentState::Requested;
            let theirs = if asked {
                !self.is_for_the_minor(person, record.terms()?)
            } else {
                consent.evidence.as_ref().is_some_and(|given| takes_back(by, given.given_by()))
            };
            if theirs || !decides_for_a_minor(person, by, now)? {
                return Ok(());
            }
            return Err(Error::ActorNotAllowed {
                expected: "a guardian changes what a guardian has given, another representative of a minor what either \
                           has, and both what is still requested and not for the minor to decide",
            });
        }
        let named = consent.terms.as_ref().is_some_and(|terms| {
            names(&terms.disclosers, &caller.agency) || names(&terms.recipients, &caller.agency)
        });
        if named || consent.recorder == caller.agency.as_str() { Ok(()) } else { Err(Error::NotFound) }
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

    /// Whether this caller speaks in the place of somebody who may be a minor. Nothing is looked up for professionals.
    pub(super) async fn speaks_for_a_minor(
        &self,
        caller: &Caller,
        youth: YouthId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        match caller.actor {
            Actor::Professional { .. } | Actor::Subject(_) => Ok(false),
            Actor::Representative { .. } => speaks_for_a_minor(caller, &self.person(youth).await?, now),
        }
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

/// Whether this one speaks in the place of somebody who may be a minor. Guardians speak for minors only.
pub(super) fn decides_for_a_minor(person: &Person, by: GivenBy, now: Timestamp) -> Result<bool, Error> {
    match by {
        GivenBy::Guardian => Ok(true),
        GivenBy::OtherRepresentative => may_be_a_minor(person, now),
        GivenBy::Self_ | GivenBy::Unspecified => Ok(false),
    }
}

/// The same of whoever calls.
pub(super) fn speaks_for_a_minor(caller: &Caller, person: &Person, now: Timestamp) -> Result<bool, Error> {
    spoken_by(caller).map_or(Ok(false), |by| decides_for_a_minor(person, by, now))
}

/// Whether one who speaks for a minor takes back what was given by this one: nobody what the minor has given, and a
/// guardian nothing of whoever was appointed.
pub(super) fn takes_back(by: GivenBy, given_by: GivenBy) -> bool {
    match given_by {
        GivenBy::Guardian => true,
        GivenBy::OtherRepresentative => by != GivenBy::Guardian,
        GivenBy::Self_ | GivenBy::Unspecified => false,
    }
}

/// Whose word a call is on the young person's side; nothing where a professional calls.
pub(super) fn spoken_by(caller: &Caller) -> Option<GivenBy> {
    match caller.actor {
        Actor::Professional { .. } => None,
        Actor::Subject(_) => Some(GivenBy::Self_),
        Actor::Representative { capacity, .. } => Some(said_by(capacity)),
    }
}

/// Whose word it is that a representative says.
pub(super) fn said_by(capacity: representative_actor::Capacity) -> GivenBy {
    match capacity {
        representative_actor::Capacity::Guardian => GivenBy::Guardian,
        representative_actor::Capacity::OtherRepresentative | representative_actor::Capacity::Unspecified => {
            GivenBy::OtherRepresentative
        }
    }
}

/// The word of another one where the minor's own counts.
pub(super) fn own_decision_governs(expected: &'static str) -> Error {
    Error::Field { field: "evidence.given_by", reason: "OWN_DECISION_GOVERNS", expected }
}
