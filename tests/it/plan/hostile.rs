//! Is what makes no sense refused when an agency's own system says it, with nothing kept and nothing told of it?

use polku_proto::v1::task::Matter;
use polku_proto::v1::{
    ActionState, CreatePlanRequest, DataCategory, ListPlanRevisionsResponse, MeetingState, PlanMeeting,
    PlanPart, PlanSection, RevokePlanRequest,
};
use polku_tests::simulators::{Held, Reply, SimulatedAgency};
use polku_tests::world::{
    AddedAgency, Client, OHJAAMO, PAJA, PEOPLE, WorldSettings, professional, request_id,
};
use tonic::Code;
use uuid::Uuid;

use super::systems::{import, office_plan, says};
use super::table::*;
use crate::stage::{Stage, assert_refused, assert_silent};

/// In the texts of plans that must not come in.
const SPOILT: &str = "kanaria-pilattu";

type Wrong = (&'static str, fn(&mut PlanPart));

fn many(part: &mut PlanPart) {
    part.actions =
        (0..10_000).map(|number| action(&format!("a{number}"), DataCategory::JointPlan, SPOILT)).collect();
}

fn meeting(seconds: i64) -> PlanMeeting {
    PlanMeeting {
        id: "tapaaminen-1".to_owned(),
        category: DataCategory::JointPlan as i32,
        time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        state: MeetingState::Held as i32,
        ..PlanMeeting::default()
    }
}

const WRONG: [Wrong; 11] = [
    ("10,000 actions", many),
    ("10,000 goals", |part| {
        part.goals = (0..10_000).map(|number| goal(&format!("g{number}"), SPOILT)).collect()
    }),
    ("10,000 needs", |part| {
        part.needs =
            (0..10_000).map(|number| need(&format!("n{number}"), DataCategory::JointPlan, SPOILT)).collect();
    }),
    ("an end before its start", |part| {
        part.actions[0].start = "2026-03-02".to_owned();
        part.actions[0].end = "2026-03-01".to_owned();
    }),
    ("a meeting held in time to come", |part| part.meetings.push(meeting(4_000_000_000))),
    ("no such day", |part| part.next_review = "2027-02-29".to_owned()),
    ("an action for a goal that is not there", |part| part.actions[0].goal = "tavoite-9".to_owned()),
    ("a goal for a need that is not there", |part| part.goals[0].needs = vec!["tarve-9".to_owned()]),
    ("two of one id", |part| part.goals.push(goal("tavoite-1", SPOILT))),
    ("an identity code as an id", |part| part.goals.push(goal(PEOPLE[0], SPOILT))),
    ("back from an end", |part| part.actions[1].state = ActionState::InProgress as i32),
];

/// The office's plan, in which something has been done already.
fn sound(text: &str) -> PlanPart {
    let mut part = office_plan(text);
    let mut done = action("toimi-2", DataCategory::EducationWork, "kanaria-te-valmis");
    done.state = ActionState::Done as i32;
    part.actions.push(done);
    part
}

fn spoilt(spoil: fn(&mut PlanPart)) -> PlanPart {
    let mut part = sound(SPOILT);
    spoil(&mut part);
    part
}

/// The joint register, social services, and coaching.
const REGISTER: &str = "rekisteri";
const SOCIAL: &str = "sosiaali";
const COACHING: &str = "valmennus";

async fn open() -> Stage {
    let agencies = vec![
        AddedAgency::new(REGISTER, "typpi", "usual", "employment"),
        AddedAgency::new(SOCIAL, "social", "usual", "social"),
        AddedAgency::new(COACHING, "walmu", "usual", "youth_work"),
    ];
    // What is too large is refused for that, however long its agency takes to say it all.
    let settings = WorldSettings {
        agencies,
        lease_seconds: 300,
        attempt_seconds: 200,
        answer_ms: 120_000,
        ..WorldSettings::default()
    };
    Stage::with(&settings, |text| text).await
}

/// Makes these agencies parties.
async fn join(stage: &Stage, youth: &str, plan: &str, parties: &[&str]) {
    for party in parties {
        agree(stage, youth, OHJAAMO, party, &SHARED).await;
        add(&stage.ohjaamo(), plan, party).await.unwrap();
    }
}

fn added<'a>(stage: &'a Stage, id: &str) -> &'a dyn SimulatedAgency {
    stage.world.agencies[id].simulator.as_ref()
}

/// All that the young person sees of the plan: everything.
async fn everything(client: &Client, plan: &str) -> (Vec<PlanSection>, ListPlanRevisionsResponse) {
    (read(client, plan).await.unwrap().sections, revisions(client, plan).await.unwrap())
}

/// Of X-Road's, where the gateway's own answer is none that it passes on.
const NOT_PASSED_ON: &str = "server.serverproxy.service_failed.http_error";

/// Refused in words of the agency's protocol, or at the door, where what is too large gets HTTP's own code.
fn assert_not_taken(what: &str, reply: anyhow::Result<Reply>) {
    match reply {
        Ok(Reply::Refused { code }) => {
            let known =
                ["client.invalid_body", "VIRHEELLINEN_SISALTO", "INVALID_FIELDS", "DANGLING_REFERENCE"];
            // Of FHIR's issues.
            let issues =
                ["structure", "value", "invalid", "too-long", "code-invalid", "TRANSITION_NOT_ALLOWED"];
            let is_known = known.contains(&code.as_str()) || issues.contains(&code.as_str());
            let is_at_the_door = code == NOT_PASSED_ON && what.starts_with("10,000");
            assert!(is_known || is_at_the_door, "{what}: {code}");
        }
        Ok(Reply::Failed { status }) => {
            assert!(status == 413 && what.starts_with("10,000"), "{what}: HTTP {status}");
        }
        Ok(taken) => panic!("{what} is taken: {taken:?}"),
        Err(error) => panic!("{what}: no answer: {error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_does_not_come_in_from_a_system() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    join(&stage, &youth, &plan, &[PAJA, REGISTER, SOCIAL]).await;
    let whole = stage.subject(&youth);
    let systems: [&dyn SimulatedAgency; 4] =
        [&stage.world.te, &stage.world.walmu, added(&stage, REGISTER), added(&stage, SOCIAL)];
    for system in systems {
        let reply = system.send(&says(PEOPLE[0], sound("tyo"))).await.unwrap();
        assert!(matches!(reply, Reply::PlanTaken { .. }), "{reply:?}");
        let before = everything(&whole, &plan).await;
        for (what, spoil) in WRONG {
            assert_not_taken(what, system.send(&says(PEOPLE[0], spoilt(spoil))).await);
            assert!(everything(&whole, &plan).await == before, "{what} has left something behind");
        }
        let reply = system.send(&says(PEOPLE[0], sound("oppisopimus"))).await.unwrap();
        assert!(matches!(reply, Reply::PlanTaken { .. }), "what makes sense comes in as ever: {reply:?}");
    }
    assert!(tasks(&stage.te()).await.unwrap().is_empty());
    let offered = tasks(&stage.ohjaamo()).await.unwrap();
    assert!(
        offered.iter().all(|task| matches!(task.matter, Some(Matter::Duplicate(_)))),
        "somebody is asked"
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_when_it_is_fetched() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[1]).await;
    join(&stage, &youth, &plan, &[REGISTER, SOCIAL, COACHING]).await;
    let whole = stage.subject(&youth);
    let who = professional("virkailija-7", "yksikko-1", "official");
    let official = |id: &str| stage.caller(&stage.world.agencies[id].identity, &who);
    let systems: [(&dyn SimulatedAgency, Client); 4] = [
        (&stage.world.te, stage.te()),
        (added(&stage, REGISTER), official(REGISTER)),
        (added(&stage, SOCIAL), official(SOCIAL)),
        (added(&stage, COACHING), official(COACHING)),
    ];
    for (system, client) in systems {
        let held = |part: PlanPart| Held { plans: vec![part], ..Held::default() };
        system.hold(PEOPLE[1], &held(sound("tyo"))).unwrap();
        import(&client, &plan).await.unwrap();
        let before = everything(&whole, &plan).await;
        let offered = tasks(&stage.ohjaamo()).await.unwrap().len();
        for (what, spoil) in WRONG {
            system.hold(PEOPLE[1], &held(spoilt(spoil))).unwrap();
            let status = import(&client, &plan).await.expect_err(what);
            // Not as if it was silent: the same call would not help.
            let codes = [Code::InvalidArgument, Code::FailedPrecondition];
            assert!(codes.contains(&status.code()), "{what}: {:?}", status.code());
            assert_silent(&status, &[SPOILT, "2027-02-29", PEOPLE[0], PEOPLE[1]]);
            assert!(everything(&whole, &plan).await == before, "{what} has left something behind");
        }
        assert!(tasks(&client).await.unwrap().is_empty());
        assert_eq!(tasks(&stage.ohjaamo()).await.unwrap().len(), offered, "somebody is asked");
        system.hold(PEOPLE[1], &held(sound("oppisopimus"))).unwrap();
        import(&client, &plan).await.unwrap();
        assert!(everything(&whole, &plan).await != before, "what makes sense comes in as ever");
    }
    stage.close().await;
}

/// A plan names the one before it when it is begun, and never after: there is no way back to it.
#[tokio::test(flavor = "multi_thread")]
async fn plans_of_one_period_after_the_other_form_no_ring() {
    let stage = Stage::open().await;
    let (youth, first) = laid(&stage, PEOPLE[2]).await;
    let (other, others) = laid(&stage, PEOPLE[3]).await;
    let ohjaamo = stage.ohjaamo();
    let begin = |replaces: &str, id: &str| {
        let request = CreatePlanRequest {
            request_id: id.to_owned(),
            youth: youth.clone(),
            purpose: PURPOSE as i32,
            responsible_worker: Some(worker()),
            replaces: replaces.to_owned(),
        };
        let mut client = ohjaamo.plan.clone();
        async move { client.create_plan(request).await.map(|answer| answer.into_inner().plan.unwrap()) }
    };
    let end = async |plan: &str| {
        let etag = read(&ohjaamo, plan).await.unwrap().etag;
        let request = RevokePlanRequest { request_id: request_id(), name: plan.to_owned(), etag };
        ohjaamo.clone().plan.revoke_plan(request).await.unwrap()
    };
    // One that goes on is replaced by none, whichever is named.
    for named in [first.as_str(), ""] {
        assert_refused(begin(named, &request_id()).await, Code::FailedPrecondition, "RECORD_STATE");
    }
    end(&first).await;
    // One that is to be, one that is somebody else's, and one that does not exist.
    let nowhere = format!("{youth}/plans/{}", Uuid::now_v7());
    let turned = format!("{youth}/plans/{}", crate::stage::id_of(&others));
    end(&others).await;
    for named in [&nowhere, &turned, &others] {
        assert_refused(begin(named, &request_id()).await, Code::NotFound, "NOT_FOUND");
    }
    let id = request_id();
    let second = begin(&first, &id).await.unwrap().name;
    // The same call with its own answer as the plan that is replaced is another call.
    assert_refused(begin(&second, &id).await, Code::InvalidArgument, "REQUEST_ID_REUSED");
    assert_refused(begin(&second, &request_id()).await, Code::FailedPrecondition, "RECORD_STATE");
    end(&second).await;
    let third = begin(&second, &request_id()).await.unwrap().name;
    end(&third).await;
    // From the last one back to the first one and on again, each of them once.
    let mut back = vec![third.clone()];
    while let Some(before) =
        Some(read(&ohjaamo, back.last().unwrap()).await.unwrap().replaces).filter(|it| !it.is_empty())
    {
        assert!(!back.contains(&before), "a ring");
        back.push(before);
    }
    assert_eq!(back, [third.as_str(), &second, &first]);
    let mut on = vec![first.clone()];
    while let Some(next) =
        Some(read(&ohjaamo, on.last().unwrap()).await.unwrap().replaced_by).filter(|it| !it.is_empty())
    {
        assert!(!on.contains(&next), "a ring");
        on.push(next);
    }
    assert_eq!(on, [first.as_str(), &second, &third]);
    assert_eq!(read(&stage.subject(&other), &others).await.unwrap().replaced_by, "");
    stage.close().await;
}
