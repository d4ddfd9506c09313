//! Who came to a meeting, and how is the young person doing?

use jiff::Timestamp;
use polku_policy::{Authorised, Sector};
use polku_proto::v1::meeting_record::{Kind, Seat};
use polku_proto::v1::record_measure_request::Measure;
use polku_proto::v1::{
    DataCategory, FilledBy, MeetingRecord, MeetingState, PlanChange, PlanPart, PlanSection,
    RecordMeasureRequest, RecordMeetingRequest, StarReading, WhoqolReading,
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
use crate::plan::{self, EditError, Fault, Seated, Taker};
use crate::record::instant;

/// More readings of one kind in a section are refused.
const MOST_READINGS: usize = 100;

const PROFESSIONAL: Error = Error::ActorNotAllowed {
    expected: "a professional of a party records it; the young person records a questionnaire of their own",
};

impl Gateway {
    /// Records who came to a meeting of the caller's section. Whether there was a quorum is told as far as a reader sees.
    pub(crate) async fn record_meeting(
        &self,
        caller: &Caller,
        request: Valid<RecordMeetingRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let attended = self.attending(&request.attended)?;
        let step = Step { method: "RecordMeeting", name: &request.name, request_id: &request.request_id };
        self.step(caller, &step, &request, |record, now| {
            let seen = self.seen(record, &self.eyes(caller, record)?, now)?;
            self.check_told(caller, record, DataCategory::JointPlan, now)?;
            check_running(record)?;
            held_on(plan::part_of(&seen, caller.agency.as_str()), &request.meeting)?;
            // What a colleague has recorded meanwhile is not recorded over.
            self.check_read(caller, record, &seen, &request.etag)?;
            self.enter_meeting(caller, record, &request, &attended)
        })
        .await
    }

    /// What is recorded in the own section is of a category that the caller is told there: one more reading, or one in
    /// place of another, then shows nothing that the caller does not see.
    fn check_told(
        &self,
        caller: &Caller,
        record: &PlanRecord,
        category: DataCategory,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Actor::Professional { .. } = caller.actor else { return Err(PROFESSIONAL) };
        let own = caller.agency.as_str();
        if self.permitted(record, own, &self.eyes(caller, record)?, now)?.contains(category) {
            return Ok(());
        }
        let path = format!("sections[{own}]");
        Err(Error::Plan(EditError {
            fault: Fault::NotTold,
            path,
            expected: "what may be told to the editor",
        }))
    }

    fn enter_meeting(
        &self,
        caller: &Caller,
        record: &mut PlanRecord,
        request: &RecordMeetingRequest,
        attended: &[AgencyId],
    ) -> Result<(), Error> {
        let parties: Vec<&AgencyId> = attended.iter().filter(|id| record.party(id).is_some()).collect();
        let takers = parties.into_iter().map(|id| Taker { agency: id.to_string(), seats: self.seats_of(id) });
        let seated = Seated {
            owner: caller.agency.to_string(),
            meeting: request.meeting.clone(),
            takers: takers.collect(),
        };
        let section = own_section(caller, record)?;
        let meeting = MeetingRecord {
            category: DataCategory::JointPlan as i32,
            meeting: request.meeting.clone(),
            kind: request.kind,
            attended: request.attended.clone(),
            client_attended: request.client_attended,
            // These two follow from what a reader sees: of the parties, and of the readings, whenever they are recorded.
            missing: Vec::new(),
            questionnaire_before: false,
        };
        section.meetings.retain(|other| other.meeting != request.meeting);
        section.meetings.push(meeting);
        let all = &mut record.kept.seated;
        all.retain(|other| other.owner != seated.owner || other.meeting != seated.meeting);
        all.extend((request.kind() == Kind::FourParty).then_some(seated));
        Ok(())
    }

    /// Records a questionnaire or a star in the caller's section, with its scores. The young person records their own
    /// questionnaire, in their own section.
    pub(crate) async fn record_measure(
        &self,
        caller: &Caller,
        request: Valid<RecordMeasureRequest>,
    ) -> Result<Authorised<PlanChange>, Error> {
        let request = request.into_inner();
        let step = Step { method: "RecordMeasure", name: &request.name, request_id: &request.request_id };
        let category = match &request.measure {
            Some(Measure::Questionnaire(_)) => DataCategory::QualityOfLife,
            Some(Measure::Star(_)) | None => DataCategory::OutcomeMeasures,
        };
        self.step(caller, &step, &request, |record, now| {
            let section = match (&caller.actor, &request.measure) {
                (Actor::Subject(_), Some(Measure::Questionnaire(reading))) => {
                    check_own_reading(reading)?;
                    check_running(record)?;
                    record.section_mut(plan::YOUTH)?
                }
                _ => {
                    self.check_told(caller, record, category, now)?;
                    own_section(caller, record)?
                }
            };
            let today = polku_proto::time::finnish_date(now).to_string();
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
                let reading = scored(reading)?;
                let others = section.questionnaires.iter_mut();
                correct(&reading.corrects, others.map(|other| (&other.id, &mut other.entered_in_error)))?;
                section.questionnaires.push(reading);
                section.questionnaires.sort_by(|one, other| one.date.cmp(&other.date));
            }
            Some(Measure::Star(reading)) => {
                check_new(section.stars.iter().map(|other| &other.id), &reading.id)?;
                check_day(&reading.date, today)?;
                let category = DataCategory::OutcomeMeasures as i32;
                let reading = StarReading { category, entered_in_error: false, ..reading };
                self.check_star(&reading)?;
                let others = section.stars.iter_mut();
                correct(&reading.corrects, others.map(|other| (&other.id, &mut other.entered_in_error)))?;
                section.stars.push(reading);
                section.stars.sort_by(|one, other| one.date.cmp(&other.date));
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

    /// Which seats at a meeting of four parties fit an agency.
    fn seats_of(&self, id: &AgencyId) -> Vec<i32> {
        let sector = self.directory.agency(id).map(|agency| agency.sector);
        let fits = |seat: Seat| match seat {
            Seat::EmploymentServices => sector == Some(Sector::Employment),
            Seat::Municipality => self.plan.municipality.contains(id),
            Seat::SocialWork => sector == Some(Sector::Social),
            Seat::Client | Seat::Unspecified => false,
        };
        let seats = [Seat::Municipality, Seat::SocialWork, Seat::EmploymentServices];
        seats.into_iter().filter(|seat| fits(*seat)).map(i32::from).collect()
    }

    fn check_star(&self, reading: &StarReading) -> Result<(), Error> {
        measure::check_star(&self.plan.stars, reading).map_err(|error| {
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

/// What the young person records, they have filled in: alone.
fn check_own_reading(reading: &WhoqolReading) -> Result<(), Error> {
    if reading.filled_by() == FilledBy::Self_ {
        return Ok(());
    }
    Err(Error::Field {
        field: "questionnaire.filled_by",
        reason: "INVALID_FIELDS",
        expected: "FILLED_BY_SELF from the young person; what was filled in together the professional records",
    })
}

fn scored(reading: WhoqolReading) -> Result<WhoqolReading, Error> {
    let scores =
        measure::score(&reading.answers).map_err(|measure::WhoqolError::AnsweredTwice| Error::Field {
            field: "questionnaire.answers",
            reason: "INVALID_FIELDS",
            expected: "at most one answer for each item",
        })?;
    let category = DataCategory::QualityOfLife as i32;
    Ok(WhoqolReading { category, scores, entered_in_error: false, ..reading })
}

/// The meeting is one of the section, as the caller sees it, and has been held.
fn held_on(part: Option<&PlanPart>, meeting: &str) -> Result<(), Error> {
    const NO_MEETING: Error = Error::Field {
        field: "meeting",
        reason: "NO_SUCH_ITEM",
        expected: "a meeting of the caller's own section, with its time, that has been held",
    };
    let meetings = part.map(|part| part.meetings.as_slice()).unwrap_or_default();
    let held = meetings.iter().find(|other| other.id == meeting && other.state() == MeetingState::Held);
    let has_time = held.is_some_and(|held| held.time.as_ref().is_some_and(|time| instant(time).is_ok()));
    if has_time { Ok(()) } else { Err(NO_MEETING) }
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

/// Marks the reading that another one corrects as entered in error. It stays as it was recorded: nothing that was told of
/// a young person is made unsaid, and a correction can be corrected in its turn.
fn correct<'a>(
    corrects: &str,
    mut others: impl Iterator<Item = (&'a String, &'a mut bool)>,
) -> Result<(), Error> {
    if corrects.is_empty() {
        return Ok(());
    }
    let (_, is_wrong) = others.find(|(id, is_wrong)| *id == corrects && !**is_wrong).ok_or(Error::Field {
        field: "measure.corrects",
        reason: "NO_SUCH_ITEM",
        expected: "a reading of the same kind in the caller's own section that has not been corrected yet",
    })?;
    *is_wrong = true;
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
