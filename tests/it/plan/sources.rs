//! Do several plans of one agency come into the joint one side by side, each known by what it came from?

use polku_proto::v1::plan_activity::Kind;
use polku_proto::v1::task::Matter;
use polku_proto::v1::{DataCategory, Plan, PlanPart, PlanSource, PlanState, plan_revision::Source};
use polku_tests::simulators::{Fault, Held, Operation, Reply, SimulatedAgency as _};
use polku_tests::world::{AddedAgency, OHJAAMO, PEOPLE, TE, WorldSettings, professional};
use tonic::Code;

use super::systems::{import, office_plan, says, takes};
use super::table::*;
use crate::stage::{Stage, assert_refused};

/// One of the office's plans: the ids of its items are the same in all of them.
fn plan_of(reference: &str, text: &str, seconds: i64) -> PlanPart {
    let time = prost_types::Timestamp { seconds: 1_790_000_000 + seconds, nanos: 0 };
    let words = format!("kanaria-te-nakemys {reference}");
    PlanPart {
        reference: reference.to_owned(),
        update_time: Some(time),
        worker_view: words,
        ..office_plan(text)
    }
}

fn ended(part: PlanPart) -> PlanPart {
    PlanPart { state: PlanState::Completed as i32, revision: part.revision + 1, ..part }
}

fn texts(part: &PlanPart) -> Vec<&str> {
    part.goals.iter().map(|goal| goal.text.as_str()).collect()
}

fn sources(plan: &Plan) -> Vec<PlanSource> {
    let office = plan.sections.iter().find(|section| section.part.as_ref().unwrap().owner == TE);
    office.map(|section| section.sources.clone()).unwrap_or_default()
}

/// Which plan each of the office's goals came from, as the plan says.
fn origins(plan: &Plan) -> Vec<(String, String)> {
    let sources = sources(plan);
    let of = |id: &str| {
        let tagged =
            sources.iter().find(|source| !source.prefix.is_empty() && id.starts_with(&source.prefix));
        let source = tagged.or_else(|| sources.iter().find(|source| source.prefix.is_empty()));
        source.and_then(|source| source.part.clone()).unwrap_or_default().reference
    };
    section(plan, TE).goals.iter().map(|goal| (of(&goal.id), goal.text.clone())).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_follows_a_closed_one_comes_in_beside_it() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    let (te, ohjaamo) = (stage.te(), stage.ohjaamo());
    let first = plan_of("TE-S-1", "tyo", 0);
    takes(&stage, PEOPLE[0], first.clone()).await;
    assert!(sources(&read(&te, &plan).await.unwrap()).is_empty(), "there is no other");
    takes(&stage, PEOPLE[0], ended(first.clone())).await;
    takes(&stage, PEOPLE[0], plan_of("TE-S-2", "opinnot", 60)).await;
    let seen = read(&te, &plan).await.unwrap();
    assert_eq!(origins(&seen), pairs(&[("TE-S-1", "tyo"), ("TE-S-2", "opinnot")]));
    assert!(
        tasks(&te).await.unwrap().is_empty() && tasks(&ohjaamo).await.unwrap().is_empty(),
        "nothing clashes"
    );
    let own = section(&seen, TE);
    assert_eq!((own.needs.len(), own.actions.len()), (2, 2));
    assert_eq!((own.state(), own.reference.as_str()), (PlanState::Active, "TE-S-2"), "the one that goes on");
    // What the closed one said beside its items is not lost.
    let views = sources(&seen).into_iter().map(|source| source.part.unwrap().worker_view);
    assert_eq!(views.collect::<Vec<_>>(), ["kanaria-te-nakemys TE-S-1", "kanaria-te-nakemys TE-S-2"]);
    // And the history says which of them each change came from.
    let told = revisions(&stage.subject(&youth), &plan).await.unwrap().revisions;
    assert_eq!((told[0].source(), told[0].reference.as_str()), (Source::AgencySystem, "TE-S-2"));
    assert!(told[0].changes.iter().any(|change| said(change).contains("opinnot")));
    assert_eq!(told[0].activities.iter().filter(|activity| activity.kind() == Kind::Source).count(), 2);
    // A late word of the closed one goes on where it was, and so does the other one.
    takes(&stage, PEOPLE[0], PlanPart { revision: 3, ..ended(plan_of("TE-S-1", "tyokokeilu", 90)) }).await;
    takes(&stage, PEOPLE[0], PlanPart { revision: 2, ..plan_of("TE-S-2", "lukio", 95) }).await;
    let seen = read(&te, &plan).await.unwrap();
    assert_eq!(origins(&seen), pairs(&[("TE-S-1", "tyokokeilu"), ("TE-S-2", "lukio")]));
    assert_eq!(section(&seen, TE).reference, "TE-S-2");
    // Changed by a call and by its own plan: that clashes, in the item of that plan and no other.
    edit(&te, &plan, TE, |part| part.goals[1].text = "ammattikoulu".to_owned()).await.unwrap();
    takes(&stage, PEOPLE[0], PlanPart { revision: 3, ..plan_of("TE-S-2", "kansanopisto", 99) }).await;
    let waiting = tasks(&te).await.unwrap();
    let [task] = waiting.as_slice() else { panic!("one clash: {}", waiting.len()) };
    let Some(Matter::Conflict(conflict)) = &task.matter else { panic!("a clash") };
    let id = &section(&seen, TE).goals[1].id;
    assert_eq!(conflict.path, format!("goals/{id}/text"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_beside_each_other_are_fetched_together() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[1]).await;
    let te = stage.te();
    let (one, two) = (plan_of("TE-S-1", "tyo", 0), plan_of("TE-S-2", "opinnot", 60));
    let never = ended(plan_of("TE-S-0", "kanaria-vanha", -60));
    let hold = |plans: Vec<PlanPart>| {
        stage.world.te.hold(PEOPLE[1], &Held { plans, ..Held::default() }).unwrap();
    };
    hold(vec![two.clone(), never.clone(), one.clone()]);
    let merged = import(&te, &plan).await.unwrap();
    assert!(merged.conflicts.is_empty());
    let seen = merged.plan.unwrap();
    assert_eq!(origins(&seen), pairs(&[("TE-S-1", "tyo"), ("TE-S-2", "opinnot")]));
    assert_eq!(section(&seen, TE).reference, "TE-S-1", "of two that go on the first one leads");
    assert_eq!(revisions(&te, &plan).await.unwrap().revisions[0].reference, "TE-S-1 TE-S-2");
    // Again is the same; and that one of them has ended is heard.
    let again = import(&te, &plan).await.unwrap().plan.unwrap();
    assert!(again.sections == seen.sections);
    hold(vec![ended(one), two, never]);
    let seen = import(&te, &plan).await.unwrap().plan.unwrap();
    let own = section(&seen, TE);
    assert_eq!((own.state(), own.reference.as_str()), (PlanState::Active, "TE-S-2"));
    assert_eq!(texts(&own), ["tyo", "opinnot"]);
    let states = sources(&seen).into_iter().map(|source| (source.leads, source.part.unwrap().state()));
    assert_eq!(states.collect::<Vec<_>>(), [(false, PlanState::Completed), (true, PlanState::Active)]);
    // All of them or none: one that makes no sense lets nothing of the others in.
    let before = read(&te, &plan).await.unwrap().sections;
    let mut spoilt = plan_of("TE-S-3", "kanaria-pilattu", 99);
    spoilt.actions[0].start = "2026-03-02".to_owned();
    spoilt.actions[0].end = "2026-03-01".to_owned();
    hold(vec![PlanPart { revision: 2, ..plan_of("TE-S-2", "kanaria-pilattu", 90) }, spoilt]);
    import(&te, &plan).await.expect_err("one makes no sense");
    assert!(read(&te, &plan).await.unwrap().sections == before);
    stage.close().await;
}

/// That there is another plan shows to nobody who sees nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_plan_that_is_hidden_nothing_shows() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[2]).await;
    takes(&stage, PEOPLE[2], plan_of("TE-S-1", "tyo", 0)).await;
    let ohjaamo = stage.ohjaamo();
    let before = (read(&ohjaamo, &plan).await.unwrap().sections, revisions(&ohjaamo, &plan).await.unwrap());
    let mut hidden = plan_of("KANARIA-S-2", "kanaria-piilossa", 60);
    hidden.goals[0].category = DataCategory::Housing as i32;
    hidden.actions[0].category = DataCategory::Housing as i32;
    takes(&stage, PEOPLE[2], hidden).await;
    let after = (read(&ohjaamo, &plan).await.unwrap().sections, revisions(&ohjaamo, &plan).await.unwrap());
    assert!(before == after, "something shows");
    assert_eq!(sources(&read(&stage.subject(&youth), &plan).await.unwrap()).len(), 2);
    stage.close().await;
}

/// An agency that is silent may answer later; what cannot be read will not be read the next time either.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_used_is_not_taken_for_silence() {
    const SOCIAL: &str = "sosiaali";
    let agencies = vec![AddedAgency::new(SOCIAL, "social", "usual", "social")];
    let stage = Stage::with(&WorldSettings { agencies, ..WorldSettings::default() }, |text| text).await;
    let (youth, plan) = laid(&stage, PEOPLE[3]).await;
    agree(&stage, &youth, OHJAAMO, SOCIAL, &SHARED).await;
    add(&stage.ohjaamo(), &plan, SOCIAL).await.unwrap();
    let added = &stage.world.agencies[SOCIAL];
    let social = stage.caller(&added.identity, &professional("virkailija-7", "yksikko-1", "official"));
    let whole = read(&stage.subject(&youth), &plan).await.unwrap().sections;
    for (client, faults) in
        [(&stage.te(), stage.world.te.control().faults()), (&social, added.simulator.control().faults())]
    {
        for (fault, code, reason, retry) in [
            (Fault::Garbage, Code::FailedPrecondition, "AGENCY_ANSWER_UNUSABLE", "no"),
            (Fault::HugeAnswer(2_000_000), Code::FailedPrecondition, "AGENCY_ANSWER_UNUSABLE", "no"),
            (
                Fault::BusinessFault("EI_LUPAA".into()),
                Code::FailedPrecondition,
                "AGENCY_ANSWER_UNUSABLE",
                "no",
            ),
            (Fault::ResetBeforeEffect, Code::Unavailable, "AGENCY_UNREACHABLE", "same call later"),
            (Fault::ResetAfterEffect, Code::Unavailable, "AGENCY_UNREACHABLE", "same call later"),
            (
                Fault::Status { code: 503, retry_after: Some(1) },
                Code::Unavailable,
                "AGENCY_UNREACHABLE",
                "same call later",
            ),
        ] {
            faults.once_on(Operation::Fetch, fault.clone());
            let refused = import(client, &plan).await;
            assert_eq!(refused.as_ref().err().map(tonic::Status::code), Some(code), "{fault:?}");
            let status = assert_refused(refused, code, reason);
            assert_eq!(retry_of(&status), retry, "{fault:?}");
            assert_eq!(faults.waiting(), 0, "{fault:?} has struck");
        }
    }
    assert!(read(&stage.subject(&youth), &plan).await.unwrap().sections == whole);
    stage.close().await;
}

/// What a refusal says of the same call made again.
fn retry_of(status: &tonic::Status) -> String {
    use tonic_types::StatusExt as _;
    let info = status.get_details_error_info().expect("details");
    info.metadata.get("retry").cloned().unwrap_or_default()
}

/// That a plan is refused for good says so in the agency's own protocol.
#[tokio::test(flavor = "multi_thread")]
async fn more_plans_than_a_joint_one_has_room_for_are_refused() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[4]).await;
    for number in 0..20 {
        let mut part = plan_of(&format!("TE-S-{number}"), &format!("tavoite {number}"), number);
        part.needs.clear();
        part.actions.clear();
        takes(&stage, PEOPLE[4], part).await;
    }
    let reply =
        stage.world.te.send(&says(PEOPLE[4], plan_of("TE-S-20", "kanaria-liikaa", 99))).await.unwrap();
    assert_eq!(reply, Reply::Refused { code: "RECORD_STATE".into() });
    let seen = read(&stage.te(), &plan).await.unwrap();
    assert_eq!((sources(&seen).len(), section(&seen, TE).goals.len()), (20, 20));
    stage.close().await;
}

/// A plan whose items refer to what is not in it is refused, be it sent or fetched, and nothing of it comes in.
#[tokio::test(flavor = "multi_thread")]
async fn a_reference_to_nothing_is_refused_however_the_plan_comes() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[5]).await;
    let te = stage.te();
    let mut loose = office_plan("kanaria-tyo");
    loose.actions[0].goal = "tavoite-9".to_owned();
    let reply = stage.world.te.send(&says(PEOPLE[5], loose.clone())).await.unwrap();
    assert_eq!(reply, Reply::Refused { code: "DANGLING_REFERENCE".to_owned() });
    stage.world.te.hold(PEOPLE[5], &Held { plans: vec![loose], ..Held::default() }).unwrap();
    assert_refused(import(&te, &plan).await, Code::FailedPrecondition, "AGENCY_ANSWER_UNUSABLE");
    assert!(!said(&read(&te, &plan).await.unwrap()).contains("kanaria-tyo"));
    stage.close().await;
}
