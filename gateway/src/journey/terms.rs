//! Do the terms of a consent, a permit or a prohibition make sense?
//!
//! The contract's own rules have been checked before. What is refused here could be recorded and would never permit
//! anything, or would permit something else than the young person was told.

use jiff::Timestamp;
use polku_policy::{SPECIAL, Sector, Standing};
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::{ConsentTerms, PermitDomain, ProhibitionTerms};
use polku_proto::{AgencyId, CategorySet, Party};

use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::record::wire_time;

/// Sectors between which a permit to disclose lets data go.
const CARE: [Sector; 2] = [Sector::Social, Sector::Health];

impl Gateway {
    /// Terms that can be recorded now, with the beginning of their period filled in.
    pub(super) fn check_terms(
        &self,
        caller: &Caller,
        terms: ConsentTerms,
        now: Timestamp,
    ) -> Result<ConsentTerms, Error> {
        self.check_parties(&terms.disclosers, "terms.disclosers")?;
        self.check_parties(&terms.recipients, "terms.recipients")?;
        let is_party = names(&terms.disclosers, &caller.agency) || names(&terms.recipients, &caller.agency);
        if matches!(caller.actor, Actor::Professional { .. }) && !is_party {
            return Err(wrong("terms.disclosers", "your own agency among disclosers or recipients"));
        }
        if !discloses(&terms) {
            return Err(wrong("terms.recipients", "an agency other than the one that discloses"));
        }
        let explicit = categories(&terms.explicit_categories)?;
        if !explicit.is_subset(categories(&terms.categories)?) {
            return Err(wrong(
                "terms.explicit_categories",
                "only categories that terms.categories names as well",
            ));
        }
        if !explicit.is_subset(SPECIAL) {
            return Err(wrong(
                "terms.explicit_categories",
                "only special categories (GDPR article 9): HEALTH_CAPACITY, QUALITY_OF_LIFE",
            ));
        }
        self.check_domain(&terms)?;
        check_review(check_period(terms, now)?, now)
    }

    /// Terms of a prohibition that can be recorded.
    pub(super) fn check_prohibition(&self, terms: &ProhibitionTerms) -> Result<(), Error> {
        self.check_parties(&terms.disclosers, "terms.disclosers")?;
        self.check_parties(&terms.recipients, "terms.recipients")?;
        categories(&terms.categories)?;
        let narrow = !terms.service_tasks.is_empty() || !terms.documents.is_empty();
        if narrow && terms.disclosers.is_empty() {
            return Err(wrong(
                "terms.disclosers",
                "the agencies whose service tasks or documents are meant: their names are each agency's own",
            ));
        }
        Ok(())
    }

    /// Whether the gateway knows all these parties.
    pub(super) fn check_parties(&self, ids: &[String], field: &'static str) -> Result<(), Error> {
        ids.iter().try_for_each(|id| self.party(id, field).map(drop))
    }

    /// A permit to disclose is for one care domain, between those who work in care (law 703/2023).
    pub(super) fn check_domain(&self, terms: &ConsentTerms) -> Result<(), Error> {
        let sector = match (terms.kind(), terms.permit_domain()) {
            (ConsentKind::Consent | ConsentKind::Unspecified, PermitDomain::Unspecified) => return Ok(()),
            (ConsentKind::Consent | ConsentKind::Unspecified, _) => {
                return Err(wrong("terms.permit_domain", "nothing: only a permit to disclose has a domain"));
            }
            (ConsentKind::DisclosurePermit, PermitDomain::Unspecified) => {
                return Err(wrong("terms.permit_domain", "the care domain that the permit is for"));
            }
            (ConsentKind::DisclosurePermit, PermitDomain::Social) => Sector::Social,
            (ConsentKind::DisclosurePermit, PermitDomain::Health) => Sector::Health,
        };
        if !self.all_of(&terms.disclosers, |own, _| own == sector) {
            return Err(wrong("terms.disclosers", "agencies of the sector that terms.permit_domain names"));
        }
        let in_care = |own, standing| CARE.contains(&own) && standing == Standing::Authority;
        if !self.all_of(&terms.recipients, in_care) {
            return Err(wrong("terms.recipients", "authorities of social or health care"));
        }
        Ok(())
    }

    fn all_of(&self, parties: &[String], fits: impl Fn(Sector, Standing) -> bool) -> bool {
        parties.iter().all(|party| {
            let agency = party.parse::<Party>().ok().and_then(|party| self.directory.agency(&party.agency));
            agency.is_some_and(|agency| fits(agency.sector, agency.standing))
        })
    }
}

/// The period of a consent, with its beginning filled in. A case-by-case consent has an end.
pub(super) fn check_period(mut terms: ConsentTerms, now: Timestamp) -> Result<ConsentTerms, Error> {
    let from = match &terms.valid_from {
        Some(from) => time(from, "terms.valid_from")?,
        None => now,
    };
    terms.valid_from = Some(wire_time(from)?);
    match &terms.valid_until {
        None if terms.kind() == ConsentKind::DisclosurePermit => {}
        None => {
            return Err(wrong("terms.valid_until", "an end: only a disclosure permit runs until withdrawn"));
        }
        Some(until) => {
            let until = time(until, "terms.valid_until")?;
            if until <= from || until <= now {
                return Err(wrong("terms.valid_until", "an instant in the future, after terms.valid_from"));
            }
        }
    }
    Ok(terms)
}

/// Terms whose review, if one is due, comes before they end.
pub(super) fn check_review(terms: ConsentTerms, now: Timestamp) -> Result<ConsentTerms, Error> {
    if has_review_outside(&terms, now)? {
        return Err(wrong("terms.review_time", "an instant in the future, before terms.valid_until"));
    }
    Ok(terms)
}

/// Terms that are given again, with the end that they have by then: without a review that has been, for whoever gives them
/// has looked at them, or that would come behind the end.
pub(super) fn without_review_outside(terms: ConsentTerms, now: Timestamp) -> Result<ConsentTerms, Error> {
    let review_time = if has_review_outside(&terms, now)? { None } else { terms.review_time };
    Ok(ConsentTerms { review_time, ..terms })
}

/// Whether the review is not between now and the end.
fn has_review_outside(terms: &ConsentTerms, now: Timestamp) -> Result<bool, Error> {
    let until = terms.valid_until.as_ref().map(|until| time(until, "terms.valid_until")).transpose()?;
    let is_outside = |review: Timestamp| review <= now || until.is_some_and(|until| until <= review);
    Ok(review_time(terms)?.is_some_and(is_outside))
}

fn review_time(terms: &ConsentTerms) -> Result<Option<Timestamp>, Error> {
    terms.review_time.as_ref().map(|review| time(review, "terms.review_time")).transpose()
}

/// Tells whether parties name an agency or one of its units.
pub(super) fn names(parties: &[String], agency: &AgencyId) -> bool {
    parties.iter().any(|party| party.parse::<Party>().is_ok_and(|party| party.agency == *agency))
}

/// Whether at least one discloser has a recipient other than itself.
fn discloses(terms: &ConsentTerms) -> bool {
    let agencies = |parties: &[String]| -> Vec<AgencyId> {
        parties.iter().filter_map(|party| party.parse::<Party>().ok()).map(|party| party.agency).collect()
    };
    let recipients = agencies(&terms.recipients);
    agencies(&terms.disclosers).iter().any(|from| recipients.iter().any(|to| to != from))
}

fn categories(numbers: &[i32]) -> Result<CategorySet, Error> {
    CategorySet::from_wire(numbers).map_err(|_| wrong("terms.categories", "data categories of the contract"))
}

/// An instant of a request.
pub(super) fn time(wire: &prost_types::Timestamp, field: &'static str) -> Result<Timestamp, Error> {
    polku_proto::time::from_wire(wire).map_err(|_| wrong(field, "an instant between the years 1 and 9999"))
}

/// A field of terms or evidence that makes no sense.
pub(super) fn wrong(field: &'static str, expected: &'static str) -> Error {
    Error::Field { field, reason: "TERMS_INVALID", expected }
}
