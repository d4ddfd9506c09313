//! Is what one unit writes into a journey read in that unit, by coordinators, and nowhere else in the agency (P17)?

use jiff::SignedDuration;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::journey_leaving::Reason as LeavingReason;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    DataCategory, FollowUpResolution, GetNextStepRequest, JourneyEntry, JourneyLeaving, JourneySource,
    Mandate, Purpose, ResolveTaskRequest, WorkerAssignment, mandate, task,
};
use polku_tests::simulators::SimulatedAgency;
use polku_tests::world::{Client, OHJAAMO, TE, eventually, professional, request_id};
use tonic::Code;

use super::follow_ups::tasks;
use super::{add, add_entry, assignment, encounter, entry, journey, opening};
use crate::stage::{PATIENCE, Stage, assert_refused};

/// The guidance point in two places.
async fn in_two_places() -> Stage {
    Stage::at_noon_with(|text| {
        let usual = "units = [\"keskusta\"]";
        assert_eq!(text.matches(usual).count(), 1);
        let text = text.replace(usual, "units = [\"keskusta\", \"pohjoinen\"]");
        assert!(text.contains("roles = [\"guidance_worker\""));
        text.replace("roles = [\"guidance_worker\"", "roles = [\"coordinator\", \"guidance_worker\"")
    })
    .await
}

fn worker(stage: &Stage, id: &str, unit: &str, role: &str) -> Client {
    stage.caller(&stage.world.identities.ohjaamo, &professional(id, unit, role))
}

async fn read(client: &Client, youth: &str) -> Vec<JourneyEntry> {
    journey(client, youth, Purpose::Guidance).await.unwrap().entries
}

async fn adult(client: &Client, youth: &str) -> Option<String> {
    let request = GetNextStepRequest { youth: youth.to_owned(), purpose: Purpose::Guidance.into() };
    let next = client.clone().journey.get_next_step(request).await.unwrap().into_inner();
    next.worker.map(|worker| worker.professional)
}

/// domain.md 5: "oikeus saada asiakkaan kaikki toimintayksikön … rekistereissä olevat tiedot".
#[tokio::test(flavor = "multi_thread")]
async fn what_a_unit_has_written_is_read_there_and_by_coordinators() {
    let stage = in_two_places().await;
    let (here, te) = (stage.ohjaamo(), stage.te());
    let there = worker(&stage, "ohjaaja-2", "pohjoinen", "guidance_worker");
    let coordinator = worker(&stage, "ohjaaja-3", "pohjoinen", "coordinator");
    let youth = here.clone().identify("010594Y9032").await.unwrap();
    let own = add(&here, &youth, opening(JourneySource::Self_)).await.unwrap().entry.unwrap();
    assert_eq!((own.agency.as_str(), own.unit.as_str()), (OHJAAMO, "keskusta"));
    let met = add(&here, &youth, encounter()).await.unwrap().entry.unwrap();
    add(&here, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    let scopes = vec![mandate::Scope::Attend.into()];
    let lets = Matter::Mandate(Mandate { scopes, ..Mandate::default() });
    let lets = add(&stage.subject(&youth), &youth, lets).await.unwrap().entry.unwrap();
    assert_eq!(lets.unit, "keskusta", "it is for the adult");
    for (reader, count) in [(&here, 4), (&coordinator, 4), (&stage.subject(&youth), 4), (&there, 0)] {
        assert_eq!(read(reader, &youth).await.len(), count);
        assert_eq!(adult(reader, &youth).await.is_some(), count > 0);
    }
    // To another agency the unit tells what the agency as a whole may tell.
    te.clone().identify("010594Y9032").await.unwrap();
    add(&te, &youth, opening(JourneySource::Other)).await.unwrap();
    assert_eq!(read(&te, &youth).await.len(), 1);
    let told = [DataCategory::ServiceAttendance];
    let unit = format!("{OHJAAMO}/keskusta");
    here.clone().record_consent(&youth, &unit, TE, Purpose::Guidance, &told).await.unwrap();
    assert_eq!(read(&te, &youth).await.len(), 5, "a consent that names the unit is for what it has written");

    // The other unit writes for itself, changes nothing of what it does not see, and is told nothing by a refusal.
    let early = add(&there, &youth, encounter()).await;
    assert_refused(early, Code::FailedPrecondition, "RECORD_STATE");
    let instead = JourneyEntry { replaces: met.name, ..entry(encounter()) };
    add(&there, &youth, opening(JourneySource::School)).await.unwrap();
    assert_refused(add_entry(&there, &youth, instead).await, Code::InvalidArgument, "INVALID_FIELDS");
    add(&there, &youth, encounter()).await.unwrap();
    for (reader, count) in [(&here, 4), (&there, 2), (&coordinator, 6), (&te, 5)] {
        assert_eq!(read(reader, &youth).await.len(), count);
    }
    // Where it names the adult, whoever was that so far does not wait for somebody who goes elsewhere.
    add(&there, &youth, assignment("ohjaaja-2", Reason::First)).await.unwrap();
    assert_eq!(adult(&here, &youth).await, None);
    assert_eq!(adult(&there, &youth).await.as_deref(), Some("ohjaaja-2"));
    let told = tasks(&here, false).await.into_iter().filter_map(|task| match task.matter {
        Some(task::Matter::FollowUp(follow_up)) => Some((follow_up.kind(), follow_up.professional)),
        _ => None,
    });
    assert!(told.collect::<Vec<_>>().contains(&(Kind::AdultReplaced, "ohjaaja-1".to_owned())));
    stage.close().await;
}

/// P17 holds of what is to be looked after as well.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_nobody_has_met_is_a_task_of_the_unit_and_of_coordinators() {
    let stage = in_two_places().await;
    let here = stage.ohjaamo();
    let there = worker(&stage, "ohjaaja-2", "pohjoinen", "guidance_worker");
    let coordinator = worker(&stage, "ohjaaja-3", "pohjoinen", "coordinator");
    let youth = here.clone().identify("010594Y9032").await.unwrap();
    add(&here, &youth, opening(JourneySource::Self_)).await.unwrap();
    add(&here, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    stage.advance(SignedDuration::from_hours(24 * 30));
    let missed = || async { tasks(&here, false).await.pop() };
    let task = eventually(PATIENCE, missed).await.expect("nobody notices it");
    assert_eq!((task.agency.as_str(), task.unit.as_str()), (OHJAAMO, "keskusta"));
    assert_eq!(tasks(&coordinator, false).await, std::slice::from_ref(&task));
    assert_eq!(tasks(&there, true).await, []);
    let resolve = ResolveTaskRequest {
        request_id: request_id(),
        name: task.name,
        resolution: Some(Resolution::FollowUp(FollowUpResolution::default())),
    };
    let refused = there.clone().task.resolve_task(resolve.clone()).await;
    assert_refused(refused, Code::NotFound, "NOT_FOUND");
    here.clone().task.resolve_task(resolve).await.unwrap();
    stage.close().await;
}

/// Whoever names an adult of another unit hands the matter to that unit.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_nobody_has_met_is_a_task_of_the_adults_unit() {
    let stage = in_two_places().await;
    let here = stage.ohjaamo();
    let there = worker(&stage, "ohjaaja-2", "pohjoinen", "guidance_worker");
    let youth = here.clone().identify("010594Y9032").await.unwrap();
    add(&here, &youth, opening(JourneySource::Self_)).await.unwrap();
    let named = Matter::Worker(WorkerAssignment {
        professional: "ohjaaja-2".into(),
        unit: "pohjoinen".into(),
        reason: Reason::First.into(),
        ..WorkerAssignment::default()
    });
    add(&here, &youth, named).await.unwrap();
    stage.advance(SignedDuration::from_hours(24 * 30));
    let missed = || async { tasks(&there, false).await.pop() };
    let task = eventually(PATIENCE, missed).await.expect("the adult's unit does not notice it");
    assert_eq!((task.agency.as_str(), task.unit.as_str()), (OHJAAMO, "pohjoinen"));
    assert_eq!(tasks(&here, true).await, []);
    stage.close().await;
}

/// P17 holds of what the own agency's system says as well.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_own_system_holds_is_for_units_that_have_the_matter() {
    let stage = Stage::at_noon_with(|text| {
        let usual = ["units = [\"nuorten-palvelut\"]", "roles = [\"official\"]"];
        assert!(usual.iter().all(|usual| text.contains(usual)));
        text.replace(usual[0], "units = [\"nuorten-palvelut\", \"aikuiset\"]")
            .replace(usual[1], "roles = [\"official\", \"coordinator\"]")
    })
    .await;
    let code = "010594Y9032";
    let system: &dyn SimulatedAgency = &stage.world.te;
    system.hold(code, &system.specimen()).unwrap();
    let of = |id, unit, role| stage.caller(&stage.world.identities.te, &professional(id, unit, role));
    let (here, there) = (stage.te(), of("virkailija-8", "aikuiset", "official"));
    // One who has moved to the other unit is not shown what was answered in the first one.
    let moved = of("virkailija-7", "aikuiset", "official");
    let coordinator = of("virkailija-9", "aikuiset", "coordinator");
    let youth = here.clone().identify(code).await.unwrap();
    add(&here, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
    for (reader, count) in [(&here, 1), (&there, 0), (&moved, 0), (&coordinator, 1)] {
        let seen = journey(reader, &youth, Purpose::Guidance).await.unwrap();
        assert_eq!((seen.facts.len(), seen.unreachable.len()), (count, 0));
    }
    add(&there, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
    assert_eq!(journey(&there, &youth, Purpose::Guidance).await.unwrap().facts.len(), 1);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_one_unit_is_with_the_other_and_a_correction_stays_where_the_words_were() {
    let stage = in_two_places().await;
    let here = stage.ohjaamo();
    let there = worker(&stage, "ohjaaja-2", "pohjoinen", "guidance_worker");
    let coordinator = worker(&stage, "ohjaaja-3", "pohjoinen", "coordinator");
    let youth = here.clone().identify("010594Y9032").await.unwrap();
    let own = stage.subject(&youth);
    add(&here, &youth, opening(JourneySource::Self_)).await.unwrap();
    add(&here, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    let met = add(&here, &youth, encounter()).await.unwrap().entry.unwrap();

    let leaves = || Matter::Leaving(JourneyLeaving { reason: LeavingReason::OwnWish.into() });
    add(&there, &youth, opening(JourneySource::School)).await.unwrap();
    add(&there, &youth, leaves()).await.unwrap();
    for reader in [&here, &coordinator, &own] {
        assert_eq!(adult(reader, &youth).await.as_deref(), Some("ohjaaja-1"));
    }
    assert_refused(add(&there, &youth, encounter()).await, Code::FailedPrecondition, "RECORD_STATE");

    let count = read(&there, &youth).await.len();
    let instead = JourneyEntry { replaces: met.name.clone(), ..entry(encounter()) };
    let corrected = add_entry(&coordinator, &youth, instead).await.unwrap().entry.unwrap();
    assert_eq!(corrected.unit, "keskusta");
    assert_eq!(read(&there, &youth).await.len(), count, "it is not theirs");
    let names: Vec<String> = read(&here, &youth).await.into_iter().map(|entry| entry.name).collect();
    assert!(names.contains(&corrected.name) && !names.contains(&met.name));

    add(&own, &youth, leaves()).await.unwrap();
    assert_eq!(adult(&here, &youth).await, None, "they leave all of it");
    stage.close().await;
}
