//! How is Aino doing, and what comes of the meeting of the four parties?

use jiff::{SignedDuration, Timestamp};
use polku_gateway::clock::Clock as _;
use polku_proto::time::finnish_date;
use polku_proto::v1::meeting_record::Kind;
use polku_proto::v1::record_measure_request::Measure;
use polku_proto::v1::{
    AreaScore, DataCategory, FilledBy, MeetingState, PlanItem, PlanMeeting, PlanNeed, PlanSection,
    RecordMeasureRequest, RecordMeetingRequest, StarReading, WhoqolAnswer, WhoqolReading, plan_item,
};

use super::{YOUTH, merge, merge_found, read, section};
use crate::sandbox::cast::{AREAS, CITY, SOCIAL, STAR};
use crate::sandbox::story::Scene;
use crate::sandbox::teller::{Deviation, answered, same, there};
use crate::world::{OHJAAMO, TE, request_id};

const MEETING: &str = "nelikanta-1";
const FOUND: &str = "vuokravelka on maksettava ennen uutta vuokrasopimusta";
/// In hundredths: every item was answered with the middle of its scale.
const MIDDLE: Option<i32> = Some(5_000);

/// Before they meet.
pub(in crate::sandbox::story) async fn measure(
    scene: &mut Scene<'_, '_>,
    name: &str,
) -> Result<(), Deviation> {
    scene
        .teller
        .step("Before they meet, Aino fills in a WHOQOL-BREF, and once more a star together with Ohjaamo")?;
    let now = scene.clock.now();
    let reading = WhoqolReading {
        id: "whoqol-1".into(),
        date: day(now),
        filled_by: FilledBy::Self_ as i32,
        answers: (1..=26).map(|item| WhoqolAnswer { item, answer: 3 }).collect(),
        ..WhoqolReading::default()
    };
    let own = record(scene, name, Measure::Questionnaire(reading)).await?;
    let scores = own.questionnaires.into_iter().next().and_then(|reading| reading.scores);
    let scores = there("the scores", scores)?;
    let domains = [scores.physical, scores.psychological, scores.social, scores.environment];
    same("scores in hundredths", &[MIDDLE; 4], &domains)?;
    let names = ["physical", "psychological", "social", "environment"];
    let said: Vec<String> = names.iter().map(|domain| format!("{domain} 50 of 100")).collect();
    scene.teller.entry("WHOQOL-BREF", &said)?;

    let then = now.checked_sub(SignedDuration::from_hours(30 * 24)).unwrap_or(now);
    for (id, time, scores) in [("tahti-1", then, [2, 1, 3]), ("tahti-2", now, [3, 3, 3])] {
        let scores = AREAS.iter().zip(scores);
        let reading = StarReading {
            id: id.into(),
            date: day(time),
            filled_by: FilledBy::Together as i32,
            star: STAR.into(),
            version: 1,
            scores: scores
                .map(|(area, score)| AreaScore { area: (*area).into(), score, change: None })
                .collect(),
            ..StarReading::default()
        };
        record(scene, name, Measure::Star(reading)).await?;
    }
    let own = there("Ohjaamo's section", of_ohjaamo(scene, name).await?)?;
    let last = there("the star", own.stars.last())?;
    let changes: Vec<Option<i32>> = last.scores.iter().map(|score| score.change).collect();
    same("changes since the first star", &vec![Some(1), Some(2), Some(0)], &changes)?;
    let said = last
        .scores
        .iter()
        .map(|score| format!("{} {} ({:+})", score.area, score.score, score.change.unwrap_or_default()));
    scene.teller.entry("star", &said.collect::<Vec<_>>())
}

/// Employment services, the city, social work and Aino at one table.
pub(in crate::sandbox::story) async fn meet(scene: &mut Scene<'_, '_>, name: &str) -> Result<(), Deviation> {
    scene.teller.step("The four parties meet: employment services, the city, social services and Aino")?;
    let mut ohjaamo = scene.ohjaamo.clone();
    let held = scene.clock.now().checked_sub(SignedDuration::from_mins(1)).unwrap_or(Timestamp::UNIX_EPOCH);
    let seen = read(&mut ohjaamo, name).await?;
    let mut part = section(&seen, OHJAAMO);
    // Who sat there is for those at the table.
    part.meetings.push(PlanMeeting {
        id: MEETING.into(),
        category: DataCategory::GuidanceNotes as i32,
        time: Some(prost_types::Timestamp { seconds: held.as_second(), nanos: 0 }),
        state: MeetingState::Held as i32,
        ..PlanMeeting::default()
    });
    merge(&mut ohjaamo, name, &seen, part).await?;
    let etag = read(&mut ohjaamo, name).await?.etag;
    let request = RecordMeetingRequest {
        request_id: request_id(),
        name: name.to_owned(),
        meeting: MEETING.into(),
        kind: Kind::FourParty as i32,
        attended: [OHJAAMO, TE, CITY, SOCIAL].map(str::to_owned).to_vec(),
        client_attended: true,
        etag,
    };
    let change = answered("RecordMeeting", ohjaamo.plan.record_meeting(request).await)?;
    scene.receipt(change.receipt)?;
    let seen = read(&mut ohjaamo, name).await?;
    let mut part = section(&seen, YOUTH);
    part.needs.push(PlanNeed {
        id: "tarve-1".into(),
        category: DataCategory::ServiceNeeds as i32,
        text: FOUND.into(),
        found_in_meeting: true,
    });
    let at = PlanItem { owner: OHJAAMO.into(), kind: plan_item::Kind::Meeting as i32, id: MEETING.into() };
    merge_found(&mut ohjaamo, name, &seen, (part, Some(at))).await?;
    let own = there("Ohjaamo's section", of_ohjaamo(scene, name).await?)?;
    let record = there("the record of the meeting", own.meetings.into_iter().next())?;
    same("seats that stayed empty", &Vec::new(), &record.missing)?;
    same("whether a questionnaire was filled in before", &true, &record.questionnaire_before)?;
    scene.teller.entry("quorum", &["every seat was taken", "a WHOQOL-BREF was filled in before"])?;
    scene.teller.entry("need found", &[FOUND])
}

async fn record(scene: &mut Scene<'_, '_>, name: &str, measure: Measure) -> Result<PlanSection, Deviation> {
    let request =
        RecordMeasureRequest { request_id: request_id(), name: name.to_owned(), measure: Some(measure) };
    answered("RecordMeasure", scene.ohjaamo.plan.record_measure(request).await)?;
    there("Ohjaamo's section", of_ohjaamo(scene, name).await?)
}

async fn of_ohjaamo(scene: &mut Scene<'_, '_>, name: &str) -> Result<Option<PlanSection>, Deviation> {
    let seen = read(&mut scene.ohjaamo, name).await?;
    let is_own = |section: &PlanSection| section.part.as_ref().is_some_and(|part| part.owner == OHJAAMO);
    Ok(seen.sections.into_iter().find(is_own))
}

/// The day in Finland.
fn day(time: Timestamp) -> String {
    finnish_date(time).to_string()
}
