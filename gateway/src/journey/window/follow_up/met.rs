//! When did somebody meet the young person last, as far as an agency may know?

use jiff::Timestamp;
use polku_proto::AgencyId;
use polku_proto::time::from_wire;
use polku_proto::v1::JourneyEntry;
use polku_proto::v1::journey_entry::Matter;

use super::super::worker;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::plan::Eyes;
use crate::person::Person;

impl Gateway {
    /// By the entries that the agency sees, and by the meetings of the joint plans that it is a party to.
    pub(super) async fn last_met(
        &self,
        person: &Person,
        (seen, agency): (&[&JourneyEntry], &AgencyId),
        when: worker::When,
    ) -> Result<Option<Timestamp>, Error> {
        let mut last = last_met(seen, agency, when);
        for record in self.plans_under(&self.ids_of(person.id)).await? {
            let Some(party) = record.party(agency) else { continue };
            let seen = match self.seen(&record, &Eyes::of_system(party), when.now) {
                Ok(seen) => seen,
                Err(Error::NotFound) => continue,
                Err(error) => return Err(error),
            };
            for section in &seen.sections {
                let meetings = section.part.iter().flat_map(|part| &part.meetings);
                let came = |id: &str| {
                    section.meetings.iter().any(|record| record.client_attended && record.meeting == id)
                };
                let held = meetings.filter(|meeting| came(&meeting.id));
                let held = held.filter_map(|meeting| from_wire(meeting.time.as_ref()?).ok());
                last = last.max(held.filter(|time| *time <= when.now).max());
            }
        }
        Ok(last)
    }
}

/// Whether somebody met the young person, by this entry.
pub(super) fn is_met(entry: &JourneyEntry) -> bool {
    match &entry.matter {
        Some(Matter::Encounter(encounter)) => encounter.met,
        Some(Matter::Handover(handover)) => handover.young_person,
        _ => false,
    }
}

/// When somebody met the young person last, or else since when the adult, or nobody, is there, or since when they have come
/// to this agency; as far as these entries tell.
pub(super) fn last_met(seen: &[&JourneyEntry], agency: &AgencyId, when: worker::When) -> Option<Timestamp> {
    let met = seen.iter().filter(|entry| is_met(entry));
    let since = match worker::current(seen, when) {
        Some((worker, _)) => worker.since,
        None => worker::last_assignment(seen).and_then(|(last, _)| last.time),
    };
    let is_coming = |entry: &&&JourneyEntry| {
        matches!(entry.matter, Some(Matter::Opening(_))) && entry.agency == agency.as_str()
    };
    let came = seen.iter().find(is_coming).and_then(|entry| entry.time);
    met.filter_map(|entry| entry.time).chain(since).chain(came).filter_map(|time| from_wire(&time).ok()).max()
}
