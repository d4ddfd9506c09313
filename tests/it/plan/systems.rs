//! Does what an agency's own system says of its plan come into the joint one, and does every other party's system hear
//! what it may, in order, and nothing else?

use std::collections::BTreeSet;

use polku_proto::v1::{
    ActionState, DataCategory, DuplicateResolution, GoalState, ImportPlanRequest, MergePlanResponse,
    PlanPart, PlanState, ReferralContent, duplicate_resolution, plan_revision::Source,
    resolve_task_request::Resolution, task::Matter,
};
use polku_tests::simulators::{
    Held, Ledger, Message, Outgoing, Reply, SimulatedAgency as _, TakenIn, TakenInKind,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PAJA, PEOPLE, TE, eventually, official, request_id};
use tonic::{Code, Status};
use uuid::Uuid;

use super::table::*;
use crate::stage::{PATIENCE, Stage, assert_refused, until_told};

/// The office's own plan, as its system has it.
pub(crate) fn office_plan(text: &str) -> PlanPart {
    let mut step = action("toimi-1", DataCategory::EducationWork, "kanaria-te-tyokokeilu");
    step.state = ActionState::InProgress as i32;
    let mut aim = goal("tavoite-1", text);
    aim.state = GoalState::Active as i32;
    PlanPart {
        reference: "TE-S-1".to_owned(),
        revision: 1,
        update_time: Some(prost_types::Timestamp { seconds: 1_790_000_000, nanos: 0 }),
        state: PlanState::Active as i32,
        needs: vec![need("tarve-1", DataCategory::Housing, "kanaria-te-asuminen")],
        goals: vec![aim],
        actions: vec![step],
        worker_view: "kanaria-te-nakemys".to_owned(),
        ..PlanPart::default()
    }
}

pub(crate) fn says(identity_code: &str, part: PlanPart) -> Message {
    let what = Outgoing::PlanPart { identity_code: identity_code.to_owned(), part: Box::new(part) };
    Message { id: Uuid::now_v7(), official: official(), what }
}

pub(super) async fn takes(stage: &Stage, identity_code: &str, part: PlanPart) {
    let reply = stage.world.te.send(&says(identity_code, part)).await.unwrap();
    assert!(matches!(reply, Reply::PlanTaken { .. }), "{reply:?}");
}

pub(crate) async fn import(client: &Client, plan: &str) -> Result<MergePlanResponse, Status> {
    let request = ImportPlanRequest { request_id: request_id(), name: plan.to_owned() };
    Ok(client.clone().plan.import_plan(request).await?.into_inner())
}

/// A part of a plan as an agency's system has taken it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) owner: String,
    pub(crate) version: u64,
    pub(crate) is_last: bool,
    pub(crate) texts: String,
}

pub(crate) fn heard(ledger: &Ledger, plan: &str) -> Vec<Heard> {
    let of = |entry: &TakenIn, name: &str, in_fhir: &str| {
        let found = entry.field(name).or_else(|| entry.field(&format!("suunnitelma.{name}")));
        found.or_else(|| entry.field(in_fhir)).unwrap_or_default().to_owned()
    };
    let id = crate::stage::id_of(plan);
    // In FHIR the owner stands behind the id.
    let named = |entry: &TakenIn| {
        let (plan, owner) = entry.referral_id.split_once('/').unwrap_or((&entry.referral_id, ""));
        (plan == id).then(|| owner.to_owned())
    };
    let parts = ledger.all_taken_in().into_iter().filter(|entry| entry.kind == TakenInKind::PlanPart);
    let parts = parts.filter_map(|entry| Some((named(&entry)?, entry)));
    let read = |(owner, entry): (String, TakenIn)| Heard {
        owner: if owner.is_empty() { of(&entry, "omistaja", "") } else { owner },
        version: of(&entry, "versio", "entry.resource.extension.valuePositiveInt").parse().unwrap(),
        is_last: of(&entry, "lupaPeruttu", "") == "true"
            || of(&entry, "", "entry.resource.activity.coding.code") == "consent-withdrawn",
        texts: entry.fields.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\n"),
    };
    parts.map(read).collect()
}

/// Waits until the last thing that a system has heard of an owner's section has this text in it.
pub(crate) async fn hears(ledger: &Ledger, plan: &str, owner: &str, text: &str) {
    let came = eventually(PATIENCE, || async {
        let parts = heard(ledger, plan);
        let last = parts.iter().rfind(|part| part.owner == owner);
        last.is_some_and(|last| last.texts.contains(text)).then_some(())
    });
    assert!(came.await.is_some(), "{text} of {owner} is never heard");
}

pub(super) fn of(parts: Vec<Heard>, owner: &str) -> Vec<Heard> {
    parts.into_iter().filter(|part| part.owner == owner).collect()
}

/// Waits until the last thing that a system has heard of every section is that it hears no more.
pub(super) async fn ends(ledger: &Ledger, plan: &str) {
    let ended = eventually(PATIENCE, || async {
        let all = heard(ledger, plan);
        let last = |owner| all.iter().rfind(|part| part.owner == owner).is_some_and(|part| part.is_last);
        ["youth", OHJAAMO].into_iter().all(last).then_some(())
    });
    assert!(ended.await.is_some(), "the end is never heard");
}

/// What a system has heard is counted by section, from 1, without gap or repetition.
pub(super) fn assert_counted(heard: &[Heard]) {
    let owners: BTreeSet<&str> = heard.iter().map(|part| part.owner.as_str()).collect();
    for owner in owners {
        let parts = heard.iter().filter(|part| part.owner == owner);
        let versions: Vec<u64> = parts.map(|part| part.version).collect();
        let counted: Vec<u64> = (1..).take(versions.len()).collect();
        assert_eq!(versions, counted, "of {owner}");
    }
}

/// What an agency's system has heard of a plan when nothing more is on its way to it.
pub(super) async fn settles(stage: &Stage, agency: &str, plan: &str) -> Vec<Heard> {
    until_told(&stage.world, stage.bound(), agency).await;
    let ledger = if agency == TE { stage.world.te.ledger() } else { stage.world.walmu.ledger() };
    heard(ledger, plan)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_office_tells_of_its_plan_and_of_its_changes() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[0]).await;
    let te = stage.te();
    let first = says(PEOPLE[0], office_plan("tyo"));
    let reply = stage.world.te.send(&first).await.unwrap();
    assert!(matches!(reply, Reply::PlanTaken { .. }), "{reply:?}");
    assert_eq!(stage.world.te.send(&first).await.unwrap(), reply, "a repetition");
    let part = section(&read(&te, &plan).await.unwrap(), TE);
    assert_eq!((part.goals[0].text.as_str(), part.reference.as_str()), ("tyo", "TE-S-1"));
    let shown = revisions(&te, &plan).await.unwrap().revisions;
    assert_eq!(shown[0].source(), Source::AgencySystem);
    assert_eq!((shown[0].agency.as_str(), shown[0].reference.as_str()), (TE, "TE-S-1"));
    let at_ohjaamo = revisions(&stage.ohjaamo(), &plan).await.unwrap().revisions;
    assert_eq!((at_ohjaamo[0].source(), at_ohjaamo[0].reference.as_str()), (Source::AgencySystem, "TE-S-1"));

    // Changed here by a call, and there in something else: both.
    edit(&te, &plan, TE, |part| part.goals[0].due = "2027-05-31".to_owned()).await.unwrap();
    takes(&stage, PEOPLE[0], office_plan("oppisopimus")).await;
    let part = section(&read(&te, &plan).await.unwrap(), TE);
    assert_eq!((part.goals[0].text.as_str(), part.goals[0].due.as_str()), ("oppisopimus", "2027-05-31"));
    // Changed in the same: it stays, and a person decides.
    edit(&te, &plan, TE, |part| part.goals[0].text = "koulu".to_owned()).await.unwrap();
    takes(&stage, PEOPLE[0], office_plan("kesatyo")).await;
    takes(&stage, PEOPLE[0], office_plan("kesatyo")).await;
    assert_eq!(section(&read(&te, &plan).await.unwrap(), TE).goals[0].text, "koulu");
    let waiting = tasks(&te).await.unwrap();
    let [task] = waiting.as_slice() else { panic!("one clash, told once: {}", waiting.len()) };
    let Some(Matter::Conflict(conflict)) = &task.matter else { panic!("a clash") };
    assert_eq!(conflict.path, "goals/tavoite-1/text");
    // What it does not say any more is removed, unless it has changed here.
    let mut less = office_plan("kesatyo");
    less.actions.clear();
    takes(&stage, PEOPLE[0], less).await;
    assert!(section(&read(&te, &plan).await.unwrap(), TE).actions.is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_fetched_where_it_is_kept() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[1]).await;
    let te = stage.te();
    let refused = import(&te, &plan).await;
    assert_refused(refused, Code::FailedPrecondition, "RECORD_STATE");
    let ended = PlanPart { state: PlanState::Completed as i32, ..office_plan("vanha") };
    let ended = PlanPart { reference: "TE-S-0".to_owned(), ..ended };
    let held = Held { plans: vec![ended, office_plan("tyo")], ..Held::default() };
    stage.world.te.hold(PEOPLE[1], &held).unwrap();
    let merged = import(&te, &plan).await.unwrap();
    assert_eq!(section(&merged.plan.unwrap(), TE).goals[0].text, "tyo");
    // Sent later, what was fetched is the base.
    edit(&te, &plan, TE, |part| part.goals[0].due = "2027-05-31".to_owned()).await.unwrap();
    takes(&stage, PEOPLE[1], office_plan("oppisopimus")).await;
    let part = section(&read(&te, &plan).await.unwrap(), TE);
    assert_eq!((part.goals[0].text.as_str(), part.goals[0].due.as_str()), ("oppisopimus", "2027-05-31"));
    for client in [stage.ohjaamo(), stage.kela()] {
        assert_refused(import(&client, &plan).await, Code::FailedPrecondition, "RECORD_STATE");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_a_plan_that_is_nobodys_here() {
    let stage = Stage::open().await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[2]).await.unwrap();
    agree(&stage, &youth, OHJAAMO, KELA, &SHARED).await;
    agree(&stage, &youth, OHJAAMO, TE, &SHARED).await;
    let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    let named = PlanPart { plan: plan.clone(), ..office_plan("kanaria-tyo") };
    // About nobody known; about somebody whose plan is not the office's; and after it has left.
    let refused = Reply::Refused { code: "PLAN_NOT_KEPT".to_owned() };
    assert_eq!(stage.world.te.send(&says(PEOPLE[3], office_plan("tyo"))).await.unwrap(), refused);
    for part in [office_plan("kanaria-tyo"), named] {
        assert_eq!(stage.world.te.send(&says(PEOPLE[2], part)).await.unwrap(), refused);
    }
    let message = says(PEOPLE[2], office_plan("tyo"));
    assert_eq!(stage.world.te.send(&message).await.unwrap(), refused);
    add(&ohjaamo, &plan, TE).await.unwrap();
    // What was refused may come again.
    assert!(matches!(stage.world.te.send(&message).await.unwrap(), Reply::PlanTaken { .. }));
    remove(&ohjaamo, &plan, TE).await.unwrap();
    assert_eq!(stage.world.te.send(&says(PEOPLE[2], office_plan("muu"))).await.unwrap(), refused);
    let whole = said(&revisions(&stage.subject(&youth), &plan).await.unwrap());
    assert!(whole.contains("tavoite-1") && !whole.contains("kanaria-tyo"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_reaches_the_other_parties_systems_in_order_and_cut_down() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[4]).await;
    agree(&stage, &youth, OHJAAMO, PAJA, &SHARED).await;
    agree(&stage, &youth, TE, PAJA, &SHARED).await;
    let ohjaamo = stage.ohjaamo();
    add(&ohjaamo, &plan, PAJA).await.unwrap();
    let (office, workshop) = (stage.world.te.ledger(), stage.world.walmu.ledger());
    edit(&ohjaamo, &plan, "youth", |part| {
        part.goals.push(goal("g1", "oma koti"));
        part.needs.push(need("n1", DataCategory::BenefitsIncome, "kanaria-etuudet"));
    })
    .await
    .unwrap();
    for ledger in [office, workshop] {
        hears(ledger, &plan, "youth", "oma koti").await;
    }
    // The office's word reaches the workshop, and does not come back to the office.
    takes(&stage, PEOPLE[4], office_plan("tyo")).await;
    hears(workshop, &plan, TE, "tyo").await;
    for text in ["vuokra-asunto", "tuettu asunto", "asunto kaverin kanssa"] {
        edit(&ohjaamo, &plan, "youth", |part| part.goals[0].text = text.to_owned()).await.unwrap();
        for ledger in [office, workshop] {
            hears(ledger, &plan, "youth", text).await;
        }
    }
    // What nobody of them sees is told to nobody.
    edit(&stage.kela(), &plan, KELA, |part| part.goals.push(goal("g1", "kanaria-kela"))).await.unwrap();
    edit(&ohjaamo, &plan, "youth", |part| part.needs[0].text = "kanaria-etuudet-2".to_owned()).await.unwrap();
    for (agency, ledger) in [(TE, office), (PAJA, workshop)] {
        let parts = settles(&stage, agency, &plan).await;
        assert_counted(&parts);
        assert_eq!(of(parts.clone(), "youth").len(), 4);
        assert!(parts.iter().all(|part| part.owner != KELA && !part.is_last));
        for hidden in ["kanaria-etuudet", "kanaria-kela", "kanaria-te-asuminen", "kanaria-te-nakemys"] {
            let came = ledger.received_contains(hidden.as_bytes());
            assert!(!came, "{hidden} is in what a system got");
        }
    }
    assert!(heard(office, &plan).iter().all(|part| part.owner != TE), "its own word");
    // By a call the office's worker has said something that its system does not know yet.
    edit(&stage.te(), &plan, TE, |part| part.goals[0].text = "oppisopimus".to_owned()).await.unwrap();
    hears(office, &plan, TE, "oppisopimus").await;
    hears(workshop, &plan, TE, "oppisopimus").await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_is_the_last_that_is_heard_until_there_is_another_consent() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[5]).await;
    let mut ohjaamo = stage.ohjaamo();
    let consent = ohjaamo.record_consent(&youth, OHJAAMO, PAJA, PURPOSE, &SHARED).await.unwrap();
    add(&ohjaamo, &plan, PAJA).await.unwrap();
    edit(&ohjaamo, &plan, OHJAAMO, |part| part.goals.push(goal("g1", "ohjaus"))).await.unwrap();
    let workshop = stage.world.walmu.ledger();
    for text in ["oma koti", "vuokra-asunto"] {
        edit(&ohjaamo, &plan, "youth", |part| part.goals = vec![goal("g1", text)]).await.unwrap();
        hears(workshop, &plan, "youth", text).await;
    }
    withdraw(&stage, &consent).await;
    ends(workshop, &plan).await;
    edit(&ohjaamo, &plan, "youth", |part| part.goals[0].text = "kanaria-asunto".to_owned()).await.unwrap();
    let parts = of(settles(&stage, PAJA, &plan).await, "youth");
    let said: Vec<_> = parts.iter().map(|part| (part.version, part.is_last)).collect();
    assert_eq!(said, [(1, false), (2, false), (3, true)], "the last word counts as one more");
    assert!(!parts[2].texts.contains("asunto") && !workshop.received_contains(b"kanaria-asunto"));
    edit(&ohjaamo, &plan, "youth", |part| part.goals[0].text = "asunto".to_owned()).await.unwrap();
    // Another consent: at once, also what has not changed meanwhile, for the system had let go of it; and it counts on.
    ohjaamo.record_consent(&youth, OHJAAMO, PAJA, PURPOSE, &SHARED).await.unwrap();
    hears(workshop, &plan, "youth", "asunto").await;
    hears(workshop, &plan, OHJAAMO, "ohjaus").await;
    // A second one that says the same is no news.
    ohjaamo.record_consent(&youth, OHJAAMO, PAJA, PURPOSE, &SHARED).await.unwrap();
    assert_counted(&settles(&stage, PAJA, &plan).await);
    for (owner, version) in [("youth", 4), (OHJAAMO, 3)] {
        let last = of(heard(workshop, &plan), owner).pop().unwrap();
        assert_eq!((last.version, last.is_last), (version, false), "{owner}");
    }
    // Whoever is no party any more hears that as well, once.
    remove(&ohjaamo, &plan, PAJA).await.unwrap();
    ends(workshop, &plan).await;
    edit(&ohjaamo, &plan, "youth", |part| part.goals[0].text = "kanaria-asunto".to_owned()).await.unwrap();
    assert_eq!(of(settles(&stage, PAJA, &plan).await, "youth").len(), 5);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_have_written_down_is_offered_once() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[6]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    edit(&ohjaamo, &plan, "youth", |part| {
        part.goals = vec![goal("g1", "Ammattitutkinto valmiiksi"), goal("g2", "Oma asunto keskustasta")];
    })
    .await
    .unwrap();
    let mut part = office_plan("ammattitutkinto valmiiksi.");
    part.goals.push(goal("tavoite-2", "Oma asunto keskustasta!"));
    takes(&stage, PEOPLE[6], part.clone()).await;
    let waiting = tasks(&ohjaamo).await.unwrap();
    assert_eq!(waiting.len(), 2);
    assert!(tasks(&te).await.unwrap().is_empty());
    let choices = [duplicate_resolution::Choice::Same, duplicate_resolution::Choice::Different];
    for (task, choice) in waiting.iter().zip(choices) {
        let resolution = Resolution::Duplicate(DuplicateResolution { choice: choice as i32 });
        resolve(&ohjaamo, &task.name, resolution).await.unwrap();
    }
    assert_eq!(read(&stage.subject(&youth), &plan).await.unwrap().links.len(), 1);
    part.background = Some(ReferralContent { reason: "muutos".to_owned(), ..ReferralContent::default() });
    takes(&stage, PEOPLE[6], part.clone()).await;
    assert!(tasks(&ohjaamo).await.unwrap().is_empty(), "asked again");
    // What is gone needs no decision.
    part.goals.push(goal("tavoite-3", "Ajokortti kevaalla"));
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g3", "Ajokortti kevaalla"))).await.unwrap();
    takes(&stage, PEOPLE[6], part).await;
    assert_eq!(tasks(&ohjaamo).await.unwrap().len(), 1);
    edit(&ohjaamo, &plan, "youth", |part| part.goals.truncate(2)).await.unwrap();
    assert!(tasks(&ohjaamo).await.unwrap().is_empty(), "about nothing");
    stage.close().await;
}

/// Every part is told whole, in place of what a system had before: what is not permitted any more goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_narrower_permission_is_told_as_what_is_left() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[7]).await;
    let mut ohjaamo = stage.ohjaamo();
    let base = [DataCategory::IdentityContact, DataCategory::JointPlan];
    ohjaamo.record_consent(&youth, OHJAAMO, PAJA, PURPOSE, &base).await.unwrap();
    let more = [DataCategory::Housing];
    let more = ohjaamo.record_consent(&youth, OHJAAMO, PAJA, PURPOSE, &more).await.unwrap();
    add(&ohjaamo, &plan, PAJA).await.unwrap();
    edit(&ohjaamo, &plan, "youth", |part| {
        part.goals.push(goal("g1", "ajokortti"));
        part.needs.push(need("n1", DataCategory::Housing, "koditon"));
    })
    .await
    .unwrap();
    let (office, workshop) = (stage.world.te.ledger(), stage.world.walmu.ledger());
    hears(workshop, &plan, "youth", "koditon").await;
    hears(office, &plan, "youth", "ajokortti").await;
    let at_office = heard(office, &plan);
    withdraw(&stage, &more).await;
    let less = eventually(PATIENCE, || async { (heard(workshop, &plan).len() == 2).then_some(()) }).await;
    assert!(less.is_some(), "nothing is told");
    let last = settles(&stage, PAJA, &plan).await.pop().unwrap();
    assert_eq!((last.version, last.is_last), (2, false));
    assert!(last.texts.contains("ajokortti") && !last.texts.contains("koditon"));
    assert_eq!(heard(office, &plan), at_office, "to whom nothing has changed nothing is told");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_section_that_its_owner_has_emptied_is_told_as_empty() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[7]).await;
    let mut ohjaamo = stage.ohjaamo();
    ohjaamo.record_consent(&youth, OHJAAMO, PAJA, PURPOSE, &SHARED).await.unwrap();
    add(&ohjaamo, &plan, PAJA).await.unwrap();
    let workshop = stage.world.walmu.ledger();
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    hears(workshop, &plan, "youth", "oma koti").await;
    edit(&ohjaamo, &plan, "youth", |part| part.goals.clear()).await.unwrap();
    let emptied = eventually(PATIENCE, || async {
        let parts = of(heard(workshop, &plan), "youth");
        parts
            .last()
            .filter(|part| part.version == 2)
            .map(|part| (part.is_last, part.texts.contains("oma koti")))
    });
    assert_eq!(emptied.await, Some((false, false)), "nobody has taken a permission back");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_overtaken_takes_nothing_back() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[8]).await;
    takes(&stage, PEOPLE[8], PlanPart { revision: 2, ..office_plan("kanaria-te-uusi") }).await;
    let late = PlanPart { revision: 1, ..office_plan("kanaria-te-vanha") };
    let reply = stage.world.te.send(&says(PEOPLE[8], late)).await.unwrap();
    assert_eq!(reply, Reply::Refused { code: "RECORD_STATE".into() });
    let goals = section(&read(&stage.te(), &plan).await.unwrap(), TE).goals;
    assert_eq!(goals[0].text, "kanaria-te-uusi");
    stage.close().await;
}
