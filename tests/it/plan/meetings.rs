//! Is there a quorum, are the scores right, and is nothing else taken for a meeting or a measure?

use polku_proto::v1::meeting_record::{Kind, Seat};
use polku_proto::v1::record_measure_request::Measure;
use polku_proto::v1::{
    AreaScore, DataCategory, FilledBy, MeetingState, Plan, PlanMeeting, PlanNeed, PlanPart, PlanSection,
    RecordMeasureRequest, RecordMeetingRequest, StarReading, WhoqolAnswer, WhoqolReading,
};
use polku_tests::world::{AddedAgency, Client, KELA, OHJAAMO, PEOPLE, TE, WorldSettings, request_id};
use tonic::{Code, Status};

use super::table::*;
use crate::stage::{Stage, assert_refused};

const SOCIAL: &str = "sosiaali";
const CITY: &str = "kaupunki";

async fn open() -> Stage {
    let agencies = vec![
        AddedAgency::new(SOCIAL, "social", "usual", "social"),
        AddedAgency::new(CITY, "walmu", "usual", "employment"),
    ];
    let settings = WorldSettings { agencies, ..WorldSettings::default() };
    let plans = format!(
        "\n[plan]\nmunicipality = [{CITY:?}]\n[[plan.star]]\nid = \"nuori\"\nversion = 2\n\
         areas = [\"toiveet\", \"arki\"]\nhighest = 5\n"
    );
    Stage::with(&settings, |text| text + &plans).await
}

fn meeting(id: &str, state: MeetingState, seconds: i64) -> PlanMeeting {
    PlanMeeting {
        id: id.to_owned(),
        category: DataCategory::JointPlan as i32,
        time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        state: state as i32,
        ..PlanMeeting::default()
    }
}

/// 2 February 2026, one o'clock at night in Finland; the day before in Greenwich.
const HELD: i64 = 1_769_986_800;

async fn met(
    client: &Client,
    plan: &str,
    kind: Kind,
    (attended, client_attended): (&[&str], bool),
) -> Result<Plan, Status> {
    met_at(client, plan, "m1", kind, (attended, client_attended)).await
}

async fn met_at(
    client: &Client,
    plan: &str,
    meeting: &str,
    kind: Kind,
    (attended, client_attended): (&[&str], bool),
) -> Result<Plan, Status> {
    let request = RecordMeetingRequest {
        request_id: request_id(),
        name: plan.to_owned(),
        meeting: meeting.to_owned(),
        kind: kind as i32,
        attended: attended.iter().map(|&id| id.to_owned()).collect(),
        client_attended,
    };
    Ok(client.clone().plan.record_meeting(request).await?.into_inner().plan.unwrap())
}

async fn measured(client: &Client, plan: &str, measure: Measure) -> Result<Plan, Status> {
    let request =
        RecordMeasureRequest { request_id: request_id(), name: plan.to_owned(), measure: Some(measure) };
    Ok(client.clone().plan.record_measure(request).await?.into_inner().plan.unwrap())
}

fn own(plan: &Plan, owner: &str) -> PlanSection {
    let is_own = |section: &&PlanSection| section.part.as_ref().unwrap().owner == owner;
    plan.sections.iter().find(is_own).unwrap().clone()
}

fn form(id: &str, date: &str, answers: impl IntoIterator<Item = (i32, i32)>) -> WhoqolReading {
    WhoqolReading {
        id: id.to_owned(),
        date: date.to_owned(),
        filled_by: FilledBy::Self_ as i32,
        answers: answers.into_iter().map(|(item, answer)| WhoqolAnswer { item, answer }).collect(),
        ..WhoqolReading::default()
    }
}

fn star(id: &str, date: &str, scores: &[(&str, i32)]) -> StarReading {
    let area =
        |(area, score): &(&str, i32)| AreaScore { area: (*area).to_owned(), score: *score, change: None };
    StarReading {
        id: id.to_owned(),
        date: date.to_owned(),
        filled_by: FilledBy::Together as i32,
        star: "nuori".to_owned(),
        version: 2,
        scores: scores.iter().map(area).collect(),
        ..StarReading::default()
    }
}

/// domain.md 5: "nelikantatapaamisia (TE-toimisto, kaupungin työllisyysyksikkö ja sosiaalityö, asiakas)".
#[tokio::test(flavor = "multi_thread")]
async fn four_seats_make_a_quorum() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    let ohjaamo = stage.ohjaamo();
    edit(&ohjaamo, &plan, OHJAAMO, |part| {
        part.meetings = vec![
            meeting("m1", MeetingState::Held, HELD),
            meeting("m2", MeetingState::Planned, 4_000_000_000),
        ];
    })
    .await
    .unwrap();
    let all = [Seat::EmploymentServices, Seat::Municipality, Seat::SocialWork, Seat::Client];
    // Who is no party to the plan has no seat.
    let seen = met(&ohjaamo, &plan, Kind::FourParty, (&[TE, CITY, SOCIAL], true)).await.unwrap();
    let missing: Vec<_> = own(&seen, OHJAAMO).meetings[0].missing().collect();
    assert_eq!(missing, [Seat::Municipality, Seat::SocialWork]);
    for party in [CITY, SOCIAL] {
        agree(&stage, &youth, OHJAAMO, party, &SHARED).await;
        add(&ohjaamo, &plan, party).await.unwrap();
    }
    // The city's employment unit is of the employment sector, too: it sits for one of the two.
    let cases: [(&[&str], bool, &[Seat]); 7] = [
        (&[TE, CITY, SOCIAL], true, &[]),
        (&[CITY, SOCIAL], true, &[Seat::EmploymentServices]),
        (&[SOCIAL, CITY], true, &[Seat::EmploymentServices]),
        (&[TE, SOCIAL], true, &[Seat::Municipality]),
        (&[TE, CITY], true, &[Seat::SocialWork]),
        (&[TE, CITY, SOCIAL], false, &[Seat::Client]),
        (&[KELA, OHJAAMO], false, &all),
    ];
    for (attended, client, missing) in cases {
        let seen = met(&ohjaamo, &plan, Kind::FourParty, (attended, client)).await.unwrap();
        let records = own(&seen, OHJAAMO).meetings;
        assert_eq!(records.len(), 1, "recorded anew, not twice");
        assert_eq!(records[0].missing().collect::<Vec<_>>(), missing, "{attended:?}");
        assert!(!records[0].questionnaire_before);
    }
    let seen = met(&ohjaamo, &plan, Kind::Other, (&[KELA], true)).await.unwrap();
    assert!(own(&seen, OHJAAMO).meetings[0].missing.is_empty());
    for (id, attended) in [("m2", TE), ("m3", TE), ("m1", "nobody")] {
        let refused = met_at(&ohjaamo, &plan, id, Kind::Other, (&[attended], true)).await;
        let reason = if attended == TE { "NO_SUCH_ITEM" } else { "UNKNOWN_AGENCY" };
        assert_refused(refused, Code::InvalidArgument, reason);
    }
    let refused = met(&stage.te(), &plan, Kind::Other, (&[TE], true)).await;
    assert_refused(refused, Code::InvalidArgument, "NO_SUCH_ITEM");
    let refused = met(&stage.subject(&youth), &plan, Kind::Other, (&[TE], true)).await;
    assert_refused(refused, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");

    // A questionnaire of the Finnish day on which it was.
    let was_before = |seen: &Plan| own(seen, OHJAAMO).meetings[0].questionnaire_before;
    let reading = form("w1", "2026-02-03", (1..=26).map(|item| (item, 3)));
    measured(&ohjaamo, &plan, Measure::Questionnaire(reading)).await.unwrap();
    let seen = met(&ohjaamo, &plan, Kind::FourParty, (&[TE, CITY, SOCIAL], true)).await.unwrap();
    assert!(!was_before(&seen), "the day after");
    // Whether it is entered before the meeting is recorded or after it.
    let reading = form("w2", "2026-02-02", (1..=26).map(|item| (item, 3)));
    let seen = measured(&ohjaamo, &plan, Measure::Questionnaire(reading)).await.unwrap();
    assert!(was_before(&seen));
    for (seconds, expected) in [(HELD - 86_400, false), (HELD, true)] {
        let move_to =
            |part: &mut PlanPart| part.meetings[0].time = meeting("m1", MeetingState::Held, seconds).time;
        let seen = edit(&ohjaamo, &plan, OHJAAMO, move_to).await.unwrap().plan.unwrap();
        assert_eq!(was_before(&seen), expected, "the meeting was on another day");
    }
    // That there is one is about the quality of life, which nobody has agreed to tell.
    let at_te = own(&read(&stage.te(), &plan).await.unwrap(), OHJAAMO);
    assert_eq!((at_te.meetings.len(), at_te.meetings[0].questionnaire_before), (1, false));
    assert!(at_te.questionnaires.is_empty());
    stage.close().await;
}

/// A seat that stays empty tells nobody who is a party to the plan and who is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_quorum_does_not_tell_who_the_parties_are() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[2]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    edit(&te, &plan, TE, |part| part.meetings = vec![meeting("m1", MeetingState::Held, HELD)]).await.unwrap();
    let attended: &[&str] = &[TE, CITY, SOCIAL, OHJAAMO];
    let missing = async || {
        let seen = met(&te, &plan, Kind::FourParty, (attended, true)).await.unwrap();
        own(&seen, TE).meetings[0].missing().collect::<Vec<_>>()
    };
    let before = missing().await;
    assert_eq!(before, [Seat::Municipality, Seat::SocialWork]);
    agree(&stage, &youth, OHJAAMO, SOCIAL, &SHARED).await;
    add(&ohjaamo, &plan, SOCIAL).await.unwrap();
    assert_eq!(missing().await, before, "nothing of social services shows to the office");
    stage.close().await;
}

/// domain.md 5: "palvelutarpeita, jotka eivät olisi tulleet esille".
#[tokio::test(flavor = "multi_thread")]
async fn a_need_found_in_a_meeting_comes_from_one_that_was_recorded() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[3]).await;
    let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
    let found = async |client: &Client, owner: &str, id: &str| {
        let need = PlanNeed { found_in_meeting: true, ..need(id, DataCategory::ServiceNeeds, "asunto") };
        edit(client, &plan, owner, |part| part.needs.push(need)).await
    };
    assert_refused(found(&ohjaamo, OHJAAMO, "n1").await, Code::InvalidArgument, "INVALID_FIELDS");
    edit(&ohjaamo, &plan, OHJAAMO, |part| part.meetings = vec![meeting("m1", MeetingState::Held, HELD)])
        .await
        .unwrap();
    // Nobody has said yet who was there, and one agency alone is no meeting of several.
    assert_refused(found(&ohjaamo, OHJAAMO, "n1").await, Code::InvalidArgument, "INVALID_FIELDS");
    met(&ohjaamo, &plan, Kind::Other, (&[OHJAAMO], false)).await.unwrap();
    assert_refused(found(&ohjaamo, OHJAAMO, "n1").await, Code::InvalidArgument, "INVALID_FIELDS");
    met(&ohjaamo, &plan, Kind::Other, (&[OHJAAMO, TE], false)).await.unwrap();
    // Whoever was there, in every section that is theirs to change; whoever was not, in none.
    found(&ohjaamo, OHJAAMO, "n1").await.unwrap();
    found(&te, TE, "n1").await.unwrap();
    found(&te, "youth", "te:n1").await.unwrap();
    for (client, owner, id) in [(&kela, KELA, "n1"), (&stage.subject(&youth), "youth", "n2")] {
        assert_refused(found(client, owner, id).await, Code::InvalidArgument, "INVALID_FIELDS");
    }
    met(&ohjaamo, &plan, Kind::Other, (&[OHJAAMO, TE], true)).await.unwrap();
    found(&stage.subject(&youth), "youth", "n2").await.unwrap();
    // What was said once stays, whatever is recorded later.
    met(&ohjaamo, &plan, Kind::Other, (&[KELA], false)).await.unwrap();
    edit(&ohjaamo, &plan, OHJAAMO, |part| part.needs[0].text = "oma koti".to_owned()).await.unwrap();
    assert!(section(&read(&ohjaamo, &plan).await.unwrap(), OHJAAMO).needs[0].found_in_meeting);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_has_a_unit_that_is_registered() {
    let stage = open().await;
    let (_, plan) = laid(&stage, PEOPLE[4]).await;
    let ohjaamo = stage.ohjaamo();
    for party in ["te/muu-yksikko", "te/kuntoutus", "paja/yksikko-1"] {
        assert_refused(add(&ohjaamo, &plan, party).await, Code::InvalidArgument, "UNKNOWN_UNIT");
    }
    assert_refused(add(&ohjaamo, &plan, "muu/yksikko").await, Code::InvalidArgument, "UNKNOWN_AGENCY");
    let added = add(&ohjaamo, &plan, "te/nuorten-palvelut").await.unwrap().plan.unwrap();
    assert_eq!(added.parties.iter().filter(|party| *party == TE).count(), 1);
    stage.close().await;
}

/// domain.md 5: "asiakas täytti … (Whoqol-bref)".
#[tokio::test(flavor = "multi_thread")]
async fn questionnaires_and_stars_are_scored() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[1]).await;
    let te = stage.te();
    let scores = |plan: &Plan, id: &str| {
        let readings = own(plan, TE).questionnaires;
        let scores = readings.into_iter().find(|reading| reading.id == id).unwrap().scores;
        scores.map(|scores| [scores.physical, scores.psychological, scores.social, scores.environment])
    };
    let all = |answer: i32| (1..=26).map(move |item| (item, answer));
    for (id, answer, expected) in [
        ("w3", 3, [5_000, 5_000, 5_000, 5_000]),
        ("w5", 5, [7_143, 8_333, 10_000, 10_000]),
        ("w1", 1, [2_857, 1_667, 0, 0]),
    ] {
        let reading = Measure::Questionnaire(form(id, "2026-01-31", all(answer)));
        assert_eq!(
            scores(&measured(&te, &plan, reading).await.unwrap(), id),
            Some(expected.map(Some)),
            "{id}"
        );
    }
    let few = form("void", "2026-01-30", (1..=20).map(|item| (item, 3)));
    let seen = measured(&te, &plan, Measure::Questionnaire(few)).await.unwrap();
    assert_eq!(scores(&seen, "void"), None);
    assert_eq!(own(&seen, TE).questionnaires[0].id, "void", "by date");
    let wrong = [
        form("w3", "2026-01-31", all(3)),
        form("n1", "2026-02-30", all(3)),
        form("n2", "2999-01-01", all(3)),
        form("n3", "2026-01-31", all(3).chain([(1, 4)])),
        form("n4", "2026-01-31", [(1, 3), (1, 3)]),
        form("n5", "2026-01-31", [(27, 3)]),
        form("n6", "2026-01-31", [(1, 6)]),
        form("n7", "2026-01-31", []),
    ];
    for reading in wrong {
        let id = reading.id.clone();
        let reason = if id == "w3" { "DUPLICATE_ITEM" } else { "INVALID_FIELDS" };
        let refused = measured(&te, &plan, Measure::Questionnaire(reading)).await;
        assert_refused(refused, Code::InvalidArgument, reason);
    }

    let changes = |plan: &Plan| -> Vec<(String, Vec<Option<i32>>)> {
        let stars = own(plan, TE).stars.into_iter();
        stars.map(|star| (star.id, star.scores.iter().map(|score| score.change).collect())).collect()
    };
    let reading = |id: &str, date: &str, scores: &[(&str, i32)]| Measure::Star(star(id, date, scores));
    measured(&te, &plan, reading("s1", "2026-02-01", &[("toiveet", 2), ("arki", 3)])).await.unwrap();
    let seen =
        measured(&te, &plan, reading("s2", "2026-03-01", &[("arki", 5), ("toiveet", 1)])).await.unwrap();
    assert_eq!(changes(&seen), [("s1".into(), vec![None, None]), ("s2".into(), vec![Some(2), Some(-1)])]);
    // An older one comes to light: it is the first, and the others have changed since then.
    let seen =
        measured(&te, &plan, reading("s0", "2026-01-01", &[("toiveet", 1), ("arki", 1)])).await.unwrap();
    let expected = [
        ("s0".into(), vec![None, None]),
        ("s1".into(), vec![Some(1), Some(2)]),
        ("s2".into(), vec![Some(4), Some(0)]),
    ];
    assert_eq!(changes(&seen), expected);
    let wrong = [
        reading("n1", "2026-02-01", &[("toiveet", 2)]),
        reading("n2", "2026-02-01", &[("toiveet", 2), ("toiveet", 2)]),
        reading("n3", "2026-02-01", &[("toiveet", 2), ("muu", 2)]),
        reading("n4", "2026-02-01", &[("toiveet", 6), ("arki", 1)]),
        reading("n5", "2026-02-01", &[("toiveet", 0), ("arki", 1)]),
        Measure::Star(StarReading { version: 1, ..star("n6", "2026-02-01", &[("toiveet", 2), ("arki", 1)]) }),
    ];
    for measure in wrong {
        assert_refused(measured(&te, &plan, measure).await, Code::InvalidArgument, "INVALID_FIELDS");
    }
    let refused =
        measured(&stage.subject(&youth), &plan, reading("n7", "2026-02-01", &[("toiveet", 2)])).await;
    assert_refused(refused, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    // Neither is agreed to be told to anybody; the young person sees both.
    let at_ohjaamo = read(&stage.ohjaamo(), &plan).await.unwrap();
    assert!(
        at_ohjaamo
            .sections
            .iter()
            .all(|section| section.questionnaires.is_empty() && section.stars.is_empty())
    );
    let whole = own(&read(&stage.subject(&youth), &plan).await.unwrap(), TE);
    assert_eq!((whole.questionnaires.len(), whole.stars.len()), (4, 3));
    stage.close().await;
}
