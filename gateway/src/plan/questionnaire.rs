//! For which meetings had the young person filled in a questionnaire, and what has changed from star to star?

use jiff::Timestamp;
use polku_proto::CategorySet;
use polku_proto::time::{finnish_date, from_wire};
use polku_proto::v1::{
    DataCategory, FilledBy, MeetingRecord, MeetingState, Plan, PlanMeeting, PlanSection, WhoqolReading,
};

use super::section::owner_of;
use crate::measure::{compare, first_stars};

/// Says of every recorded meeting that a reader sees whether the young person had filled in a questionnaire for it: after
/// the meeting of the same kind before it in the section, and before it began. Of a questionnaire the day is known: what
/// was filled in on the day of a meeting was for that meeting.
///
/// It counts in whichever section it stands, the young person's own or a party's, as far as the reader sees it there. It
/// is told with the meeting where the owner of that section may tell the reader of such things.
pub(super) fn mark_questionnaires(view: &mut Plan, permitted: impl Fn(&str) -> CategorySet) {
    if view.sections.iter().all(|section| section.meetings.is_empty()) {
        return;
    }
    let readings = view.sections.iter().flat_map(|section| &section.questionnaires);
    let days: Vec<String> =
        readings.filter(|reading| counts(reading)).map(|reading| reading.date.clone()).collect();
    for section in &mut view.sections {
        let told = permitted(owner_of(section)).contains(DataCategory::QualityOfLife);
        mark(section, if told { &days } else { &[] });
    }
}

/// Says of every star that a reader sees what has changed since the first of the same kind that the reader sees, in
/// whichever section that stands. What each of them says of itself is not counted.
pub(super) fn mark_stars(view: &mut Plan) {
    let first = first_stars(view.sections.iter().flat_map(|section| &section.stars));
    view.sections.iter_mut().flat_map(|section| &mut section.stars).for_each(|star| compare(star, &first));
}

fn mark(section: &mut PlanSection, days: &[String]) {
    let PlanSection { part, meetings, .. } = section;
    let planned = || part.iter().flat_map(|part| &part.meetings);
    let held = |record: &MeetingRecord| {
        let mut held = planned().filter(|meeting| meeting.state() == MeetingState::Held);
        held.find(|meeting| meeting.id == record.meeting).and_then(when)
    };
    let all: Vec<_> = meetings.iter().map(|record| (record.kind, held(record))).collect();
    for record in meetings {
        let Some((began, day)) = held(record) else {
            record.questionnaire_before = false;
            continue;
        };
        let earlier =
            all.iter().filter(|(kind, _)| *kind == record.kind).filter_map(|(_, held)| held.as_ref());
        let earlier = earlier.filter(|(time, _)| *time < began).map(|(_, day)| day).max();
        // Dates of the form `YYYY-MM-DD` are in the order of their letters.
        record.questionnaire_before = days
            .iter()
            .any(|filled_in| *filled_in <= day && earlier.is_none_or(|earlier| filled_in > earlier));
    }
}

/// Whether the young person has filled in the questionnaire, and so much of it that it says something.
fn counts(reading: &WhoqolReading) -> bool {
    let is_own = matches!(reading.filled_by(), FilledBy::Self_ | FilledBy::Together);
    is_own && !reading.entered_in_error && reading.scores.is_some()
}

/// When a meeting began, and on which day in Finland.
fn when(meeting: &PlanMeeting) -> Option<(Timestamp, String)> {
    let time = from_wire(meeting.time.as_ref()?).ok()?;
    Some((time, finnish_date(time).to_string()))
}
