//! Is there a quorum, are the scores right, and is nothing else taken for a meeting or a measure?

use polku_proto::v1::meeting_record::{Kind, Seat};
use polku_proto::v1::record_measure_request::Measure;
use polku_proto::v1::{
    AreaScore, DataCategory, FilledBy, MeetingState, MergePlanRequest, Plan, PlanItem, PlanMeeting, PlanNeed,
    PlanPart, PlanSection, RecordMeasureRequest, StarReading, WhoqolAnswer, WhoqolReading, plan_item,
    plan_link,
};
use polku_tests::world::{AddedAgency, Client, KELA, OHJAAMO, PEOPLE, TE, WorldSettings, request_id};
use tonic::{Code, Status};

use super::table::*;
use crate::stage::{Stage, assert_refused};

const SOCIAL: &str = "sosiaali";
const CITY: &str = "kaupunki";

pub(super) async fn open() -> Stage {
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

pub(super) fn meeting(id: &str, state: MeetingState, seconds: i64) -> PlanMeeting {
    PlanMeeting {
        id: id.to_owned(),
        category: DataCategory::JointPlan as i32,
        time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        state: state as i32,
        ..PlanMeeting::default()
    }
}

/// 2 February 2026, one o'clock at night in Finland; the day before in Greenwich.
pub(super) const HELD: i64 = 1_769_986_800;

async fn met(
    client: &Client,
    plan: &str,
    kind: Kind,
    (attended, client_attended): (&[&str], bool),
) -> Result<Plan, Status> {
    met_at(client, plan, "m1", kind, (attended, client_attended)).await
}

pub(super) async fn met_at(
    client: &Client,
    plan: &str,
    meeting: &str,
    kind: Kind,
    (attended, client_attended): (&[&str], bool),
) -> Result<Plan, Status> {
    let etag = read(client, plan).await?.etag;
    let recorded = record_meeting(client, (plan, &etag), meeting, kind, (attended, client_attended));
    Ok(recorded.await?.plan.unwrap())
}

pub(super) async fn measured(client: &Client, plan: &str, measure: Measure) -> Result<Plan, Status> {
    let request =
        RecordMeasureRequest { request_id: request_id(), name: plan.to_owned(), measure: Some(measure) };
    Ok(client.clone().plan.record_measure(request).await?.into_inner().plan.unwrap())
}

pub(super) fn own(plan: &Plan, owner: &str) -> PlanSection {
    let is_own = |section: &&PlanSection| section.part.as_ref().unwrap().owner == owner;
    plan.sections.iter().find(is_own).unwrap().clone()
}

pub(super) fn form(id: &str, date: &str, answers: impl IntoIterator<Item = (i32, i32)>) -> WhoqolReading {
    WhoqolReading {
        id: id.to_owned(),
        date: date.to_owned(),
        filled_by: FilledBy::Self_ as i32,
        answers: answers.into_iter().map(|(item, answer)| WhoqolAnswer { item, answer }).collect(),
        ..WhoqolReading::default()
    }
}

pub(super) fn star(id: &str, date: &str, scores: &[(&str, i32)]) -> StarReading {
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
    let whole = own(&read(&ohjaamo, &plan).await.unwrap(), TE).meetings.remove(0);
    assert_eq!(whole.missing, [Seat::Municipality as i32], "whoever knows the parties sees who sat there");
    stage.close().await;
}

/// domain.md 5: "palvelutarpeita, jotka eivät olisi tulleet esille".
#[tokio::test(flavor = "multi_thread")]
async fn a_need_found_in_a_meeting_names_one_that_was_held_and_recorded() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[3]).await;
    let (ohjaamo, te, kela) = (stage.ohjaamo(), stage.te(), stage.kela());
    let found_at = async |client: &Client, owner: &str, id: &str, at: Option<PlanItem>| {
        let seen = read(client, &plan).await.unwrap();
        let mut part = section(&seen, owner);
        let need = need(id, DataCategory::ServiceNeeds, "asunto");
        part.needs.push(PlanNeed { found_in_meeting: true, ..need });
        let request = MergePlanRequest {
            request_id: request_id(),
            name: plan.clone(),
            etag: seen.etag,
            sections: vec![part],
            validate_only: false,
            found_in: at,
        };
        client.clone().plan.merge_plan(request).await.map(|answer| answer.into_inner().plan.unwrap())
    };
    let at = |id: &str| Some(item(OHJAAMO, plan_item::Kind::Meeting, id));
    let found = async |client: &Client, owner: &str, id: &str| found_at(client, owner, id, at("m1")).await;
    let refused = async |at: Option<PlanItem>| {
        assert_refused(found_at(&ohjaamo, OHJAAMO, "n1", at).await, Code::InvalidArgument, "INVALID_FIELDS");
    };
    refused(at("m1")).await;
    edit(&ohjaamo, &plan, OHJAAMO, |part| {
        let planned = meeting("m2", MeetingState::Planned, 4_000_000_000);
        part.meetings = vec![meeting("m1", MeetingState::Held, HELD), planned];
    })
    .await
    .unwrap();
    // Nobody has said yet who was there, and one agency alone is no meeting of several.
    refused(at("m1")).await;
    met(&ohjaamo, &plan, Kind::Other, (&[OHJAAMO], false)).await.unwrap();
    refused(at("m1")).await;
    met(&ohjaamo, &plan, Kind::Other, (&[OHJAAMO, TE], false)).await.unwrap();
    // None, one to come, one that is not there, and what is no meeting.
    for other in [
        None,
        at("m2"),
        at("m3"),
        Some(item(TE, plan_item::Kind::Meeting, "m1")),
        Some(item(OHJAAMO, plan_item::Kind::Need, "m1")),
    ] {
        refused(other).await;
    }
    // Recorded, and then called off or put off after all.
    for (state, seconds) in [(MeetingState::Cancelled, HELD), (MeetingState::Planned, 4_000_000_000)] {
        let as_it_was = meeting("m1", MeetingState::Held, HELD);
        edit(&ohjaamo, &plan, OHJAAMO, |part| part.meetings[0] = meeting("m1", state, seconds))
            .await
            .unwrap();
        refused(at("m1")).await;
        edit(&ohjaamo, &plan, OHJAAMO, |part| part.meetings[0] = as_it_was).await.unwrap();
    }
    // Whoever was there, in every section that is theirs to change; whoever was not, in none.
    found(&ohjaamo, OHJAAMO, "n1").await.unwrap();
    found(&te, TE, "n1").await.unwrap();
    let seen = found(&te, "youth", "te:n1").await.unwrap();
    for (client, owner, id) in [(&kela, KELA, "n1"), (&stage.subject(&youth), "youth", "n2")] {
        assert_refused(found(client, owner, id).await, Code::InvalidArgument, "INVALID_FIELDS");
    }
    // It stays to be seen where each of them came to light, and is not said otherwise than with the need.
    let links = seen.links.iter().filter(|link| link.kind() == plan_link::Kind::FoundIn);
    let links: Vec<_> = links.map(|link| (link.first.clone().unwrap(), link.second.clone())).collect();
    let need_of = |owner: &str, id: &str| item(owner, plan_item::Kind::Need, id);
    let expected = [(OHJAAMO, "n1"), (TE, "n1"), ("youth", "te:n1")];
    assert_eq!(links, expected.map(|(owner, id)| (need_of(owner, id), at("m1"))));
    let both = (need_of(TE, "n1"), at("m1").unwrap());
    let refused = link(&te, &plan, plan_link::Kind::FoundIn, both).await;
    assert_refused(refused, Code::InvalidArgument, "NO_SUCH_ITEM");
    met(&ohjaamo, &plan, Kind::Other, (&[OHJAAMO, TE], true)).await.unwrap();
    found(&stage.subject(&youth), "youth", "n2").await.unwrap();
    // What was said once stays, whatever is recorded later.
    met(&ohjaamo, &plan, Kind::Other, (&[KELA], false)).await.unwrap();
    edit(&ohjaamo, &plan, OHJAAMO, |part| part.needs[0].text = "oma koti".to_owned()).await.unwrap();
    assert!(section(&read(&ohjaamo, &plan).await.unwrap(), OHJAAMO).needs[0].found_in_meeting);
    stage.close().await;
}

/// Filled in by the young person, before the meeting and after the one of the same kind before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_questionnaire_counts_for_the_meeting_that_it_was_filled_in_for() {
    const DAY: i64 = 86_400;
    let stage = open().await;
    let (_, plan) = laid(&stage, PEOPLE[5]).await;
    let ohjaamo = stage.ohjaamo();
    // On 2 February and 4 March 2026; and another one, of another kind, on 3 March.
    edit(&ohjaamo, &plan, OHJAAMO, |part| {
        part.meetings = [("m1", 0), ("m2", 30), ("m3", 29)]
            .map(|(id, days)| meeting(id, MeetingState::Held, HELD + days * DAY))
            .to_vec();
    })
    .await
    .unwrap();
    for (id, kind) in [("m1", Kind::FourParty), ("m2", Kind::FourParty), ("m3", Kind::Other)] {
        met_at(&ohjaamo, &plan, id, kind, (&[OHJAAMO, TE], true)).await.unwrap();
    }
    let all = || (1..=26).map(|item| (item, 3));
    let by = |who: FilledBy, reading: WhoqolReading| WhoqolReading { filled_by: who as i32, ..reading };
    let steps = [
        ("the day of the first", form("w1", "2026-02-02", all()), [true, false, true]),
        ("the day after the second", form("w2", "2026-03-05", all()), [true, false, true]),
        (
            "not by the young person",
            by(FilledBy::Professional, form("w3", "2026-02-20", all())),
            [true, false, true],
        ),
        ("void", form("w4", "2026-02-20", (1..=20).map(|item| (item, 3))), [true, false, true]),
        ("together, in between", by(FilledBy::Together, form("w5", "2026-02-20", all())), [true, true, true]),
        (
            "it was not that day",
            WhoqolReading { corrects: "w5".to_owned(), ..form("w6", "2026-03-06", all()) },
            [true, false, true],
        ),
        (
            "nor that one",
            WhoqolReading { corrects: "w6".to_owned(), ..form("w7", "2026-03-04", all()) },
            [true, true, true],
        ),
    ];
    for (what, reading, expected) in steps {
        let seen = measured(&ohjaamo, &plan, Measure::Questionnaire(reading)).await.unwrap();
        let counts = own(&seen, OHJAAMO)
            .meetings
            .iter()
            .map(|meeting| meeting.questionnaire_before)
            .collect::<Vec<_>>();
        assert_eq!(counts, expected, "{what}");
    }
    // What has not taken place has none before it.
    let called_off = |part: &mut PlanPart| part.meetings[0].state = MeetingState::Cancelled as i32;
    let seen = edit(&ohjaamo, &plan, OHJAAMO, called_off).await.unwrap().plan.unwrap();
    assert!(!own(&seen, OHJAAMO).meetings[0].questionnaire_before);
    stage.close().await;
}

/// What was typed wrongly stays to be seen as what it is, and counts for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_measure_that_was_entered_in_error_is_corrected_and_stays() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[6]).await;
    let te = stage.te();
    let star_of = |id: &str, date: &str, toiveet: i32, corrects: &str| {
        let reading = star(id, date, &[("toiveet", toiveet), ("arki", 3)]);
        // Whether it is an error is not the caller's to say.
        Measure::Star(StarReading { corrects: corrects.to_owned(), entered_in_error: true, ..reading })
    };
    measured(&te, &plan, star_of("s1", "2026-01-01", 5, "")).await.unwrap();
    let seen = measured(&te, &plan, star_of("s2", "2026-02-01", 4, "")).await.unwrap();
    let stars = |plan: &Plan| -> Vec<(String, bool, Option<i32>)> {
        let stars = own(plan, TE).stars.into_iter();
        stars.map(|star| (star.id, star.entered_in_error, star.scores[0].change)).collect()
    };
    let said = |id: &str, is_error, change| (id.to_owned(), is_error, change);
    assert_eq!(stars(&seen), [said("s1", false, None), said("s2", false, Some(-1))]);
    let seen = measured(&te, &plan, star_of("s3", "2026-01-01", 1, "s1")).await.unwrap();
    assert_eq!(stars(&seen), [said("s1", true, None), said("s3", false, None), said("s2", false, Some(3))]);
    // Corrected once, by a reading of the same kind in the same section; the correction itself can be corrected.
    let whoqol = |id: &str, corrects: &str| {
        let reading = form(id, "2026-01-31", (1..=26).map(|item| (item, 3)));
        Measure::Questionnaire(WhoqolReading {
            corrects: corrects.to_owned(),
            entered_in_error: true,
            ..reading
        })
    };
    measured(&te, &plan, whoqol("w1", "")).await.unwrap();
    let wrong = [
        star_of("s4", "2026-01-01", 1, "s1"),
        star_of("s4", "2026-01-01", 1, "s4"),
        star_of("s4", "2026-01-01", 1, "w1"),
        whoqol("w2", "s2"),
    ];
    for measure in wrong {
        assert_refused(measured(&te, &plan, measure).await, Code::InvalidArgument, "NO_SUCH_ITEM");
    }
    measured(&te, &plan, star_of("s4", "2026-01-01", 2, "s3")).await.unwrap();
    measured(&te, &plan, whoqol("w2", "w1")).await.unwrap();
    // The young person sees all of it, and when it came about.
    let whole = own(&read(&stage.subject(&youth), &plan).await.unwrap(), TE);
    let errors = |wrong: &mut dyn Iterator<Item = (String, bool)>| wrong.filter(|(_, wrong)| *wrong).count();
    assert_eq!((whole.stars.len(), whole.questionnaires.len()), (4, 2));
    assert_eq!(errors(&mut whole.stars.iter().map(|star| (star.id.clone(), star.entered_in_error))), 2);
    let forms = &whole.questionnaires;
    assert_eq!(forms.iter().map(|form| form.entered_in_error).collect::<Vec<_>>(), [true, false]);
    assert_eq!(forms[1].corrects, "w1");
    let told = revisions(&stage.subject(&youth), &plan).await.unwrap().revisions;
    let newest = told[0].activities.iter().find_map(|activity| activity.questionnaire.clone()).unwrap();
    assert_eq!((newest.id.as_str(), newest.corrects.as_str()), ("w2", "w1"));
    // Counted is from the first star that the reader sees, in whichever section: of te's measures Kela is told nothing.
    let seen = measured(&stage.kela(), &plan, star_of("k1", "2026-03-01", 5, "")).await.unwrap();
    assert_eq!(own(&seen, KELA).stars[0].scores[0].change, None);
    let seen = read(&stage.subject(&youth), &plan).await.unwrap();
    assert_eq!(own(&seen, KELA).stars[0].scores[0].change, Some(3));
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
