//! What may be written down about a journey, by whom, and when?

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use polku_policy::Directory;
use polku_proto::identity::has_hetu;
use polku_proto::time::{finnish_date, from_wire, start_of_finnish_date};
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    CurrentWorker, DataCategory, EscortedHandover, JourneyEntry, JourneySource, Mandate, RetentionAnswer,
    WorkerAssignment, attainment,
};
use polku_proto::{AgencyId, EntryName, ReferralName, YouthId};

use super::entry::kind;
use super::former::youth_of;
use super::worker::is_same_unit;
use crate::error::Error;
use crate::journey::read::name;

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

/// How long after it happened something can be written down, in years by the calendar in Finland.
const WRITTEN_WITHIN_YEARS: i32 = 1;

/// Takes an entry of this person's journey as a caller may word it, whatever there is already.
pub(super) fn check_words(entry: &JourneyEntry, youth: YouthId, now: Timestamp) -> Result<(), Error> {
    let own = [&entry.name, &entry.agency, &entry.professional, &entry.unit];
    let is_filled_in = entry.category != 0 || entry.represented_by != 0 || entry.create_time.is_some();
    if is_filled_in || own.iter().any(|text| !text.is_empty()) {
        return Err(wrong(
            "entry",
            "without name, category, agency, professional, unit, represented_by and create_time: they are filled in",
        ));
    }
    let time = entry.time.as_ref().map(from_wire).transpose();
    if !time.is_ok_and(|time| time.is_none_or(|time| time <= now)) {
        return Err(wrong("entry.time", "an instant that is not in the future"));
    }
    if entry.replaces.is_empty() && happened(entry, now)? < earliest(now)? {
        return Err(TOO_EARLY);
    }
    let is_of_youth = |name: EntryName| name.youth == youth;
    if !entry.replaces.is_empty() && !entry.replaces.parse().is_ok_and(is_of_youth) {
        return Err(NOT_REPLACED);
    }
    if let Some(Matter::Handover(EscortedHandover { referral, .. }))
    | Some(Matter::Retention(RetentionAnswer { referral, .. })) = &entry.matter
    {
        name::<ReferralName>(referral, "entry.referral")?;
    }
    if let Some(Matter::Mandate(Mandate { until, .. })) = &entry.matter
        && !until.is_empty()
        && *until < finnish_date(now).to_string()
    {
        return Err(wrong("entry.mandate.until", "a day that has not passed, or empty"));
    }
    Ok(())
}

const NOT_REPLACED: Error = wrong(
    "entry.replaces",
    "the name of an entry of the same agency about a matter of the same kind that was not replaced before",
);
const TOO_EARLY: Error = wrong(
    "entry.time",
    "an instant at most a year ago, not before the birth and not before the agency took up the matter; of an opening, not \
     before the young person left last",
);

/// The entry that this one replaces, of what the same agency has written down about the same kind of matter; nothing: it
/// replaces none.
pub(super) fn replaced<'a>(
    entry: &JourneyEntry,
    (youth, professional): (YouthId, &str),
    known: &[&'a JourneyEntry],
) -> Result<Option<&'a JourneyEntry>, Error> {
    if entry.replaces.is_empty() {
        return Ok(None);
    }
    // What the young person has said is theirs.
    let is_same_side = |other: &JourneyEntry| other.professional.is_empty() == professional.is_empty();
    let is_it = |other: &&&JourneyEntry| {
        let is_here = youth_of(other).is_ok_and(|of| of == youth);
        other.name == entry.replaces && is_here && kind(other) == kind(entry) && is_same_side(other)
    };
    known.iter().find(is_it).copied().map(Some).ok_or(NOT_REPLACED)
}

/// Whether it can have happened then: at most a year ago, after the birth and while the agency had the matter; of an opening,
/// since the young person left last. Whoever corrects what was in time may say the same time again.
pub(super) fn check_time(
    entry: &JourneyEntry,
    (now, birth): (Timestamp, Option<Date>),
    replaced: Option<&JourneyEntry>,
    (known, handed): (&[&JourneyEntry], Option<&JourneyEntry>),
) -> Result<(), Error> {
    let seconds = |entry: &JourneyEntry| entry.time.map(|time| time.seconds);
    let before = replaced.and_then(seconds);
    let at = happened(entry, now)?.as_second();
    if before.is_some_and(|before| at >= before) {
        return Ok(());
    }
    let since = if matches!(entry.matter, Some(Matter::Opening(_))) {
        let leavings = known.iter().filter(|other| matches!(other.matter, Some(Matter::Leaving(_))));
        leavings
            .filter_map(|other| seconds(other))
            .filter(|left| before.is_none_or(|before| *left < before))
            .max()
    } else {
        let openings = known.iter().filter(|other| matches!(other.matter, Some(Matter::Opening(_))));
        openings.filter_map(|other| seconds(other)).min().or_else(|| handed.and_then(seconds))
    };
    let birth = birth.map(start_of_finnish_date).transpose().map_err(|_| NO_SUCH_DAY)?;
    let earliest = earliest(now)?.as_second();
    let earliest = birth.map_or(earliest, |birth| earliest.max(birth.as_second()));
    if at >= since.map_or(earliest, |since| earliest.max(since)) { Ok(()) } else { Err(TOO_EARLY) }
}

const NO_SUCH_DAY: Error = Error::Inconsistent("a day beyond the calendar");

/// From when on something that is written down now can have happened.
fn earliest(now: Timestamp) -> Result<Timestamp, Error> {
    let day =
        finnish_date(now).checked_sub(Span::new().years(WRITTEN_WITHIN_YEARS)).map_err(|_| NO_SUCH_DAY)?;
    start_of_finnish_date(day).map_err(|_| NO_SUCH_DAY)
}

/// When it happened: now, unless the entry says otherwise.
pub(super) fn happened(entry: &JourneyEntry, now: Timestamp) -> Result<Timestamp, Error> {
    entry.time.as_ref().map_or(Ok(now), from_wire).map_err(|_| TOO_EARLY)
}

/// Whether the last word on the mandate of this agency is the young person's own, and holds: it has ended the mandate, or
/// has given the one that `current` has now. Then it is for them to say another.
pub(super) fn has_own_mandate(agency: &str, seen: &[&JourneyEntry], current: Option<&CurrentWorker>) -> bool {
    let mut own = seen.iter().filter(|entry| entry.agency == agency);
    let last = own.find_map(|entry| match &entry.matter {
        Some(Matter::Mandate(mandate)) => Some((entry, mandate)),
        _ => None,
    });
    let is_in_force = current.is_some_and(|worker| worker.agency == agency && !worker.mandate.is_empty());
    last.is_some_and(|(entry, mandate)| {
        entry.professional.is_empty() && (mandate.scopes.is_empty() || is_in_force)
    })
}

/// Whether a unit of the agency has taken the matter up, and the young person has not left it since.
pub(super) fn is_open(agency: &str, seen: &[&JourneyEntry]) -> bool {
    let own: Vec<&JourneyEntry> = seen.iter().copied().filter(|entry| entry.agency == agency).collect();
    open_matters(&own).next().is_some()
}

/// The openings of units that the young person has not left since, of these entries, newest first.
pub(super) fn open_matters<'a>(entries: &[&'a JourneyEntry]) -> impl Iterator<Item = &'a JourneyEntry> {
    let mut left: Vec<&JourneyEntry> = Vec::new();
    entries.iter().copied().filter(move |entry| match entry.matter {
        Some(Matter::Leaving(_)) => {
            left.push(entry);
            false
        }
        Some(Matter::Opening(_)) => !left
            .iter()
            .any(|leaving| leaving.agency == entry.agency && is_same_unit(&leaving.unit, &entry.unit)),
        _ => false,
    })
}

/// Takes a mandate as a professional may word it: nobody lets themselves act for somebody without a proof of that.
pub(super) fn check_proof(mandate: &Mandate) -> Result<(), Error> {
    let Mandate { scopes, reference, .. } = mandate;
    if has_hetu(reference) || (!scopes.is_empty() && reference.is_empty()) {
        return Err(wrong(
            "entry.mandate.reference",
            "where the agency keeps the proof of it, without a personal identity code",
        ));
    }
    Ok(())
}

/// Takes an assignment as this agency may word it, whoever is beside the young person.
pub(super) fn check_assigned(
    assignment: &WorkerAssignment,
    agency: &AgencyId,
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
    Ok(())
}

/// Whether this agency may name the adult beside the young person, or their successor.
pub(super) fn check_assignment(
    assignment: &WorkerAssignment,
    agency: &AgencyId,
    current: Option<&CurrentWorker>,
) -> Result<(), Error> {
    let professional = &assignment.professional;
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

pub(super) const fn wrong(field: &'static str, expected: &'static str) -> Error {
    Error::Field { field, reason: "INVALID_FIELDS", expected }
}
