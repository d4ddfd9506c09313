//! Does a questionnaire that the young person has filled in count, whoever records it, for everybody who may know of it?

use polku_proto::v1::meeting_record::Kind;
use polku_proto::v1::plan_activity;
use polku_proto::v1::record_measure_request::Measure;
use polku_proto::v1::{DataCategory, FilledBy, MeetingState, WhoqolReading};
use polku_tests::world::{Client, OHJAAMO, PEOPLE, TE};
use tonic::Code;

use super::meetings::{HELD, form, measured, meeting, met_at, open, own, star};
use super::table::*;
use crate::stage::assert_refused;

const QUALITY: [DataCategory; 1] = [DataCategory::QualityOfLife];

fn filled(id: &str) -> WhoqolReading {
    form(id, "2026-02-01", (1..=26).map(|item| (item, 4)))
}

/// domain.md 5: "asiakas täytti … (Whoqol-bref)".
#[tokio::test(flavor = "multi_thread")]
async fn the_young_person_records_their_own_questionnaire() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[10]).await;
    let subject = stage.subject(&youth);
    let seen = measured(&subject, &plan, Measure::Questionnaire(filled("w1"))).await.unwrap();
    let [reading] = &own(&seen, "youth").questionnaires[..] else { panic!("one reading") };
    assert_eq!(reading.category(), DataCategory::QualityOfLife);
    assert!(reading.scores.as_ref().unwrap().physical.is_some());
    let told = revisions(&subject, &plan).await.unwrap().revisions;
    assert_eq!((told[0].agency.as_str(), told[0].professional.as_str()), ("youth", ""));
    let activity = &told[0].activities[0];
    assert_eq!((activity.kind(), activity.agency.as_str()), (plan_activity::Kind::Measured, "youth"));

    // Corrected by the young person, and by nobody else.
    let correction = || WhoqolReading { corrects: "w1".to_owned(), ..filled("w2") };
    let refused = measured(&stage.ohjaamo(), &plan, Measure::Questionnaire(correction())).await;
    assert_refused(refused, Code::InvalidArgument, "NO_SUCH_ITEM");
    let seen = measured(&subject, &plan, Measure::Questionnaire(correction())).await.unwrap();
    let errors: Vec<_> =
        own(&seen, "youth").questionnaires.iter().map(|reading| reading.entered_in_error).collect();
    assert_eq!(errors, [true, false]);

    // What was filled in by others, or together with them, others record; and so do they with a star.
    for who in [FilledBy::Together, FilledBy::Professional] {
        let reading = WhoqolReading { filled_by: who as i32, ..filled("w3") };
        let refused = measured(&subject, &plan, Measure::Questionnaire(reading)).await;
        assert_refused(refused, Code::InvalidArgument, "INVALID_FIELDS");
    }
    let guardian = stage.guardian(&youth);
    for (client, measure) in [
        (&subject, Measure::Star(star("s1", "2026-02-01", &[("toiveet", 2), ("arki", 3)]))),
        (&guardian, Measure::Questionnaire(filled("w4"))),
    ] {
        let refused = measured(client, &plan, measure).await;
        assert_refused(refused, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    }

    // The responsible worker's agency holds the young person's section; nobody else is told.
    let readings = async |client: &Client| {
        let seen = read(client, &plan).await.unwrap();
        seen.sections.iter().map(|section| section.questionnaires.len()).sum::<usize>()
    };
    assert_eq!((readings(&stage.ohjaamo()).await, readings(&stage.te()).await), (2, 0));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_questionnaire_counts_in_whichever_section_its_reader_sees_it() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[5]).await;
    let (mut ohjaamo, te, subject) = (stage.ohjaamo(), stage.te(), stage.subject(&youth));
    for (client, owner) in [(&ohjaamo, OHJAAMO), (&te, TE)] {
        edit(client, &plan, owner, |part| part.meetings = vec![meeting("m1", MeetingState::Held, HELD)])
            .await
            .unwrap();
        met_at(client, &plan, "m1", Kind::Other, (&[OHJAAMO, TE], true)).await.unwrap();
    }
    // Of the meeting of each of the two: whether there was one before it, as each of three sees it.
    let counts = async || {
        let mut all = Vec::new();
        for client in [&stage.ohjaamo(), &te, &subject] {
            let seen = read(client, &plan).await.unwrap();
            all.push([OHJAAMO, TE].map(|owner| own(&seen, owner).meetings[0].questionnaire_before));
        }
        all
    };
    let none = [false, false];
    assert_eq!(counts().await, [none, none, none]);
    // In the section of employment services, which tell nobody else of it.
    measured(&te, &plan, Measure::Questionnaire(filled("w1"))).await.unwrap();
    assert_eq!(counts().await, [none, [false, true], [true, true]]);
    // They tell the guidance point: it counts there for the meetings of both.
    let consent = ohjaamo.record_consent(&youth, TE, OHJAAMO, PURPOSE, &QUALITY).await.unwrap();
    assert_eq!(counts().await, [[true, true], [false, true], [true, true]]);
    ohjaamo.record_consent(&youth, OHJAAMO, TE, PURPOSE, &QUALITY).await.unwrap();
    assert_eq!(counts().await, [[true, true]; 3]);
    withdraw(&stage, &consent).await;
    assert_eq!(counts().await, [none, [true, true], [true, true]]);
    // The young person's own counts for whoever is told of their section.
    measured(&subject, &plan, Measure::Questionnaire(filled("w1"))).await.unwrap();
    assert_eq!(counts().await, [[true, false], [true, true], [true, true]]);
    stage.close().await;
}
