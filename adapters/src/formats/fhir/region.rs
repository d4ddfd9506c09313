//! What is permitted once the denials inside of a permission are taken out of it?

use jiff::Timestamp;
use polku_proto::Party;
use polku_proto::v1::{DataCategory, LegalBasis, Purpose};

use super::error::{ImportError, Place, Problem};

/// The most regions that one document may come to.
const MOST: usize = 64;

/// Everything between these disclosers and recipients, for these purposes, of these categories, in this period.
#[derive(Debug, Clone)]
pub(super) struct Region {
    pub(super) place: Place,
    pub(super) disclosers: Vec<Party>,
    pub(super) recipients: Vec<Party>,
    pub(super) purposes: Vec<Purpose>,
    pub(super) categories: Vec<DataCategory>,
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    /// Categories that are named explicitly as special data.
    pub(super) explicit: Vec<DataCategory>,
    pub(super) legal_basis: Option<LegalBasis>,
    pub(super) review: Option<Timestamp>,
}

/// Takes one region out of all the others.
pub(super) fn take_out(regions: Vec<Region>, denied: &Region) -> Result<Vec<Region>, ImportError> {
    let mut left = Vec::new();
    for region in regions {
        left.extend(region.without(denied)?);
    }
    if left.len() > MOST { Err(denied.place.fault(Problem::TooMuch)) } else { Ok(left) }
}

impl Region {
    /// Gives what is left, as regions without overlap: one dimension after the other, what lies outside of the denial
    /// is kept as it is, and what lies inside is looked at further.
    fn without(self, denied: &Region) -> Result<Vec<Region>, ImportError> {
        let inseparable = |name| denied.place.below(name).fault(Problem::Inseparable);
        let mut left = Vec::new();
        let mut rest = self.clone();

        let (inside, outside) =
            split_parties(rest.disclosers.clone(), &denied.disclosers).ok_or_else(|| inseparable("actor"))?;
        if !outside.is_empty() {
            left.push(Region { disclosers: outside, ..rest.clone() });
        }
        rest.disclosers = inside;

        let (inside, outside) =
            split_parties(rest.recipients.clone(), &denied.recipients).ok_or_else(|| inseparable("actor"))?;
        if !outside.is_empty() {
            left.push(Region { recipients: outside, ..rest.clone() });
        }
        rest.recipients = inside;

        let (inside, outside) = split(&rest.purposes, &denied.purposes);
        if !outside.is_empty() {
            left.push(Region { purposes: outside, ..rest.clone() });
        }
        rest.purposes = inside;

        let (inside, outside) = split(&rest.categories, &denied.categories);
        if !outside.is_empty() {
            left.push(Region { categories: outside, ..rest.clone() });
        }
        rest.categories = inside;

        if let Some(begin) = denied.from
            && rest.from.is_none_or(|from| from < begin)
        {
            // Such a permission begins when it is recorded, which may be later than the denial.
            let from = rest.from.ok_or_else(|| inseparable("period"))?;
            let until = Some(rest.until.map_or(begin, |until| until.min(begin)));
            left.push(Region { from: Some(from), until, ..rest.clone() });
            rest.from = Some(begin);
        }
        if let Some(end) = denied.until
            && rest.until.is_none_or(|until| end < until)
        {
            let from = Some(rest.from.map_or(end, |from| from.max(end)));
            left.push(Region { from, ..rest.clone() });
            rest.until = Some(end);
        }

        // Nothing of the region is denied: it stays in one piece.
        if rest.is_empty() { Ok(vec![self]) } else { Ok(left) }
    }

    fn is_empty(&self) -> bool {
        let no_time = self.until.is_some_and(|until| self.from.is_some_and(|from| until <= from));
        self.disclosers.is_empty()
            || self.recipients.is_empty()
            || self.purposes.is_empty()
            || self.categories.is_empty()
            || no_time
    }
}

fn split<T: PartialEq + Copy>(all: &[T], chosen: &[T]) -> (Vec<T>, Vec<T>) {
    all.iter().partition(|one| chosen.contains(one))
}

/// `None` where a unit of an agency would have to be taken out of the whole.
fn split_parties(all: Vec<Party>, chosen: &[Party]) -> Option<(Vec<Party>, Vec<Party>)> {
    let (inside, outside): (Vec<Party>, Vec<Party>) =
        all.into_iter().partition(|party| chosen.iter().any(|other| other.covers(party)));
    let torn = outside.iter().any(|party| chosen.iter().any(|other| party.covers(other)));
    (!torn).then_some((inside, outside))
}
