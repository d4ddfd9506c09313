//! Who has given a consent, could they, and were they told what it is about?
//!
//! A guardian's consent may reach beyond the eighteenth birthday, but begins before it: it is recorded as it was given,
//! permits nothing from that day on and reads as expired. From then on the young person gives it anew, in person. So it is
//! with what another representative gave for a minor; where the age is known when it is given, it ends with that birthday
//! by its own terms as well.
//!
//! Of somebody who has no identity code yet the age is not known. Nobody decides for them as a guardian, for they may be
//! of age; and they decide themselves when it has been assessed that they are able to, for they may be a minor. Another
//! representative gives for them what ends as it would have, had the age been known, from when it is known on.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use polku_policy::Capacity;
use polku_proto::time::{finnish_date, start_of_finnish_date};
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{ConsentEvidence, ConsentSource, ConsentTerms, representative_actor};

use super::terms::{time, wrong};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;

const GIVEN_BY: &str = "evidence.given_by";

/// The age from which on people decide for themselves, in years: the rules' own, which cannot differ from it.
const OF_AGE: i8 = polku_policy::OF_AGE;

impl Gateway {
    /// Evidence that fits who acts, whose consent it is and what kind of instrument it is for. For a minor who gives a
    /// consent in person it is completed with the assessment that says so.
    pub(super) fn check_evidence(
        &self,
        caller: &Caller,
        person: &Person,
        terms: &ConsentTerms,
        evidence: ConsentEvidence,
        now: Timestamp,
    ) -> Result<ConsentEvidence, Error> {
        check_actor(caller, evidence.given_by())?;
        if !evidence.capacity.is_empty() {
            return Err(wrong("evidence.capacity", "nothing: the gateway fills it in"));
        }
        if evidence.source.is_some() {
            return Err(wrong("evidence.source", "nothing: the gateway fills it in"));
        }
        check_times(terms.kind(), &evidence, now)?;
        check_appointment(&evidence)?;
        let capacity = self.check_giver(person, evidence.given_by(), now)?;
        match (evidence.given_by(), of_age(person)?) {
            (GivenBy::Guardian, Some(of_age)) => check_begins_before(of_age, terms)?,
            (GivenBy::OtherRepresentative, Some(of_age)) if now < of_age => check_ends_by(of_age, terms)?,
            (_, _) => {}
        }
        Ok(ConsentEvidence { capacity, ..evidence })
    }

    /// What a minor has given in person elsewhere takes an assessment as able that was in force then: that the young person
    /// is of age by now makes no word of it. The evidence is completed with the assessment.
    pub(super) async fn check_able_then(
        &self,
        person: &Person,
        source: &ConsentSource,
        evidence: ConsentEvidence,
    ) -> Result<ConsentEvidence, Error> {
        let given = source.give_time.as_ref().map(|given| time(given, "content")).transpose()?;
        let Some(given) = given.filter(|_| evidence.given_by() == GivenBy::Self_) else {
            return Ok(evidence);
        };
        if !may_be_a_minor(person, given)? {
            return Ok(evidence);
        }
        let Some(assessment) = self.able_at(person, given).await? else {
            return Err(Error::Field {
                field: "content",
                reason: "CAPACITY_NOT_ASSESSED",
                expected: "a consent that was given of age, or while an assessment recorded here as a legal status said \
                           that the minor, or somebody whose age is not known, is able to decide",
            });
        };
        // What was recorded under another id is not named.
        let capacity = if assessment.youth == person.id { assessment.to_string() } else { String::new() };
        Ok(ConsentEvidence { capacity, ..evidence })
    }

    /// Whether this one can give a consent about this person now; the assessment of a minor's capacity, if it rests on
    /// one.
    fn check_giver(&self, person: &Person, given_by: GivenBy, now: Timestamp) -> Result<String, Error> {
        let born = person.birth_date()?;
        let is_minor = may_be_a_minor(person, now)?;
        match given_by {
            GivenBy::Guardian if born.is_none() => Err(Error::IdentityCodeMissing),
            GivenBy::Guardian if !is_minor => Err(Error::Field {
                field: GIVEN_BY,
                reason: "RENEW_BY_SUBJECT",
                expected: "the young person's own consent: they are of age, and guardians decide for minors only",
            }),
            GivenBy::Self_ if is_minor => match self.index().capacity(person.id) {
                None | Some((_, Capacity::NotAssessed)) => Err(Error::Field {
                    field: GIVEN_BY,
                    reason: "CAPACITY_NOT_ASSESSED",
                    expected: "a guardian's consent, or a minor, or somebody whose age is not known, whose capacity \
                               to decide has been assessed and recorded as a legal status",
                }),
                Some((_, Capacity::NotCapable)) => Err(Error::Field {
                    field: GIVEN_BY,
                    reason: "GUARDIAN_PERMISSION_MISSING",
                    expected: "a guardian's consent: the minor was assessed as not able to decide on the matter",
                }),
                // What was recorded under another id is not named: that there is one, not everybody knows.
                Some((record, Capacity::Capable | Capacity::CapableHidden)) if record.youth == person.id => {
                    Ok(record.to_string())
                }
                Some((_, Capacity::Capable | Capacity::CapableHidden)) => Ok(String::new()),
            },
            GivenBy::Self_ | GivenBy::Guardian | GivenBy::OtherRepresentative | GivenBy::Unspecified => {
                Ok(String::new())
            }
        }
    }
}

/// Whether the person is not known to be of age.
pub(super) fn may_be_a_minor(person: &Person, now: Timestamp) -> Result<bool, Error> {
    Ok(person.birth_date()?.is_none_or(|born| born > finnish_date(now).saturating_sub(OF_AGE.years())))
}

/// The first instant at which the person is of age. Who was born on 29 February has the birthday on 1 March in other
/// years. Nothing where the date of birth is not known.
pub(super) fn of_age(person: &Person) -> Result<Option<Timestamp>, Error> {
    person.birth_date()?.map(of_age_since).transpose()
}

/// The same by the date of birth.
pub(super) fn of_age_since(born: Date) -> Result<Timestamp, Error> {
    const BROKEN: Error = Error::Inconsistent("a stored date of birth is out of range");
    let year = born.year().saturating_add(i16::from(OF_AGE));
    let birthday = born.with().year(year).build().or_else(|_| Date::new(year, 3, 1)).map_err(|_| BROKEN)?;
    start_of_finnish_date(birthday).map_err(|_| BROKEN)
}

/// Whether what somebody else has given or said in the young person's place ends when they are of age: a guardian's word
/// does, and so does that of another representative who has spoken for a minor.
pub(super) fn ends_at_full_age(by: GivenBy, said: Option<Timestamp>, full_age: Timestamp) -> bool {
    match by {
        GivenBy::Guardian => true,
        GivenBy::OtherRepresentative => said.is_none_or(|said| said < full_age),
        GivenBy::Self_ | GivenBy::Unspecified => false,
    }
}

/// What a guardian consents to begins while guardians decide.
fn check_begins_before(of_age: Timestamp, terms: &ConsentTerms) -> Result<(), Error> {
    let begins = terms.valid_from.as_ref().map(|from| time(from, "terms.valid_from")).transpose()?;
    if begins.is_some_and(|begins| begins >= of_age) {
        return Err(wrong(
            "terms.valid_from",
            "before the eighteenth birthday: guardians decide for minors only",
        ));
    }
    Ok(())
}

/// What another representative of a minor consents to ends while the minor is one.
fn check_ends_by(of_age: Timestamp, terms: &ConsentTerms) -> Result<(), Error> {
    let ends = terms.valid_until.as_ref().map(|until| time(until, "terms.valid_until")).transpose()?;
    if ends.is_none_or(|ends| ends > of_age) {
        return Err(wrong(
            "terms.valid_until",
            "the eighteenth birthday or earlier: from then on the young person decides, or who represents an adult",
        ));
    }
    Ok(())
}

/// Parents are guardians by law, everybody else who decides for a young person is appointed (law 442/1999): whoever
/// records what such a one has given keeps the proof of that.
fn check_appointment(evidence: &ConsentEvidence) -> Result<(), Error> {
    if evidence.given_by() == GivenBy::OtherRepresentative && evidence.reference.trim().is_empty() {
        return Err(Error::Field {
            field: "evidence.reference",
            reason: "REPRESENTATION_NOT_SHOWN",
            expected: "where the proof is kept that the representative is appointed, for example an archive number",
        });
    }
    Ok(())
}

/// Who gave the consent must fit who is acting.
fn check_actor(caller: &Caller, given_by: GivenBy) -> Result<(), Error> {
    let fits = match &caller.actor {
        Actor::Professional { .. } => true,
        Actor::Subject(_) => given_by == GivenBy::Self_,
        Actor::Representative { capacity, .. } => match capacity {
            representative_actor::Capacity::Guardian => given_by == GivenBy::Guardian,
            representative_actor::Capacity::OtherRepresentative => given_by == GivenBy::OtherRepresentative,
            representative_actor::Capacity::Unspecified => false,
        },
    };
    if fits { Ok(()) } else { Err(wrong(GIVEN_BY, "the acting person's own capacity")) }
}

/// A permit to disclose is given by somebody who has been informed (law 703/2023), and a receipt shows what was given.
fn check_times(kind: ConsentKind, evidence: &ConsentEvidence, now: Timestamp) -> Result<(), Error> {
    let informed =
        evidence.inform_time.as_ref().map(|told| time(told, "evidence.inform_time")).transpose()?;
    let receipt =
        evidence.receipt_time.as_ref().map(|given| time(given, "evidence.receipt_time")).transpose()?;
    match informed {
        None if kind == ConsentKind::DisclosurePermit => {
            return Err(wrong(
                "evidence.inform_time",
                "when the young person was informed: a permit to disclose needs it",
            ));
        }
        Some(informed) if informed > now => {
            return Err(wrong("evidence.inform_time", "an instant that is not in the future"));
        }
        Some(_) | None => {}
    }
    if receipt.is_some_and(|receipt| receipt > now || informed.is_some_and(|informed| receipt < informed)) {
        return Err(wrong(
            "evidence.receipt_time",
            "an instant that is not in the future, and not before evidence.inform_time",
        ));
    }
    Ok(())
}
