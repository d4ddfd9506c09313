//! What may be written down about a journey, by whom, and when?

use jiff::Timestamp;
use polku_policy::Directory;
use polku_proto::AgencyId;
use polku_proto::identity::has_hetu;
use polku_proto::time::{finnish_date, from_wire};
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    CurrentWorker, DataCategory, JourneyEntry, JourneySource, Mandate, WorkerAssignment, attainment,
};

use super::entry::kind;
use crate::error::Error;

/// What tells what an entry is about.
pub(super) fn category(matter: &Matter) -> DataCategory {
    match matter {
        Matter::Opening(opening) => match opening.source() {
            JourneySource::SocialServices => DataCategory::SocialSituation,
            // Who comes from a clinic has told that they are treated there.
            JourneySource::HealthCare => DataCategory::HealthCapacity,
            JourneySource::Unspecified
            | JourneySource::Self_
            | JourneySource::FamilyOrFriend
            | JourneySource::EmploymentServices
            | JourneySource::OutreachYouthWork
            | JourneySource::School
            | JourneySource::Workshop
            | JourneySource::Kela
            | JourneySource::Other => DataCategory::ServiceAttendance,
        },
        Matter::Encounter(_) | Matter::Worker(_) | Matter::Mandate(_) | Matter::Leaving(_) => {
            DataCategory::ServiceAttendance
        }
        Matter::Handover(_) | Matter::Retention(_) => DataCategory::ReferralStatus,
        Matter::Attainment(attained) if attained.kind() == attainment::Kind::Housing => DataCategory::Housing,
        Matter::Background(_) => DataCategory::EducationWork,
        Matter::Profile(_) | Matter::Work(_) | Matter::Attainment(_) => DataCategory::OutcomeMeasures,
    }
}

/// Takes an entry as a caller may word it.
pub(super) fn check_words(entry: &JourneyEntry, now: Timestamp) -> Result<(), Error> {
    let own = [&entry.name, &entry.agency, &entry.professional];
    if own.iter().any(|text| !text.is_empty()) || entry.category != 0 || entry.create_time.is_some() {
        return Err(wrong(
            "entry",
            "without name, category, agency, professional and create_time: they are filled in",
        ));
    }
    let time = entry.time.as_ref().map(from_wire).transpose();
    if !time.is_ok_and(|time| time.is_none_or(|time| time <= now)) {
        return Err(wrong("entry.time", "an instant that is not in the future"));
    }
    if let Some(Matter::Mandate(Mandate { until, .. })) = &entry.matter
        && !until.is_empty()
        && *until < finnish_date(now).to_string()
    {
        return Err(wrong("entry.mandate.until", "a day that has not passed, or empty"));
    }
    Ok(())
}

/// An entry replaces one of the same agency, about the same kind of matter.
pub(super) fn check_replaced(
    entry: &JourneyEntry,
    (agency, professional): (&AgencyId, &str),
    known: &[JourneyEntry],
) -> Result<(), Error> {
    // What the young person has said is theirs.
    let is_same_side = |other: &JourneyEntry| other.professional.is_empty() == professional.is_empty();
    let same = |other: &&JourneyEntry| other.name == entry.replaces && other.agency == agency.as_str();
    match known.iter().find(same) {
        _ if entry.replaces.is_empty() => Ok(()),
        Some(other) if kind(other) == kind(entry) && is_same_side(other) => Ok(()),
        Some(_) | None => Err(wrong(
            "entry.replaces",
            "the name of an entry of the same agency about a matter of the same kind that was not replaced before",
        )),
    }
}

/// Whether the young person has ended the mandate of this agency themselves: then it is for them to give another.
pub(super) fn has_ended_mandate(agency: &str, seen: &[&JourneyEntry]) -> bool {
    let own = seen.iter().filter(|entry| entry.agency == agency);
    let mut mandates = own.filter_map(|entry| match &entry.matter {
        Some(Matter::Mandate(mandate)) => Some((entry, mandate)),
        _ => None,
    });
    mandates.next().is_some_and(|(entry, mandate)| entry.professional.is_empty() && mandate.scopes.is_empty())
}

/// Whether the agency has taken the matter up, and the young person has not left since.
pub(super) fn is_open(agency: &str, seen: &[&JourneyEntry]) -> bool {
    let mut own = seen.iter().filter(|entry| entry.agency == agency);
    let last = own.find(|entry| matches!(entry.matter, Some(Matter::Opening(_) | Matter::Leaving(_))));
    last.is_some_and(|entry| matches!(entry.matter, Some(Matter::Opening(_))))
}

/// Whether this agency may name the adult beside the young person, or their successor.
pub(super) fn check_assignment(
    assignment: &WorkerAssignment,
    agency: &AgencyId,
    current: Option<&CurrentWorker>,
    directory: &Directory,
) -> Result<(), Error> {
    let WorkerAssignment { professional, unit, successor, .. } = assignment;
    if has_hetu(professional) || has_hetu(unit) {
        return Err(wrong("entry.worker", "ids that have no personal identity code in them"));
    }
    if !professional.is_empty() && !successor.is_empty() {
        return Err(wrong("entry.worker", "a professional of the own agency, or a successor: not both"));
    }
    if !successor.is_empty() {
        let known = successor.parse().ok().filter(|successor| directory.agency(successor).is_some());
        if known.is_none_or(|successor| successor == *agency) {
            return Err(wrong("entry.worker.successor", "the agency id of another agency"));
        }
    }
    let is_own = current.is_some_and(|current| current.agency == agency.as_str());
    match current {
        Some(_) if !is_own => {
            return Err(Error::RecordState {
                expected: "nobody beside the young person yet, or the agency of the present adult hands over first",
            });
        }
        None if professional.is_empty() => {
            return Err(Error::RecordState { expected: "an adult of the own agency who can be succeeded" });
        }
        Some(_) | None => {}
    }
    if (assignment.reason() == Reason::First) != current.is_none() {
        return Err(wrong(
            "entry.worker.reason",
            "REASON_FIRST where nobody was there before, another one otherwise",
        ));
    }
    Ok(())
}

pub(super) fn wrong(field: &'static str, expected: &'static str) -> Error {
    Error::Field { field, reason: "INVALID_FIELDS", expected }
}
