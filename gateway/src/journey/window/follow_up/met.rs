//! When did somebody meet the young person last, as far as an agency may know?

use jiff::Timestamp;
use polku_proto::AgencyId;
use polku_proto::time::from_wire;
use polku_proto::v1::JourneyEntry;
use polku_proto::v1::journey_entry::Matter;

use super::super::sight::AgencyLook;
use super::super::worker;
use super::LookedAfter;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::PlanRecord;
use crate::journey::plan::Eyes;
use crate::person::Person;

impl Gateway {
    /// By the entries that the agency sees, and by the meetings of the joint plans that it is a party to.
    pub(super) async fn last_met(
        &self,
        person: &Person,
        by: (&[&JourneyEntry], &AgencyId),
        when: worker::When,
    ) -> Result<Option<Timestamp>, Error> {
        self.last_met_with(person, by, None, when).await
    }

    /// What a change of a plan changes of what is to be looked after: who came to a meeting, or did not after all.
    pub(in crate::journey) async fn after_plan(
        &self,
        person: &Person,
        (before, changed): (Option<&PlanRecord>, &PlanRecord),
        now: Timestamp,
    ) -> Result<LookedAfter, Error> {
        let mut after = LookedAfter::default();
        if !before.into_iter().chain([changed]).any(any_came) {
            return Ok(after);
        }
        let entries = self.written(person).await?;
        let Some(agency) = self.looks_after(person, &entries, now)? else { return Ok(after) };
        let before = before.map(|before| self.met_by(before, &agency, now)).transpose()?.flatten();
        if self.met_by(changed, &agency, now)? == before {
            return Ok(after);
        }
        let seen = self.visible(&AgencyLook::for_guidance(&agency, person.id, now), &entries)?;
        let when = worker::When::of(person, now)?;
        let last = self.last_met_with(person, (&seen, &agency), Some(changed), when).await?.unwrap_or(now);
        self.met_at(person, agency, last, &mut after, now).await?;
        Ok(after)
    }

    /// With a plan as it is about to be.
    async fn last_met_with(
        &self,
        person: &Person,
        (seen, agency): (&[&JourneyEntry], &AgencyId),
        changed: Option<&PlanRecord>,
        when: worker::When,
    ) -> Result<Option<Timestamp>, Error> {
        let mut last = last_met(seen, agency, when);
        for record in self.plans_under(&self.ids_of(person.id)).await? {
            if changed.is_none_or(|changed| changed.row.id != record.row.id) {
                last = last.max(self.met_by(&record, agency, when.now)?);
            }
        }
        let by_changed = changed.map(|changed| self.met_by(changed, agency, when.now)).transpose()?;
        Ok(last.max(by_changed.flatten()))
    }

    /// When the young person came last to a meeting of this plan, as the agency sees it.
    fn met_by(
        &self,
        record: &PlanRecord,
        agency: &AgencyId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let Some(party) = record.party(agency) else { return Ok(None) };
        let seen = match self.seen(record, &Eyes::of_system(party), now) {
            Ok(seen) => seen,
            Err(Error::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut last = None;
        for section in &seen.sections {
            let meetings = section.part.iter().flat_map(|part| &part.meetings);
            let came = |id: &str| {
                section.meetings.iter().any(|record| record.client_attended && record.meeting == id)
            };
            let held = meetings.filter(|meeting| came(&meeting.id));
            let held = held.filter_map(|meeting| from_wire(meeting.time.as_ref()?).ok());
            last = last.max(held.filter(|time| *time <= now).max());
        }
        Ok(last)
    }
}

/// Whether the young person came to any meeting of the plan.
fn any_came(record: &PlanRecord) -> bool {
    let sections = record.kept.plan.iter().flat_map(|plan| &plan.sections);
    sections.flat_map(|section| &section.meetings).any(|meeting| meeting.client_attended)
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
