//! Whose is it to look after the young person, by these entries: of which agency, unit and professional?

use std::collections::BTreeSet;

use jiff::Timestamp;
use polku_proto::v1::JourneyEntry;
use polku_proto::{AgencyId, Party};

use super::super::entry::standing;
use super::super::matter::open_matters;
use super::super::worker;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;

/// The entry that says who is beside the young person, by these entries.
pub(super) fn deciding(entries: &[JourneyEntry]) -> Option<&JourneyEntry> {
    worker::last_assignment(&standing(entries.iter().collect())).map(|(last, _)| last)
}

/// The agency's own id of the adult beside the young person; empty where it has named nobody.
pub(super) fn worker_of(
    agency: &AgencyId,
    person: &Person,
    entries: &[JourneyEntry],
    now: Timestamp,
) -> Result<String, Error> {
    let current = worker::current(&standing(entries.iter().collect()), worker::When::of(person, now)?);
    let own = current.map(|(worker, _)| worker).filter(|worker| worker.agency == agency.as_str());
    Ok(own.map(|worker| worker.professional).unwrap_or_default())
}

impl Gateway {
    /// The unit of this agency that has the matter: that of the adult, where it is one that is known here, or else of
    /// whoever named them, or else the one that took it up first. Empty where nobody knows it: then it is the whole
    /// agency's, so that somebody sees it.
    pub(super) fn unit_with(&self, agency: &AgencyId, entries: &[JourneyEntry]) -> String {
        let all = standing(entries.iter().collect());
        let is_own = |entry: &&JourneyEntry| entry.agency == agency.as_str();
        let named = worker::last_assignment(&all).filter(|(last, _)| is_own(last));
        let of_adult = named.and_then(|(_, assignment)| assignment.unit.parse().ok());
        let of_adult = of_adult.map(|unit| Party { agency: agency.clone(), unit: Some(unit) });
        if let Some(Party { unit: Some(unit), .. }) = of_adult.filter(|party| self.units.has(party)) {
            return unit.to_string();
        }
        let by = named.map(|(last, _)| last).or_else(|| open_matters(&all).filter(is_own).last());
        by.map(|entry| entry.unit.clone()).unwrap_or_default()
    }
}

/// Which agency the young person came to first, of those that they have not left, by these entries, newest first.
pub(super) fn came_first<'a>(all: &[&'a JourneyEntry]) -> Option<&'a str> {
    let mut told = BTreeSet::new();
    let open = open_matters(all).filter(|entry| told.insert((&entry.agency, &entry.unit)));
    open.last().map(|entry| entry.agency.as_str())
}
