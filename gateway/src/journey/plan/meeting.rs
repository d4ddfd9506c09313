//! Who came to a meeting, and how is the young person doing?

use polku_policy::{Authorised, Sector};
use polku_proto::v1::meeting_record::{Kind, Seat};
use polku_proto::v1::record_measure_request::Measure;
use polku_proto::v1::{
    DataCategory, MeetingRecord, MeetingState, PlanChange, PlanSection, RecordMeasureRequest,
    RecordMeetingRequest, StarReading, WhoqolReading,
};
use polku_proto::{AgencyId, Valid};

use super::begin::check_running;
use super::content::check_ids;
use super::record::PlanRecord;
use super::step::Step;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::measure;
use crate::record::instant;

/// More readings of one kind in a section are refused.
const MOST_READINGS: usize = 100;

const PROFESSIONAL: Error = Error::ActorNotAllowed { expected: "a professional of a party records it" };

impl Gateway {
    /// Records who came to a meeting of the caller's section, and whether there was a quorum.
    pub(crate) async fn record_meeting(
        &self,
        caller: &Caller,
        request: Valid<RecordMeetingRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let attended = self.attending(&request.attended)?;
        let step = Step { method: "RecordMeeting", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record| {
            let section = own_section(caller, record)?;
            self.enter_meeting(section, &request, &attended)
        })
        .await
    }

    fn enter_meeting(
        &self,
        section: &mut PlanSection,
        request: &RecordMeetingRequest,
        attended: &[AgencyId],
    ) -> Result<(), Error> {
        let day = held_on(section, &request.meeting)?;
        let missing = match request.kind() {
            Kind::FourParty => self.empty_seats(attended, request.client_attended),
            Kind::Other | Kind::Unspecified => Vec::new(),
        };
        let mut earlier = section.questionnaires.iter();
        let meeting = MeetingRecord {
            category: DataCategory::JointPlan as i32,
            meeting: request.meeting.clone(),
            kind: request.kind,
            attended: request.attended.clone(),
            client_attended: request.client_attended,
            missing: missing.into_iter().map(i32::from).collect(),
            questionnaire_before: earlier.any(|reading| reading.date <= day),
        };
        section.meetings.retain(|other| other.meeting != request.meeting);
        section.meetings.push(meeting);
        Ok(())
    }

    /// Records a questionnaire or a star in the caller's section, with its scores.
    pub(crate) async fn record_measure(
        &self,
        caller: &Caller,
        request: Valid<RecordMeasureRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let step = Step { method: "RecordMeasure", name: &request.name, request_id: &request.request_id };
        let today = polku_proto::time::finnish_date(self.now()).to_string();
        self.step(caller, &step, &request, |record| {
            let section = own_section(caller, record)?;
            self.enter_measure(section, request.measure.clone(), &today)
        })
        .await
    }

    fn enter_measure(
        &self,
        section: &mut PlanSection,
        measure: Option<Measure>,
        today: &str,
    ) -> Result<(), Error> {
        match measure {
            Some(Measure::Questionnaire(reading)) => {
                check_new(section.questionnaires.iter().map(|other| &other.id), &reading.id)?;
                check_day(&reading.date, today)?;
                section.questionnaires.push(scored(reading)?);
                section.questionnaires.sort_by(|one, other| one.date.cmp(&other.date));
            }
            Some(Measure::Star(reading)) => {
                check_new(section.stars.iter().map(|other| &other.id), &reading.id)?;
                check_day(&reading.date, today)?;
                let reading = StarReading { category: DataCategory::OutcomeMeasures as i32, ..reading };
                let reading = self.compared(reading, &section.stars)?;
                section.stars.push(reading);
                section.stars.sort_by(|one, other| one.date.cmp(&other.date));
                // One that comes late can be the first, since which the others have changed.
                let all = section.stars.clone();
                for star in &mut section.stars {
                    if let Ok(compared) = self.compared(star.clone(), &all) {
                        *star = compared;
                    }
                }
            }
            None => return Err(Error::Inconsistent("a measure that was checked is absent")),
        }
        Ok(())
    }

    fn attending(&self, ids: &[String]) -> Result<Vec<AgencyId>, Error> {
        const UNKNOWN: Error = Error::Field {
            field: "attended",
            reason: "UNKNOWN_AGENCY",
            expected: "agencies that are registered with this gateway",
        };
        let known = |id: &String| {
            id.parse::<AgencyId>()
                .ok()
                .filter(|agency| self.directory.agency(agency).is_some())
                .ok_or(UNKNOWN)
        };
        ids.iter().map(known).collect()
    }

    /// Which seats of a meeting of four parties stayed empty.
    fn empty_seats(&self, attended: &[AgencyId], client: bool) -> Vec<Seat> {
        let of_sector = |sector: Sector| {
            attended.iter().any(|id| self.directory.agency(id).is_some_and(|agency| agency.sector == sector))
        };
        let city = attended.iter().any(|id| self.plan.municipality.contains(id));
        let seats = [
            (Seat::EmploymentServices, of_sector(Sector::Employment)),
            (Seat::Municipality, city),
            (Seat::SocialWork, of_sector(Sector::Social)),
            (Seat::Client, client),
        ];
        seats.into_iter().filter(|(_, taken)| !taken).map(|(seat, _)| seat).collect()
    }

    fn compared(&self, reading: StarReading, earlier: &[StarReading]) -> Result<StarReading, Error> {
        measure::compare(&self.plan.stars, reading, earlier).map_err(|error| {
            let expected = match error {
                measure::StarError::UnknownStar => "a star and version that the operator has configured",
                measure::StarError::WrongAreas => "each area of the star once",
                measure::StarError::TooHigh => "scores up to the highest step of the star",
            };
            Error::Field { field: "star", reason: "INVALID_FIELDS", expected }
        })
    }
}

/// The section of the caller's agency, for a professional to change.
fn own_section<'a>(caller: &Caller, record: &'a mut PlanRecord) -> Result<&'a mut PlanSection, Error> {
    let Actor::Professional { .. } = caller.actor else { return Err(PROFESSIONAL) };
    check_running(record)?;
    record.section_mut(caller.agency.as_str())
}

fn scored(reading: WhoqolReading) -> Result<WhoqolReading, Error> {
    let scores =
        measure::score(&reading.answers).map_err(|measure::WhoqolError::AnsweredTwice| Error::Field {
            field: "questionnaire.answers",
            reason: "INVALID_FIELDS",
            expected: "at most one answer for each item",
        })?;
    Ok(WhoqolReading { category: DataCategory::QualityOfLife as i32, scores, ..reading })
}

/// The day on which the meeting was held.
fn held_on(section: &PlanSection, meeting: &str) -> Result<String, Error> {
    const NO_MEETING: Error = Error::Field {
        field: "meeting",
        reason: "NO_SUCH_ITEM",
        expected: "a meeting of the caller's own section, with its time, that has been held",
    };
    let meetings = section.part.as_ref().map(|part| part.meetings.as_slice()).unwrap_or_default();
    let held = meetings.iter().find(|other| other.id == meeting && other.state() == MeetingState::Held);
    let time = held.and_then(|held| held.time.as_ref()).ok_or(NO_MEETING)?;
    Ok(polku_proto::time::finnish_date(instant(time)?).to_string())
}

fn check_new<'a>(ids: impl Iterator<Item = &'a String>, id: &String) -> Result<(), Error> {
    check_ids(std::iter::once(id), "measure.id")?;
    let mut count = 0;
    for other in ids {
        count += 1;
        if other == id {
            return Err(Error::Field {
                field: "measure.id",
                reason: "DUPLICATE_ITEM",
                expected: "an id that no other reading of the section has",
            });
        }
    }
    if count >= MOST_READINGS {
        return Err(Error::RecordState { expected: "at most 100 readings of one kind in a section" });
    }
    Ok(())
}

fn check_day(day: &str, today: &str) -> Result<(), Error> {
    // Dates of the form `YYYY-MM-DD` are in the order of their letters.
    if day > today {
        return Err(Error::Field {
            field: "measure.date",
            reason: "INVALID_FIELDS",
            expected: "a day that is not after today",
        });
    }
    Ok(())
}
